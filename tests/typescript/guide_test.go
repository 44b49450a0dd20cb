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
	snippet = regexp.MustCompile("(?s)```(sh|go|ts)\n(.*?)```")
	fileOf  = regexp.MustCompile(`^// (\w+\.ts)\b`) // a snippet that is a file of its own
)

// runGuide runs every snippet of the integrators' guide: those in sh and those in ts each as one program, in their order, and
// the one in Go. The client has been built.
func runGuide(t *testing.T, client, base string) {
	t.Helper()
	found := snippets(t, filepath.Join("..", "..", "docs", "integrators.md"))
	shell, source := filepath.Join(t.TempDir(), "guide.sh"), filepath.Join(t.TempDir(), "guide.go")
	write(t, shell, strings.Join(found["sh"], ""))
	write(t, source, strings.Join(found["go"], ""))
	run(t, "", base, "bash", "-euo", "pipefail", shell)
	run(t, "", base, "go", "run", source)
	runTypeScript(t, client, base, map[string]string{"guide.ts": strings.Join(found["ts"], "")})
}

// runReadme runs the snippets of the package's README as one program, with what they leave to the app before and what is to
// be true after them. A snippet that begins with a file's name is a file of an Electron app, and held against its types.
func runReadme(t *testing.T, client, base string) {
	t.Helper()
	var files = map[string]string{}
	var program []string
	for _, one := range snippets(t, filepath.Join(client, "README.md"))["ts"] {
		one = strings.ReplaceAll(one, "https://api.example.com/api/v1", base)
		if name := fileOf.FindStringSubmatch(one); name != nil {
			files[name[1]] = one
		} else {
			program = append(program, one)
		}
	}
	if len(files) != 3 || len(program) < 5 {
		t.Fatalf("the README has %d files of Electron and %d other snippets", len(files), len(program))
	}
	before, after := filepath.Join(client, "test", "snippets", "before.ts"), filepath.Join(client, "test", "snippets", "after.ts")
	files["readme.ts"] = read(t, before) + strings.Join(program, "") + read(t, after)
	runTypeScript(t, client, base, files)
}

// runTypeScript compiles the files beside the client, strictly, and runs those that are no part of an Electron app.
func runTypeScript(t *testing.T, client, base string, files map[string]string) {
	t.Helper()
	dir := filepath.Join(client, "test", "snippets", "program")
	check(t, os.RemoveAll(dir))
	check(t, os.Mkdir(dir, 0o700))
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	run(t, client, base, "node", "node_modules/typescript7/bin/tsc", "-p", "test/snippets")
	for name := range files {
		if slices.Contains([]string{"main.ts", "preload.ts", "renderer.ts"}, name) {
			continue
		}
		source := "test/snippets/program/" + name
		run(t, client, base, "node_modules/.bin/esbuild", source, "--format=esm", "--outfile="+source+".mjs", "--log-level=warning")
		run(t, client, base, "node", "--import", "./test/snippets/socket.mjs", source+".mjs")
	}
}

// snippets returns a page's snippets by language, in their order.
func snippets(t *testing.T, page string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, one := range snippet.FindAllStringSubmatch(read(t, page), -1) {
		found[one[1]] = append(found[one[1]], one[2])
	}
	return found
}

// run runs a program of the snippets in a folder, with the service's address as API and a folder of its own as TMP.
func run(t *testing.T, dir, base, program string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "API="+base, "TMP="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	t.Logf("%s", out)
}

func read(t *testing.T, name string) string {
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
