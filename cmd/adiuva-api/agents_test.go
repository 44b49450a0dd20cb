package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/gen/client"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

const exampleAgents = "../../docs/examples/agents"

// TestAgentsCommandListsAgents lists the built-in agents, by tier, and after them the examples of the documentation.
func TestAgentsCommandListsAgents(t *testing.T) {
	t.Parallel()
	env, out, errs := testEnvironment(map[string]string{"AGENTS_DIR": exampleAgents})
	if code := execute(t.Context(), env, []string{"agents"}); code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got [][]string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		columns := regexp.MustCompile(` {2,}`).Split(line, -1)
		got = append(got, columns[:3])
		tools, toolsErr := strconv.Atoi(columns[3])
		tokens, tokensErr := strconv.Atoi(columns[4])
		if len(got) > 1 && (toolsErr != nil || tokensErr != nil || tools < 4 || tokens < 500 ||
			tools > agent.MaxTools || tokens > agent.MaxPromptTokens) {
			t.Errorf("tools and tokens: %s", line)
		}
	}
	if errs.String() != "" {
		t.Errorf("stderr: %s", errs)
	}
	want := [][]string{{"NAME", "KIND", "FROM TIER"}, {"task_agent", "built-in", "free"},
		{"calendar_agent", "built-in", "free"},
		{"email_agent", "built-in", "free"}, {"analytics_agent", "built-in", "pro"},
		{"client_brief_agent", "declared", "power"}, {"hiring_agent", "declared", "pro"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
}

// TestInvalidManifestsStopTheCommand runs agents and serve with invalid manifests. Both name every mistake and start
// nothing.
func TestInvalidManifestsStopTheCommand(t *testing.T) {
	t.Parallel()
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	for name, text := range map[string]string{
		"a.yaml": "name: task_agent\ndescription: Tasks\ntier: gold\nprompt: Be kind.\n",
		"b.yaml": "name: b_agent\ndescription: B\ntier: pro\nprompt: |\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.ReplaceAll(`adiuva-api: the agents in AGENTS_DIR are wrong:
DIR/a.yaml:1: name: "task_agent" is the name of a built-in agent
DIR/a.yaml:3: tier: "gold" is not one of free, pro, power, team
DIR/b.yaml:4: prompt: is empty
`, "DIR/", dir+"/")
	for _, command := range []string{"agents", "serve"} {
		env, out, errs := testEnvironment(map[string]string{"AGENTS_DIR": dir, "ADDR": "127.0.0.1:0",
			"ADIUVA_DATA_DIR": data})
		if code := execute(t.Context(), env, []string{command}); code != exitConfig {
			t.Errorf("%s: exit code %d, want %d", command, code, exitConfig)
		}
		if diff := cmp.Diff(want, errs.String()); diff != "" || out.String() != "" {
			t.Errorf("%s: stdout %q; stderr (-want +got):\n%s", command, out, diff)
		}
		if _, err := os.Stat(filepath.Join(data, "postgres")); !os.IsNotExist(err) {
			t.Errorf("%s: a database was created: %v", command, err)
		}
	}
}

// TestAgentsCommandWarnsOfALongPrompt lists the agent nevertheless.
func TestAgentsCommandWarnsOfALongPrompt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	manifest := "name: long_agent\ndescription: L\ntier: pro\nprompt: " + strings.Repeat("Say little. ", 1000) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(manifest), 0o600); err != nil {
		t.Fatal(err)
	}
	env, out, errs := testEnvironment(map[string]string{"AGENTS_DIR": dir})
	if code := execute(t.Context(), env, []string{"agents"}); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	warning := regexp.MustCompile(`^warning: the prompt and the tools of long_agent are about [3-9]\d{3} tokens, ` +
		`more than 2500; small models answer slowly or badly\. Shorten them\.\n$`)
	if !strings.Contains(out.String(), "long_agent") || !warning.MatchString(errs.String()) {
		t.Errorf("stdout %s\nstderr %s", out, errs)
	}
}

func TestMissingAgentsFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	env, _, errs := testEnvironment(map[string]string{"AGENTS_DIR": dir})
	if code := execute(t.Context(), env, []string{"agents"}); code != exitConfig {
		t.Errorf("exit code %d, want %d", code, exitConfig)
	}
	want := "adiuva-api: the agents in AGENTS_DIR are wrong:\nthe folder of agents cannot be read: open " + dir +
		": no such file or directory\n"
	if diff := cmp.Diff(want, errs.String()); diff != "" {
		t.Errorf("stderr (-want +got):\n%s", diff)
	}
}

// TestDeclaredAgentAnswers chats with the hiring agent of the documentation, opened to the free tier, over HTTP.
func TestDeclaredAgentAnswers(t *testing.T) {
	t.Parallel()
	manifest, err := os.ReadFile(filepath.Join(exampleAgents, "hiring_agent.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	free := strings.Replace(string(manifest), "tier: pro", "tier: free", 1)
	if err := os.WriteFile(filepath.Join(dir, "hiring.yaml"), []byte(free), 0o600); err != nil {
		t.Fatal(err)
	}
	upstream := llmtest.NewServer(t)
	upstream.Script(llmtest.Say("hiring_agent"),
		llmtest.CallTools(llmtest.Call("c1", "add_candidate", `{"name":"Ada","role":"cook","priority":"high"}`)),
		llmtest.Say("Ada is proposed."))
	base, _, _ := serveInBackground(t,
		map[string]string{"AGENTS_DIR": dir, "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": upstream.URL,
			"BCRYPT_COST": "4"})
	c, bearer, _ := registerClient(t, base)
	answer, err := c.ChatWithResponse(t.Context(), client.ChatRequest{Message: "Ada applies as a cook, urgent"}, bearer)
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("chat: %v %s", err, answer.Body)
	}
	reply, err := answer.JSON200.AsChatResponse()
	if err != nil || reply.Response != "Ada is proposed." || len(reply.Actions) != 1 {
		t.Fatalf("chat: %v %s", err, answer.Body)
	}
	data, err := reply.Actions[0].Data.Get()
	want := map[string]any{"title": "Candidate: Ada (cook)", "assignee": "hiring", "status": "todo", "priority": "high"}
	if diff := cmp.Diff(want, map[string]any(data)); err != nil || diff != "" {
		t.Errorf("action %v (-want +got):\n%s", err, diff)
	}
}
