package task

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

// maxListed is how many rows one answer of list_tasks carries; total says how many there are.
const maxListed = 100

type listing struct {
	Filters filters `json:"filters,omitempty" desc:"Only tasks that meet all of them"`
}

type filters struct {
	Status   string `json:"status,omitempty" enum:"open|todo|in_progress|done|all" desc:"open: everything not done"`
	Priority string `json:"priority,omitempty" enum:"low|medium|high|urgent"`
	Assignee string `json:"assignee,omitempty" desc:"Name or part of it; me: the person asking"`
	Project  string `json:"project,omitempty" desc:"Id or name of the project"`
	DueFrom  string `json:"due_from,omitempty" desc:"YYYY-MM-DD, that day included"`
	DueTo    string `json:"due_to,omitempty" desc:"YYYY-MM-DD, that day included"`
	Overdue  bool   `json:"overdue,omitempty" desc:"true: only open tasks past their due date"`
	Text     string `json:"text,omitempty" desc:"Words in title or description"`
}

type row struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Status      string `json:"status"`
	Priority    string `json:"priority,omitempty"`
	Assignee    string `json:"assignee,omitempty"`
	ProjectID   string `json:"project_id,omitempty"`
	Project     string `json:"project,omitempty"`
	DueDate     int64  `json:"due_date_ms,omitempty"`
	Due         string `json:"due_local,omitempty"`
	Overdue     bool   `json:"overdue,omitempty"`
}

func list(_ context.Context, run *agent.Run, in listing) (string, error) {
	keep, err := in.Filters.matcher(run)
	if err != nil {
		return "", err
	}
	rows := []row{}
	for _, t := range run.Context.Tasks {
		if keep(t) {
			rows = append(rows, rowOf(run.Context, t))
		}
	}
	slices.SortStableFunc(rows, byUrgency)
	return agent.JSON(struct {
		Total int   `json:"total"`
		Tasks []row `json:"tasks"`
	}{len(rows), rows[:min(len(rows), maxListed)]})
}

func rowOf(c agent.Context, t agent.Task) row {
	out := row{ID: t.ID, Title: t.Title, Description: agent.Truncate(t.Description, 300), Status: status(t), Priority: t.Priority,
		Assignee: t.Assignee, ProjectID: t.ProjectID, Project: projectName(c, t.ProjectID), DueDate: t.DueDate,
		Due: c.Local(t.DueDate)}
	out.Overdue = c.Overdue(t)
	return out
}

func status(t agent.Task) string { return cmp.Or(t.Status, "todo") }

func projectName(c agent.Context, id string) string {
	for _, p := range c.Projects {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

// byUrgency orders by due date, those without one last, then by priority from urgent to low.
func byUrgency(a, b row) int {
	if (a.DueDate == 0) != (b.DueDate == 0) {
		return cmp.Compare(b2i(a.DueDate == 0), b2i(b.DueDate == 0))
	}
	rank := func(r row) int { return slices.Index(action.Priorities(), r.Priority) }
	return cmp.Or(cmp.Compare(a.DueDate, b.DueDate), cmp.Compare(rank(b), rank(a)))
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// matcher returns the test that all filters together make.
func (f filters) matcher(run *agent.Run) (func(agent.Task) bool, error) {
	c := run.Context
	inRange, err := f.dueRange(c)
	if err != nil {
		return nil, err
	}
	words, project, who := agent.Normalize(f.Text), agent.Normalize(f.Project), f.who(run)
	return func(t agent.Task) bool {
		switch {
		case f.Status == "open" && t.Done():
		case f.Status != "" && f.Status != "all" && f.Status != "open" && status(t) != f.Status:
		case f.Priority != "" && t.Priority != f.Priority:
		case f.Overdue && !c.Overdue(t):
		case project != "" && agent.Normalize(t.ProjectID) != project && agent.Normalize(projectName(c, t.ProjectID)) != project:
		case len(who) > 0 && !slices.ContainsFunc(who, func(w string) bool { return strings.Contains(agent.Normalize(t.Assignee), w) }):
		case !strings.Contains(agent.Normalize(t.Title+" "+t.Description), words):
		case !inRange(t.DueDate):
		default:
			return true
		}
		return false
	}, nil
}

func (f filters) dueRange(c agent.Context) (func(int64) bool, error) {
	from, to := int64(0), int64(0)
	if f.DueFrom != "" {
		m, err := c.ParseDate(f.DueFrom)
		if err != nil {
			return nil, err
		}
		from = m.Start.UnixMilli()
	}
	if f.DueTo != "" {
		m, err := c.ParseDate(f.DueTo)
		if err != nil {
			return nil, err
		}
		to = m.End().UnixMilli()
	}
	return func(due int64) bool {
		if due == 0 {
			return from == 0 && to == 0
		}
		return (from == 0 || due >= from) && (to == 0 || due <= to)
	}, nil
}

// who returns the names the assignee filter stands for; "me" is the person asking, by profile name or e-mail.
func (f filters) who(run *agent.Run) []string {
	name := agent.Normalize(f.Assignee)
	if name != "me" {
		return slices.DeleteFunc([]string{name}, func(s string) bool { return s == "" })
	}
	names := []string{agent.Normalize(run.User.Email)}
	for _, key := range []string{"name", "full_name", "first_name", "email"} {
		if text, ok := run.Context.UserProfile[key].(string); ok {
			names = append(names, agent.Normalize(text))
		}
	}
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	if len(names) == 0 {
		return []string{name}
	}
	return names
}
