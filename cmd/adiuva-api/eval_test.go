package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// writeSet writes a set of scenarios and returns its path.
func writeSet(t *testing.T, scenarios string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.yaml")
	text := "defaults: {workspace: office, tier: power, agents: [task_agent]}\nscenarios:\n" + scenarios
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runEvalCommand runs eval and returns its exit code and what it printed.
func runEvalCommand(t *testing.T, vars map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	env, stdout, stderr := testEnvironment(vars)
	code = execute(t.Context(), env, append([]string{"eval"}, args...))
	return code, stdout.String(), stderr.String()
}

const twoScenarios = "  - {say: hello}\n  - {say: what is overdue, must_say: [Order chairs]}\n"

func TestEvalMeasuresTheOfflineModel(t *testing.T) {
	t.Parallel()
	set := writeSet(t, "  - {say: hello}\n  - {say: hi, must_say: [nonsense]}")
	code, out, errs := runEvalCommand(t, nil, "--set", set)
	if code != exitOK || !strings.Contains(out, `mine.yaml:4: "hi"`) ||
		!strings.Contains(out, "mine             2      1   50 %     9 % – 91 %       1      2\n") ||
		!strings.Contains(out, "Model: offline") || !strings.Contains(errs, "2 of 2 scenarios, 1 right") {
		t.Errorf("%d\n%s\n%s", code, out, errs)
	}
}

func TestEvalPlaysTheBuiltInSet(t *testing.T) {
	t.Parallel()
	code, out, _ := runEvalCommand(t, nil, "--provider", "scripted", "--threshold", "100", "--parallel", "2")
	if code != exitOK || !strings.Contains(out, "small_talk ") {
		t.Errorf("%d\n%s", code, out)
	}
}

func TestEvalFailsBelowTheThreshold(t *testing.T) {
	t.Parallel()
	set := writeSet(t, "  - {say: hello}\n  - {say: hi, must_say: [nonsense]}")
	for threshold, want := range map[string]int{"0": exitOK, "50": exitOK, "50.5": exitFailed} {
		code, _, errs := runEvalCommand(t, nil, "--set", set, "--threshold", threshold)
		if code != want {
			t.Errorf("threshold %s: exit code %d: %s", threshold, code, errs)
		}
	}
}

// TestEvalAsksTheConfiguredModel asks an OpenAI-compatible server, and names it in the report.
func TestEvalAsksTheConfiguredModel(t *testing.T) {
	t.Parallel()
	server := llmtest.NewServer(t)
	server.Script(llmtest.Say("task_agent"), llmtest.Say("Good morning."))
	vars := map[string]string{"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": server.URL}
	report := filepath.Join(t.TempDir(), "run.json")
	code, out, errs := runEvalCommand(t, vars, "--set", writeSet(t, "  - {say: hello, must_say: [morning]}"),
		"--model", "large", "--router-model", "tiny", "--json", report)
	if code != exitOK || !strings.Contains(out, "Model: openai, large for agents, tiny for the router") {
		t.Errorf("%d\n%s\n%s", code, out, errs)
	}
	if asked := server.Requests(); asked[0].Model != "tiny" || asked[1].Model != "large" {
		t.Errorf("%s and %s were asked", asked[0].Model, asked[1].Model)
	}
	text, err := os.ReadFile(report)
	if err != nil || !strings.Contains(string(text), `"text": "Good morning."`) {
		t.Errorf("%s %v", text, err)
	}
}

func TestEvalRecordsReplaysComparesAndDraws(t *testing.T) {
	t.Parallel()
	dir, set := t.TempDir(), writeSet(t, twoScenarios)
	file := func(name string) string { return filepath.Join(dir, name) }
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"--set", set, "--record", file("rec"), "--json", file("a.json")}, "Model: offline"},
		{[]string{"--set", set, "--replay", file("rec"), "--json", file("b.json")}, "Model: offline"},
		{[]string{"--compare", file("a.json"), file("b.json")}, "0 better, 0 worse"},
		{[]string{"--plot", file("plot.svg"), file("a.json"), file("b.json")}, "The plot is in"},
	} {
		code, out, errs := runEvalCommand(t, nil, step.args...)
		if code != exitOK || !strings.Contains(out, step.want) {
			t.Errorf("%q: %d\n%s\n%s", step.args, code, out, errs)
		}
	}
	if text, err := os.ReadFile(file("plot.svg")); err != nil || !strings.Contains(string(text), "</svg>") {
		t.Errorf("%s %v", text, err)
	}
	other := writeSet(t, "  - {say: something else}")
	code, out, _ := runEvalCommand(t, nil, "--set", other, "--replay", file("rec"), "--threshold", "1")
	if code != exitFailed || !strings.Contains(out, "not recorded: there is no mine/something-else-") {
		t.Errorf("%d %s", code, out)
	}
}

func TestEvalNamesUsageErrors(t *testing.T) {
	t.Parallel()
	set := writeSet(t, twoScenarios)
	folder := filepath.Dir(set)
	wrong := func(text string) string { return writeSet(t, text) }
	for _, row := range []struct {
		want string
		args []string
	}{
		{"unknown flag: --sett", []string{"--sett", "x"}},
		{"name two reports", []string{"--compare", "a.json"}},
		{"name one to 6 reports", []string{"--plot", "a.svg"}},
		{"choose either --compare or --plot", []string{"--compare", "--plot", "a.svg", "a", "b"}},
		{`"a.yaml" is no flag`, []string{"a.yaml"}},
		{`there is no judge "gpt"`, []string{"--judge", "gpt"}},
		{"choose either --record or --replay", []string{"--record", "a", "--replay", "b"}},
		{"--replay asks no model", []string{"--replay", "a", "--provider", "b"}},
		{"--any-prompt is for --replay", []string{"--any-prompt"}},
		{"percentage", []string{"--threshold", "101"}},
		{"percentage", []string{"--threshold", "NaN"}},
		{"--timeout is more than 0", []string{"--timeout", "0s"}},
		{"--parallel is from 1 to 32", []string{"--parallel", "0"}},
		{`there is no provider "x"; there are offline`, []string{"--provider", "x"}},
		{"the scripted model has no other models", []string{"--provider", "scripted", "--model", "x"}},
		{"the offline model has no other models", []string{"--model", "x"}},
		{`there is no category "x"; there are analytics, calendar`, []string{"--category", "x"}},
		{"no such file", []string{"--set", "/no/such/set.yaml"}},
		{"the report cannot be written", []string{"--set", set, "--json", "/no/such/folder/run.json"}},
		{"is no folder of", []string{"--replay", folder}},
		{"is no report of", []string{"--compare", set, set}},
		{"is no report of", []string{"--plot", "x.svg", set}},
		{`mine.yaml:3: there is no agent "x"; there are task_agent, calendar_agent`,
			[]string{"--set", wrong("  - {say: a, agents: [x]}")}},
		{`mine.yaml:4: there is no tool "x"; there are append_to_note`,
			[]string{"--set", wrong("  - say: a\n    calls: [{x: {}}]")}},
		{`mine.yaml:3: there is no member "x"; there are actions`, []string{"--set", wrong("  - {say: a, x: b}")}},
		{`mine.yaml:3: "a": actions: create_record tasks has no column "x"; there are projectId`,
			[]string{"--set", wrong("  - {say: a, actions: [{create tasks: {x: y}}]}")}},
	} {
		code, out, errs := runEvalCommand(t, nil, row.args...)
		if code != exitConfig || !strings.Contains(errs, row.want) || out != "" {
			t.Errorf("%q: %d, no %q in %s%s", row.args, code, row.want, errs, out)
		}
	}
}

// TestEvalPrintsWhatWasDoneWhenItIsInterrupted cancels the second scenario.
func TestEvalPrintsWhatWasDoneWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	server := llmtest.NewServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.Script(llmtest.Say("task_agent"), llmtest.Say("Hello."), func(x *llmtest.Exchange) {
		cancel()
		llmtest.Say("task_agent")(x)
	})
	env, out, errs := testEnvironment(map[string]string{"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": server.URL})
	report := filepath.Join(t.TempDir(), "run.json")
	code := execute(ctx, env, []string{"eval", "--set", writeSet(t, twoScenarios), "--json", report})
	if code != exitFailed || !strings.Contains(out.String(), "Stopped after 1 of 2 scenarios: interrupted") ||
		!strings.Contains(errs.String(), "the run was stopped before its end") {
		t.Errorf("%d\n%s\n%s", code, out, errs)
	}
	if text, err := os.ReadFile(report); err != nil || !strings.Contains(string(text), `"stopped": "interrupted"`) {
		t.Errorf("%s %v", text, err)
	}
}
