package task

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// maxTitle is the longest title a task may get, in characters; the prompt asks for less.
const maxTitle = 200

type newTask struct {
	Title       string `json:"title" desc:"Starts with a verb, at most 80 characters"`
	Description string `json:"description,omitempty" desc:"Only what the title does not say"`
	Priority    string `json:"priority,omitempty" enum:"low|medium|high|urgent" desc:"Left out: medium"`
	DueDate     string `json:"due_date,omitempty" desc:"YYYY-MM-DD for a day, which is due at its end, or YYYY-MM-DDTHH:MM, in the person's time zone"`
	ProjectID   string `json:"project_id,omitempty" desc:"Id of a known project"`
	Assignee    string `json:"assignee,omitempty" desc:"Name of the person who does it"`
}

func create(_ context.Context, run *agent.Run, in newTask) (string, error) {
	title, err := checkTitle(in.Title)
	if err != nil {
		return "", err
	}
	data := map[string]any{"title": title, "status": "todo", "priority": "medium"}
	if in.Priority != "" {
		data["priority"] = in.Priority
	}
	for column, text := range map[string]string{"description": in.Description, "projectId": in.ProjectID, "assignee": in.Assignee} {
		if text = strings.TrimSpace(text); text != "" {
			data[column] = text
		}
	}
	if err := setDue(run, data, in.DueDate); err != nil {
		return "", err
	}
	if err := run.Propose(action.CreateRecord("tasks", data)); err != nil {
		return "", err
	}
	note := ""
	if existing := sameTitle(run.Context.Tasks, title); existing != "" {
		note = "An open task with this title exists already; say so."
	}
	return proposed(run, data, note)
}

type taskUpdate struct {
	ID      string  `json:"id" desc:"Id of a task as list_tasks gave it"`
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

func update(_ context.Context, run *agent.Run, in taskUpdate) (string, error) {
	data := map[string]any{"id": strings.TrimSpace(in.ID)}
	c := in.Updates
	if c.Title != nil {
		title, err := checkTitle(*c.Title)
		if err != nil {
			return "", err
		}
		data["title"] = title
	}
	for column, text := range map[string]*string{"description": c.Description, "projectId": c.ProjectID, "assignee": c.Assignee} {
		if text != nil {
			data[column] = strings.TrimSpace(*text)
		}
	}
	for column, text := range map[string]*string{"status": c.Status, "priority": c.Priority} {
		if text != nil && *text != "" {
			data[column] = *text
		}
	}
	if c.DueDate != nil {
		if due := strings.ToLower(strings.TrimSpace(*c.DueDate)); due == "none" {
			data["dueDate"] = nil
		} else if err := setDue(run, data, due); err != nil {
			return "", err
		}
	}
	if err := run.Propose(action.UpdateRecord("tasks", data)); err != nil {
		return "", err
	}
	return proposed(run, data, "")
}

func checkTitle(title string) (string, error) {
	title = strings.Join(strings.Fields(title), " ")
	switch {
	case title == "":
		return "", errors.New("the title is empty")
	case utf8.RuneCountInString(title) > maxTitle:
		return "", fmt.Errorf("the title is longer than %d characters; put the rest into the description", maxTitle)
	}
	return title, nil
}

// setDue reads a due date into data. A bare date is due at the last millisecond of that local day.
func setDue(run *agent.Run, data map[string]any, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	moment, err := run.Context.ParseDate(text)
	if err != nil {
		return fmt.Errorf("due_date: %w", err)
	}
	data["dueDate"] = moment.End().UnixMilli()
	return nil
}

func sameTitle(tasks []agent.Task, title string) string {
	for _, t := range tasks {
		if !t.Done() && agent.Normalize(t.Title) == agent.Normalize(title) {
			return t.ID
		}
	}
	return ""
}

// proposed tells the model what was proposed, with the due date as the person will read it.
func proposed(run *agent.Run, data map[string]any, note string) (string, error) {
	out := map[string]any{"proposed": data}
	if ms, ok := data["dueDate"].(int64); ok {
		out["due_local"] = run.Context.Local(ms)
	}
	if note != "" {
		out["note"] = note
	}
	return agent.JSON(out)
}
