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
	byDay := map[string][]string{}
	var undated []row
	overdue := []string{}
	for _, r := range tasks.rows("tasks") {
		due := dateOnly(firstOf(r, "due_local", "dueDate"))
		switch {
		case due == "":
			undated = append(undated, r)
		case r["overdue"] == true || due < from.Format(time.DateOnly):
			overdue = append(overdue, "- "+t.taskLine(r))
		default:
			byDay[due] = append(byDay[due], "- "+t.taskLine(r))
		}
	}
	for _, r := range events {
		day := max(dateOnly(r.text("start")), from.Format(time.DateOnly))
		byDay[day] = slices.Insert(byDay[day], 0, "- "+t.eventText(r))
	}
	parts := []string{t.say("plan", "from", t.day(from), "to", t.day(to))}
	if len(overdue) > 0 {
		parts = append(parts, t.say("overduenow")+"\n"+strings.Join(overdue, "\n"))
	}
	for day := from; !day.After(to) && len(parts) < 40; day = day.AddDate(0, 0, 1) {
		if list := byDay[day.Format(time.DateOnly)]; len(list) > 0 {
			parts = append(parts, t.day(day)+":\n"+strings.Join(list, "\n"))
		}
	}
	if len(undated) > 0 {
		parts = append(parts, t.say("undated")+"\n"+t.list(undated, len(undated), t.taskLine))
	}
	if len(parts) == 1 {
		return t.say("tasks_nothing")
	}
	return paragraphs(parts...)
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
