package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestRequestThatEndsBeforeItsAnswerIsFiltered cancels the request when the model has answered. The error is that of
// the request, and the log says nothing of a leak.
func TestRequestThatEndsBeforeItsAnswerIsFiltered(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m := llmtest.NewModel()
	m.Respond(func(agent.ModelCall) agent.Answer {
		cancel()
		return agent.Answer{Text: "Your three tasks are due on Friday."}
	})
	agents, err := agent.NewRegistry(task.New(m))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := playbook.NewTemplates(task.New(nil).Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	var logs strings.Builder
	o := chat.New(chat.Config{Agents: agents, Model: m, Templates: templates,
		Filter: chat.NewFilter(sanitize.New(), nil), Log: slog.New(slog.NewTextHandler(&logs, nil))})
	reply, err := o.RunStep(ctx, pro, chat.StepRequest{PromptTemplate: "tpl_task_agent_summary",
		Variables: map[string]any{"request": "sum up"}})
	if !errors.Is(err, context.Canceled) || reply.Output != "" || strings.Contains(logs.String(), "leak") {
		t.Errorf("got reply %+v, error %v, log %s", reply, err, logs.String())
	}
}
