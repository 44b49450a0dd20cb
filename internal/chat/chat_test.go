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

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// says answers in text, emitted word by word.
func says(text string) llmtest.Turn { return llmtest.TextTurn(strings.SplitAfter(text, " ")...) }

func fails(err error) llmtest.Turn { return llmtest.ErrorTurn(err) }

func callsTool(name, arguments string) llmtest.Turn {
	return llmtest.CallTurn(llmtest.Call("1", name, arguments))
}

// guard blocks texts with the word SECRET. Its streams hold back the last piece, as the leak filter's do.
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

// newAgent returns an agent without tools.
func newAgent(m agent.Model, name string, skills ...string) *agent.Agent {
	return agent.New(m, agent.Definition{Name: name, Description: "Does " + name, Prompt: "You are " + name,
		Skills: skills, Shared: workspace.Tools()})
}

// setup returns an orchestrator with four agents whose model answers with turns.
func setup(t *testing.T, turns ...llmtest.Turn) (*chat.Orchestrator, *llmtest.Model) {
	t.Helper()
	m := llmtest.NewModel(turns...)
	m.ScriptRouter()
	agents, err := agent.NewRegistry(task.New(m),
		newAgent(m, "calendar_agent"), newAgent(m, "email_agent"), newAgent(m, "analytics_agent", "figures"))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := playbook.NewTemplates(task.New(nil).Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	return chat.New(chat.Config{Agents: agents, Model: m, Templates: templates,
		Filter: func(context.Context, identity.User, ...string) chat.Guard { return guard{} },
		Now:    func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) },
		Log:    slog.New(slog.NewJSONHandler(io.Discard, nil))}), m
}

// collect returns an emit function that appends to out.
func collect(out *strings.Builder) agent.Emit {
	return func(text string) error { out.WriteString(text); return nil }
}

// system returns the system prompt of a call, lastText its last message.
func system(call agent.ModelCall) string { return call.Messages[0].Parts[0].(llms.TextContent).Text }

func lastText(call agent.ModelCall) string {
	return call.Messages[len(call.Messages)-1].Parts[0].(llms.TextContent).Text
}

var pro = identity.User{Tier: tier.Pro}

func TestRouterFailureUsesTheDefaultAgent(t *testing.T) {
	t.Parallel()
	unavailable := fault.New(fault.LLMUnavailable, "unavailable")
	o, _ := setup(t, fails(unavailable), says("done"))
	if reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, silent); err != nil || reply.Text != "done" {
		t.Errorf("got reply %+v and error %v", reply, err)
	}
	o, _ = setup(t, fails(unavailable), fails(unavailable))
	if _, err := o.Run(t.Context(), pro, chat.Request{Message: "m"}, silent); !errors.Is(err, unavailable) {
		t.Errorf("the agent failed as well: got error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o, m := setup(t)
	m.Respond(func(agent.ModelCall) agent.Answer { cancel(); return agent.Answer{} })
	_, err := o.Run(ctx, pro, chat.Request{Message: "m"}, silent)
	if !errors.Is(err, context.Canceled) || len(m.Calls()) != 1 {
		t.Errorf("canceled by the client: got error %v after %d model calls", err, len(m.Calls()))
	}
}

func TestStreamedTextEqualsTheReply(t *testing.T) {
	t.Parallel()
	o, _ := setup(t, says("task_agent"),
		callsTool("create_task", `{"title":"Call Anna","due_date":"tomorrow","priority":"high"}`),
		says("I prepared the task for you."))
	var emitted strings.Builder
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m", Timezone: "Europe/Berlin"},
		textTo(collect(&emitted)))
	task := map[string]any{"title": "Call Anna", "status": "todo", "priority": "high", "dueDate": int64(1795561199999)}
	want := chat.Reply{Kind: chat.KindResponse, Text: "I prepared the task for you.",
		Actions: []action.Action{action.CreateRecord("tasks", task)}}
	if diff := cmp.Diff(want, reply); err != nil || diff != "" || emitted.String() != want.Text {
		t.Errorf("got error %v, emitted %q, reply (-want +got): %s", err, emitted.String(), diff)
	}
}

func TestPipelinePassesResultsOn(t *testing.T) {
	t.Parallel()
	o, m := setup(t, says("email_agent, calendar_agent"), says("Mail from Leo."),
		callsTool("send_notification", `{"title":"Leo","body":"waits"}`), says("Free at ten."),
		says("Leo wrote; ten is free."))
	var emitted strings.Builder
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "Remind me that Leo waits"}, textTo(collect(&emitted)))
	if err != nil || reply.Text != "Leo wrote; ten is free." || emitted.String() != reply.Text ||
		len(reply.Actions) != 1 {
		t.Fatalf("got reply %+v, emitted %q, error %v", reply, emitted.String(), err)
	}
	data := m.Calls()[2].Messages[1].Parts[0].(llms.TextContent).Text
	if !strings.Contains(data, "Result of email_agent:\nMail from Leo.") {
		t.Errorf("the second agent got %q", data)
	}
	want := "Request:\nRemind me that Leo waits\n\nResult 1:\nMail from Leo.\n\nResult 2:\nFree at ten."
	if got := m.Calls()[4].Messages[1].Parts[0].(llms.TextContent).Text; got != want {
		t.Errorf("the synthesis got %q, want %q", got, want)
	}
}

func TestPlanModeEmitsNothing(t *testing.T) {
	t.Parallel()
	o, _ := setup(t, says("task_agent"), callsTool("create_task", `{"title":"Call Anna"}`), says("ok"))
	emit := func(text string) error {
		t.Errorf("emitted %q", text)
		return nil
	}
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m", Mode: chat.ModePlan}, textTo(emit))
	if err != nil {
		t.Fatal(err)
	}
	if reply.Kind != chat.KindPlan || reply.Plan == nil || len(reply.Plan.Steps) != 1 || reply.Actions == nil {
		t.Errorf("got reply %+v", reply)
	}
}

func TestLeaksAreReplacedByTheFallbackAnswer(t *testing.T) {
	t.Parallel()
	want := chat.Reply{Kind: chat.KindResponse, Text: chat.FallbackAnswer, Actions: []action.Action{}, Replaced: true}
	for _, c := range []struct {
		name  string
		mode  chat.Mode
		turns []llmtest.Turn
	}{
		{"text", chat.ModeDirect, []llmtest.Turn{says("task_agent"), says("It is SECRET indeed")}},
		{"text after a tool call", chat.ModeDirect,
			[]llmtest.Turn{says("task_agent"), callsTool("list_tasks", ""), says("a SECRET")}},
		{"action", chat.ModeDirect,
			[]llmtest.Turn{says("task_agent"), callsTool("create_task", `{"title":"SECRET"}`), says("ok")}},
		{"plan", chat.ModePlan, []llmtest.Turn{says("task_agent"), callsTool("create_task", `{"title":"SECRET"}`),
			says("ok")}},
		{"synthesis", chat.ModeDirect, []llmtest.Turn{says("task_agent,email_agent"), says("a"), says("b"),
			says("SECRET")}},
	} {
		for _, emit := range []agent.Emit{nil, func(text string) error {
			if strings.Contains(text, "SECRET") {
				return errors.New("a secret was emitted")
			}
			return nil
		}} {
			o, _ := setup(t, c.turns...)
			reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m", Mode: c.mode}, textTo(emit))
			if diff := cmp.Diff(want, reply); err != nil || diff != "" {
				t.Errorf("%s, streamed %v: got error %v, reply (-want +got): %s", c.name, emit != nil, err, diff)
			}
		}
	}
}

func TestEmitErrorIsReturned(t *testing.T) {
	t.Parallel()
	disconnected := errors.New("client disconnected")
	o, _ := setup(t, says("task_agent"), says("one two three"))
	reply, err := o.Run(t.Context(), pro, chat.Request{Message: "m"},
		textTo(func(string) error { return disconnected }))
	if !errors.Is(err, disconnected) || reply.Text != "" {
		t.Errorf("got reply %+v and error %v", reply, err)
	}
}

// TestConcurrentRequests shows with the race detector that requests share the time zone cache safely.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	o, _ := setup(t)
	var requests sync.WaitGroup
	for range 8 {
		requests.Go(func() {
			_, err := o.Run(t.Context(), pro, chat.Request{Message: "", Timezone: "Europe/Rome"}, silent)
			if !errors.Is(err, fault.ErrValidation) {
				t.Errorf("got error %v, want ErrValidation", err)
			}
		})
	}
	requests.Wait()
}
