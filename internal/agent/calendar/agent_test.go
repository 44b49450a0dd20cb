package calendar_test

import (
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func runTool(t *testing.T, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	return agenttest.RunTool(t, calendar.New(nil), c, name, arguments)
}

func TestPlan(t *testing.T) {
	t.Parallel()
	templates, err := playbook.NewTemplates(calendar.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	a := calendar.New(llmtest.NewModel(llmtest.TextTurn("ok")))
	plan, err := a.Plan(t.Context(), agenttest.NewRun(t, a, agent.Context{}), templates, playbook.NewCache())
	if err != nil || len(plan.Steps) != 2 || plan.Agent != calendar.Name {
		t.Fatal(plan, err)
	}
	if plan.Steps[0].Action != playbook.Select || plan.Steps[1].PromptTemplate != "tpl_calendar_agent_default" {
		t.Error(plan.Steps)
	}
}
