package answering

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxLines limits the rows that an answer lists.
const maxLines = 20

// quote returns a title as the language quotes it.
func (t *Turn) quote(title string) string { return fmt.Sprintf(t.say("quote"), title) }

// localLayouts are the forms in which tools write times.
var localLayouts = [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly}

// parseLocal reads a time of a tool as the person's clocks show it. day reports that it is a whole day.
func parseLocal(text string) (at time.Time, day, ok bool) {
	for _, layout := range localLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			at = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), 0, 0, time.UTC)
			clock := at.Format("15:04")
			return at, layout == time.DateOnly || clock == "23:59", true
		}
	}
	return time.Time{}, false, false
}

// when returns a time of a tool in words.
func (t *Turn) when(text string) string {
	at, day, ok := parseLocal(text)
	switch {
	case !ok:
		return text
	case day:
		return t.day(at)
	}
	return t.say("time", "day", t.day(at), "clock", clock(at))
}

func clock(at time.Time) string { return strings.TrimPrefix(at.Format("15:04"), "0") }

// day returns a day in words, with the year where it is another.
func (t *Turn) day(at time.Time) string {
	weekdays, months := strings.Fields(t.say("weekdays")), strings.Fields(t.say("months"))
	if len(weekdays) != 7 || len(months) != 12 {
		return at.Format(time.DateOnly)
	}
	text := t.say("day", "weekday", weekdays[at.Weekday()], "day", strconv.Itoa(at.Day()),
		"month", months[at.Month()-1])
	if at.Year() != t.Now.Year() {
		text += " " + strconv.Itoa(at.Year())
	}
	return text
}

// count returns the sentence for no, one or several rows.
func (t *Turn) count(key string, n int) string {
	switch n {
	case 0:
		return t.say(key + "_none")
	case 1:
		return t.say(key + "_one")
	}
	return t.say(key+"_many", "n", strconv.Itoa(n))
}

// list returns a line for each row, at most maxLines, and says how many there are when there are more.
func (t *Turn) list(rows []row, total int, line func(row) string) string {
	var out []string
	for _, r := range rows[:min(len(rows), maxLines)] {
		out = append(out, "- "+line(r))
	}
	if total > len(out) && len(out) > 0 {
		out = append(out, t.say("tasks_more", "shown", strconv.Itoa(len(out))))
	}
	return strings.Join(out, "\n")
}

// taskLine describes a task.
func (t *Turn) taskLine(r row) string {
	var facts []string
	switch due := firstOf(r, "due_local", "dueDate"); {
	case due != "":
		facts = append(facts, t.say("due", "at", t.when(due)))
	case r.text("status") != "done":
		facts = append(facts, t.say("nodue"))
	}
	if r["overdue"] == true {
		facts = append(facts, t.say("overdue"))
	}
	for _, name := range []string{"priority", "status"} {
		if value := r.text(name); value != "" && value != "medium" && value != "todo" {
			facts = append(facts, t.word(value))
		}
	}
	if who := r.text("assignee"); who != "" {
		facts = append(facts, t.say("assignee", "value", who))
	}
	if p := r.text("project"); p != "" {
		facts = append(facts, t.say("project", "value", p))
	}
	return t.quote(r.title()) + ": " + strings.Join(facts, ", ")
}

// word returns the language's word for a value of a column.
func (t *Turn) word(value string) string {
	if text := t.say(value); text != "" {
		return text
	}
	return strings.ReplaceAll(value, "_", " ")
}

func firstOf(r row, names ...string) string {
	for _, name := range names {
		if text := r.text(name); text != "" {
			return text
		}
	}
	return ""
}

// eventText describes an event.
func (t *Turn) eventText(r row) string {
	start, day, ok := parseLocal(r.text("start"))
	end, _, ended := parseLocal(r.text("end"))
	place := ""
	if at := r.text("location"); at != "" {
		place = ", " + t.say("location", "value", at)
	}
	switch {
	case !ok || !ended:
		return t.quote(r.title()) + place
	case day || r["all_day"] == true || r["allDay"] == true:
		return t.quote(r.title()) + ", " + t.day(start) + place
	}
	until := clock(end)
	if end.Day() != start.Day() {
		until = t.when(r.text("end"))
	}
	return t.say("event", "title", t.quote(r.title()), "start", t.when(r.text("start")), "end", until, "place", place)
}

// people returns who comes to an event, in words.
func (t *Turn) people(r row) string {
	list, _ := r["attendees"].([]any)
	var names []string
	for _, one := range list {
		if text, ok := one.(string); ok && len(names) < maxLines {
			names = append(names, text)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ", " + t.say("withpeople", "value", strings.Join(names, ", "))
}

// emailText describes an e-mail.
func (t *Turn) emailText(r row) string {
	return t.say("email", "subject", t.quote(r.text("subject")), "from", person(r.text("from")),
		"date", t.when(firstOf(r, "date_local", "date")))
}

// person returns the name in "Bob Keller <bob@keller.example>", or the address.
func person(address string) string {
	name, _, ok := strings.Cut(address, "<")
	if name = strings.Trim(name, ` "`); ok && name != "" {
		return name
	}
	return strings.Trim(address, " <>")
}

// rowText describes a row of any table.
func (t *Turn) rowText(r row) string {
	table := r.text("table")
	label := t.say("table_" + table)
	switch table {
	case "tasks":
		return label + " " + t.taskLine(r)
	case "events":
		return label + " " + t.eventText(r)
	case "emails":
		return label + " " + t.emailText(r) + snippet(r.text("snippet"))
	case "checkpoints":
		return label + " " + t.quote(r.title()) + ", " + t.when(r.text("date"))
	case "notes", "documents", "taskComments":
		return label + " " + t.quote(r.title()) + snippet(r.text("content"))
	}
	return strings.TrimSpace(label + " " + t.quote(r.title()))
}

func snippet(text string) string {
	if text = strings.Join(strings.Fields(text), " "); text == "" {
		return ""
	}
	return ": " + shorten(text, 300)
}

// shorten cuts a text after a word.
func shorten(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	text = string(runes[:limit])
	if i := strings.LastIndexByte(text, ' '); i > 0 {
		text = text[:i]
	}
	return text + "…"
}
