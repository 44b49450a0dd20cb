package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/eval"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/tests/scenarios"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const head = "defaults: {workspace: office, tier: power, agents: [task_agent]}\nscenarios:\n"

// read returns the scenarios of a file tasks.yaml.
func read(t testing.TB, text string) []scenario.Scenario {
	t.Helper()
	list, err := scenario.ReadFiles(fstest.MapFS{"tasks.yaml": {Data: []byte(head + text)}}, scenarios.Files,
		"tasks.yaml")
	check(t, err)
	return list
}

// assistants makes the service's own assistant.
func assistants(t testing.TB) *app.Assistants {
	t.Helper()
	cfg, err := config.Load(func(string) string { return "" }, nil)
	check(t, err)
	made, err := app.NewAssistants(cfg)
	check(t, err)
	return made
}

// configure returns a configuration over the service's own assistant.
func configure(t testing.TB, list []scenario.Scenario, open eval.Open) eval.Config {
	t.Helper()
	made := assistants(t)
	return eval.Config{Scenarios: list, Agents: made.Agents, Open: open, Filter: made.Filter,
		Assistant: func(model agent.Model, now func() time.Time) (*chat.Orchestrator, error) {
			return made.New(model, nil, now)
		}}
}

// play plays the scenarios to their end.
func play(t testing.TB, list []scenario.Scenario, open eval.Open) []eval.Result {
	t.Helper()
	results, err := eval.Run(t.Context(), configure(t, list, open))
	check(t, err)
	return results
}

// sample returns every sixth scenario of the default set.
func sample(t testing.TB) (list []scenario.Scenario) {
	t.Helper()
	all, err := scenario.Read(scenarios.Files)
	check(t, err)
	for i := 0; i < len(all); i += 6 {
		list = append(list, all[i])
	}
	return list
}

// modelFunc is a model that is a function.
type modelFunc func(ctx context.Context, call agent.ModelCall) (agent.Answer, error)

func (f modelFunc) Generate(ctx context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	return f(ctx, call)
}

// says returns a model that routes to the task agent and answers with a text.
func says(text string) agent.Model {
	return modelFunc(func(_ context.Context, call agent.ModelCall) (agent.Answer, error) {
		if call.Small {
			return agent.Answer{Text: "task_agent"}, nil
		}
		return agent.Answer{Text: text, Usage: agent.Usage{InputTokens: 900, OutputTokens: 10}}, nil
	})
}

const twoTurns = `
  - say: push the offer to Tuesday
    calls: [{update_task: {id: t2, updates: {due_date: !time "2026-11-24"}}}]
    actions: [{update tasks: {id: t2, dueDate: 2026-11-24}}]
    must_say: [offer]
    turns: [{say: thanks, must_say: [welcome]}]
  - say: hello
    max_tokens: 100000
`

func TestRunComparesEveryTurn(t *testing.T) {
	t.Parallel()
	results := play(t, read(t, twoTurns), eval.Plain(says("You are welcome.")))
	first, second := results[0], results[1]
	want := []string{`turn 1: no call update_task {"id":"t2","updates":{"due_date":"2026-11-24"}}`,
		`turn 1: actions lack update_record tasks {"dueDate":1795561199999,"id":"t2"}`,
		`turn 1: does not say ["offer"]`}
	if diff := cmp.Diff(want, first.Wrong); diff != "" {
		t.Error(diff)
	}
	if first.Right || first.Result || !first.Routed || first.Line != 4 {
		t.Errorf("%+v", first)
	}
	if !second.Right || second.Turns[0].Text != "You are welcome." || second.Turns[0].OutputTokens < 10 ||
		second.Turns[0].ModelCalls != 2 || !second.Turns[0].Estimated {
		t.Errorf("%+v", second)
	}
	if len(first.Turns) != 2 || cmp.Diff([]string{"task_agent"}, first.Turns[1].Agents) != "" {
		t.Errorf("%+v", first.Turns)
	}
}

func TestRunLimitsTokens(t *testing.T) {
	t.Parallel()
	results := play(t, read(t, "  - {say: hello, max_tokens: 500}"), eval.Plain(says("Hello.")))
	one := results[0]
	if len(one.Wrong) != 1 || !strings.Contains(one.Wrong[0], "at most 500 are allowed") || !one.Result {
		t.Errorf("%+v", one)
	}
}

func TestScriptedModelMeetsExpectations(t *testing.T) {
	t.Parallel()
	list := read(t, `
  - say: push the offer to Tuesday and ask the calendar what is on then
    calls:
      - update_task: {id: t2, updates: {due_date: !time "2026-11-24"}}
      - ask_agent: {agent: calendar_agent, query: what is on}
      - find_rows: {table: events}
    actions: [{update tasks: {id: t2, dueDate: 2026-11-24}}]
    must_say: [Dentist]
  - say: what is the weather?
    must_say: [sunny]`)
	results := play(t, list, eval.Scripted())
	if !results[0].Right || len(results[0].Turns[0].Agents) != 1 || len(results[0].Turns[0].Calls) != 3 {
		t.Errorf("%+v", results[0])
	}
	if !strings.Contains(results[0].Turns[0].Calls[2].Result, "Dentist") {
		t.Errorf("%+v", results[0].Turns[0].Calls)
	}
	if cmp.Diff([]string{`does not say ["sunny"]`}, results[1].Wrong) != "" {
		t.Errorf("the model says what it has not read: %q", results[1].Wrong)
	}
}

func TestRoutingOnlyAsksTheRouterAlone(t *testing.T) {
	t.Parallel()
	model := modelFunc(func(_ context.Context, call agent.ModelCall) (agent.Answer, error) {
		if !call.Small {
			t.Error("an agent asked the model")
		}
		return agent.Answer{Text: "calendar_agent"}, nil
	})
	cfg := configure(t, read(t, "  - {say: hi, must_say: [x]}\n  - {say: am I free, agents: [calendar_agent]}\n"+
		"  - {say: plan it, mode: plan, agents: [calendar_agent], steps: [select]}"),
		eval.RoutingOnly(eval.Plain(model)))
	cfg.Routing = true
	results, err := eval.Run(t.Context(), cfg)
	check(t, err)
	if results[0].Right || !results[1].Right || !results[2].Right ||
		results[0].Wrong[0] != "answered by [calendar_agent], not [task_agent]" {
		t.Errorf("%+v", results)
	}
}

func TestResultsShowNoPromptsInCalls(t *testing.T) {
	t.Parallel()
	model := modelFunc(func(_ context.Context, call agent.ModelCall) (agent.Answer, error) {
		if call.Small || call.Messages[len(call.Messages)-1].Role == llms.ChatMessageTypeTool {
			return agent.Answer{Text: "Fine."}, nil
		}
		arguments, err := json.Marshal(map[string]any{"words": call.Messages[0].Parts[0].(llms.TextContent).Text})
		return agent.Answer{ToolCalls: []llms.ToolCall{
			{ID: "a", FunctionCall: &llms.FunctionCall{Name: "find_rows", Arguments: string(arguments)}},
			{ID: "b", FunctionCall: &llms.FunctionCall{Name: "list_tasks", Arguments: "{}"}}}}, err
	})
	calls := play(t, read(t, "  - {say: hello}"), eval.Plain(model))[0].Turns[0].Calls
	if len(calls) != 2 || calls[0].Arguments != "{}" || !strings.Contains(calls[0].Tool, "withheld") ||
		calls[1].Tool != "list_tasks" {
		t.Errorf("%.300v", calls)
	}
}

func TestRunEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	model := modelFunc(func(ctx context.Context, call agent.ModelCall) (agent.Answer, error) {
		if call.Small && strings.Contains(call.Messages[1].Parts[0].(llms.TextContent).Text, "second") {
			cancel()
			<-ctx.Done()
			return agent.Answer{}, ctx.Err()
		}
		return agent.Answer{Text: "Fine."}, nil
	})
	cfg := configure(t, read(t, "  - {say: first}\n  - {say: second}\n  - {say: third}"), nil)
	dir := t.TempDir()
	cfg.Open = eval.Record(dir, cfg.Filter, eval.Plain(model))
	results, err := eval.Run(ctx, cfg)
	if !errors.Is(err, context.Canceled) || len(results) != 1 || results[0].Name != "first" {
		t.Errorf("%v %+v", err, results)
	}
	if kept, err := filepath.Glob(filepath.Join(dir, "tasks", "*")); err != nil || len(kept) != 1 {
		t.Errorf("%q are recorded, not the first alone: %v", kept, err)
	}
}

func TestRunStopsWhenNothingAnswers(t *testing.T) {
	t.Parallel()
	asked := 0
	model := modelFunc(func(context.Context, agent.ModelCall) (agent.Answer, error) {
		asked++
		return agent.Answer{}, fault.New(fault.LLMUnavailable, "The model is away.")
	})
	var text strings.Builder
	for _, word := range strings.Fields("a b c d e f g h i j") {
		text.WriteString("  - {say: " + word + "}\n")
	}
	results, err := eval.Run(t.Context(), configure(t, read(t, text.String()), eval.Plain(model)))
	if !errors.Is(err, eval.ErrNoAnswers) || len(results) < 5 || len(results) > 6 {
		t.Errorf("%v after %d results", err, len(results))
	}
	if wrong := results[0].Wrong; len(wrong) != 1 || wrong[0] != "no answer: llm_unavailable: The model is away." {
		t.Error(wrong)
	}
}

func TestScenarioThatTakesTooLongFails(t *testing.T) {
	t.Parallel()
	model := modelFunc(func(ctx context.Context, _ agent.ModelCall) (agent.Answer, error) {
		<-ctx.Done()
		return agent.Answer{}, ctx.Err()
	})
	cfg := configure(t, read(t, "  - {say: hello}"), eval.Plain(model))
	cfg.Timeout = time.Millisecond
	results, err := eval.Run(t.Context(), cfg)
	check(t, err)
	if wrong := results[0].Wrong; len(wrong) != 1 || !strings.Contains(wrong[0], "longer than 1ms") {
		t.Error(wrong)
	}
}

func TestParallelRunKeepsTheOrder(t *testing.T) {
	t.Parallel()
	list := sample(t)
	cfg := configure(t, list, eval.Plain(offline.New(offline.Config{})))
	cfg.Parallel = 4
	seen := 0
	cfg.Progress = func(done, _ int) {
		if seen++; done != seen {
			t.Errorf("%d done after %d", done, seen)
		}
	}
	results, err := eval.Run(t.Context(), cfg)
	check(t, err)
	if len(results) != len(list) || seen != len(list) {
		t.Fatalf("%d results, %d calls of Progress", len(results), seen)
	}
	for i, one := range results {
		if one.ID != list[i].ID() {
			t.Fatalf("result %d is of %s", i, one.ID)
		}
	}
}

// reportOf returns a report with a result for each letter: r is right, w is wrong.
func reportOf(letters string) eval.Report {
	report := eval.Report{Provider: "cloud", Model: "large", Router: "small", Planned: len(letters)}
	for i, letter := range letters {
		result := eval.Result{ID: string(rune('a' + i)), Expectation: "e", Category: "tasks", File: "tasks.yaml",
			Line: i, Name: "message " + string(rune('a'+i)), Right: letter == 'r', Result: letter == 'r', Routed: true,
			Turns: []eval.Turn{{Say: "x", Text: "y", Millis: int64(i) * 1000, InputTokens: 10, OutputTokens: 1}}}
		if letter == 'w' {
			result.Wrong = []string{"does not say z"}
		}
		report.Scenarios = append(report.Scenarios, result)
	}
	return report
}

func TestReportSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	report := reportOf("rrrw")
	last := &report.Scenarios[3]
	last.Category, last.Routed, last.Gap = "calendar", false, "no calendar yet"
	last.Turns[0].Agents, last.Turns[0].Text = []string{"task_agent"}, "one\x1b[2Jtwo\n three "+strings.Repeat("x", 900)
	last.Turns[0].Calls = []eval.Call{{Tool: "list_tasks", Arguments: "{}"}}
	report.Stopped, report.Planned = "interrupted", 9
	var out strings.Builder
	check(t, report.Print(&out))
	for _, want := range []string{`tasks.yaml:3: "message d"`, "known: no calendar yet", "does not say z",
		`came: task_agent; calls list_tasks {}; "one [2Jtwo three xxx`, "…",
		"calendar         1      0    0 %     0 % – 79 %       0      0\n",
		"tasks            3      3  100 %    44 % – 100 %      3      3\n",
		"all              4      3   75 %    30 % – 95 %       3      3\n",
		"Model: cloud, large for agents, small for the router", "Tokens: 40 in, 4 out",
		"median 1s, 95 % within 3s", "Stopped after 4 of 9 scenarios: interrupted"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "message a") {
		t.Errorf("%q", out.String())
	}
}

func TestReportSurvivesItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.json")
	report := reportOf("rw")
	report.Began = time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	check(t, report.Write(path))
	got, err := eval.ReadReport(path)
	check(t, err)
	report.Format = got.Format
	if diff := cmp.Diff(report, got, cmp.AllowUnexported(eval.Result{})); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"", "{}", "[]", `{"format": 99}`} {
		check(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := eval.ReadReport(path); err == nil || !strings.Contains(err.Error(), "is no report") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
