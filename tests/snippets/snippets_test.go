// Package snippets_test runs the code snippets of README.md, docs/operators.md, docs/agents.md and docs/eval.md.
// Those of docs/integrators.md and of the TypeScript client's README are run in tests/typescript.
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

// snippets returns the snippets of a document, in order.
func snippets(t *testing.T, document string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", document))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range snippet.FindAllStringSubmatch(string(text), -1) {
		list = append(list, match[2])
	}
	return list
}

// bash runs a script, which stops at the first failing command, and returns its output.
func bash(t *testing.T, env []string, script string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, script, out)
	}
	return string(out)
}

// The first snippet runs this test, so make only prints what it would do; the second is run.
func TestReadmeSnippetsWork(t *testing.T) {
	t.Parallel()
	list := snippets(t, "README.md")
	if len(list) != 2 {
		t.Fatalf("found %d snippets; decide here how a new one is tested", len(list))
	}
	for line := range strings.Lines(list[0]) {
		target, _, _ := strings.Cut(line, "#")
		bash(t, os.Environ(), strings.Replace(target, "make ", "make -n ", 1))
	}
	base := servetest.Start(t)
	script := strings.Replace(list[1], "http://127.0.0.1:8080", base, 1)
	if script == list[1] {
		t.Fatal("the second snippet uses another address")
	}
	out := bash(t, os.Environ(), script)
	if !strings.Contains(out, `"create_record"`) || !strings.Contains(out, "Call Anna") {
		t.Errorf("no task was proposed: %s", out)
	}
}

func TestOperatorCommandsWork(t *testing.T) {
	t.Parallel()
	// On a rule for the metrics of Kubernetes, which needs a cluster, billing, providers of models and of sign-ins, and
	// accounts.
	list := snippets(t, "docs/operators.md")
	if len(list) != 5 {
		t.Fatalf("found %d snippets; decide here how a new one is tested", len(list))
	}
	s := servetest.Run(t)
	env := append(s.Env, "PATH="+filepath.Dir(s.Program)+string(os.PathListSeparator)+os.Getenv("PATH"))
	bash(t, env, "adiuva-api user create bea@example.com --password 'correct horse battery'")
	out := bash(t, env, strings.Replace(list[1], "anna@", "bea@", 1))
	if !strings.Contains(out, "free") {
		t.Errorf("billing status does not show the tier: %s", out)
	}
	checkProviders(t, env, list[2])
	checkSignIns(t, env, list[3])
	bash(t, env, "exec <<< 'correct horse battery'\n"+list[4])
	out = bash(t, env, "adiuva-api user list")
	if strings.Contains(out, "anna@example.com") && !strings.Contains(out, "delet") {
		t.Errorf("the account was not deleted: %s", out)
	}
}

// checkProviders has the service check the providers file of the documentation, with keys where it looks for them.
func checkProviders(t *testing.T, env []string, text string) {
	t.Helper()
	dir := t.TempDir()
	key, file := filepath.Join(dir, "openai"), filepath.Join(dir, "providers.yaml")
	text = strings.Replace(text, "/run/secrets/openai", key, 1)
	for path, content := range map[string]string{key: "sk-openai\n", file: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := bash(t, append(env, "LLM_PROVIDERS_FILE="+file, "ANTHROPIC_KEY=sk-ant"), "adiuva-api config check")
	if !strings.Contains(out, "is valid") {
		t.Errorf("the providers of the documentation: %s", out)
	}
}

// checkSignIns has the service check the file of sign-in providers of the documentation, with the secrets beside it.
func checkSignIns(t *testing.T, env []string, text string) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"google.secret": "g\n", "microsoft.secret": "m\n", "sign-ins.yaml": text,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := bash(t, append(env, "OIDC_PROVIDERS_FILE="+filepath.Join(dir, "sign-ins.yaml")), "adiuva-api config check")
	if !strings.Contains(out, "is valid") {
		t.Errorf("the sign-in providers of the documentation: %s", out)
	}
}

// The second snippet is a set of scenarios, which the first one plays.
func TestEvalSnippetsWork(t *testing.T) {
	t.Parallel()
	list := snippets(t, "docs/eval.md")
	if len(list) != 2 {
		t.Fatalf("found %d snippets; decide here how a new one is tested", len(list))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "my-scenarios.yaml"), []byte(list[1]), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "ENV=dev", "PATH="+filepath.Dir(servetest.Build(t))+
		string(os.PathListSeparator)+os.Getenv("PATH"))
	list[0] += "adiuva-api eval --provider scripted --set my-scenarios.yaml --threshold 100"
	out := bash(t, env, "cd "+dir+"\n"+list[0])
	if !strings.Contains(out, "McNemar") || !strings.Contains(out, "The plot is in rates.svg") {
		t.Errorf("no comparison or no plot: %s", out)
	}
}

// Each snippet is the action of a tool. The test puts them into one manifest, which the service validates.
func TestAgentSnippetsAreValid(t *testing.T) {
	t.Parallel()
	list := snippets(t, "docs/agents.md")
	if len(list) < 2 {
		t.Fatalf("found %d snippets, want at least 2", len(list))
	}
	dir := t.TempDir()
	manifest := "name: snippet_agent\ndescription: Checks snippets\ntier: free\nprompt: Check.\ntools:\n"
	placeholder := regexp.MustCompile(`{{(\w+)}}`)
	for i, action := range list {
		manifest += fmt.Sprintf("  - name: tool_%d\n    description: Does it\n", i) +
			"    schema:\n      type: object\n      properties:\n"
		for _, argument := range placeholder.FindAllStringSubmatch(action, -1) {
			manifest += "        " + argument[1] + ": {type: string, description: An argument}\n"
		}
		manifest += "    " + strings.ReplaceAll(strings.TrimSpace(action), "\n", "\n    ") + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "snippets.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	program := servetest.Build(t)
	out := bash(t, append(os.Environ(), "ENV=dev", "AGENTS_DIR="+dir), program+" agents")
	if !strings.Contains(out, "snippet_agent") {
		t.Errorf("the agent is not listed: %s", out)
	}
}
