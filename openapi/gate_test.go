package openapi_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/openapi"
)

// change is one edit of the contract and what the gate must say to it. Exactly one rule is the reason of a refusal;
// an empty rule means that the gate lets the change pass.
type change struct {
	name string
	old  string // occurs in the document
	new  string // takes the place of its first occurrence
	rule string // oasdiff's name of the rule that refuses it
}

var breakingChanges = []change{
	{
		name: "renamed response member",
		old:  "required: [access_token, refresh_token, expires_at]\n      properties:\n        access_token:",
		new:  "required: [token, refresh_token, expires_at]\n      properties:\n        token:",
		rule: "response-required-property-removed",
	},
	{
		name: "removed operation",
		old:  between("    delete:\n      operationId: cancelSubscription\n", "  /agents:\n"),
		rule: "api-removed-without-deprecation",
	},
	{
		name: "added required request member",
		old:  "required: [prompt_template]\n      properties:\n",
		new:  "required: [prompt_template, locale]\n      properties:\n        locale: {description: The language of the output., type: string, example: it}\n",
		rule: "new-required-request-property",
	},
	{
		name: "renamed operationId",
		old:  "operationId: listAgents",
		new:  "operationId: getAgents",
		rule: "api-operation-id-removed",
	},
	{
		name: "renamed path parameter",
		old:  between("  /auth/sessions/{id}:\n", "          in: path\n"),
		new:  strings.ReplaceAll(strings.Replace(between("  /auth/sessions/{id}:\n", "          in: path\n"), "name: id", "name: session_id", 1), "{id}", "{session_id}"),
		rule: "api-path-removed-without-deprecation",
	},
	{
		name: "removed optional response member",
		old:  between("        errors:\n          description: \"Every member that is wrong", "    Ok:\n"),
		rule: "response-optional-property-removed",
	},
	{
		name: "renamed optional response member inside one of several answers",
		old:  "        truncated:\n          description: \"True when the model stopped for length.\"",
		new:  "        cut:\n          description: \"True when the model stopped for length.\"",
		rule: "response-optional-property-removed",
	},
	{
		name: "deprecated operation without a sunset",
		old:  "operationId: listAgents",
		new:  "operationId: listAgents\n      deprecated: true",
		rule: "api-deprecated-sunset-missing",
	},
	{
		name: "deprecated operation with a sunset sooner than 90 days",
		old:  "operationId: listAgents",
		new:  "operationId: listAgents\n      deprecated: true\n      x-sunset: '" + daysAhead(80) + "'",
		rule: "api-sunset-date-too-small",
	},
}

var harmlessChanges = []change{
	{
		name: "new optional request member",
		old:  "required: [prompt_template]\n      properties:\n",
		new:  "required: [prompt_template]\n      properties:\n        locale: {description: The language of the output., type: string, example: it}\n",
	},
	{
		name: "new operation",
		old:  "  /health:\n",
		new:  strings.NewReplacer("/agents:", "/tools:", "listAgents", "listTools").Replace(between("  /agents:\n", "  /health:\n")) + "  /health:\n",
	},
	{
		name: "new optional response member",
		old:  "required: [access_token, refresh_token, expires_at]\n      properties:\n",
		new:  "required: [access_token, refresh_token, expires_at]\n      properties:\n        scope: {description: What the token is good for., type: string, example: all}\n",
	},
	{
		name: "longer description",
		old:  "description: \"A JWT for the Authorization header.\"",
		new:  "description: \"A JWT for the Authorization header. Its content is the server's affair.\"",
	},
	{
		name: "new error code",
		old:  "        - llm_timeout\n",
		new:  "        - llm_timeout\n        - too_early\n",
	},
	{
		name: "deprecated operation with a sunset later than 90 days",
		old:  "operationId: listAgents",
		new:  "operationId: listAgents\n      deprecated: true\n      x-sunset: '" + daysAhead(100) + "'",
	},
}

// TestGate runs `make breaking` itself, in a folder of its own, against the present contract and a changed copy of it.
func TestGate(t *testing.T) {
	t.Parallel()
	run := breakingTarget(t)
	for _, c := range append(breakingChanges, harmlessChanges...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			before := string(openapi.Document)
			if c.old == "" || !strings.Contains(before, c.old) {
				t.Fatalf("the contract has no %q to change", c.old)
			}
			report, passed := run(t, before, strings.Replace(before, c.old, c.new, 1))
			if want := c.rule == ""; passed != want {
				t.Fatalf("the gate passed: %v, want %v\n%s", passed, want, report)
			}
			if refused := refusals(report); c.rule != "" && !(len(refused) == 1 && refused[c.rule]) {
				t.Errorf("refused by %v, want [%s]\n%s", refused, c.rule, report)
			}
		})
	}
}

// TestGateOnTheBaseline says early what `make breaking` says of the contract as it is.
func TestGateOnTheBaseline(t *testing.T) {
	t.Parallel()
	if report, passed := breakingTarget(t)(t, read(t, "released.yaml"), string(openapi.Document)); !passed {
		t.Errorf("openapi.yaml breaks clients of released.yaml:\n%s", report)
	}
}

// breakingTarget returns a function that runs the Makefile's breaking target on two documents and says what it printed
// and whether it succeeded. The tool is built once, as the go command does for the target.
func breakingTarget(t *testing.T) func(t *testing.T, released, present string) (report string, passed bool) {
	t.Helper()
	path := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/go.mod", "-n", "oasdiff")
	path.Dir = ".."
	tool, err := path.Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	makefile, severities := read(t, "../Makefile"), read(t, "oasdiff-severity.txt")
	return func(t *testing.T, released, present string) (string, bool) {
		t.Helper()
		dir := t.TempDir()
		write(t, filepath.Join(dir, "Makefile"), makefile)
		write(t, filepath.Join(dir, "openapi", "released.yaml"), released)
		write(t, filepath.Join(dir, "openapi", "openapi.yaml"), present)
		write(t, filepath.Join(dir, "openapi", "oasdiff-severity.txt"), severities)
		cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "breaking",
			"GOTOOL=env PATH="+filepath.Dir(strings.TrimSpace(string(tool))))
		cmd.Dir = dir
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err := cmd.Run()
		if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		return out.String(), err == nil
	}
}

// refusals returns the rules that the report names as errors.
func refusals(report string) map[string]bool {
	rules := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^error\s+\[([a-z0-9-]+)\]`).FindAllStringSubmatch(report, -1) {
		rules[m[1]] = true
	}
	return rules
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// between returns the part of the contract from the first occurrence of from up to the next of to, or "".
func between(from, to string) string {
	document := string(openapi.Document)
	start := strings.Index(document, from)
	if start < 0 {
		return ""
	}
	length := strings.Index(document[start:], to)
	if length < 0 {
		return ""
	}
	return document[start : start+length]
}

func daysAhead(days int) string {
	return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly)
}
