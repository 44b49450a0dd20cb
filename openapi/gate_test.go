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

// change is an edit of the contract and the one rule that `make breaking` must reject it for, if any.
type change struct {
	name string
	old  string // occurs in the document
	new  string // replaces the first occurrence
	rule string // name of an oasdiff rule; empty: the change is accepted
}

// localeMember is a member to add to the properties of a schema.
const localeMember = "        locale: {description: The language of the output., type: string, example: it}\n"

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
		new:  "required: [prompt_template, locale]\n      properties:\n" + localeMember,
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
		new: strings.NewReplacer("name: id\n", "name: session_id\n", "{id}", "{session_id}").Replace(
			between("  /auth/sessions/{id}:\n", "          in: path\n")),
		rule: "api-path-removed-without-deprecation",
	},
	{
		name: "removed optional response member",
		old:  between("        errors:\n          description: \"Every invalid member", "    Ok:\n"),
		rule: "response-optional-property-removed",
	},
	{
		name: "renamed optional response member inside a oneOf",
		old:  "        truncated:\n          description: \"True if the model stopped at its length limit.\"",
		new:  "        cut:\n          description: \"True if the model stopped at its length limit.\"",
		rule: "response-optional-property-removed",
	},
	{
		name: "deprecated operation without a sunset",
		old:  "operationId: listAgents",
		new:  "operationId: listAgents\n      deprecated: true",
		rule: "api-deprecated-sunset-missing",
	},
	{
		name: "deprecated operation with a sunset in less than 90 days",
		old:  "operationId: listAgents",
		new:  "operationId: listAgents\n      deprecated: true\n      x-sunset: '" + daysAhead(80) + "'",
		rule: "api-sunset-date-too-small",
	},
}

var harmlessChanges = []change{
	{
		name: "new optional request member",
		old:  "required: [prompt_template]\n      properties:\n",
		new:  "required: [prompt_template]\n      properties:\n" + localeMember,
	},
	{
		name: "new operation",
		old:  "  /health:\n",
		new: strings.NewReplacer("/agents:", "/tools:", "listAgents", "listTools").Replace(
			between("  /agents:\n", "  /models:\n")) + "  /health:\n",
	},
	{
		name: "new optional response member",
		old:  "required: [access_token, refresh_token, expires_at]\n      properties:\n",
		new: "required: [access_token, refresh_token, expires_at]\n      properties:\n" +
			"        scope: {description: What the token permits., type: string, example: all}\n",
	},
	{
		name: "longer description",
		old:  "description: \"A JWT for the Authorization header.\"",
		new:  "description: \"A JWT for the Authorization header. Clients do not read its content.\"",
	},
	{
		name: "new error code",
		old:  "        - llm_timeout\n",
		new:  "        - llm_timeout\n        - too_early\n",
	},
	{
		name: "deprecated operation with a sunset in more than 90 days",
		old:  "operationId: listAgents",
		new:  "operationId: listAgents\n      deprecated: true\n      x-sunset: '" + daysAhead(100) + "'",
	},
}

// The test runs `make breaking` in a folder of its own, on the current contract and a changed copy of it.
func TestMakeBreakingRejectsBreakingChanges(t *testing.T) {
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
				t.Fatalf("make breaking succeeded: %v, want %v\n%s", passed, want, report)
			}
			if rules := brokenRules(report); c.rule != "" && !(len(rules) == 1 && rules[c.rule]) {
				t.Errorf("rejected by the rules %v, want %s alone\n%s", rules, c.rule, report)
			}
		})
	}
}

func TestContractDoesNotBreakReleasedClients(t *testing.T) {
	t.Parallel()
	if report, passed := breakingTarget(t)(t, read(t, "released.yaml"), string(openapi.Document)); !passed {
		t.Errorf("openapi.yaml breaks clients of released.yaml:\n%s", report)
	}
}

// breakingTarget returns a function that runs `make breaking` on two documents and returns its output and whether it
// succeeded. The tool is built once.
func breakingTarget(t *testing.T) func(t *testing.T, released, current string) (report string, passed bool) {
	t.Helper()
	path := exec.CommandContext(t.Context(), "go", "tool", "-modfile=tools/go.mod", "-n", "oasdiff")
	path.Dir = ".."
	tool, err := path.Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	makefile := read(t, "../Makefile")
	severities := read(t, "oasdiff-severity.txt")
	return func(t *testing.T, released, current string) (string, bool) {
		t.Helper()
		dir := t.TempDir()
		write(t, filepath.Join(dir, "Makefile"), makefile)
		write(t, filepath.Join(dir, "openapi", "released.yaml"), released)
		write(t, filepath.Join(dir, "openapi", "openapi.yaml"), current)
		write(t, filepath.Join(dir, "openapi", "oasdiff-severity.txt"), severities)
		cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "breaking",
			"GOTOOL=env PATH="+filepath.Dir(strings.TrimSpace(string(tool))))
		cmd.Dir = dir
		var out bytes.Buffer
		cmd.Stdout = &out
		cmd.Stderr = &out
		err := cmd.Run()
		if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		return out.String(), err == nil
	}
}

// brokenRules returns the rules that the report lists as errors.
func brokenRules(report string) map[string]bool {
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

// between returns the part of the contract from the first occurrence of from up to the next occurrence of to, or "".
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
