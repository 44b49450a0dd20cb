package offline_test

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
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/tier"
)

// now is a Monday.
func now() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// recorder records the tool calls of the model under test.
type recorder struct {
	agent.Model
	mu    sync.Mutex
	calls []string
}

func (r *recorder) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	answer, err := r.Model.Generate(ctx, call, emit)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range answer.ToolCalls {
		r.calls = append(r.calls, c.FunctionCall.Name+" "+c.FunctionCall.Arguments)
	}
	return answer, err
}

// setup returns an orchestrator with the leak filter, the offline model, the task agent and others.
func setup(t *testing.T, others ...agent.Definition) (*chat.Orchestrator, *recorder) {
	t.Helper()
	model := &recorder{Model: offline.New(offline.Config{Now: now})}
	agents := []*agent.Agent{task.New(model)}
	for _, d := range others {
		agents = append(agents, agent.New(model, d))
	}
	registry, err := agent.NewRegistry(agents...)
	if err != nil {
		t.Fatal(err)
	}
	list, err := playbook.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	templates, err := playbook.NewTemplates(append(list, registry.Templates()...)...)
	if err != nil {
		t.Fatal(err)
	}
	var secrets []sanitize.Secret
	for _, f := range append(registry.Prompts(), chat.Prompts()...) {
		secrets = append(secrets, sanitize.Secret{ID: f.ID, Text: f.Text})
	}
	for _, tpl := range templates.All() {
		secrets = append(secrets, sanitize.Secret{ID: tpl.ID, Text: tpl.Text})
	}
	return chat.New(chat.Config{Agents: registry, Model: model, Templates: templates, Now: now,
		Filter: chat.NewFilter(sanitize.New(secrets...), nil),
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil))}), model
}

func rows() agent.Context {
	return agent.Context{Projects: []agent.Project{{ID: "p1", Name: "Website"}}, Tasks: []agent.Task{
		{ID: "t1", Title: "Pay hosting", Status: "todo", Priority: "low", DueDate: now().AddDate(0, 0, -3).UnixMilli()},
		{ID: "t2", Title: "Write offer", Status: "in_progress", Priority: "high"},
		{ID: "t3", Title: "Call Leo", Status: "todo"}}}
}

var user = identity.User{Tier: tier.Pro}

func TestCreateThroughTheOrchestrator(t *testing.T) {
	t.Parallel()
	o, _ := setup(t)
	var streamed strings.Builder
	reply, err := o.Run(t.Context(), user, chat.Request{Message: "create a task 'Call Anna' for tomorrow, high " +
		"priority"},
		chat.Listener{Text: func(text string) error { streamed.WriteString(text); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	want := []action.Action{{Type: action.Create, Table: "tasks",
		Data: map[string]any{"title": "Call Anna", "status": "todo",
			"priority": "high", "dueDate": time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).UnixMilli() - 1}}}
	if diff := cmp.Diff(want, reply.Actions); diff != "" || reply.Kind != chat.KindResponse {
		t.Error(diff, reply.Kind)
	}
	text := "I prepared the task “Call Anna”, due Tuesday, 24 November, high priority.\n\n" +
		offline.Notice
	if reply.Text != text || streamed.String() != text {
		t.Errorf("got %q, streamed %q", reply.Text, streamed.String())
	}
}

func TestListThroughTheOrchestrator(t *testing.T) {
	t.Parallel()
	o, _ := setup(t)
	reply, err := o.Run(t.Context(), user, chat.Request{Message: "list my open tasks", Context: rows()},
		chat.Listener{})
	want := "3 tasks:\n- “Pay hosting”: due Friday, 20 November at 10:00, overdue, low priority\n" +
		"- “Write offer”: no due date, high priority, in progress\n- “Call Leo”: no due date\n\n" + offline.Notice
	if err != nil || reply.Text != want || len(reply.Actions) != 0 {
		t.Errorf("%v %q %v", err, reply.Text, reply.Actions)
	}
}

// TestStepAnswersForEveryTemplate covers the generate steps of all playbooks, whose templates are those of the
// catalogue.
func TestStepAnswersForEveryTemplate(t *testing.T) {
	t.Parallel()
	o, _ := setup(t)
	list, err := playbook.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	data := []map[string]any{{"id": "x", "title": "Call", "subject": "Please sign", "status": "todo",
		"dueDate": 1735689600000}}
	for _, tpl := range append(list, task.New(nil).Templates()...) {
		variables := map[string]any{}
		for _, name := range tpl.Required {
			variables[name] = "call Anna and pay Leo"
		}
		reply, err := o.RunStep(t.Context(), user,
			chat.StepRequest{PromptTemplate: tpl.ID, Variables: variables, Data: data})
		isText := strings.Contains(reply.Output, offline.Notice)
		if err != nil || reply.Replaced || isText != (len(tpl.Makes.Columns) == 0) {
			t.Errorf("%s: %v %+v", tpl.ID, err, reply)
		}
		for _, r := range reply.Records {
			if len(r) == 0 || reply.Dropped > 0 {
				t.Errorf("%s: %v", tpl.ID, reply)
			}
		}
	}
	reply, err := o.RunStep(t.Context(), user, chat.StepRequest{PromptTemplate: "tpl_overdue_cleanup", Data: data})
	if err != nil || len(reply.Records) != 1 || reply.Records[0]["id"] != "x" {
		t.Errorf("%v %+v", err, reply)
	}
}

func TestRouterNamesAgents(t *testing.T) {
	t.Parallel()
	system := "Agents:\n- task_agent: x\n- calendar_agent: x\n- email_agent: x\nHigher plans:\n- analytics_agent: x\n"
	for message, want := range map[string]string{
		"create a task 'Reply to the mail' for tomorrow":          "task_agent",
		"create a task to prepare the meeting":                    "task_agent",
		"do I have conflicts in my calendar?":                     "calendar_agent",
		"triage my inbox":                                         "email_agent",
		"what is the trend?":                                      "analytics_agent",
		"hello":                                                   "task_agent",
		"list my tasks and check my calendar":                     "task_agent, calendar_agent",
		"list my tasks, then draft a reply and generate a report": "task_agent, email_agent, analytics_agent",
		"schreib eine Antwort":                                    "email_agent",
	} {
		answer, err := offline.New(offline.Config{Now: now}).Generate(t.Context(),
			agent.ModelCall{Small: true, Messages: []llms.MessageContent{
				llms.TextParts(llms.ChatMessageTypeSystem, system),
				llms.TextParts(llms.ChatMessageTypeHuman, "Message: "+message+"\nContext: {}")}}, nil)
		if err != nil || answer.Text != want {
			t.Errorf("%s: %v %q", message, err, answer.Text)
		}
	}
}

// TestAnswerSaysWhatThePlanLacks asks on Free for an agent of Pro.
func TestAnswerSaysWhatThePlanLacks(t *testing.T) {
	t.Parallel()
	o, _ := setup(t, agent.Definition{Name: "analytics_agent", Tier: tier.Pro, Description: "Analytics",
		Prompt: "Count.", Skills: []string{"generate reports"}})
	reply, err := o.Run(t.Context(), identity.User{Tier: tier.Free}, chat.Request{Message: "make a weekly report"},
		chat.Listener{})
	want := "That belongs to the Pro plan; yours does not include it.\n\n" + offline.Notice
	if err != nil || reply.Text != want ||
		reply.Upgrade == nil || reply.Upgrade.Tier != tier.Pro {
		t.Errorf("got %+v, %v", reply, err)
	}
}

func TestSynthesisJoinsResults(t *testing.T) {
	t.Parallel()
	answer, err := offline.New(offline.Config{}).Generate(t.Context(), agent.ModelCall{Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeHuman,
			"Request:\nboth\n\nResult 1:\nA.\n\n"+offline.Notice+"\n\nResult 2:\nB.\n\n"+offline.Notice)}}, nil)
	if want := "A.\n\nB.\n\n" + offline.Notice; err != nil || answer.Text != want {
		t.Errorf("%v %q", err, answer.Text)
	}
}

func TestPlanMode(t *testing.T) {
	t.Parallel()
	o, _ := setup(t)
	for message, want := range map[string]action.Kind{
		"create a task 'Call Anna'": action.Create, "turn this into tasks: call Anna, pay Leo": playbook.Generate,
		"write a summary of my tasks": playbook.Select,
	} {
		reply, err := o.Run(
			t.Context(),
			user,
			chat.Request{Message: message, Mode: chat.ModePlan, Context: rows()},
			chat.Listener{},
		)
		if err != nil || reply.Plan == nil || len(reply.Plan.Steps) == 0 || reply.Plan.Steps[0].Action != want {
			t.Errorf("%s: %v %+v", message, err, reply.Plan)
		}
	}
}

func TestCancelledContextEndsGenerate(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	call := agent.ModelCall{Messages: []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeHuman, "hello")}}
	_, err := offline.New(offline.Config{}).Generate(ctx, call, func(string) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("mark 'x' as „done in 3 days at 25:99")
	f.Add("Request:\n\n\nResult 1:\n")
	f.Add("\nRecords:\n[{}]")
	f.Add("kannst du „x“ löschen, und am 1. um 9-10 uhr absagen?")
	m := offline.New(offline.Config{Now: now})
	f.Fuzz(func(t *testing.T, message string) {
		for _, small := range []bool{true, false} {
			for _, system := range []string{"", "x\n\n{\"records\": [\n- id (always): \n- dueDate: \n\n" +
				"Today is 2026-11-23 (Monday), time zone UTC. The local time is 10:00.",
				"agents:\n[{\"name\":\"task_agent\"},{\"name\":\"email_agent\"}]"} {
				call := agent.ModelCall{Small: small, Messages: []llms.MessageContent{
					llms.TextParts(llms.ChatMessageTypeSystem, system),
					llms.TextParts(llms.ChatMessageTypeHuman, "what is due on Friday?"),
					llms.TextParts(llms.ChatMessageTypeAI, message+"?"),
					llms.TextParts(llms.ChatMessageTypeHuman, message)},
					Tools: []llms.Tool{{Function: &llms.FunctionDefinition{Name: "create_task"}}}}
				one, err := m.Generate(t.Context(), call, nil)
				two, _ := m.Generate(t.Context(), call, nil)
				if diff := cmp.Diff(one, two); err != nil || diff != "" {
					t.Error(err, diff)
				}
			}
		}
	})
}
