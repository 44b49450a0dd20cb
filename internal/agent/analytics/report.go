package analytics

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// maxNamed limits the tasks that a section of a report lists; its count has the number of all.
const maxNamed = 20

type reportInput struct {
	Period   string      `json:"period" desc:"day, week, month (this one so far), or YYYY-MM-DD..YYYY-MM-DD, both days included"`
	Data     []taskInput `json:"data,omitempty" desc:"Left out or empty: the person's tasks"`
	Project  string      `json:"project,omitempty" desc:"Only its tasks; id or name"`
	Assignee string      `json:"assignee,omitempty" desc:"Only their tasks; name, or me"`
}

type section struct {
	Count int          `json:"count"`
	Tasks []reportTask `json:"tasks"`
}

type reportTask struct {
	Title    string `json:"title"`
	Priority string `json:"priority,omitempty"`
	Assignee string `json:"assignee,omitempty"`
	Due      string `json:"due_local,omitempty"`
}

func (s *section) add(c agent.Context, t agent.Task) {
	if s.Count++; len(s.Tasks) < maxNamed {
		s.Tasks = append(s.Tasks, reportTask{Title: agent.Truncate(t.Title, 200), Priority: t.Priority,
			Assignee: agent.Truncate(t.Assignee, maxName), Due: c.Local(t.DueDate)})
	}
}

type report struct {
	scope
	Period     string   `json:"period"`
	From       string   `json:"from"`
	To         string   `json:"to"`
	Created    section  `json:"created"`
	Completed  section  `json:"completed"`
	InProgress section  `json:"in_progress_now"`
	Due        section  `json:"open_and_due_in_period"`
	Overdue    section  `json:"overdue_now"`
	Totals     metrics  `json:"all_tasks"`
	Unknown    []string `json:"unknown,omitempty"`
}

func generateReport(ctx context.Context, run *agent.Run, in reportInput) (string, error) {
	c := run.Context
	from, to, err := parsePeriod(c, in.Period)
	if err != nil {
		return "", err
	}
	tasks, err := selectTasks(ctx, run, in.Data)
	if err != nil {
		return "", err
	}
	tasks, of, err := filterTasks(ctx, run, tasks, in.Project, in.Assignee)
	if err != nil {
		return "", err
	}
	none := section{Tasks: []reportTask{}}
	out := report{scope: of, Period: strings.TrimSpace(in.Period), From: from.Format(time.RFC3339),
		To: to.Format(time.RFC3339), Created: none, Completed: none, InProgress: none, Due: none, Overdue: none, Totals: computeMetrics(c, tasks)}
	undated := out.addTasks(c, tasks, from, to)
	out.Unknown = out.Totals.Unknown
	out.Totals.Unknown = nil
	if undated > 0 {
		out.Unknown = append(out.Unknown,
			fmt.Sprintf("%d of %d tasks do not say when they were created", undated, len(tasks)))
	}
	return agent.JSON(out)
}

// parsePeriod returns the first instant of a period and the first one after it, in the caller's zone.
func parsePeriod(c agent.Context, text string) (from, to time.Time, err error) {
	now := c.LocalNow()
	day := func(y int, m time.Month, d int) time.Time {
		return dates.StartOfDay(time.Date(y, m, d, 12, 0, 0, 0, c.Zone()))
	}
	switch text = strings.ToLower(strings.TrimSpace(text)); text {
	case "day", "today":
		return dates.StartOfDay(now), day(now.Year(), now.Month(), now.Day()+1), nil
	case "week":
		return startOfWeek(now, 0), startOfWeek(now, 1), nil
	case "month":
		return day(now.Year(), now.Month(), 1), day(now.Year(), now.Month()+1, 1), nil
	}
	first, last, ok := strings.Cut(text, "..")
	if !ok {
		return from, to, errors.New("period must be day, week, month or YYYY-MM-DD..YYYY-MM-DD")
	}
	start, startErr := c.ParseDate(first)
	end, endErr := c.ParseDate(last)
	if err := errors.Join(startErr, endErr); err != nil {
		return from, to, fmt.Errorf("period: %w", err)
	}
	if from, to = start.Start, end.End().Add(time.Millisecond); !from.Before(to) {
		return from, to, errors.New("period: it ends before it begins")
	}
	return from, to, nil
}

// addTasks adds the tasks to the sections and returns how many do not say when they were created.
func (r *report) addTasks(c agent.Context, tasks []agent.Task, from, to time.Time) (undated int) {
	within := func(ms int64) bool {
		t := time.UnixMilli(ms)
		return ms != 0 && !t.Before(from) && t.Before(to)
	}
	for _, t := range tasks {
		if t.CreatedAt == 0 {
			undated++
		}
		if within(t.CreatedAt) {
			r.Created.add(c, t)
		}
		if t.Done() {
			if within(t.CompletedAt) {
				r.Completed.add(c, t)
			}
			continue
		}
		if t.Status == "in_progress" {
			r.InProgress.add(c, t)
		}
		if t.DueDate != 0 && within(c.Due(t.DueDate).UnixMilli()) {
			r.Due.add(c, t)
		}
		if c.Overdue(t) {
			r.Overdue.add(c, t)
		}
	}
	return undated
}
