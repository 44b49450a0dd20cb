// Package task is the agent for tasks: it lists the tasks of the request, proposes new ones and changes, and suggests
// tasks from notes.
package task

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

//go:embed templates/review.md
var reviewTemplate string

//go:embed templates/summary.md
var summaryTemplate string

// Name is the agent's name. Messages that the router cannot assign to another agent go to this one.
const Name = "task_agent"

// New returns the task agent.
func New(model agent.Model) *agent.Agent {
	return agent.New(model, agent.Definition{
		Name: Name,
		Description: "Manages tasks: create, update, list, suggest; also notes, projects, clients, checkpoints, " +
			"small talk and general questions",
		Examples: []string{"What should I do today?", "Che indirizzo ha il nuovo ufficio?",
			"Add a note that the movers cost 800 euros", "Hi, what can you do?"},
		Skills: []string{"create tasks", "update tasks", "list tasks", "suggest tasks from notes",
			"notes, projects, clients and checkpoints"},
		Prompt: prompt,
		Shared: workspace.Tools(),
		Tools: []agent.Tool{
			agent.NewTool("create_task", "Propose one new task.", createTask).As(agent.PreparesChanges),
			agent.NewTool("update_task", "Propose changes to one existing task.", updateTask).As(agent.PreparesChanges),
			agent.NewTool("list_tasks", "Read the person's tasks, by due date and then priority. Without "+
				"filters: all of them.", listTasks),
			agent.NewTool("suggest_tasks", "Find work that notes mention and no task covers yet. It creates "+
				"nothing.", suggestTasks).As(agent.SearchesWorkspace),
		},
		Outlines: []agent.Outline{
			{Name: "plan_new_tasks", Description: "Plan: make tasks out of the request.",
				Template: playbook.Template{ID: "tpl_task_agent_default", Text: defaultTemplate,
					Makes: playbook.Records{Action: action.Create, Table: "tasks",
						Columns: []string{"title", "description", "priority", "dueDate"}}}},
			{Name: "plan_task_review", Description: "Plan: read tasks, decide which should change, update those.",
				Template: playbook.Template{ID: "tpl_task_agent_review", Text: reviewTemplate, Reads: "tasks",
					Makes: playbook.Records{Action: action.Update, Table: "tasks",
						Columns: []string{"status", "priority", "dueDate"}, Clearable: []string{"dueDate"}}}},
			{Name: "plan_task_summary", Description: "Plan: read tasks and write a summary of them.",
				Template: playbook.Template{ID: "tpl_task_agent_summary", Text: summaryTemplate, Reads: "tasks"}},
		},
	})
}
