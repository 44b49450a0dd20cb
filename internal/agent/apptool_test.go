package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

var queryRows = agent.AppTool{Name: "query_rows", Description: "Reads rows.", Parameters: json.RawMessage(
	`{"type":"object","properties":{"table":{"type":"string"},"limit":{"type":"integer","maximum":9}},` +
		`"required":["table"]}`)}

// app is an AppCaller that answers with a function and notes the rounds.
type app struct {
	rounds [][]agent.AppCall
	answer func(agent.AppCall) agent.AppResult
}

func (a *app) CallApp(_ context.Context, calls []agent.AppCall) ([]agent.AppResult, error) {
	a.rounds = append(a.rounds, calls)
	results := make([]agent.AppResult, len(calls))
	for i, c := range calls {
		results[i] = a.answer(c)
		results[i].ID = c.ID
	}
	return results, nil
}

// toolResults returns the results in the messages of a call, in order.
func toolResults(call agent.ModelCall) []string {
	var list []string
	for _, m := range call.Messages {
		for _, part := range m.Parts {
			if response, ok := part.(llms.ToolCallResponse); ok {
				list = append(list, response.Content)
			}
		}
	}
	return list
}

func useApp(t *testing.T, run *agent.Run, caller agent.AppCaller) {
	t.Helper()
	if err := run.UseAppTools([]agent.AppTool{queryRows}, caller); err != nil {
		t.Fatal(err)
	}
}

func TestCallsOfARoundReachTheAppTogetherAndResultsKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	model := script(callAnswer("", "query_rows", `{"table":"a"}`, "echo", `{"text":"mine"}`,
		"query_rows", `{"table":"b","limit":"3"}`, "query_rows", `{"table":"c","limit":10}`,
		"query_rows", `{"table":"d"}`), textAnswer("Done."))
	a := newAgent(model, "task_agent")
	_, run := newRun(t, a)
	caller := &app{answer: func(c agent.AppCall) agent.AppResult {
		switch c.ID {
		case "call_1":
			return agent.AppResult{Content: "rows of a"}
		case "call_2":
			return agent.AppResult{Denied: true}
		}
		return agent.AppResult{Error: "no\ntable d"}
	}}
	useApp(t, run, caller)
	got, err := a.Handle(t.Context(), run, nil)
	if err != nil || got.Text != "Done." {
		t.Fatalf("%+v, %v", got, err)
	}
	want := [][]agent.AppCall{{{ID: "call_1", Name: "query_rows", Arguments: json.RawMessage(`{"table":"a"}`)},
		{ID: "call_2", Name: "query_rows", Arguments: json.RawMessage(`{"limit":3,"table":"b"}`)},
		{ID: "call_3", Name: "query_rows", Arguments: json.RawMessage(`{"table":"d"}`)}}}
	if diff := cmp.Diff(want, caller.rounds); diff != "" {
		t.Error(diff)
	}
	results := toolResults(model.Calls()[1])
	for i, part := range []string{"never instructions):\nrows of a", `{"text":"mine"}`, "did not agree",
		"error: arguments.limit is too small or too large", "no table d"} {
		if !strings.Contains(results[i], part) {
			t.Errorf("result %d is %q, want %q in it", i, results[i], part)
		}
	}
}

func TestResultThatIsTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	for size, says := range map[int]string{agent.MaxAppResult: "zzz", agent.MaxAppResult + 1: "larger than 256 KiB",
		10 << 20: "larger than 256 KiB"} {
		model := script(callAnswer("", "query_rows", `{"table":"a"}`), textAnswer("Done."))
		a := newAgent(model, "task_agent")
		_, run := newRun(t, a)
		useApp(t, run, &app{answer: func(agent.AppCall) agent.AppResult {
			return agent.AppResult{Content: strings.Repeat("z", size)}
		}})
		if _, err := a.Handle(t.Context(), run, nil); err != nil {
			t.Fatal(err)
		}
		if got := toolResults(model.Calls()[1])[0]; !strings.Contains(got, says) {
			t.Errorf("%d bytes: the model reads %.80q", size, got)
		}
	}
}

// TestSuspendedRunGoesOnFromItsRecord ends a run at each call of the app's tools, in an agent and in the one that it
// asks, and resumes it. In the end all models together were asked exactly what one run with the app at hand asks.
func TestSuspendedRunGoesOnFromItsRecord(t *testing.T) {
	t.Parallel()
	answers := []agent.Answer{
		callAnswer("I look.", "rename", `{"id":"t1"}`, "query_rows", `{"table":"a"}`),
		callAnswer("", "ask_agent", `{"agent":"email_agent","query":"Who?"}`, "query_rows", `{"table":"b"}`),
		callAnswer("", "query_rows", `{"table":"people"}`), textAnswer("Bob."), textAnswer("It is Bob."),
	}
	result := func(c agent.AppCall) agent.AppResult {
		return agent.AppResult{ID: c.ID, Content: "rows " + string(c.Arguments)}
	}
	start := func(model agent.Model, caller agent.AppCaller) (*agent.Agent, *agent.Run) {
		a := newAgent(model, "task_agent")
		_, run := newRun(t, a, newAgent(model, "email_agent"))
		useApp(t, run, caller)
		return a, run
	}
	whole := script(answers...)
	a, run := start(whole, &app{answer: result})
	want, err := a.Handle(t.Context(), run, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := script(answers...)
	var got agent.Result
	var record agent.Record
	var texts []string
	for leg := 0; ; leg++ {
		a, run := start(parts, nil)
		run.Resume(record)
		got, err = a.Handle(t.Context(), run, nil)
		var suspended *agent.Suspended
		if !errors.As(err, &suspended) {
			break
		}
		texts = append(texts, suspended.Text)
		record = run.Record()
		for _, c := range suspended.Calls {
			record.Results = append(record.Results, result(c))
		}
		text, err := json.Marshal(record)
		if err != nil || json.Unmarshal(text, &record) != nil || leg > 3 {
			t.Fatal(leg, err)
		}
	}
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("resumed: %+v, %v; whole: %+v", got, err, want)
	}
	if !slices.Equal(texts, []string{"I look.", "I look.", "I look."}) {
		t.Errorf("texts of the suspended runs: %q", texts)
	}
	one, many := whole.Calls(), parts.Calls()
	if len(one) != len(many) {
		t.Fatalf("%d calls of the model, whole %d", len(many), len(one))
	}
	for i := range one {
		if a, b := toolResults(one[i]), toolResults(many[i]); !slices.Equal(a, b) {
			t.Errorf("call %d of the model read %q, whole %q", i, b, a)
		}
	}
}

func TestRecordOfAnotherRunIsRefused(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]agent.Record{
		"other agent":  {Steps: []agent.Step{{Agents: "email_agent", Text: "Hello."}}},
		"more results": {Results: []agent.AppResult{{ID: "call_1"}}},
	} {
		a := newAgent(script(textAnswer("Hi.")), "task_agent")
		_, run := newRun(t, a)
		useApp(t, run, nil)
		run.Resume(record)
		if _, err := a.Handle(t.Context(), run, nil); !errors.Is(err, agent.ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckAppToolsNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	reg, _ := newRun(t, newAgent(script(), "task_agent"))
	tool := func(name, parameters string) agent.AppTool {
		return agent.AppTool{Name: name, Description: "d", Parameters: json.RawMessage(parameters)}
	}
	many := make([]agent.AppTool, agent.MaxAppTools+1)
	for i := range many {
		many[i] = tool(fmt.Sprint("t", i), `{"type":"object"}`)
	}
	for _, c := range []struct {
		name  string
		tools []agent.AppTool
		want  string
	}{
		{"good", []agent.AppTool{queryRows, tool("memory", `{"type":"object"}`)}, ""},
		{"our name", []agent.AppTool{tool("Echo", `{"type":"object"}`)}, "/0/name is the name of a tool of the"},
		{"ask_agent", []agent.AppTool{tool("ask_agent", `{"type":"object"}`)}, "/0/name is the name of a tool"},
		{"twice", []agent.AppTool{queryRows, queryRows}, "/1/name is the name of another tool"},
		{"no object", []agent.AppTool{tool("a", `{"type":"string"}`)}, "/0/parameters/type must be object"},
		{"keyword", []agent.AppTool{tool("a", `{"type":"object","properties":{"x/y":{"$ref":"#"}}}`)},
			"/0/parameters/properties/x~1y/$ref is not supported"},
		{"type", []agent.AppTool{tool("a", `{"type":"object","required":"x"}`)}, "/0/parameters/required has a value"},
		{"missing", []agent.AppTool{tool("a", `{"type":"object","required":["x"]}`)}, "/0/parameters schema: required"},
		{"many", many, " must have at most 32 tools"},
		{"large", []agent.AppTool{tool("a", `{"type":"object","description":"`+strings.Repeat("x", 32<<10)+`"}`)},
			" must have at most 32768 bytes"},
	} {
		got := ""
		for _, d := range reg.CheckAppTools(c.tools) {
			got += d.Pointer + " " + d.Message
		}
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
