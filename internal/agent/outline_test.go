package agent_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// reviewer returns an agent that plans changes of tasks, with its templates.
func reviewer(t *testing.T, m agent.Model) (*agent.Agent, *playbook.Templates) {
	t.Helper()
	a := agent.New(m, agent.Definition{Name: "a_agent", Description: "d", Prompt: "p", Outlines: []agent.Outline{
		{Name: "plan_review", Description: "Plan.", Template: playbook.Template{
			ID: "tpl_review", Text: "x", Reads: "tasks",
			Makes: playbook.Records{Action: action.Update, Table: "tasks", Columns: []string{"dueDate"}}}}}})
	templates, err := playbook.NewTemplates(a.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	return a, templates
}

func TestOutlineFollowsItsTemplate(t *testing.T) {
	t.Parallel()
	a, templates := reviewer(t, llmtest.NewModel(llmtest.TextTurn("Done.")))
	reg, err := agent.NewRegistry(a)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := a.Plan(t.Context(), reg.NewRun(identity.User{}, "later", agent.Context{}), templates,
		playbook.NewCache())
	want := []playbook.Step{
		{Action: playbook.Select, Table: "tasks"},
		{Action: playbook.Generate, PromptTemplate: "tpl_review", Variables: map[string]any{"request": "later"},
			DataFromStep: playbook.From(0)},
		{Action: action.Update, Table: "tasks", Data: map[string]any{"id": "{{id}}", "dueDate": "{{dueDate}}"},
			DataFromStep: playbook.From(1)},
	}
	if diff := cmp.Diff(want, plan.Steps); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestFilterOfAPlanIsChecked(t *testing.T) {
	t.Parallel()
	const known = "only by id, projectId, title, description, status, priority, assignee"
	for _, c := range []struct {
		filter string
		want   map[string]any
		fault  string
	}{
		{`{}`, nil, ""},
		{`{"status":"In progress","assignee":"Anna"}`, map[string]any{"status": "in_progress", "assignee": "Anna"}, ""},
		{`{"id":"1","assignee":null}`, map[string]any{"id": "1", "assignee": nil}, ""},
		{`{"owner":"Anna"}`, nil, `error: filter: rows of tasks cannot be chosen by "owner", ` + known},
		{`{"dueDate":"2026-11-30"}`, nil, `error: filter: rows of tasks cannot be chosen by "dueDate", ` + known},
		{`{"status":"open"}`, nil, `error: filter: status "open" is not one of todo, in_progress, done`},
		{`{"title":["a"]}`, nil, `error: filter: title must be text`},
	} {
		m := llmtest.NewModel(llmtest.CallTurn(llmtest.Call("1", "plan_review", `{"filter":`+c.filter+`}`)),
			llmtest.TextTurn("Done."))
		a, templates := reviewer(t, m)
		reg, err := agent.NewRegistry(a)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := a.Plan(t.Context(), reg.NewRun(identity.User{}, "m", agent.Context{}), templates,
			playbook.NewCache())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, plan.Steps[0].Filter); diff != "" {
			t.Errorf("%s: %s", c.filter, diff)
		}
		calls := m.Calls()
		messages := calls[len(calls)-1].Messages
		if last := toolText(messages[len(messages)-1].Parts[0]); c.fault != "" && !strings.Contains(last, c.fault) {
			t.Errorf("%s: the model reads %s", c.filter, last)
		}
	}
}
