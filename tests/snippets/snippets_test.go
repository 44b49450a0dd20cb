// Package snippets_test runs what README.md and the documents for operators and agents' authors tell their readers to type.
// The snippets of docs/integrators.md and of the TypeScript client's README are run in tests/typescript.
package snippets_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

var snippet = regexp.MustCompile("(?s)```(sh|yaml)\n(.*?)```")

// snippets returns a document's, in their order.
func snippets(t *testing.T, document string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range snippet.FindAllStringSubmatch(string(text), -1) {
		list = append(list, found[2])
	}
	return list
}

// bash runs a script that ends with its first failing command, and returns what it printed.
func bash(t *testing.T, env []string, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = filepath.Join("..", ".."), env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, script, out)
	}
	return string(out)
}

// TestReadme asks make what it would do for the first snippet, since this test is a part of that, and runs the second.
func TestReadme(t *testing.T) {
	t.Parallel()
	list := snippets(t, "README.md")
	if len(list) != 2 {
		t.Fatalf("%d snippets; say how the new one is tested", len(list))
	}
	for line := range strings.Lines(list[0]) {
		target, _, _ := strings.Cut(line, "#")
		bash(t, os.Environ(), strings.Replace(target, "make ", "make -n ", 1))
	}
	base := servetest.Start(t)
	script := strings.Replace(list[1], "http://127.0.0.1:8080", base, 1)
	if script == list[1] {
		t.Fatal("the second snippet asks another address")
	}
	if out := bash(t, os.Environ(), script); !strings.Contains(out, `"create_record"`) || !strings.Contains(out, "Call Anna") {
		t.Errorf("no task was prepared: %s", out)
	}
}

// TestOperators runs the commands on accounts, one after the other.
func TestOperators(t *testing.T) {
	t.Parallel()
	list := snippets(t, "docs/operators.md")
	if len(list) != 1 {
		t.Fatalf("%d snippets; say how the new one is tested", len(list))
	}
	s := servetest.Run(t)
	env := append(s.Env, "PATH="+filepath.Dir(s.Program)+string(os.PathListSeparator)+os.Getenv("PATH"))
	bash(t, env, list[0])
	if out := bash(t, env, "adiuva-api user list"); strings.Contains(out, "anna@example.com") && !strings.Contains(out, "delet") {
		t.Errorf("the account is still there: %s", out)
	}
}

// TestAgentAuthors makes each snippet, which is what a tool does, a tool of an agent, and lets the service check that.
func TestAgentAuthors(t *testing.T) {
	t.Parallel()
	list := snippets(t, "docs/agents.md")
	if len(list) < 2 {
		t.Fatalf("%d snippets", len(list))
	}
	dir := t.TempDir()
	manifest := "name: snippet_agent\ndescription: Checks snippets\ntier: free\nprompt: Check.\ntools:\n"
	for i, what := range list {
		manifest += fmt.Sprintf("  - name: tool_%d\n    description: Does it\n    schema:\n      type: object\n      properties:\n", i)
		for _, argument := range regexp.MustCompile(`{{(\w+)}}`).FindAllStringSubmatch(what, -1) {
			manifest += "        " + argument[1] + ": {type: string, description: An argument}\n"
		}
		manifest += "    " + strings.ReplaceAll(strings.TrimSpace(what), "\n", "\n    ") + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "snippets.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	program := servetest.Build(t)
	out := bash(t, append(os.Environ(), "ENV=dev", "AGENTS_DIR="+dir), program+" agents")
	if !strings.Contains(out, "snippet_agent") {
		t.Errorf("no agent: %s", out)
	}
}
