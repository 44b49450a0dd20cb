package answering

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// events returns the events of a period, in their order.
func (t *Turn) events(from, to string) ([]row, int, reply, bool) {
	if t.offers("list_events") {
		within := map[string]any{}
		if from != "" {
			within["from"] = from
		}
		if to != "" {
			within["to"] = to
		}
		found, ok := t.call("list_events", map[string]any{"date_range": within})
		return found.rows("events"), found.number("total"), found, ok
	}
	arguments := map[string]any{"table": "events", "order": "oldest"}
	if from != "" {
		arguments["from"] = from
	}
	if to != "" {
		arguments["to"] = to
	}
	found, ok := t.call("find_rows", arguments)
	return found.rows("rows"), found.number("total"), found, ok
}

// span returns the period that the clause names: a time of day, a part of a day, a day or several.
func (t *Turn) span(c *reading.Clause) (from, to string) {
	const minute = "2006-01-02T15:04"
	day := c.Day
	if day.IsZero() {
		day = c.First
	}
	oneDay := !day.IsZero() && (c.Last.IsZero() || c.Last.Equal(day))
	switch {
	case c.Has("clock") && !day.IsZero():
		at := day.Add(c.Clock)
		length := time.Duration(max(c.Minutes, 30)) * time.Minute
		return at.Format(minute), at.Add(length).Format(minute)
	case oneDay && c.Has("morning"):
		return day.Add(9 * time.Hour).Format(minute), day.Add(12 * time.Hour).Format(minute)
	case oneDay && c.Has("afternoon"):
		return day.Add(12 * time.Hour).Format(minute), day.Add(18 * time.Hour).Format(minute)
	case oneDay && c.Has("evening"):
		return day.Add(18 * time.Hour).Format(minute), day.Add(23 * time.Hour).Format(minute)
	}
	if !c.First.IsZero() {
		from = c.First.Format(time.DateOnly)
	}
	if !c.Last.IsZero() {
		to = c.Last.Format(time.DateOnly)
	}
	return from, to
}

// listEvents answers questions about events: those of a period, the next one, or one with its time and place.
func (t *Turn) listEvents(c *reading.Clause) string {
	words := c.Target()
	from, to := t.span(c)
	if len(words) > 0 && (from == "" && to == "" || c.HasAny("when|where|length")) {
		return t.oneEvent(c, words)
	}
	if from == "" && to == "" {
		from = t.Now.Format("2006-01-02T15:04")
	}
	rows, total, found, ok := t.events(from, to)
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(rows) > 0 && c.HasAny("next") && !c.HasAny("day|week|month"):
		return t.say("next_event", "event", t.eventText(rows[0]))
	}
	if len(words) > 0 {
		if some := withWords(rows, words); len(some) > 0 {
			rows, total = some, len(some)
		}
	}
	return lines(t.count("events", total), t.list(rows, total, t.eventText))
}

// withWords returns the rows that have one of the words.
func withWords(rows []row, words []string) (some []row) {
	for _, r := range rows {
		m := matchOf(r, reading.Stems(words))
		if m.hits > 0 {
			some = append(some, r)
		}
	}
	return some
}

// oneEvent tells when an event is, where and how long.
func (t *Turn) oneEvent(c *reading.Clause, words []string) string {
	list, ok := t.search("", words)
	if !ok {
		return ""
	}
	if top := best(list, []string{"events", "checkpoints"}, false); len(top) > 0 && top[0].hits*2 >= len(words) {
		var rows []row
		for _, m := range top {
			rows = append(rows, m.row)
		}
		return t.list(rows, len(rows), func(r row) string {
			text := t.fact(r)
			start, _, ok := parseLocal(r.text("start"))
			end, _, ended := parseLocal(r.text("end"))
			if c.Has("length") && ok && ended {
				text += " (" + t.say("minutes", "n", strconv.Itoa(int(end.Sub(start).Minutes()))) + ")"
			}
			return text
		})
	}
	return t.quoteBest(list, words)
}

// free says whether the person is free in a period.
func (t *Turn) free(c *reading.Clause) string {
	from, to := t.span(c)
	if from == "" && to == "" {
		from = t.today().Format(time.DateOnly)
		to = from
	}
	rows, total, found, ok := t.events(from, to)
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case total > 0:
		return lines(t.say("free_no", "period", t.periodText(from, to)), t.list(rows, total, t.eventText))
	}
	return t.say("free_yes", "period", t.periodText(from, to))
}

// periodText returns a period in words, such as "Wednesday, 25 November".
func (t *Turn) periodText(from, to string) string {
	start, day, ok := parseLocal(from)
	if !ok {
		return t.say("then")
	}
	end, _, _ := parseLocal(to)
	switch {
	case day && (to == from || to == ""):
		return t.say("onday", "day", t.day(start))
	case day:
		return t.say("between", "from", t.day(start), "to", t.day(end))
	}
	return t.say("onday", "day", t.day(start)+", "+clock(start)+"–"+clock(end))
}

// freeTime lists free times.
func (t *Turn) freeTime(c *reading.Clause) string {
	if !t.offers("find_free_time") {
		return t.askColleague(c, "calendar_agent")
	}
	minutes := c.Minutes
	if minutes == 0 {
		minutes = 60
	}
	from, to := t.span(c)
	arguments := map[string]any{"minutes": minutes}
	if c.First.IsZero() || !c.First.Before(t.today()) {
		if from != "" && !strings.Contains(from, "T") || c.HasAny("morning|afternoon|evening") && from != "" {
			arguments["from"] = from
		}
	}
	if to != "" && (!strings.Contains(to, "T") || !c.Has("clock")) {
		arguments["to"] = to
	}
	found, ok := t.call("find_free_time", arguments)
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	case len(found.rows("slots")) == 0:
		return t.say("slots_none", "n", strconv.Itoa(minutes))
	}
	return lines(t.say("slots", "n", strconv.Itoa(minutes)), t.list(found.rows("slots"), 0, t.slotText))
}

func (t *Turn) slotText(r row) string {
	end, _, _ := parseLocal(r.text("end"))
	return t.say("slot", "start", t.when(r.text("start")), "end", clock(end))
}

// conflicts lists the conflicts in the calendar.
func (t *Turn) conflicts(c *reading.Clause) string {
	if !t.offers("detect_conflicts") {
		return t.askColleague(c, "calendar_agent")
	}
	found, ok := t.call("detect_conflicts", map[string]any{})
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	rows := t.within(c, found.rows("conflicts"))
	if len(rows) == 0 {
		return t.say("conflicts_none")
	}
	return t.list(rows, max(len(rows), found.number("total")*boolInt(c.First.IsZero())), t.conflictText)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// within returns the conflicts in the period of the clause.
func (t *Turn) within(c *reading.Clause, rows []row) []row {
	if c.First.IsZero() && c.Last.IsZero() {
		return rows
	}
	from, to := t.span(c)
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		day, _, _ := strings.Cut(r.text("day"), " ")
		return from != "" && day < from[:10] || to != "" && day > to[:10]
	})
}

func (t *Turn) conflictText(r row) string {
	events := r.rows("events")
	if len(events) < 2 {
		return r.text("kind")
	}
	date, _, _ := strings.Cut(r.text("day"), " ")
	at, _, _ := parseLocal(date)
	values := []string{"a", t.quote(events[0].title()), "b", t.quote(events[1].title()), "day", t.day(at)}
	switch {
	case r["overlap_minutes"] != nil:
		return t.say("conflict", append(values, "n", strconv.Itoa(r.number("overlap_minutes")))...)
	case r["gap_minutes"] != nil:
		return t.say("conflict_gap", append(values, "n", strconv.Itoa(r.number("gap_minutes")))...)
	}
	return t.say("conflict_other", values...)
}

// suggestTime lists free times for an event.
func (t *Turn) suggestTime(c *reading.Clause) string {
	if !t.offers("suggest_reschedule") {
		return t.askColleague(c, "calendar_agent")
	}
	arguments := map[string]any{}
	if words := targetWords(c); len(words) > 0 {
		p, ok := t.pick(c, words, false, "events")
		if !ok {
			return ""
		}
		if p.said != "" {
			return p.said
		}
		arguments["conflict"] = map[string]any{"event_ids": []any{p.row.text("id")}}
	}
	found, ok := t.call("suggest_reschedule", arguments)
	switch {
	case !ok:
		return ""
	case found.err != "":
		return t.failed(found)
	}
	return lines(t.say("newtimes", "title", t.quote(found.row.row("event").title())),
		t.list(found.rows("slots"), 0, t.slotText))
}
