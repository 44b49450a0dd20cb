package task

import (
	"context"
	"errors"
	"maps"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
)

// maxTitle limits the title of a task in results, in characters.
const maxTitle = 200

type createInput struct {
	Title       string `json:"title" desc:"Starts with a verb, at most 80 characters"`
	Description string `json:"description,omitempty" desc:"Only what the title does not say"`
	Priority    string `json:"priority,omitempty" enum:"low|medium|high|urgent" desc:"Left out: medium"`
	DueDate     string `json:"due_date,omitempty" desc:"YYYY-MM-DD for a day, which is due at its end, or YYYY-MM-DDTHH:MM, in the person's time zone"`
	ProjectID   string `json:"project_id,omitempty" desc:"Id or name of a known project"`
	Assignee    string `json:"assignee,omitempty" desc:"Name of the person who does it, or me"`
}

func createTask(ctx context.Context, run *agent.Run, in createInput) (string, error) {
	data, note, err := workspace.CreateTask(ctx, run, map[string]any{"title": in.Title,
		"description": strings.TrimSpace(in.Description), "priority": in.Priority, "dueDate": in.DueDate,
		"projectId": in.ProjectID, "assignee": strings.TrimSpace(in.Assignee)})
	if err != nil {
		return "", err
	}
	return proposalResult(run, data, note)
}

type updateInput struct {
	ID      string  `json:"id" desc:"Id as list_tasks gave it, or exact title"`
	Updates changes `json:"updates" desc:"Only what changes"`
}

type changes struct {
	Title       *string `json:"title,omitempty"`
	Description *string `json:"description,omitempty"`
	Status      *string `json:"status,omitempty" enum:"todo|in_progress|done"`
	Priority    *string `json:"priority,omitempty" enum:"low|medium|high|urgent"`
	DueDate     *string `json:"due_date,omitempty" desc:"YYYY-MM-DD for a day, which is due at its end, or YYYY-MM-DDTHH:MM, in the person's time zone; none: no due date"`
	ProjectID   *string `json:"project_id,omitempty"`
	Assignee    *string `json:"assignee,omitempty"`
}

func updateTask(ctx context.Context, run *agent.Run, in updateInput) (string, error) {
	c := in.Updates
	set := map[string]any{}
	for column, text := range map[string]*string{"title": c.Title, "description": c.Description, "status": c.Status,
		"priority": c.Priority, "dueDate": c.DueDate, "projectId": c.ProjectID, "assignee": c.Assignee} {
		if text != nil {
			set[column] = strings.TrimSpace(*text)
		}
	}
	for _, column := range []string{"status", "priority", "dueDate"} { // models write "" for what they leave out
		if set[column] == "" {
			delete(set, column)
		}
	}
	if len(set) == 0 {
		return "", errors.New("updates names no column to change")
	}
	title, data, err := workspace.ChangeTask(ctx, run, in.ID, set)
	switch {
	case err != nil:
		return "", err
	case len(data) == 0:
		return agent.JSON(map[string]any{"title": title, "result": "already so; nothing to change"})
	}
	return proposalResult(run, data, "")
}

// proposalResult returns the proposed data for the model, with the due date as a time in the caller's zone.
func proposalResult(run *agent.Run, data map[string]any, note string) (string, error) {
	proposed := maps.Clone(data)
	out := map[string]any{"proposed": proposed}
	delete(proposed, "completedAt") // follows from the status
	if ms, ok := data["dueDate"].(int64); ok {
		delete(proposed, "dueDate")
		out["due_local"] = run.Context.Local(ms)
	}
	if note != "" {
		out["note"] = note
	}
	return agent.JSON(out)
}
