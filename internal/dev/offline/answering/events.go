package answering

import (
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// move moves an event, or changes when a task is due.
func (t *Turn) move(c *reading.Clause) string {
	tables := []string{"tasks", "events"}
	switch {
	case namedTable(c) == "tasks":
		tables = []string{"tasks"}
	case namedTable(c) == "events":
		tables = []string{"events", "tasks"}
	case namedTable(c) == "checkpoints":
		tables = []string{"checkpoints"}
	}
	words := targetWords(c)
	if c.Has("all") && len(unnamedOf(c, words)) == 0 && dueDate(c) != "" && namedTable(c) != "events" {
		return t.changeAll(c, map[string]any{"due_date": dueDate(c)})
	}
	p, ok := t.pick(c, words, false, tables...)
	if !ok {
		return ""
	}
	switch {
	case p.said != "":
		return p.said
	case p.table == "events":
		return t.moveEvent(c, p.row)
	case p.table == "checkpoints":
		return t.moveCheckpoint(c, p.row)
	}
	updates := map[string]any{}
	if due := dueDate(c); due != "" {
		updates["due_date"] = due
	}
	for _, also := range append([]*reading.Clause{c}, c.Also...) {
		t.addChanges(also, updates)
	}
	if len(updates) == 0 {
		return t.say("whatchange", "title", t.quote(p.row.title()))
	}
	return t.updateTask(p.row, updates)
}

// moveOf moves a row of the table.
func (t *Turn) moveOf(c *reading.Clause, table string) string {
	p, ok := t.pick(c, targetWords(c), false, table)
	switch {
	case !ok:
		return ""
	case p.said != "":
		return p.said
	}
	return t.moveEvent(c, p.row)
}

func (t *Turn) moveCheckpoint(c *reading.Clause, r row) string {
	at := t.newStart(c, r.text("date"))
	if at == "" {
		return t.say("whenevent")
	}
	done, ok := t.call("change_rows", map[string]any{"table": "checkpoints", "ids": []any{r.text("id")},
		"set": map[string]any{"date": at}})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.moved(r, at))
}

// moved says that a row gets another time.
func (t *Turn) moved(r row, at string) string {
	return t.say("changed", "title", t.quote(r.title()), "details", t.say("newtime", "start", t.when(at)))
}

// newStart returns the start that the clause names, with the day or the time of day of the old one, or "".
func (t *Turn) newStart(c *reading.Clause, old string) string {
	start, day, ok := parseLocal(old)
	to := c.Day
	if to.IsZero() {
		to = c.Last
	}
	switch {
	case !ok || to.IsZero() && !c.Has("clock"):
		return ""
	case to.IsZero():
		to = start.Truncate(24 * time.Hour)
	}
	if day && !c.Has("clock") {
		return to.Format(time.DateOnly)
	}
	at := start.Sub(start.Truncate(24 * time.Hour))
	if c.Has("clock") {
		at = c.Clock
	}
	return to.Add(at).Format("2006-01-02T15:04")
}

func (t *Turn) moveEvent(c *reading.Clause, r row) string {
	if c.HasAny("longer|shorter|later|earlier") || c.Minutes > 0 && !c.HasAny("clock|day") {
		return t.stretch(c, r)
	}
	at := t.newStart(c, r.text("start"))
	if at == "" {
		return t.say("whenevent")
	}
	var done reply
	var ok bool
	if t.offers("move_event") {
		done, ok = t.call("move_event", map[string]any{"id": r.text("id"), "start": at})
	} else {
		start, _, _ := parseLocal(r.text("start"))
		end, _, _ := parseLocal(r.text("end"))
		to, _, _ := parseLocal(at)
		done, ok = t.call("change_rows", map[string]any{"table": "events", "ids": []any{r.text("id")},
			"set": map[string]any{"start": at, "end": to.Add(end.Sub(start)).Format("2006-01-02T15:04")}})
	}
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.moved(r, at))
}

// createEvent prepares a new event. The address of a person whom the clause names comes from the rows.
func (t *Turn) createEvent(c *reading.Clause) string {
	day := c.Day
	if day.IsZero() && c.Has("clock") {
		if day = t.today(); !day.Add(c.Clock).After(t.Now) {
			day = day.AddDate(0, 0, 1)
		}
	}
	if day.IsZero() {
		return t.invite(c)
	}
	title, who := t.eventTitle(c)
	data := map[string]any{"title": title, "start": day.Format(time.DateOnly), "end": day.Format(time.DateOnly)}
	if c.Has("clock") {
		minutes := c.Minutes
		if minutes == 0 {
			minutes = 60
		}
		start := day.Add(c.Clock)
		data["start"] = start.Format("2006-01-02T15:04")
		data["end"] = start.Add(time.Duration(minutes) * time.Minute).Format("2006-01-02T15:04")
	} else if from, to := t.span(c); strings.Contains(from, "T") {
		data["start"], data["end"] = from, to
	} else {
		return t.say("whattime", "title", t.quote(title), "day", t.day(day))
	}
	if who != "" {
		address, ok := t.addressOf(who)
		if !ok {
			return ""
		}
		if address != "" {
			data["attendees"] = []any{address}
		}
	}
	return t.created("events", data, title)
}

// invite adds a person to an event that is there, as in "add Bob to the standup". Without one it asks for the time.
func (t *Turn) invite(c *reading.Clause) string {
	before, after, ok := c.AfterLast(c.Language.To)
	who := wordsWithin(c.Target(), before)
	words := wordsWithin(c.Target(), after)
	if !ok || !c.StartsWith("create") || len(who) == 0 || len(words) == 0 {
		return t.say("whenevent")
	}
	p, ok := t.pick(c, words, false, "events")
	if !ok {
		return ""
	}
	address, known := t.addressOf(strings.Join(who, " "))
	switch {
	case !known:
		return ""
	case p.said != "" || address == "":
		return t.say("whenevent")
	}
	done, ok := t.call("change_rows", map[string]any{"table": "events", "ids": []any{p.row.text("id")},
		"add": map[string]any{"attendees": []any{address}}})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("changed", "title", t.quote(p.row.title()), "details",
		t.say("withpeople", "value", address)))
}

// stretch makes an event longer or shorter, or moves it by a length of time, an hour where none is named.
func (t *Turn) stretch(c *reading.Clause, r row) string {
	by := time.Duration(c.Minutes) * time.Minute
	if by == 0 {
		by = time.Hour
	}
	if c.HasAny("shorter|earlier") {
		by = -by
	}
	start, _, ok := parseLocal(r.text("start"))
	end, _, ended := parseLocal(r.text("end"))
	if !ok || !ended {
		return t.say("whenevent")
	}
	set := map[string]any{"end": end.Add(by).Format("2006-01-02T15:04")}
	if !c.HasAny("longer|shorter") {
		set["start"] = start.Add(by).Format("2006-01-02T15:04")
	}
	done, ok := t.call("change_rows", map[string]any{"table": "events", "ids": []any{r.text("id")}, "set": set})
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("changed", "title", t.quote(r.title()), "details", t.details(set)))
}

// eventTitle returns the title of a new event, and the person whom it is with.
func (t *Turn) eventTitle(c *reading.Clause) (title, who string) {
	title = c.Title("create", "schedule", "plan", "set", "calendar")
	generic := c.Title("create", "schedule", "plan", "set", "calendar", "event")
	if generic != "" && c.GenericEvent() && !c.Links(generic) {
		title = generic
	}
	if len(c.Quoted) > 0 {
		title = c.Quoted[0]
	}
	if name, ok := c.With(); ok {
		who = name
	}
	return upperFirst(shorten(title, 200)), who
}

// addressOf returns the address of the only person of that name whom an e-mail or an event names, or "".
func (t *Turn) addressOf(name string) (string, bool) {
	found, ok := t.call("find_rows", map[string]any{"table": "emails", "words": name})
	if !ok {
		return "", false
	}
	events, ok := t.call("find_rows", map[string]any{"table": "events", "words": name})
	if !ok {
		return "", false
	}
	var addresses []string
	add := func(address string) {
		if bare := bareAddress(address); bare != "" && bare != strings.ToLower(t.Email) && mentions(address, name) &&
			!slices.Contains(addresses, bare) {
			addresses = append(addresses, bare)
		}
	}
	for _, r := range found.rows("rows") {
		add(r.text("from"))
	}
	for _, r := range append(found.rows("rows"), events.rows("rows")...) {
		for _, column := range []string{"to", "attendees"} {
			list, _ := r[column].([]any)
			for _, one := range list {
				address, _ := one.(string)
				add(address)
			}
		}
	}
	if len(addresses) != 1 {
		return "", true
	}
	return addresses[0], true
}
