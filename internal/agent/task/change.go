package task

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// maxTitle limits the title of a task, in characters. The prompt asks for less.
const maxTitle = 200

type createInput struct {
	Title       string `json:"title" desc:"Starts with a verb, at most 80 characters"`
	Description string `json:"description,omitempty" desc:"Only what the title does not say"`
	Priority    string `json:"priority,omitempty" enum:"low|medium|high|urgent" desc:"Left out: medium"`
	DueDate     string `json:"due_date,omitempty" desc:"YYYY-MM-DD for a day, which is due at its end, or YYYY-MM-DDTHH:MM, in the person's time zone"`
	ProjectID   string `json:"project_id,omitempty" desc:"Id of a known project"`
	Assignee    string `json:"assignee,omitempty" desc:"Name of the person who does it"`
}

func createTask(ctx context.Context, run *agent.Run, in createInput) (string, error) {
	title, err := cleanTitle(in.Title)
	if err != nil {
		return "", err
	}
	data := map[string]any{"title": title, "status": "todo", "priority": "medium"}
	if in.Priority != "" {
		data["priority"] = in.Priority
	}
	texts := map[string]string{"description": in.Description, "projectId": in.ProjectID, "assignee": in.Assignee}
	for column, text := range texts {
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
	open, err := openTitles(ctx, run)
	if err != nil {
		return "", err
	}
	note := ""
	if open[agent.Normalize(title)] {
		note = "An open task with this title exists already; say so."
	}
	return proposalResult(run, data, note)
}

type updateInput struct {
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

func updateTask(_ context.Context, run *agent.Run, in updateInput) (string, error) {
	data := map[string]any{"id": strings.TrimSpace(in.ID)}
	c := in.Updates
	if c.Title != nil {
		title, err := cleanTitle(*c.Title)
		if err != nil {
			return "", err
		}
		data["title"] = title
	}
	texts := map[string]*string{"description": c.Description, "projectId": c.ProjectID, "assignee": c.Assignee}
	for column, text := range texts {
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
	return proposalResult(run, data, "")
}

// cleanTitle returns the title with single spaces, or an error when it is empty or too long.
func cleanTitle(title string) (string, error) {
	title = strings.Join(strings.Fields(title), " ")
	switch {
	case title == "":
		return "", errors.New("the title is empty")
	case utf8.RuneCountInString(title) > maxTitle:
		return "", fmt.Errorf("the title is longer than %d characters; put the rest into the description", maxTitle)
	}
	return title, nil
}

// setDue parses a due date into data. A date without a time of day is due at the end of that local day.
func setDue(run *agent.Run, data map[string]any, text string) error {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	date, err := run.Context.ParseDate(text)
	if err != nil {
		return fmt.Errorf("due_date: %w", err)
	}
	data["dueDate"] = date.End().UnixMilli()
	return nil
}

// openTitles returns the normalized titles of the request's open tasks.
func openTitles(ctx context.Context, run *agent.Run) (map[string]bool, error) {
	return agent.Once(run, "task.open_titles", func() (map[string]bool, error) {
		titles := make(map[string]bool, len(run.Context.Tasks))
		for _, t := range run.Context.Tasks {
			if err := run.WorkOnText(ctx, t.Title); err != nil {
				return nil, err
			}
			if !t.Done() {
				titles[agent.Normalize(t.Title)] = true
			}
		}
		return titles, nil
	})
}

// proposalResult returns the proposed data for the model, with the due date as a time in the caller's zone.
func proposalResult(run *agent.Run, data map[string]any, note string) (string, error) {
	proposed := maps.Clone(data)
	out := map[string]any{"proposed": proposed}
	if ms, ok := data["dueDate"].(int64); ok {
		delete(proposed, "dueDate")
		out["due_local"] = run.Context.Local(ms)
	}
	if note != "" {
		out["note"] = note
	}
	return agent.JSON(out)
}
