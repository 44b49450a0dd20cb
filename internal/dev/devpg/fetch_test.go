//go:build soak

package devpg_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/devpg"
)

// TestFetchedBinaries needs a network: from an empty cache to a server that answers, then again from the cache. BinDir
// names a folder without PostgreSQL, so that what is installed here is not used.
func TestFetchedBinariesRunAndAreCached(t *testing.T) {
	cache := enterableDir(t)
	if err := os.Chmod(cache, 0o755); err != nil { // the user that root drops to runs what is in it
		t.Fatal(err)
	}
	for _, step := range []string{"from nothing", "from the cache"} {
		dir := enterableDir(t)
		var told []string
		begun := time.Now()
		server, err := devpg.Start(t.Context(), devpg.Config{
			DataDir: dir, BinDir: t.TempDir(), CacheDir: cache, Progress: func(s string) { told = append(told, s) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s", step, time.Since(begun).Round(time.Millisecond))
		if version := query[string](t, server.DSN(), "SHOW server_version"); !strings.HasPrefix(version, "15.18") {
			t.Errorf("server version %q, want 15.18", version)
		}
		if fetching := strings.Contains(strings.Join(told, "\n"), "Fetching"); fetching != (step == "from nothing") {
			t.Errorf("%s: told %q", step, told)
		}
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "fetch*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
