package answering

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// analyst calls a tool of the analytics agent. It returns what to tell the person instead, if there is anything.
func (t *Turn) analyst(c *reading.Clause, tool string, arguments map[string]any) (reply, string, bool) {
	if !t.offers(tool) {
		said := t.askColleague(c, "analytics_agent")
		return reply{}, said, said != ""
	}
	if id := t.project(c); id != "" {
		arguments["project"] = id
	}
	r, ok := t.call(tool, arguments)
	if ok && r.err != "" {
		return r, t.failed(r), true
	}
	return r, "", ok
}

// report sums up a period: the one that the clause names, or this week.
func (t *Turn) report(c *reading.Clause) string {
	period := "week"
	switch {
	case !c.First.IsZero() && !c.Last.IsZero():
		last := c.Last
		if last.After(t.today()) && !c.First.After(t.today()) {
			last = t.today()
		}
		period = c.First.Format(time.DateOnly) + ".." + last.Format(time.DateOnly)
	case c.Has("month"):
		period = "month"
	}
	r, said, ok := t.analyst(c, "generate_report", map[string]any{"period": period})
	if !ok || said != "" {
		return said
	}
	return t.reportText(r.row)
}

// reportNote prepares a note with the report of a period.
func (t *Turn) reportNote(c *reading.Clause) string {
	text := t.report(c)
	if text == "" || !t.offers("generate_report") {
		return text
	}
	title := t.say("reporttitle", "day", t.day(t.today()))
	done := t.createdRow("notes", map[string]any{"title": title, "content": text}, title)
	if done == "" {
		return ""
	}
	return paragraphs(done, text)
}

func (t *Turn) reportText(r row) string {
	count := func(name string) string { return strconv.Itoa(r.row(name).number("count")) }
	to, _, _ := parseLocal(r.text("to"))
	if clock(to) == "0:00" { // the end is the first moment that does not belong to the period
		to = to.AddDate(0, 0, -1)
	}
	from, _, _ := parseLocal(r.text("from"))
	text := t.say("report", "from", t.day(from), "to", t.day(to), "created", count("created"), "completed",
		count("completed"), "due", count("open_and_due_in_period"), "overdue", count("overdue_now"))
	for _, part := range []struct{ heading, name string }{{"completed", "completed"}, {"inprogress", "in_progress_now"},
		{"dueopen", "open_and_due_in_period"}, {"overduenow", "overdue_now"}} {
		rows := r.row(part.name).rows("tasks")
		if len(rows) > 0 {
			text = lines(text, t.say(part.heading), t.list(rows, r.row(part.name).number("count"), t.reportLine))
		}
	}
	return text
}

func (t *Turn) reportLine(r row) string {
	text := t.quote(r.title())
	if due := r.text("due_local"); due != "" {
		text += ", " + t.say("due", "at", t.when(due))
	}
	return text
}

// mostOverdue names the project with the most overdue work.
func (t *Turn) mostOverdue(c *reading.Clause) string {
	r, said, ok := t.analyst(c, "calculate_metrics", map[string]any{})
	if !ok || said != "" {
		return said
	}
	best := row{}
	for _, p := range r.rows("by_project") {
		if p.number("overdue") > best.number("overdue") && p.title() != "none" {
			best = p
		}
	}
	if len(best) == 0 {
		return t.say("most_none")
	}
	return t.say("most_overdue", "name", t.quote(best.title()), "n", strconv.Itoa(best.number("overdue")))
}

// metrics says the figures of all tasks.
func (t *Turn) metrics(c *reading.Clause) string {
	r, said, ok := t.analyst(c, "calculate_metrics", map[string]any{})
	if !ok || said != "" {
		return said
	}
	return t.metricsText(r.row)
}

func (t *Turn) metricsText(r row) string {
	rate, known := r["completion_rate_percent"].(float64)
	if !known {
		return t.say("rate_unknown")
	}
	text := t.say("metrics", "rate", strconv.Itoa(int(math.Round(rate))), "total", strconv.Itoa(r.number("total")),
		"open", strconv.Itoa(r.number("open")), "overdue", strconv.Itoa(r.number("overdue")), "soon",
		strconv.Itoa(r.number("due_within_7_days")))
	if days, ok := r.row("lead_time")["median_days"].(float64); ok {
		text += " " + t.say("leadtime", "days", strconv.FormatFloat(days, 'f', -1, 64))
	}
	return text
}

// workload says how many open tasks each person has.
func (t *Turn) workload(c *reading.Clause) string {
	r, said, ok := t.analyst(c, "calculate_metrics", map[string]any{})
	if !ok || said != "" {
		return said
	}
	rows := r.rows("by_assignee")
	return lines(t.say("bypeople"), t.list(rows, len(rows), func(p row) string {
		name := p.title()
		if name == "nobody" {
			name = t.say("nobody")
		}
		return name + ": " + strconv.Itoa(p.number("open")) + " (" + strconv.Itoa(p.number("overdue")) + " " +
			t.say("overdue") + ")"
	}))
}

// trend says the trend of the completed tasks.
func (t *Turn) trend(c *reading.Clause) string {
	r, said, ok := t.analyst(c, "trend_analysis", map[string]any{})
	if !ok || said != "" {
		return said
	}
	return t.trendText(r.row)
}

func (t *Turn) trendText(r row) string {
	direction := r.text("direction")
	word := "unclear"
	switch {
	case strings.Contains(direction, "no clear"):
	case strings.Contains(direction, "up") || strings.Contains(direction, "ris"):
		word = "up"
	case strings.Contains(direction, "down") || strings.Contains(direction, "fall"):
		word = "down"
	case strings.Contains(direction, "flat") || strings.Contains(direction, "stable"):
		word = "flat"
	}
	return t.say("trend", "direction", t.say(word))
}

// behind says whether work is overdue.
func (t *Turn) behind(c *reading.Clause) string {
	r, said, ok := t.analyst(c, "calculate_metrics", map[string]any{})
	if !ok || said != "" {
		return said
	}
	if r.number("overdue") == 0 {
		return t.say("behind_no")
	}
	return t.say("behind_yes", "overdue", strconv.Itoa(r.number("overdue")), "open", strconv.Itoa(r.number("open")))
}
