package answering

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
	"github.com/adiuva/cloud-api/internal/fold"
)

// Step is a step of a plan: rows of one table, what was computed from them, and the variables of the step.
type Step struct {
	Now       time.Time // the person's local time, as if it were UTC
	Rows      []map[string]any
	Facts     map[string]any
	Variables map[string]string
}

// Kinds of texts that a step may ask for.
const (
	Standup     = "standup"
	Report      = "report"
	Status      = "status"
	Preparation = "preparation"
	Figures     = "figures"
	Summary     = "summary"
)

// turn returns a turn that writes in the language of the request, or else of the rows.
func (s Step) turn(r *reading.Reader) *Turn {
	text := s.Variables["request"]
	for _, one := range s.Rows[:min(len(s.Rows), maxLines)] {
		if s.Variables["request"] == "" {
			text += row(one).title() + "\n" + firstOf(one, "snippet", "content") + "\n"
		}
	}
	m := r.Read(text, "", nil, s.Now.Truncate(24*time.Hour))
	return &Turn{Facts: Facts{Now: s.Now}, language: m.Language, reader: r}
}

func (s Step) rows() []row {
	list := make([]row, len(s.Rows))
	for i, r := range s.Rows {
		list[i] = r
	}
	return list
}

// Write writes the text of a step. Every name, number and day in it is from the rows or was computed from them.
func Write(r *reading.Reader, kind string, s Step) string {
	t := s.turn(r)
	rows := s.rows()
	switch {
	case len(rows) == 0:
		return t.say("norecords")
	case has(rows, "start"):
		return t.writeEvents(kind, rows, s.Variables["meeting"])
	case has(rows, "subject"):
		return t.writeEmails(rows)
	case kind == Figures && len(s.Facts) > 0:
		return paragraphs(t.metricsText(s.Facts), t.writeTasks(rows))
	case kind == Standup:
		return t.writeStandup(rows)
	case kind == Status:
		return t.writeTasks(ofProject(rows, s.Variables["project"]))
	}
	return t.writeTasks(rows)
}

func has(rows []row, column string) bool {
	return slices.ContainsFunc(rows, func(r row) bool { return r[column] != nil })
}

// late reports whether a task is open and past its due date.
func (t *Turn) late(r row) bool {
	at, day, ok := parseLocal(r.text("dueDate"))
	if !ok || r.text("status") == "done" {
		return false
	}
	if day {
		return at.Before(t.today())
	}
	return at.Before(t.Now)
}

// part returns a heading with a line for each row, or "".
func (t *Turn) part(heading string, rows []row) string {
	if len(rows) == 0 {
		return ""
	}
	return lines("**"+strings.TrimSuffix(t.say(heading), ":")+"** ("+strconv.Itoa(len(rows))+")",
		t.list(rows, len(rows), func(r row) string {
			text := t.quote(r.title())
			if due := r.text("dueDate"); due != "" && r.text("status") != "done" {
				text += ", " + t.say("due", "at", t.when(due))
			}
			if who := r.text("assignee"); who != "" {
				text += ", " + t.say("assignee", "value", who)
			}
			return text
		}))
}

func only(rows []row, keep func(row) bool) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return !keep(r) })
}

// writeTasks writes what is done, in progress, overdue and open, each with a count.
func (t *Turn) writeTasks(rows []row) string {
	g := t.group(rows)
	text := paragraphs(t.part("completed", g.done), t.part("inprogress", g.doing), t.part("overduenow", g.overdue),
		t.part("nextup", g.next))
	if text == "" {
		return t.say("norecords")
	}
	return text
}

// recent reports whether a time is in the past seven days, or is not known.
func (t *Turn) recent(text string) bool {
	at, _, ok := parseLocal(text)
	return !ok || !at.Before(t.Now.AddDate(0, 0, -7))
}

// byDue sorts tasks by their due dates, those without one last.
func byDue(a, b row) int {
	x, y := a.text("dueDate"), b.text("dueDate")
	if (x == "") != (y == "") {
		return strings.Compare(y, x)
	}
	return strings.Compare(x, y)
}

// writeStandup writes for each person what is done, in progress and overdue.
func (t *Turn) writeStandup(rows []row) string {
	var people []string
	for _, r := range rows {
		if who := r.text("assignee"); !slices.Contains(people, who) && len(people) < maxLines {
			people = append(people, who)
		}
	}
	slices.Sort(people)
	var parts []string
	for _, who := range people {
		own := only(rows, func(r row) bool { return r.text("assignee") == who })
		name := who
		if name == "" {
			name = t.say("nobody")
		}
		g := t.group(own)
		if text := lines(t.titles("completed", g.done), t.titles("inprogress", g.doing),
			t.titles("overduenow", g.overdue), t.titles("nextup", g.next)); text != "" {
			parts = append(parts, "**"+name+"**\n"+text)
		}
	}
	return paragraphs(parts...)
}

// titles returns a line with the titles of the rows, or "".
func (t *Turn) titles(heading string, rows []row) string {
	if len(rows) == 0 {
		return ""
	}
	var titles []string
	for _, r := range rows[:min(len(rows), maxLines)] {
		titles = append(titles, t.quote(r.title()))
	}
	return "- " + t.say(heading) + " " + strings.Join(titles, ", ")
}

// groups are tasks by what became of them: those done in the past week, in progress, overdue, and the other open ones.
type groups struct{ done, doing, overdue, next []row }

func (t *Turn) group(rows []row) (g groups) {
	for _, r := range rows {
		switch status := r.text("status"); {
		case status == "done" && t.recent(r.text("completedAt")):
			g.done = append(g.done, r)
		case status == "done":
		case t.late(r):
			g.overdue = append(g.overdue, r)
		case status == "in_progress":
			g.doing = append(g.doing, r)
		default:
			g.next = append(g.next, r)
		}
	}
	slices.SortStableFunc(g.next, byDue)
	return g
}

// ofProject returns the tasks of a project, or of the one with the most open tasks.
func ofProject(rows []row, project string) []row {
	if project == "" {
		open := map[string]int{}
		for _, r := range rows {
			if id := r.text("projectId"); id != "" && r.text("status") != "done" {
				open[id]++
				if open[id] > open[project] || project == "" {
					project = id
				}
			}
		}
	}
	own := only(rows, func(r row) bool { return r.text("projectId") == project || r.text("project") == project })
	if len(own) == 0 {
		return rows
	}
	return own
}

// writeEvents lists events in their order, or writes what is known for the preparation of one.
func (t *Turn) writeEvents(kind string, rows []row, meeting string) string {
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.text("start"), b.text("start")) })
	if kind != Preparation {
		return lines(t.count("events", len(rows)), t.list(rows, len(rows), t.eventText))
	}
	one := rows[0]
	for _, r := range slices.Backward(rows) {
		start, _, ok := parseLocal(r.text("start"))
		named := meeting != "" && strings.Contains(fold.Line(r.title()), fold.Line(meeting))
		if named || meeting == "" && ok && !start.Before(t.Now) {
			one = r
		}
	}
	return paragraphs("**"+one.title()+"**", t.eventText(one)+t.people(one)+".", t.say("preparation"))
}

// writeEmails lists e-mails, those that ask for something first.
func (t *Turn) writeEmails(rows []row) string {
	asks := only(rows, func(r row) bool { return t.label(r) == "reply" || t.label(r) == "action" })
	others := only(rows, func(r row) bool { return t.label(r) != "reply" && t.label(r) != "action" })
	line := func(r row) string { return t.emailText(r) + snippet(shorten(r.text("snippet"), 160)) }
	text := ""
	if len(asks) > 0 {
		text = lines(t.say("needreply"), t.list(asks, len(asks), line))
	}
	if len(others) > 0 {
		text = paragraphs(text, lines(t.count("emails", len(others)), t.list(others, len(others), line)))
	}
	return text
}

// label returns what an e-mail needs: reply, action, bulk or information.
func (t *Turn) label(r row) string {
	text := r.text("subject") + ". " + r.text("snippet")
	m := t.reader.Read(text, "", nil, t.today())
	bulk := func(l any) bool { return l == "promotions" || l == "bulk" || l == "newsletter" }
	labels, _ := r["labels"].([]any)
	switch {
	case slices.ContainsFunc(labels, bulk) || slices.ContainsFunc(m.Clauses, func(c reading.Clause) bool {
		return c.HasAny("newsletter|bulk")
	}):
		return "bulk"
	case strings.Contains(text, "?"):
		return "reply"
	case slices.ContainsFunc(m.Clauses, func(c reading.Clause) bool { return c.HasAny("asking|duty|must|urgent") }):
		return "action"
	}
	return "information"
}
