package typescript_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	snippet  = regexp.MustCompile("(?s)```(sh|go|ts)\n(.*?)```")
	fileName = regexp.MustCompile(`^// (\w+\.ts)\b`) // first line of a snippet that is a file of its own
)

// runGuide runs every snippet of the integrators' guide: all in sh as one program, all in TypeScript as one, and the
// one in Go. The client must have been built.
func runGuide(t *testing.T, base string) {
	t.Helper()
	found := snippets(t, filepath.Join("..", "..", "docs", "integrators.md"))
	dir := t.TempDir()
	shell := filepath.Join(dir, "guide.sh")
	source := filepath.Join(dir, "guide.go")
	write(t, shell, strings.Join(found["sh"], ""))
	write(t, source, strings.Join(found["go"], ""))
	run(t, "", base, "bash", "-euo", "pipefail", shell)
	run(t, "", base, "go", "run", source)
	runTypeScript(t, base, map[string]string{"guide.ts": strings.Join(found["ts"], "")})
}

// runReadme runs the snippets of the package's README as one program, between before.ts, which defines what they leave
// to the app, and after.ts, which checks what they did. A snippet that starts with a file name is a file of an Electron
// app, and is compiled only.
func runReadme(t *testing.T, base string) {
	t.Helper()
	files := map[string]string{}
	var program []string
	for _, code := range snippets(t, filepath.Join(clientDir, "README.md"))["ts"] {
		code = strings.ReplaceAll(code, "https://api.example.com/api/v1", base)
		if name := fileName.FindStringSubmatch(code); name != nil {
			files[name[1]] = code
		} else {
			program = append(program, code)
		}
	}
	if len(files) != 4 || len(program) < 5 {
		t.Fatalf(
			"the README has %d Electron files and %d other snippets, want 4 and at least 5",
			len(files),
			len(program),
		)
	}
	dir := filepath.Join(clientDir, "test", "snippets")
	before := readFile(t, filepath.Join(dir, "before.ts"))
	after := readFile(t, filepath.Join(dir, "after.ts"))
	files["readme.ts"] = before + strings.Join(program, "") + after
	runTypeScript(t, base, files)
}

// runTypeScript compiles the files with every strict option and runs those that do not belong to an Electron app.
func runTypeScript(t *testing.T, base string, files map[string]string) {
	t.Helper()
	dir := filepath.Join(clientDir, "test", "snippets", "program")
	check(t, os.RemoveAll(dir))
	check(t, os.Mkdir(dir, 0o700))
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	run(t, clientDir, base, "node", "node_modules/typescript7/bin/tsc", "-p", "test/snippets")
	for name := range files {
		if slices.Contains([]string{"main.ts", "passkeys.ts", "preload.ts", "renderer.ts"}, name) {
			continue
		}
		source := "test/snippets/program/" + name
		args := []string{source, "--format=esm", "--outfile=" + source + ".mjs", "--log-level=warning"}
		run(t, clientDir, base, "node_modules/.bin/esbuild", args...)
		run(t, clientDir, base, "node", "--import", "./test/snippets/socket.mjs", source+".mjs")
	}
}

// snippets returns the snippets of a Markdown file by language, in document order.
func snippets(t *testing.T, page string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, match := range snippet.FindAllStringSubmatch(readFile(t, page), -1) {
		language, code := match[1], match[2]
		found[language] = append(found[language], code)
	}
	return found
}

// run runs a program in dir, with the service's address as API and a new directory as TMP, and logs its output.
func run(t *testing.T, dir, base, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "API="+base, "TMP="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	t.Logf("%s", out)
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	return string(text)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	check(t, os.WriteFile(name, []byte(text), 0o600))
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
