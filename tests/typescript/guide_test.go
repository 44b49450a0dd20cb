package typescript_test

import (
	"fmt"
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

// runGuide runs every snippet of the integrators' guide: all in sh as one program, all in TypeScript as one, and each
// in Go as one. The client must have been built.
func (s suite) runGuide(t *testing.T) {
	t.Helper()
	found := snippets(t, filepath.Join("..", "..", "docs", "integrators.md"))
	dir := t.TempDir()
	shell := filepath.Join(dir, "guide.sh")
	key := filepath.Join(dir, "key")
	write(t, shell, strings.Join(found["sh"], "")+`echo -n "$KEY" > '`+key+"'\n")
	s.run(t, "", "bash", "-euo", "pipefail", shell)
	var programs []string
	for i, source := range found["go"] {
		program := filepath.Join(dir, fmt.Sprint("guide", i))
		write(t, program+".go", source)
		s.run(t, "", "go", "build", "-o", program, program+".go")
		programs = append(programs, program)
	}
	if len(programs) != 2 {
		t.Fatalf("the guide has %d Go programs; decide here how a new one is tested", len(programs))
	}
	s.run(t, "", programs[0])
	checkGoStream(t, programs[1], s.base, readFile(t, key))
	s.runTypeScript(t, map[string]string{"guide.ts": strings.Join(found["ts"], "")})
}

// runReadme runs the snippets of the package's README as one program, between before.ts, which defines what they leave
// to the app, and after.ts, which checks what they did. A snippet that starts with a file name is a file of an Electron
// app, and is compiled only.
func (s suite) runReadme(t *testing.T) {
	t.Helper()
	files := map[string]string{}
	var program []string
	for _, code := range snippets(t, filepath.Join(clientDir, "README.md"))["ts"] {
		code = strings.ReplaceAll(code, "https://api.example.com/api/v1", s.base)
		if name := fileName.FindStringSubmatch(code); name != nil {
			files[name[1]] = code
		} else {
			program = append(program, code)
		}
	}
	if len(files) != 5 || len(program) < 5 {
		t.Fatalf(
			"the README has %d Electron files and %d other snippets, want 5 and at least 5",
			len(files),
			len(program),
		)
	}
	dir := filepath.Join(clientDir, "test", "snippets")
	before := readFile(t, filepath.Join(dir, "before.ts"))
	after := readFile(t, filepath.Join(dir, "after.ts"))
	files["readme.ts"] = before + strings.Join(program, "") + after
	s.runTypeScript(t, files)
}

// runTypeScript compiles the files with every strict option and runs those that do not belong to an Electron app.
func (s suite) runTypeScript(t *testing.T, files map[string]string) {
	t.Helper()
	dir := filepath.Join(clientDir, "test", "snippets", "program")
	check(t, os.RemoveAll(dir))
	check(t, os.Mkdir(dir, 0o700))
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	s.run(t, clientDir, "node", "node_modules/typescript7/bin/tsc", "-p", "test/snippets")
	for name := range files {
		if slices.Contains([]string{"main.ts", "passkeys.ts", "preload.ts", "renderer.ts",
			"signin.ts"}, name) {
			continue
		}
		source := "test/snippets/program/" + name
		args := []string{source, "--format=esm", "--outfile=" + source + ".mjs", "--log-level=warning"}
		s.run(t, clientDir, "node_modules/.bin/esbuild", args...)
		s.run(t, clientDir, "node", "--import", "./test/snippets/socket.mjs", source+".mjs")
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

// run runs a program in dir, with the addresses of the service as API and of its mails as MAILBOX and a new directory
// as TMP, and logs its output.
func (s suite) run(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "API="+s.base, "MAILBOX="+s.mailbox, "TMP="+t.TempDir())
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
