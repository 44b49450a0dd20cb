// Package analytics is the agent for numbers: it computes metrics, reports and trends from the tasks of the request.
package analytics

import (
	_ "embed"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
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

// New returns the analytics agent.
func New(model agent.Model) *agent.Agent {
	return agent.New(model, agent.Definition{
		Name:        Name,
		Description: "Workspace analytics: metrics, reports, trends",
		Examples:    []string{"How productive was I last month?", "Mach mir einen Wochenbericht"},
		Skills:      []string{"calculate metrics", "generate reports", "analyse trends"},
		Prompt:      prompt,
		Shared:      workspace.Tools(),
		Tools: []agent.Tool{
			agent.NewTool("calculate_metrics", "Completion rate, overdue, workload, weekly throughput and lead "+
				"time of tasks.", calculateMetrics).As(agent.WorksWithNumbers),
			agent.NewTool("generate_report", "What was created, completed, due and overdue in a period.",
				generateReport).As(agent.WorksWithNumbers),
			agent.NewTool("trend_analysis", "Slope, direction and fit of a series; without points: tasks "+
				"completed per day.", analyseTrend).As(agent.WorksWithNumbers),
		},
		Outlines: []agent.Outline{
			{Name: "plan_analysis", Description: "Plan: read tasks and answer with numbers about them.",
				Template: playbook.Template{ID: "tpl_analytics_agent_default", Text: defaultTemplate,
					Reads: "tasks", Facts: MetricFacts()}},
			{Name: "plan_report_note", Description: "Plan: read tasks, write a report, keep it as a note.",
				Template: playbook.Template{ID: "tpl_analytics_agent_report", Text: reportTemplate, Reads: "tasks",
					Facts: MetricFacts(),
					Makes: playbook.Records{Action: action.Create, Table: "notes",
						Columns: []string{"title", "content"}, Needed: []string{"content"}}}},
		},
	})
}
