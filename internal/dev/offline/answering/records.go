package answering

import (
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// maxRecords limits the records of a step.
const maxRecords = 50

// Records returns the records that a step makes, with the columns that it may have.
func Records(r *reading.Reader, columns []string, s Step) []map[string]any {
	t := s.turn(r)
	rows, facts := s.rows(), row(s.Facts)
	out := []map[string]any{}
	add := func(record map[string]any) {
		if record != nil && len(out) < maxRecords {
			out = append(out, record)
		}
	}
	can := func(column string) bool { return slices.Contains(columns, column) }
	switch {
	case can("content"):
		add(map[string]any{"title": t.say("reporttitle", "day", t.day(s.Now)), "content": Write(r, Figures, s)})
	case can("start"):
		for _, c := range facts.rows("conflicts") {
			if free := c.rows("free"); len(free) > 0 {
				add(map[string]any{"id": c.text("id_to_move"), "start": free[0].text("start"),
					"end": free[0].text("end")})
			}
		}
	case can("labels"):
		for _, one := range rows {
			add(t.labelled(one))
		}
	case can("id") && can("status"):
		for _, one := range rows {
			add(t.reviewed(one, s.Variables["request"]))
		}
	case can("id"):
		for _, one := range rows {
			add(t.caughtUp(one, facts))
		}
	case len(rows) == 0:
		return append(out, NewTasks(r.Read(s.Variables["request"], "", nil, t.today()))...)
	case has(rows, "subject"):
		for _, item := range facts.rows("action_items") {
			add(t.itemTask(item, rows))
		}
		for _, one := range rows {
			if label := t.label(one); facts == nil && (label == "reply" || label == "action") {
				add(map[string]any{"title": t.say("handle", "title", one.title()), "priority": "medium"})
			}
		}
	default:
		for _, one := range rows {
			for _, record := range t.noteTasks(one) {
				add(record)
			}
		}
	}
	return out
}

// labelled returns the e-mail with a label for what it needs.
func (t *Turn) labelled(r row) map[string]any {
	if r.text("id") == "" {
		return nil
	}
	labels, _ := r["labels"].([]any)
	if label := t.label(r); !slices.Contains(labels, any(label)) {
		labels = append(slices.Clip(labels), label)
	}
	return map[string]any{"id": r["id"], "labels": labels}
}

// workday returns the day in n days, or the Monday after it.
func (t *Turn) workday(n int) string {
	day := t.today().AddDate(0, 0, n)
	for day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		day = day.AddDate(0, 0, 1)
	}
	return day.Format(time.DateOnly)
}

// caughtUp gives an overdue task a new date, and one that is overdue for more than a week the next higher priority.
func (t *Turn) caughtUp(r row, facts row) map[string]any {
	const week = 7
	if r.text("id") == "" || !t.late(r) {
		return nil
	}
	record := map[string]any{"id": r["id"], "dueDate": t.workday(2)}
	steps := []string{"low", "medium", "high", "urgent"}
	at := slices.Index(steps, r.text("priority"))
	if at < 0 {
		at = 1
	}
	for _, o := range facts.rows("overdue") {
		if o.text("id") == r.text("id") && o.number("overdue_days") > week {
			at = min(at+1, len(steps)-1)
		}
	}
	record["priority"] = steps[at]
	return record
}

// reviewed returns a task with what the request sets for all, or else with the priority and the date that follow from
// its due date; nil when nothing changes.
func (t *Turn) reviewed(r row, request string) map[string]any {
	if r.text("id") == "" || r.text("status") == "done" {
		return nil
	}
	changes := map[string]any{}
	m := t.reader.Read(request, "", nil, t.today())
	for i := range m.Clauses {
		c := &m.Clauses[i]
		if c.StartsWith("set", "move", "finish") && (!c.Has("overdue") || t.late(r)) {
			t.addChanges(c, changes)
		}
	}
	record := map[string]any{"id": r["id"]}
	for name, value := range changes {
		if r[columnOf(name)] != value {
			record[columnOf(name)] = value
		}
	}
	if len(changes) == 0 {
		at, _, ok := parseLocal(r.text("dueDate"))
		pressing := slices.Contains([]string{"high", "urgent"}, r.text("priority"))
		switch {
		case ok && t.late(r):
			record["dueDate"], record["priority"] = t.workday(2), "high"
		case ok && at.Before(t.today().AddDate(0, 0, 1)) && r.text("priority") != "urgent":
			record["priority"] = "urgent"
		case ok && at.Before(t.today().AddDate(0, 0, 3)) && !pressing:
			record["priority"] = "high"
		}
	}
	if len(record) == 1 {
		return nil
	}
	return record
}

// itemTask returns a task for what an e-mail asks for.
func (t *Turn) itemTask(item row, rows []row) map[string]any {
	record := map[string]any{"title": upperFirst(shorten(item.text("action"), 80)), "priority": "medium"}
	if due := item.text("due_date"); due != "" {
		record["dueDate"] = due
	}
	for _, r := range rows {
		if r.text("id") == item.text("email_id") && r.text("id") != "" {
			record["description"] = t.say("from", "from", person(r.text("from")), "subject", r.text("subject"))
		}
	}
	return record
}

// noteTasks returns a task for each sentence of a note that says what has to be done, or by when.
func (t *Turn) noteTasks(r row) (records []map[string]any) {
	for _, s := range sentencesOf(r.text("content")) {
		m := t.reader.Read(s, "", nil, t.today())
		c := &m.Clauses[0]
		if !c.HasAny("duty|must|todo|asking") && (c.Last.IsZero() || c.Last.Before(t.today())) {
			continue
		}
		title := upperFirst(strings.Trim(s, " .!-*•"))
		if own := t.taskTitles(c, map[string]any{}); c.StartsWith("duty") && len(own) > 0 {
			title = own[0]
		}
		record := map[string]any{"title": shorten(title, 80), "priority": "medium",
			"description": t.say("table_notes") + " " + t.quote(r.title())}
		if due := dueDate(c); due != "" {
			record["dueDate"] = due
		}
		if id := r.text("projectId"); id != "" {
			record["projectId"] = id
		}
		records = append(records, record)
	}
	return records
}
