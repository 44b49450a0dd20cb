package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// script returns a model that gives these answers one after the other, and then repeats the last one.
func script(answers ...agent.Answer) *llmtest.Model {
	m, given := llmtest.NewModel(), 0
	m.Respond(func(agent.ModelCall) agent.Answer {
		given++
		return answers[min(given, len(answers))-1]
	})
	return m
}

func textAnswer(text string) agent.Answer { return agent.Answer{Text: text} }

func callAnswer(text string, nameAndArguments ...string) agent.Answer {
	answer := agent.Answer{Text: text}
	for i := 0; i < len(nameAndArguments); i += 2 {
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: "c", Type: "function",
			FunctionCall: &llms.FunctionCall{Name: nameAndArguments[i], Arguments: nameAndArguments[i+1]}})
	}
	return answer
}

type echoArgs struct {
	Text  string   `json:"text" desc:"what to say"`
	Times int      `json:"times,omitempty"`
	Ratio float64  `json:"ratio,omitempty"`
	Loud  bool     `json:"loud,omitempty"`
	Tags  []string `json:"tags,omitempty"`
	Mood  string   `json:"mood,omitempty" enum:"glad|sad"`
}

func echo(_ context.Context, _ *agent.Run, in echoArgs) (string, error) {
	text, err := json.Marshal(in)
	return string(text), err
}

func newAgent(m agent.Model, name string) *agent.Agent {
	return agent.New(m, agent.Definition{Name: name, Description: "Works on " + name, Prompt: "Prompt of " + name,
		Tools: []agent.Tool{agent.NewTool("echo", "Says it.", echo), agent.NewTool("rename", "Renames a task.",
			func(_ context.Context, run *agent.Run, in struct {
				ID string `json:"id"`
			}) (string, error) {
				return "ok", run.Propose(action.UpdateRecord("tasks", map[string]any{"id": in.ID, "title": "New"}))
			})}})
}

func newRun(t *testing.T, agents ...*agent.Agent) (*agent.Registry, *agent.Run) {
	t.Helper()
	reg, err := agent.NewRegistry(agents...)
	if err != nil {
		t.Fatal(err)
	}
	return reg, reg.NewRun(identity.User{Tier: tier.Pro}, "hello", agent.Context{
		Now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), Tasks: []agent.Task{{ID: "t1", Title: "Old"}}})
}

func lastToolResult(call agent.ModelCall) string {
	message := call.Messages[len(call.Messages)-1]
	return message.Parts[0].(llms.ToolCallResponse).Content
}

func TestToolCoercesArguments(t *testing.T) {
	t.Parallel()
	tool := agent.NewTool("echo", "Says it.", echo)
	for _, c := range []struct{ name, in, want string }{
		{"all as declared", `{"text":"hi"}`, `{"text":"hi"}`},
		{"number as text", `{"text":"hi","times":"3","ratio":"1.5"}`, `{"text":"hi","times":3,"ratio":1.5}`},
		{"whole float", `{"text":"hi","times":3.0}`, `{"text":"hi","times":3}`},
		{"boolean as text", `{"text":"hi","loud":"True"}`, `{"text":"hi","loud":true}`},
		{"text for a list", `{"text":"hi","tags":"a"}`, `{"text":"hi","tags":["a"]}`},
		{"null is left out", `{"text":"hi","times":null}`, `{"text":"hi"}`},
		{"number for text", `{"text":7}`, `{"text":"7"}`},
		{"no arguments", ``, `error: arguments needs text`},
		{"not JSON", `{"text":`, `error: the arguments are not one JSON object`},
		{"two objects", `{"text":"a"}{"text":"b"}`, `error: the arguments are not one JSON object`},
		{"a list", `[]`, `error: arguments must be an object`},
		{"unknown member", `{"text":"a","x":1}`, `error: arguments has no member "x"`},
		{"fraction", `{"text":"a","times":1.5}`, `error: arguments.times must be a whole number`},
		{"not of the enum", `{"text":"a","mood":"mad"}`, `error: arguments.mood must be one of glad, sad`},
		{"object for text", `{"text":{}}`, `error: arguments.text must be text`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := tool.Call(t.Context(), nil, c.in)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

func FuzzToolArguments(f *testing.F) {
	f.Add(`{"text":"a","times":"1e400","tags":[1,null,"x"]}`)
	f.Add(`{"text":null}`)
	tool := agent.NewTool("echo", "Says it.", echo)
	f.Fuzz(func(t *testing.T, arguments string) {
		if _, err := tool.Call(t.Context(), nil, arguments); err != nil {
			t.Errorf("the arguments caused an error: %v", err)
		}
	})
}

func TestSchemaAndPromptSentToTheModel(t *testing.T) {
	t.Parallel()
	m := script(textAnswer("done"))
	a := newAgent(m, "a_agent")
	_, run := newRun(t, a)
	if _, err := a.Handle(t.Context(), run, nil); err != nil {
		t.Fatal(err)
	}
	got := string(m.Calls()[0].Tools[0].Function.Parameters.(json.RawMessage))
	want := `{"type":"object","properties":{"loud":{"type":"boolean"},"mood":{"type":"string","enum":["glad","sad"]},` +
		`"ratio":{"type":"number"},"tags":{"type":"array","items":{"type":"string"}},"text":{"type":"string",` +
		`"description":"what to say"},"times":{"type":"integer"}},"required":["text"]}`
	if got != want {
		t.Errorf("got %s", got)
	}
	system := m.Calls()[0].Messages[0].Parts[0].(llms.TextContent).Text +
		m.Calls()[0].Messages[0].Parts[1].(llms.TextContent).Text
	if !strings.HasSuffix(system, "Today is 2026-11-23 (Monday), time zone UTC. The local time is 09:00.") {
		t.Errorf("system prompt ends %q", system[len(system)-100:])
	}
	last := m.Calls()[0].Messages[len(m.Calls()[0].Messages)-1]
	if diff := cmp.Diff(llms.TextParts(llms.ChatMessageTypeHuman, "hello"), last); diff != "" {
		t.Error(diff)
	}
}

func TestLoopEndsWithTextOrAtTheLimit(t *testing.T) {
	t.Parallel()
	endless := make([]agent.Answer, 0, 9)
	for i := range 9 {
		endless = append(endless, callAnswer("", "echo", `{"text":"`+strings.Repeat("x", i)+`"}`))
	}
	for _, c := range []struct {
		name      string
		answers   []agent.Answer
		want      string
		wantCode  fault.Code
		wantCalls int
		wantTool  string // the last tool result that the model was sent
	}{
		{"text at once", []agent.Answer{textAnswer("hi")}, "hi", "", 1, ""},
		{"one tool", []agent.Answer{callAnswer("", "echo", `{"text":"a"}`), textAnswer("done")}, "done", "", 2,
			`{"text":"a"}`},
		{"text beside calls is kept", []agent.Answer{callAnswer("Let me see.", "echo", `{"text":"a"}`),
			textAnswer("done")},
			"Let me see.\n\ndone", "", 2, `{"text":"a"}`},
		{"in order", []agent.Answer{callAnswer("", "echo", `{"text":"a"}`, "echo", `{"text":"b"}`), textAnswer("done")},
			"done", "", 2, `{"text":"b"}`},
		{"unknown tool", []agent.Answer{callAnswer("", "fly", `{}`), textAnswer("no")}, "no", "", 2,
			`error: there is no tool "fly"; there are echo, rename`},
		{"bad arguments", []agent.Answer{callAnswer("", "echo", `{`), textAnswer("no")}, "no", "", 2,
			"error: the arguments are not one JSON object"},
		{"repeated call", []agent.Answer{callAnswer("", "echo", `{"text":"a"}`), callAnswer("", "echo", `{"text":"a"}`),
			textAnswer("done")}, "done", "", 3,
			"error: you made exactly this call before; use its result and answer"},
		{"repeats a call forever", []agent.Answer{callAnswer("", "echo", `{"text":"a"}`)}, "", "agent_loop_limit",
			3, ""},
		{"calls tools forever", endless, "", "agent_loop_limit", 5, ""},
		{"answer in the last round", append(endless[:4:4], textAnswer("done")), "done", "", 5, `{"text":"xxx"}`},
		{"no text", []agent.Answer{textAnswer(" ")}, "", "llm_error", 1, ""},
		{"no text after a proposal", []agent.Answer{callAnswer("", "rename", `{"id":"t1"}`), textAnswer("")},
			"Changes prepared for you to confirm: 1.", "", 2, "ok"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := script(c.answers...)
			a := newAgent(m, "a_agent")
			_, run := newRun(t, a)
			var joined strings.Builder
			result, err := a.Handle(t.Context(), run, func(s string) error { joined.WriteString(s); return nil })
			if c.wantCode != "" {
				if f := fault.From(err); f == nil || f.Code != c.wantCode {
					t.Errorf("error %v, want %s", err, c.wantCode)
				}
			} else if err != nil || result.Text != c.want || joined.String() != strings.TrimLeft(c.want, " ") {
				t.Errorf("got %q, emitted %q, %v", result.Text, joined.String(), err)
			}
			if len(m.Calls()) != c.wantCalls {
				t.Errorf("%d model calls, want %d", len(m.Calls()), c.wantCalls)
			}
			if c.wantTool != "" && lastToolResult(m.Calls()[len(m.Calls())-1]) != c.wantTool {
				t.Errorf("tool result %q", lastToolResult(m.Calls()[len(m.Calls())-1]))
			}
		})
	}
}

func TestLastRoundMustBeText(t *testing.T) {
	t.Parallel()
	var answers []agent.Answer
	for i := range 5 {
		answers = append(answers, callAnswer("", "echo", `{"text":"`+strings.Repeat("x", i)+`"}`))
	}
	m := script(answers...)
	a := newAgent(m, "a_agent")
	_, run := newRun(t, a)
	if _, err := a.Handle(t.Context(), run, nil); !errors.Is(err, agent.ErrLoopLimit) {
		t.Fatal(err)
	}
	for i, call := range m.Calls() {
		if call.TextOnly != (i == 4) || len(call.Tools) == 0 { // some servers want the tools of earlier calls
			t.Errorf("call %d has %d tools and must be text: %v", i, len(call.Tools), call.TextOnly)
		}
	}
}

func TestEmitErrorEndsTheLoop(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	a := newAgent(script(textAnswer("hi")), "a_agent")
	_, run := newRun(t, a)
	if _, err := a.Handle(t.Context(), run, func(string) error { return gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}

func TestProposeChecksActions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		action action.Action
		want   string
	}{
		{"create", action.CreateRecord("tasks", map[string]any{"title": "A", "id": "made up"}), ""},
		{"update known", action.UpdateRecord("tasks", map[string]any{"id": "t1", "status": "done"}), ""},
		{"update unknown", action.UpdateRecord("tasks", map[string]any{"id": "t2", "status": "done"}),
			`there is no tasks row with id "t2" in this request`},
		{"delete known", action.Action{Type: action.Delete, Table: "tasks", Data: map[string]any{"id": "t1"}}, ""},
		{"delete of another table", action.Action{Type: action.Delete, Table: "notes",
			Data: map[string]any{"id": "t1"}}, `there is no notes row with id "t1" in this request`},
		{"unknown project", action.CreateRecord("tasks", map[string]any{"title": "A", "projectId": "p9"}),
			`projectId: there is no projects row with id "p9" in this request; leave it out`},
		{"unknown table", action.CreateRecord("users", map[string]any{"title": "A"}),
			`there is no table "users"; there are tasks, projects, notes, clients, checkpoints, taskComments, ` +
				`events, emails`},
		{"bad status", action.UpdateRecord("tasks", map[string]any{"id": "t1", "status": "gone"}),
			`tasks.status: "gone" is not one of todo, in_progress, done`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, run := newRun(t)
			err := run.Propose(c.action)
			if c.want == "" {
				if err != nil || len(run.Actions()) != 1 || run.Dropped() != 0 {
					t.Errorf("%v, %d actions", err, len(run.Actions()))
				}
				if _, ok := run.Actions()[0].Data["id"]; ok && c.action.Type == action.Create {
					t.Error("a created row has an id")
				}
				return
			}
			if err == nil || err.Error() != c.want || len(run.Actions()) != 0 || run.Dropped() != 1 {
				t.Errorf("got %v, %d dropped", err, run.Dropped())
			}
		})
	}
}

func TestProposeStopsAtFiftyActions(t *testing.T) {
	t.Parallel()
	_, run := newRun(t)
	for i := range 53 {
		_ = run.Propose(action.CreateRecord("tasks", map[string]any{"title": fmt.Sprint("A", i)}))
	}
	if len(run.Actions()) != 50 || run.Dropped() != 3 {
		t.Errorf("%d actions, %d dropped", len(run.Actions()), run.Dropped())
	}
}
