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

// This test needs a network. It starts a server with an empty cache and again from the cache. BinDir names a folder
// without PostgreSQL, so that an installed one is not used.
func TestFetchedBinariesRunAndAreCached(t *testing.T) {
	cache := enterableDir(t)
	if err := os.Chmod(cache, 0o755); err != nil { // the unprivileged user has to run the programs in it
		t.Fatal(err)
	}
	for _, step := range []string{"empty cache", "filled cache"} {
		dir := enterableDir(t)
		var steps []string
		start := time.Now()
		server, err := devpg.Start(t.Context(), devpg.Config{
			DataDir: dir, BinDir: t.TempDir(), CacheDir: cache, Progress: func(s string) { steps = append(steps, s) },
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s", step, time.Since(start).Round(time.Millisecond))
		if version := query[string](t, server.DSN(), "SHOW server_version"); !strings.HasPrefix(version, "15.18") {
			t.Errorf("server version %q, want 15.18", version)
		}
		if fetching := strings.Contains(strings.Join(steps, "\n"), "Fetching"); fetching != (step == "empty cache") {
			t.Errorf("%s: progress %q", step, steps)
		}
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "fetch*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
