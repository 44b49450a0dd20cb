// Package typescript_test runs the suite of clients/typescript, built as it is published, against the whole service.
package typescript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/adiuva/cloud-api/internal/servetest"
)

// TestClient builds the package, checks what it exports and its size, and runs its tests in Node and the snippets of the
// integrators' guide. Where its modules are
// missing it is skipped, and fails under CI: `make test` installs them.
func TestClient(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "clients", "typescript")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "esbuild", "package.json")); err != nil {
		missing := "clients/typescript/node_modules is missing; `make test` installs it"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	base := servetest.Start(t) + "/api/v1"
	for _, script := range []string{"build", "check", "test"} {
		cmd := exec.CommandContext(t.Context(), "npm", "run", "--silent", script)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "BASE="+base)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		t.Logf("%s:\n%s", script, out)
	}
	runGuide(t, dir, base)
}
