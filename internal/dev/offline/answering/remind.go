package answering

import (
	"time"

	"github.com/adiuva/cloud-api/internal/dev/offline/reading"
)

// remind prepares a notification, in the morning where only a day is named.
func (t *Turn) remind(c *reading.Clause) string {
	title := c.Title("remind", "task")
	if len(c.Quoted) > 0 {
		title = c.Quoted[0]
	}
	if c.IsPronoun(title) && c.Before != nil {
		if titles := t.taskTitles(c.Before, map[string]any{}); len(titles) > 0 {
			title = titles[0]
		}
	}
	if title = upperFirst(title); title == "" || c.IsPronoun(title) {
		return t.say("whatremind")
	}
	title = shorten(title, 80)
	arguments := map[string]any{"title": title, "body": title}
	at := t.say("now")
	if when := t.reminderTime(c); when != "" {
		arguments["at"] = when
		at = t.when(when)
	} else if !c.Has("rightnow") {
		return t.say("whenremind")
	}
	done, ok := t.call("send_notification", arguments)
	switch {
	case !ok:
		return ""
	case done.err != "":
		return t.failed(done)
	}
	return t.prepared(done, t.say("reminder", "at", at, "title", t.quote(title)))
}

// reminderTime returns the time of a reminder, or "" for now. A time of day without a day is the next one.
func (t *Turn) reminderTime(c *reading.Clause) string {
	day := c.Day
	if day.IsZero() {
		day = c.Last
	}
	at := 9 * time.Hour
	if c.Has("clock") {
		at = c.Clock
	}
	switch {
	case day.IsZero() && c.Minutes > 0:
		return t.Now.Add(time.Duration(c.Minutes) * time.Minute).Format("2006-01-02T15:04")
	case day.IsZero() && !c.Has("clock"):
		return ""
	case day.IsZero():
		if day = t.today(); !day.Add(at).After(t.Now) {
			day = day.AddDate(0, 0, 1)
		}
	}
	return day.Add(at).Format("2006-01-02T15:04")
}
