package email_test

import (
	"context"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

// script answers each call with the next answer.
type script struct {
	answers []agent.Answer
	calls   []agent.ModelCall
}

func (s *script) Generate(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	s.calls = append(s.calls, call)
	return s.answers[len(s.calls)-1], nil
}

func toolCall(name, arguments string) agent.Answer {
	return agent.Answer{ToolCalls: []llms.ToolCall{{ID: "1", Type: "function",
		FunctionCall: &llms.FunctionCall{Name: name, Arguments: arguments}}}}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func at(t *testing.T, text string) int64 {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m.UnixMilli()
}

func newRun(t *testing.T, a *agent.Agent, c agent.Context) *agent.Run {
	t.Helper()
	reg, err := agent.NewRegistry(a)
	if err != nil {
		t.Fatal(err)
	}
	return reg.NewRun(identity.User{Tier: tier.Pro, Email: "mara@example.com"}, "message", c)
}

func runTool(t *testing.T, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	a := email.New(nil)
	run := newRun(t, a, c)
	for _, tool := range a.Tools() {
		if tool.Name() == name {
			text, err := tool.Call(t.Context(), run, arguments)
			if err != nil {
				t.Fatal(err)
			}
			return text, run
		}
	}
	t.Fatalf("no tool %s", name)
	return "", nil
}

func TestPlan(t *testing.T) {
	t.Parallel()
	templates, err := playbook.NewTemplates(email.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	a := email.New(&script{answers: []agent.Answer{{Text: "ok"}}})
	plan, err := a.Plan(t.Context(), newRun(t, a, agent.Context{}), templates, playbook.NewCache())
	if err != nil || len(plan.Steps) != 2 || plan.Agent != email.Name {
		t.Fatal(plan, err)
	}
	if plan.Steps[0].Action != playbook.Select || plan.Steps[1].PromptTemplate != "tpl_email_agent_default" {
		t.Error(plan.Steps)
	}
}
