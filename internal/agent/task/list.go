package task

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/workspace"
)

// pageSize is the number of rows in one result; "total" has the number of all.
const pageSize = 50

// stepBytes is how many bytes of text are normalized in about the time that a row takes.
const stepBytes = 16

type listInput struct {
	Filters filters `json:"filters,omitempty" desc:"Only tasks that meet all of them"`
	Page    int     `json:"page,omitempty"`
}

type filters struct {
	Status   string `json:"status,omitempty" enum:"open|todo|in_progress|done|all" desc:"open: everything not done"`
	Priority string `json:"priority,omitempty" enum:"low|medium|high|urgent"`
	Assignee string `json:"assignee,omitempty" desc:"Name or part of it; me: the person asking"`
	Project  string `json:"project,omitempty" desc:"Id or name; none: without a project"`
	DueFrom  string `json:"due_from,omitempty" desc:"YYYY-MM-DD, that day included"`
	DueTo    string `json:"due_to,omitempty" desc:"YYYY-MM-DD, that day included"`
	Overdue  bool   `json:"overdue,omitempty" desc:"true: only open tasks past their due date"`
	Text     string `json:"text,omitempty" desc:"Words in title or description"`
}

type taskRow struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Status      string `json:"status"`
	Priority    string `json:"priority,omitempty"`
	Assignee    string `json:"assignee,omitempty"`
	ProjectID   string `json:"project_id,omitempty"`
	Project     string `json:"project,omitempty"`
	Due         string `json:"due_local,omitempty"`
	Overdue     bool   `json:"overdue,omitempty"`
}

func listTasks(ctx context.Context, run *agent.Run, in listInput) (string, error) {
	keep, err := in.Filters.matcher(ctx, run)
	if err != nil {
		return "", err
	}
	tasks := []agent.Task{}
	for _, t := range run.Context.Tasks {
		size := len(t.Title) + len(t.Description) + len(t.Assignee) + len(t.ProjectID)
		if err := run.Work(ctx, 1+size/stepBytes); err != nil {
			return "", err
		}
		if keep(t) {
			tasks = append(tasks, t)
		}
	}
	if err := run.WorkOnSort(ctx, len(tasks)); err != nil {
		return "", err
	}
	slices.SortStableFunc(tasks, byUrgency)
	return agent.JSON(newList(run, tasks, in.Page))
}

type taskList struct {
	Total int       `json:"total"`
	Page  int       `json:"page,omitempty"`  // only of several
	Pages int       `json:"pages,omitempty"` // only if there are several
	Tasks []taskRow `json:"tasks"`
}

// newList returns one page of the tasks, counted from 1: the last one when there is no such page.
func newList(run *agent.Run, tasks []agent.Task, page int) taskList {
	pages := max(1, (len(tasks)+pageSize-1)/pageSize)
	page = min(max(page, 1), pages)
	out := taskList{Total: len(tasks), Tasks: []taskRow{}}
	if pages > 1 {
		out.Page, out.Pages = page, pages
	}
	for _, t := range tasks[(page-1)*pageSize : min(page*pageSize, len(tasks))] {
		out.Tasks = append(out.Tasks, newRow(run, t))
	}
	return out
}

func newRow(run *agent.Run, t agent.Task) taskRow {
	c := run.Context
	p, _ := run.Project(t.ProjectID)
	return taskRow{ID: t.ID, Title: agent.Truncate(t.Title, maxTitle), Description: agent.Truncate(t.Description, 300),
		Status: status(t), Priority: t.Priority, Assignee: agent.Truncate(t.Assignee, 120), ProjectID: t.ProjectID,
		Project: agent.Truncate(p.Name, maxTitle),
		Due:     c.Local(t.DueDate), Overdue: c.Overdue(t)}
}

func status(t agent.Task) string { return cmp.Or(t.Status, "todo") }

// contains reports whether the task's title and description have all of the normalized words.
func contains(t agent.Task, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text := agent.Normalize(t.Title + " " + t.Description)
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
}

// byUrgency sorts by due date, tasks without one last, and then by priority, urgent first.
func byUrgency(a, b agent.Task) int {
	switch {
	case a.DueDate == 0 && b.DueDate != 0:
		return 1
	case a.DueDate != 0 && b.DueDate == 0:
		return -1
	}
	rank := func(t agent.Task) int { return slices.Index(action.Priorities(), t.Priority) }
	return cmp.Or(cmp.Compare(a.DueDate, b.DueDate), cmp.Compare(rank(b), rank(a)))
}

// matcher returns a function that reports whether a task passes all filters.
func (f filters) matcher(ctx context.Context, run *agent.Run) (func(agent.Task) bool, error) {
	c := run.Context
	inRange, err := f.dueRange(c)
	if err != nil {
		return nil, err
	}
	words := strings.Fields(agent.Normalize(agent.Truncate(f.Text, maxTitle)))
	assignees := f.assignees(run)
	isAssigned := func(t agent.Task) bool {
		if len(assignees) == 0 {
			return true
		}
		assignee := agent.Normalize(t.Assignee)
		return slices.ContainsFunc(assignees, func(name string) bool { return strings.Contains(assignee, name) })
	}
	inProject := func(agent.Task) bool { return true }
	if strings.TrimSpace(f.Project) != "" {
		project, err := workspace.FindProject(ctx, run, f.Project)
		if err != nil {
			return nil, fmt.Errorf("project: %w", err)
		}
		inProject = func(t agent.Task) bool { return t.ProjectID == project.ID }
	}
	return func(t agent.Task) bool {
		switch {
		case f.Status == "open" && t.Done():
		case f.Status != "" && f.Status != "all" && f.Status != "open" && status(t) != f.Status:
		case f.Priority != "" && t.Priority != f.Priority:
		case f.Overdue && !c.Overdue(t):
		case !inProject(t):
		case !isAssigned(t):
		case !contains(t, words):
		case !inRange(t.DueDate):
		default:
			return true
		}
		return false
	}, nil
}

// dueRange returns a function that reports whether a due date is in the range of the filters.
func (f filters) dueRange(c agent.Context) (func(int64) bool, error) {
	from, to := int64(0), int64(0)
	if f.DueFrom != "" {
		date, err := c.ParseDate(f.DueFrom)
		if err != nil {
			return nil, err
		}
		from = date.Start.UnixMilli()
	}
	if f.DueTo != "" {
		date, err := c.ParseDate(f.DueTo)
		if err != nil {
			return nil, err
		}
		to = date.End().UnixMilli()
	}
	return func(due int64) bool {
		if due == 0 {
			return from == 0 && to == 0
		}
		first, last := due, due
		if day, ok := c.Day(due); ok {
			first, last = day.Start.UnixMilli(), day.End().UnixMilli()
		}
		return (from == 0 || last >= from) && (to == 0 || first <= to)
	}, nil
}

// assignees returns the names that the assignee filter means, none when it is empty. "me" means the caller's names in
// the profile and their e-mail address.
func (f filters) assignees(run *agent.Run) []string {
	name := agent.Normalize(f.Assignee)
	if name != "me" {
		return slices.DeleteFunc([]string{name}, func(s string) bool { return s == "" })
	}
	names := run.PersonNames()
	if len(names) == 0 {
		return []string{name}
	}
	return names
}
