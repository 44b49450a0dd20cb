package analytics

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

const (
	soonDays  = 7   // days within which a task is due soon
	weeks     = 8   // weeks of throughput, the current one included
	maxGroups = 50  // rows of a breakdown; the rest becomes one row, "others"
	maxName   = 120 // characters of a name in a result
)

// taskInput is a task that the model refers to by id or describes itself.
type taskInput struct {
	ID          string `json:"id,omitempty" desc:"Id of a known task; the rest then comes from it"`
	Title       string `json:"title,omitempty"`
	Status      string `json:"status,omitempty" enum:"todo|in_progress|done"`
	Priority    string `json:"priority,omitempty" enum:"low|medium|high|urgent"`
	Assignee    string `json:"assignee,omitempty"`
	ProjectID   string `json:"project_id,omitempty"`
	DueDate     string `json:"due_date,omitempty" desc:"YYYY-MM-DD or YYYY-MM-DDTHH:MM"`
	CreatedAt   string `json:"created_at,omitempty"`
	CompletedAt string `json:"completed_at,omitempty"`
}

type metricsInput struct {
	TaskData []taskInput `json:"task_data,omitempty" desc:"Left out or empty: the person's tasks"`
	Project  string      `json:"project,omitempty" desc:"Only its tasks; id or name"`
	Assignee string      `json:"assignee,omitempty" desc:"Only their tasks; name, or me"`
}

// selectTasks returns the tasks that the model named, or all tasks of the request when it named none; an empty object
// names none. It drops times that a client cannot show.
func selectTasks(ctx context.Context, run *agent.Run, rows []taskInput) ([]agent.Task, error) {
	c := run.Context
	rows = slices.DeleteFunc(rows, func(r taskInput) bool { return r == taskInput{} })
	tasks := slices.Clone(c.Tasks)
	if len(rows) > 0 {
		tasks = tasks[:0]
	}
	for i, r := range rows {
		if err := run.Work(ctx, 1); err != nil {
			return nil, err
		}
		if known, ok := run.Task(r.ID); ok {
			tasks = append(tasks, known)
			continue
		}
		t := agent.Task{ID: r.ID, Title: r.Title, Status: r.Status, Priority: r.Priority, Assignee: r.Assignee,
			ProjectID: r.ProjectID}
		for _, field := range []struct {
			text string
			ms   *int64
			end  bool
		}{{r.DueDate, &t.DueDate, true}, {r.CreatedAt, &t.CreatedAt, false}, {r.CompletedAt, &t.CompletedAt, false}} {
			if field.text == "" {
				continue
			}
			date, err := c.ParseDate(field.text)
			if err != nil {
				return nil, fmt.Errorf("task_data[%d]: %w", i, err)
			}
			if *field.ms = date.Start.UnixMilli(); field.end {
				*field.ms = date.End().UnixMilli()
			}
		}
		tasks = append(tasks, t)
	}
	if err := run.WorkOnSort(ctx, len(tasks)); err != nil {
		return nil, err
	}
	for i := range tasks {
		for _, ms := range []*int64{&tasks[i].DueDate, &tasks[i].CreatedAt, &tasks[i].CompletedAt} {
			if *ms < 0 || *ms > action.MaxMillis {
				*ms = 0
			}
		}
	}
	return tasks, nil
}

type group struct {
	Name    string `json:"name"`
	Total   int    `json:"total"`
	Open    int    `json:"open"`
	Overdue int    `json:"overdue"`
}

type weekCount struct {
	From      string `json:"week_from"`
	Completed int    `json:"completed"`
}

type leadTime struct {
	Tasks  int     `json:"tasks"`
	Median float64 `json:"median_days"`
	P90    float64 `json:"p90_days"`
}

type metrics struct {
	scope
	Total      int            `json:"total"`
	Done       int            `json:"done"`
	Open       int            `json:"open"`
	Completion *float64       `json:"completion_rate_percent"`
	Overdue    int            `json:"overdue"`
	DueSoon    int            `json:"due_within_7_days"`
	Undated    int            `json:"open_without_due_date"`
	ByStatus   map[string]int `json:"by_status"`
	ByPriority map[string]int `json:"by_priority"`
	Assignees  []group        `json:"by_assignee"`
	Projects   []group        `json:"by_project"`
	Throughput []weekCount    `json:"completed_per_week,omitempty"`
	Lead       *leadTime      `json:"lead_time,omitempty"`
	Unknown    []string       `json:"unknown,omitempty"`
}

func calculateMetrics(ctx context.Context, run *agent.Run, in metricsInput) (string, error) {
	tasks, err := selectTasks(ctx, run, in.TaskData)
	if err != nil {
		return "", err
	}
	tasks, of, err := filterTasks(ctx, run, tasks, in.Project, in.Assignee)
	if err != nil {
		return "", err
	}
	out := computeMetrics(run.Context, tasks)
	out.scope = of
	return agent.JSON(out)
}

func computeMetrics(c agent.Context, tasks []agent.Task) metrics {
	m := metrics{Total: len(tasks), ByStatus: map[string]int{}, ByPriority: map[string]int{}}
	soon := dates.Date{Start: dates.StartOfDay(c.LocalNow().AddDate(0, 0, soonDays)), WholeDay: true}.End()
	for _, t := range tasks {
		count(m.ByStatus, cmp.Or(t.Status, "todo"))
		count(m.ByPriority, cmp.Or(t.Priority, "none"))
		switch {
		case t.Done():
			m.Done++
		case t.DueDate == 0:
			m.Undated++
		case c.Overdue(t):
			m.Overdue++
		case !c.Due(t.DueDate).After(soon):
			m.DueSoon++
		}
	}
	m.Open = m.Total - m.Done
	if m.Total > 0 {
		rate := round(100 * float64(m.Done) / float64(m.Total))
		m.Completion = &rate
	}
	m.Assignees = groupTasks(c, tasks, assigneeOf)
	names := map[string]string{"": noProject}
	for _, p := range c.Projects {
		names[p.ID] = p.Name
	}
	m.Projects = groupTasks(c, tasks, func(t agent.Task) string { return cmp.Or(names[t.ProjectID], t.ProjectID) })
	m.addFlow(c, tasks)
	return m
}

// count counts the name. Names are texts of the request; those beyond maxGroups count as "others".
func count(names map[string]int, name string) {
	name = agent.Truncate(name, maxName)
	if _, known := names[name]; !known && len(names) >= maxGroups {
		name = "others"
	}
	names[name]++
}

// addFlow adds throughput and lead time, which need the times at which tasks were completed, and says when those are
// missing.
func (m *metrics) addFlow(c agent.Context, tasks []agent.Task) {
	var leads []float64
	known := 0
	for _, t := range tasks {
		if t.Done() && t.CompletedAt != 0 {
			known++
			if t.CreatedAt != 0 && t.CompletedAt >= t.CreatedAt {
				leads = append(leads, float64(t.CompletedAt-t.CreatedAt)/float64(24*time.Hour/time.Millisecond))
			}
		}
	}
	if missing := m.Done - known; missing > 0 {
		m.Unknown = append(m.Unknown, fmt.Sprintf("%d of %d done tasks do not say when they were completed; "+
			"they count in no week and no lead time", missing, m.Done))
	}
	if known > 0 {
		m.Throughput = throughput(c, tasks)
	} else {
		m.Unknown = append(m.Unknown, "throughput: no task says when it was completed")
	}
	if len(leads) == 0 {
		m.Unknown = append(m.Unknown, "lead time: no task says both when it was created and when it was completed")
		return
	}
	slices.Sort(leads)
	m.Lead = &leadTime{len(leads), round(quantile(leads, 0.5)), round(quantile(leads, 0.9))}
}

// throughput counts the tasks completed in each of the last weeks, Monday to Sunday in the caller's zone, oldest first.
func throughput(c agent.Context, tasks []agent.Task) []weekCount {
	list := make([]weekCount, weeks)
	end := startOfWeek(c.LocalNow(), 1)
	for i := weeks - 1; i >= 0; i-- {
		start := startOfWeek(c.LocalNow(), i-weeks+1)
		list[i].From = start.Format("2006-01-02")
		for _, t := range tasks {
			at := time.UnixMilli(t.CompletedAt)
			if t.Done() && t.CompletedAt != 0 && !at.Before(start) && at.Before(end) {
				list[i].Completed++
			}
		}
		end = start
	}
	return list
}

// startOfWeek returns the first instant of the Monday of t's week, or of the week some weeks later.
func startOfWeek(t time.Time, weeks int) time.Time {
	day := t.Day() - (int(t.Weekday())+6)%7 + 7*weeks
	return dates.StartOfDay(time.Date(t.Year(), t.Month(), day, 12, 0, 0, 0, t.Location()))
}

// groupTasks counts the tasks by name, groups with the most open tasks first.
func groupTasks(c agent.Context, tasks []agent.Task, name func(agent.Task) string) []group {
	list := []group{}
	byName := map[string]int{} // index in list
	for _, t := range tasks {
		key := agent.Truncate(name(t), maxName)
		at, ok := byName[key]
		if !ok {
			at, byName[key] = len(list), len(list)
			list = append(list, group{Name: key})
		}
		list[at].Total++
		if !t.Done() {
			list[at].Open++
		}
		if c.Overdue(t) {
			list[at].Overdue++
		}
	}
	slices.SortStableFunc(list, func(a, b group) int {
		return cmp.Or(cmp.Compare(b.Open, a.Open), cmp.Compare(a.Name, b.Name))
	})
	if len(list) > maxGroups {
		rest := group{Name: "others"}
		for _, g := range list[maxGroups:] {
			rest.Total += g.Total
			rest.Open += g.Open
			rest.Overdue += g.Overdue
		}
		list = append(list[:maxGroups], rest)
	}
	return list
}

// quantile interpolates linearly between the two nearest of the sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (sorted[high]-sorted[low])*(at-float64(low))
}

func round(f float64) float64 { return math.Round(f*10) / 10 }
