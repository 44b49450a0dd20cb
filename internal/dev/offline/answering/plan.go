package answering

import (
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// planPeriod lists the open tasks and the events of a day or a week, day by day.
func (t *Turn) planPeriod(c *reading.Clause) string {
	from, to := c.First, c.Last
	if !to.IsZero() && to.Before(t.today()) {
		return t.finished(c)
	}
	if from.IsZero() || from.Before(t.today()) {
		from = t.today()
	}
	if to.IsZero() {
		to = t.today().AddDate(0, 0, 6)
	}
	tasks, ok := t.callTasks(map[string]any{"status": "open"})
	events, _, failed, more := t.events(from.Format(time.DateOnly), to.Format(time.DateOnly))
	switch {
	case !ok || !more:
		return ""
	case tasks.err != "":
		return t.failed(tasks)
	case failed.err != "":
		return t.failed(failed)
	}
	p := period{from: from, to: to, byDay: map[string][]string{}}
	for _, r := range tasks.rows("tasks") {
		p.addTask(t, r)
	}
	for _, r := range events {
		day := max(dateOnly(r.text("start")), from.Format(time.DateOnly))
		p.byDay[day] = slices.Insert(p.byDay[day], 0, "- "+t.eventText(r))
	}
	return p.text(t)
}

// period has the lines of a plan.
type period struct {
	from, to time.Time
	overdue  []string
	byDay    map[string][]string
	undated  []row
}

// addTask adds a task to its day. A plan of a day to come has only what belongs to that day.
func (p *period) addTask(t *Turn, r row) {
	due := dateOnly(firstOf(r, "due_local", "dueDate"))
	first := p.from.Format(time.DateOnly)
	later := p.from.Equal(p.to) && p.from.After(t.today())
	switch {
	case due == "":
		if !p.from.Equal(p.to) {
			p.undated = append(p.undated, r)
		}
	case due < first && later:
	case r["overdue"] == true || due < first:
		p.overdue = append(p.overdue, "- "+t.taskLine(r))
	default:
		p.byDay[due] = append(p.byDay[due], "- "+t.taskLine(r))
	}
}

func (p *period) text(t *Turn) string {
	const mostDays = 40
	var parts []string
	if len(p.overdue) > 0 {
		parts = append(parts, t.say("overduenow")+"\n"+strings.Join(p.overdue, "\n"))
	}
	for day := p.from; !day.After(p.to) && len(parts) < mostDays; day = day.AddDate(0, 0, 1) {
		if list := p.byDay[day.Format(time.DateOnly)]; len(list) > 0 {
			parts = append(parts, t.day(day)+":\n"+strings.Join(list, "\n"))
		}
	}
	if len(p.undated) > 0 {
		parts = append(parts, t.say("undated")+"\n"+t.list(p.undated, len(p.undated), t.taskLine))
	}
	switch {
	case len(parts) == 0:
		return t.say("tasks_nothing")
	case p.from.Equal(p.to):
		return paragraphs(parts...)
	}
	return paragraphs(append([]string{t.say("plan", "from", t.day(p.from), "to", t.day(p.to))}, parts...)...)
}

// clock tells the day and the time of day.
func (t *Turn) clock(*reading.Clause) string {
	return t.say("clock", "at", t.when(t.Now.Format("2006-01-02T15:04")))
}

// reference answers "and the second one?": it tells about the row that an earlier answer named.
func (t *Turn) reference(c *reading.Clause) string {
	p, ok := t.pickEarlier(c, false, nil)
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	return t.fact(p.row) + "."
}

// doneStatement takes "the offer is done" as an order to mark the one task with these words as done.
func (t *Turn) doneStatement(c *reading.Clause) string {
	p, ok := t.pick(c, targetWords(c), true, "tasks")
	if !ok {
		return ""
	}
	if p.said != "" {
		return p.said
	}
	return t.updateTask(p.row, map[string]any{"status": "done"})
}
