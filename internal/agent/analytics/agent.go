// Package analytics is the agent that computes: metrics, reports and trends over the tasks that came with the request.
package analytics

import (
	_ "embed"
	"encoding/json"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
)

//go:embed prompt.md
var prompt string

//go:embed templates/default.md
var defaultTemplate string

//go:embed templates/report.md
var reportTemplate string

// Name is the agent's name.
const Name = "analytics_agent"

// New returns the analytics agent on that model.
func New(model agent.Model) *agent.Agent {
	return agent.New(model, agent.Definition{
		Name:        Name,
		Description: "Workspace analytics: metrics, reports, trends",
		Skills:      []string{"calculate metrics", "generate reports", "analyse trends"},
		Prompt:      prompt,
		Tools: []agent.Tool{
			agent.NewTool("calculate_metrics", "Completion rate, overdue, workload, weekly throughput and lead time of tasks.", calculate),
			agent.NewTool("generate_report", "What was created, completed, due and overdue in a period.", generate),
			agent.NewTool("trend_analysis", "Slope, direction and fit of a series; without points: tasks completed per day.", analyse),
		},
		Outlines: outlines(),
	})
}

// Templates returns the templates that the agent's plans name.
func Templates() []playbook.Template {
	request := []string{"request"}
	return []playbook.Template{
		{ID: "tpl_analytics_agent_default", Text: defaultTemplate, Required: request},
		{ID: "tpl_analytics_agent_report", Text: reportTemplate, Required: request, Columns: []string{"title", "content"}},
	}
}

func outlines() []agent.Outline {
	return []agent.Outline{
		{Name: "plan_analysis", Description: "Plan: read tasks and answer with numbers about them.",
			Select: "tasks", Template: "tpl_analytics_agent_default"},
		{Name: "plan_report_note", Description: "Plan: read tasks, write a report, keep it as a note.",
			Select: "tasks", Template: "tpl_analytics_agent_report", Act: playbook.Create, Table: "notes",
			Data: map[string]any{"title": "{{title}}", "content": "{{content}}"}},
	}
}

func answer(v any) (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}
