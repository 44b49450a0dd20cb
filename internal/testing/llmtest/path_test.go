package llmtest_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestMain finds goroutines left by calls that failed or were abandoned.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// orchestrator returns a chat orchestrator whose model client calls the server: chat, agents, leak filter, client,
// HTTP.
func orchestrator(t *testing.T) (*chat.Orchestrator, *llmtest.Server) {
	t.Helper()
	srv := llmtest.NewServer(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	model, err := llm.New(llm.Config{APIKey: "k", BaseURL: srv.URL, Model: "big", RouterModel: "small",
		Transport: transport,
		Sleep:     func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	agents, err := agent.NewRegistry(task.New(model))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := playbook.NewTemplates(agents.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	var secrets []sanitize.Secret
	for _, f := range append(agents.Prompts(), chat.Prompts()...) {
		secrets = append(secrets, sanitize.Secret{ID: f.ID, Text: f.Text})
	}
	return chat.New(chat.Config{Agents: agents, Model: model, Templates: templates,
		Filter: chat.NewFilter(sanitize.New(secrets...), nil), Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }}), srv
}

func TestWholePathCreates(t *testing.T) {
	t.Parallel()
	o, srv := orchestrator(t)
	reply, err := o.Run(t.Context(), identity.User{Tier: tier.Pro}, chat.Request{Timezone: "Europe/Rome",
		Message: "create a task 'Call Anna' for tomorrow, high priority"}, chat.Listener{})
	if err != nil || len(reply.Actions) != 1 || reply.Kind != chat.KindResponse || reply.Replaced {
		t.Fatalf("%+v, %v", reply, err)
	}
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	due := time.Date(2026, 11, 24, 23, 59, 59, 999e6, rome).UnixMilli()
	a := reply.Actions[0]
	if a.Type != action.Create || a.Table != "tasks" || a.Data["title"] != "Call Anna" ||
		a.Data["priority"] != "high" || a.Data["dueDate"] != due {
		t.Errorf("%+v", a)
	}
	want := "I prepared the task “Call Anna”, due Tuesday, 24 November, high priority.\n\n" +
		offline.Notice
	if reply.Text != want {
		t.Errorf("%q", reply.Text)
	}
	if r := srv.Requests(); len(r) != 3 || r[0].Model != "small" || r[1].Model != "big" ||
		r[2].Messages[len(r[2].Messages)-1].Role != "tool" {
		t.Errorf("%d requests", len(r))
	}
}

func TestWholePathLists(t *testing.T) {
	t.Parallel()
	o, _ := orchestrator(t)
	var emitted strings.Builder
	reply, err := o.Run(t.Context(), identity.User{Tier: tier.Free},
		chat.Request{Message: "list my open tasks", Context: agent.Context{
			Tasks: []agent.Task{{ID: "1", Title: "Pay rent"}, {ID: "2", Title: "Done already", Status: "done"},
				{ID: "3", Title: "Call Anna"}, {ID: "4", Title: "Grüße 🎉"}},
		}}, chat.Listener{Text: func(s string) error {
			emitted.WriteString(s)
			return nil
		}})
	if err != nil || len(reply.Actions) != 0 {
		t.Fatalf("%+v, %v", reply, err)
	}
	for _, title := range []string{"Pay rent", "Call Anna", "Grüße 🎉"} {
		if !strings.Contains(reply.Text, title) {
			t.Errorf("%q lacks %q", reply.Text, title)
		}
	}
	if strings.Contains(reply.Text, "Done already") || emitted.String() != reply.Text {
		t.Errorf("%q, emitted %q", reply.Text, emitted.String())
	}
}

func TestWholePathFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script []llmtest.Step
		want   error
	}{
		"429":        {[]llmtest.Step{llmtest.Refuse(429), llmtest.Refuse(429)}, llm.ErrUnavailable},
		"500":        {[]llmtest.Step{llmtest.Refuse(500), llmtest.Refuse(500)}, llm.ErrUnavailable},
		"401":        {[]llmtest.Step{llmtest.Refuse(401)}, llm.ErrUnavailable},
		"garbage":    {[]llmtest.Step{llmtest.GarbageStream()}, llm.ErrBadAnswer},
		"no events":  {[]llmtest.Step{llmtest.EmptyStream()}, llm.ErrBadAnswer},
		"reset":      {[]llmtest.Step{llmtest.CutMidStream("half an ans")}, llm.ErrUnavailable},
		"empty text": {[]llmtest.Step{llmtest.Say("")}, llm.ErrBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, srv := orchestrator(t)
			srv.Script(append([]llmtest.Step{llmtest.Say("task_agent")}, test.script...)...)
			reply, err := o.Run(t.Context(), identity.User{Tier: tier.Pro}, chat.Request{Message: "hello"},
				chat.Listener{})
			if !errors.Is(err, test.want) || reply.Text != "" || strings.Contains(err.Error(), llmtest.Secret) {
				t.Errorf("%+v, %v", reply, err)
			}
		})
	}
}
