package typescript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var snippet = regexp.MustCompile("(?s)```(sh|go|ts)\n(.*?)```")

// runGuide runs every snippet of the integrators' guide: those in sh and those in ts each as one program, in their order, and
// the one in Go. The client has been built.
func runGuide(t *testing.T, client, base string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrators.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]string{}
	for _, found := range snippet.FindAllStringSubmatch(string(text), -1) {
		programs[found[1]] += found[2]
	}
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	run := func(dir, program string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "API="+base, "TMP="+t.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(args, " "), err, out)
		} else {
			t.Logf("%s", out)
		}
	}
	run("", "bash", "-euo", "pipefail", write("guide.sh", programs["sh"]))
	run("", "go", "run", write("guide.go", programs["go"]))
	source := write("guide.ts", programs["ts"])
	bundled := filepath.Join(dir, "guide.mjs")
	run(client, "node_modules/.bin/esbuild", source, "--bundle", "--platform=node", "--format=esm", "--outfile="+bundled,
		"--log-level=warning", "--alias:@adiuva/api-client=./dist/index.js")
	socket := write("socket.mjs", "import { WebSocket } from '"+mustAbs(t, filepath.Join(client, "node_modules", "ws", "wrapper.mjs"))+"'; globalThis.WebSocket ??= WebSocket; await import('"+bundled+"');\n")
	run("", "node", socket)
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
