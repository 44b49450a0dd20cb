package chat_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

func says(text string) llmtest.Turn { return llmtest.TextTurn(strings.SplitAfter(text, " ")...) }

func fails(err error) llmtest.Turn { return llmtest.ErrorTurn(err) }

func callsTool(name, arguments string) llmtest.Turn {
	return llmtest.CallTurn(llmtest.Call("1", name, arguments))
}

// guard hits on the word SECRET, holds the last piece back as a filter does, and knows nothing of the caller.
type guard struct{}

func (guard) Text(s string) (string, string) {
	if strings.Contains(s, "SECRET") {
		return "", "secret/1"
	}
	return s, ""
}

func (g guard) Values(values ...string) string {
	_, hit := g.Text(strings.Join(values, " "))
	return hit
}

func (guard) Stream(emit agent.Emit) chat.GuardStream { return &guardStream{emit: emit} }

type guardStream struct {
	emit agent.Emit
	held string
	hit  string
}

func (g *guardStream) Write(text string) error {
	if strings.Contains(g.held+text, "SECRET") {
		g.hit = "secret/1"
	}
	if g.hit != "" {
		return errLeak
	}
	out := g.held
	g.held = text
	if out == "" {
		return nil
	}
	return g.emit(out)
}

func (g *guardStream) Close() error {
	if g.hit != "" {
		return errLeak
	}
	return g.emit(g.held)
}

func (g *guardStream) Hit() string { return g.hit }

var errLeak = errors.New("leak")

func plainAgent(m agent.Model, name string) *agent.Agent {
	return agent.New(m, agent.Definition{Name: name, Description: "Does " + name, Prompt: "You are " + name})
}

func setup(t *testing.T, turns ...llmtest.Turn) (*chat.Orchestrator, *llmtest.Model) {
	t.Helper()
	m := llmtest.NewModel(turns...)
	m.ScriptRouter()
	agents, err := agent.NewRegistry(task.New(m), plainAgent(m, "calendar_agent"), plainAgent(m, "email_agent"), plainAgent(m, "analytics_agent"))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := playbook.NewTemplates(task.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	return chat.New(chat.Config{Agents: agents, Model: m, Templates: templates,
		Filter: func(...string) chat.Guard { return guard{} },
		Now:    func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) },
		Log:    slog.New(slog.NewJSONHandler(io.Discard, nil))}), m
}

func system(call agent.ModelCall) string { return call.Messages[0].Parts[0].(llms.TextContent).Text }

var pro = identity.User{Tier: tier.Pro}

func TestRouting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, answer string
		user         tier.Tier
		want         []string // what each later call's system prompt contains
	}{
		{"one name", "calendar_agent", tier.Free, []string{"You are calendar_agent"}},
		{"blanks and capitals", "  Calendar_Agent\n", tier.Free, []string{"You are calendar_agent"}},
		{"quotes", "\"email_agent\".", tier.Free, []string{"You are email_agent"}},
		{"unknown", "weather_agent", tier.Pro, []string{"task manager"}},
		{"prose", "I think calendar_agent fits", tier.Pro, []string{"task manager"}},
		{"nothing", "", tier.Pro, []string{"task manager"}},
		{"not in the tier", "analytics_agent", tier.Free, []string{"task manager"}},
		{"in the tier", "analytics_agent", tier.Pro, []string{"You are analytics_agent"}},
		{"twice the same", "email_agent, email_agent", tier.Pro, []string{"You are email_agent"}},
		{"two", "email_agent, calendar_agent", tier.Pro, []string{"You are email_agent", "You are calendar_agent", "Several specialists"}},
		{"four are three", "email_agent,calendar_agent,analytics_agent,task_agent", tier.Pro,
			[]string{"You are email_agent", "You are calendar_agent", "You are analytics_agent", "Several specialists"}},
		{"one of two unknown", "email_agent, weather_agent", tier.Pro, []string{"task manager"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o, m := setup(t, says(c.answer), says("1"), says("2"), says("3"), says("4"))
			if _, err := o.Run(t.Context(), identity.User{Tier: c.user}, chat.Request{Message: "m"}, nil); err != nil {
				t.Fatal(err)
			}
			router := m.Calls()[0]
			if !router.Small || router.Temperature != 0 || len(router.Tools) != 0 || router.MaxTokens == 0 {
				t.Errorf("router call %+v", router)
			}
			if named := strings.Contains(system(router), `"analytics_agent"`); named != (c.user == tier.Pro) {
				t.Errorf("the router sees analytics_agent: %v", named)
			}
			if len(m.Calls()) != len(c.want)+1 {
				t.Fatalf("%d calls", len(m.Calls()))
			}
			for i, want := range c.want {
				if !strings.Contains(system(m.Calls()[i+1]), want) {
					t.Errorf("call %d is not for %s", i+1, want)
				}
			}
		})
	}
}

func TestRouterSeesLittle(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("task_agent"), says("ok"))
	long := strings.Repeat("ü", 3000)
	_, err := o.Run(t.Context(), pro, chat.Request{Message: "short", Context: agent.Context{RelevantDocuments: []string{long, long, long},
		History: []agent.Turn{{Role: "user", Content: long}}}}, nil)
	question := m.Calls()[0].Messages[1].Parts[0].(llms.TextContent).Text
	_, context, _ := strings.Cut(question, "\nContext: ")
	if n := len([]rune(context)); err != nil || n != 500 {
		t.Errorf("%d characters of context, %v", n, err)
	}
}

func TestRouterFailureFallsBack(t *testing.T) {
	t.Parallel()
	away := fault.New(fault.LLMUnavailable, "away")
	o, _ := setup(t, fails(away), says("done"))
	if reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, nil); err != nil || reply.Text != "done" {
		t.Errorf("%+v, %v", reply, err)
	}
	o, _ = setup(t, fails(away), fails(away))
	if _, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, nil); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o, m := setup(t, llmtest.Turn{Err: away, Block: true})
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := o.Run(ctx, pro, chat.Request{Message: "m"}, nil); !errors.Is(err, context.Canceled) || len(m.Calls()) != 1 {
		t.Errorf("got %v after %d calls", err, len(m.Calls()))
	}
}

func TestDirectStreamsWhatItAnswers(t *testing.T) {
	t.Parallel()
	o, _ := setup(t, says("task_agent"), callsTool("create_task", `{"title":"Call Anna","due_date":"tomorrow","priority":"high"}`),
		says("I prepared the task for you."))
	var joined strings.Builder
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m", Timezone: "Europe/Berlin"}, func(s string) error { joined.WriteString(s); return nil })
	want := chat.Reply{Kind: chat.Response, Text: "I prepared the task for you.", Actions: []playbook.Action{playbook.CreateRecord("tasks",
		map[string]any{"title": "Call Anna", "status": "todo", "priority": "high", "dueDate": int64(1795561199999)})}}
	if diff := cmp.Diff(want, reply); err != nil || diff != "" || joined.String() != want.Text {
		t.Errorf("%v, emitted %q: %s", err, joined.String(), diff)
	}
}

func TestPipeline(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("email_agent, calendar_agent"), says("Mail from Leo."),
		callsTool("send_notification", `{"title":"Leo","body":"waits"}`), says("Free at ten."), says("Leo wrote; ten is free."))
	var joined strings.Builder
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, func(s string) error { joined.WriteString(s); return nil })
	if err != nil || reply.Text != "Leo wrote; ten is free." || joined.String() != reply.Text || len(reply.Actions) != 1 {
		t.Fatalf("%+v, emitted %q, %v", reply, joined.String(), err)
	}
	if data := m.Calls()[2].Messages[1].Parts[0].(llms.TextContent).Text; !strings.Contains(data, "Result of email_agent:\nMail from Leo.") {
		t.Errorf("the second agent saw %q", data)
	}
	if got := m.Calls()[4].Messages[1].Parts[0].(llms.TextContent).Text; got != "Request:\nm\n\nResult 1:\nMail from Leo.\n\nResult 2:\nFree at ten." {
		t.Errorf("the synthesis saw %q", got)
	}
}

func TestPlanMode(t *testing.T) {
	t.Parallel()
	o, _ := setup(t, says("task_agent"), callsTool("create_task", `{"title":"Call Anna"}`), says("ok"))
	emitted := false
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m", Mode: chat.Plan}, func(string) error { emitted = true; return nil })
	if err != nil || emitted || reply.Kind != chat.Execution || reply.Plan == nil || len(reply.Plan.Steps) != 1 || reply.Actions == nil {
		t.Errorf("%+v, %v, emitted %v", reply, err, emitted)
	}
}

func TestLeaksAreReplaced(t *testing.T) {
	t.Parallel()
	canned := chat.Reply{Kind: chat.Response, Text: chat.Canned, Actions: []playbook.Action{}, Replaced: true}
	for _, c := range []struct {
		name  string
		mode  chat.Mode
		turns []llmtest.Turn
	}{
		{"text", chat.Direct, []llmtest.Turn{says("task_agent"), says("It is SECRET indeed")}},
		{"split text", chat.Direct, []llmtest.Turn{says("task_agent"), callsTool("list_tasks", ""), says("a SECRET")}},
		{"action", chat.Direct, []llmtest.Turn{says("task_agent"), callsTool("create_task", `{"title":"SECRET"}`), says("ok")}},
		{"plan", chat.Plan, []llmtest.Turn{says("task_agent"), callsTool("create_task", `{"title":"SECRET"}`), says("ok")}},
		{"synthesis", chat.Direct, []llmtest.Turn{says("task_agent,email_agent"), says("a"), says("b"), says("SECRET")}},
	} {
		for _, emit := range []agent.Emit{nil, func(text string) error {
			if strings.Contains(text, "SECRET") {
				return errors.New("a secret went out")
			}
			return nil
		}} {
			o, _ := setup(t, c.turns...)
			reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m", Mode: c.mode}, emit)
			if diff := cmp.Diff(canned, reply); err != nil || diff != "" {
				t.Errorf("%s, streamed %v: %v %s", c.name, emit != nil, err, diff)
			}
		}
	}
}

func lastText(call agent.ModelCall) string {
	return call.Messages[len(call.Messages)-1].Parts[0].(llms.TextContent).Text
}

func TestEmitErrorEndsTheAnswer(t *testing.T) {
	t.Parallel()
	gone := errors.New("gone")
	o, _ := setup(t, says("task_agent"), says("one two three"))
	if reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, func(string) error { return gone }); !errors.Is(err, gone) || reply.Text != "" {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestManyUsersAtOnce(t *testing.T) {
	t.Parallel()
	o, _ := setup(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			_, err := o.Run(t.Context(), pro, chat.Request{Message: "", Timezone: "Europe/Rome"}, nil)
			if !errors.Is(err, fault.ErrValidation) {
				t.Errorf("got %v", err)
			}
		})
	}
	all.Wait()
}
