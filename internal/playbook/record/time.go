package record

import (
	"maps"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

const (
	localTime = "2006-01-02T15:04"

	// Numbers from here on are milliseconds since the epoch, smaller ones seconds, and those below firstSecond no
	// times. The years are 1973 and, in seconds, 5138.
	firstMilli  = 100_000_000_000
	firstSecond = 100_000_000

	lastYear = 2200
)

// Rows returns the data as a model reads it: with local times such as "2026-11-30T15:00" instead of numbers, and days
// such as "2026-11-30" where a due date or an all-day event has no time of day. The rows of r.Data stay as they are.
func (r Request) Rows() []map[string]any {
	names := timeNames()
	out := make([]map[string]any, 0, len(r.Data))
	for _, row := range r.Data {
		local := maps.Clone(row)
		for name, value := range row {
			if !names[fold(name)] {
				continue
			}
			if at, ok := r.instant(value); ok {
				local[name] = r.write(name, at, row)
			}
		}
		out = append(out, local)
	}
	return out
}

// timeNames returns the folded names of all columns that hold times.
func timeNames() map[string]bool {
	names := map[string]bool{"at": true, "updatedat": true}
	for _, table := range action.Tables() {
		for _, c := range action.Columns(table) {
			if c.Type == action.Time {
				names[fold(c.Name)] = true
			}
		}
	}
	return names
}

// instant returns the time that a number or the digits of a text mean, in milliseconds or seconds.
func (r Request) instant(value any) (time.Time, bool) {
	n, ok := numberOf(value)
	if size := max(n, -n); size < firstMilli {
		ok = ok && size >= firstSecond
		n *= 1000
	}
	t := time.UnixMilli(n).In(r.Now.Location())
	return t, ok && plausible(t)
}

func plausible(t time.Time) bool { return t.Year() >= 1970 && t.Year() < lastYear }

// write returns a time of a row as local text.
func (r Request) write(name string, at time.Time, row map[string]any) string {
	switch {
	case fold(name) == "duedate":
		if due := (agent.Context{Location: r.Now.Location()}).Due(at.UnixMilli()); endsDay(due) {
			return due.Format(time.DateOnly)
		}
	case isAllDay(row) && isUTCMidnight(at):
		return at.UTC().Format(time.DateOnly)
	case isAllDay(row):
		return at.Format(time.DateOnly)
	}
	return at.Format(localTime)
}

// endsDay reports whether t is the last millisecond of its day.
func endsDay(t time.Time) bool {
	next := t.Add(time.Millisecond)
	return next.Equal(dates.StartOfDay(next))
}

// isAllDay reports whether the row says so. SQLite has no booleans, so an app may send 1.
func isAllDay(row map[string]any) bool {
	allDay, _ := boolOf(row["allDay"])
	return allDay == true
}

func isUTCMidnight(t time.Time) bool { return t.UnixMilli()%(24*time.Hour).Milliseconds() == 0 }

// time returns the milliseconds of a time that a model wrote: local text as in dates.Parse, or a number. A due date
// without a time of day is the end of that day. Events start and end at a time of day, unless the row lasts all day.
func (c *checker) time(column action.Column, value any, row map[string]any) (any, bool) {
	if at, ok := c.instant(value); ok {
		return at.UnixMilli(), true
	}
	text, isText := value.(string)
	if _, isNumber := numberOf(value); !isText || isNumber {
		return nil, false
	}
	date, err := dates.Parse(strings.TrimSpace(text), c.Now)
	if err != nil || !plausible(date.Start) {
		return nil, false
	}
	if column.Name == "dueDate" {
		return date.End().UnixMilli(), true
	}
	isEvent := column.Name == "start" || column.Name == "end"
	if !date.WholeDay || !isEvent {
		return date.Start.UnixMilli(), true
	}
	if !isAllDay(row) {
		return nil, false
	}
	if old, ok := c.instant(row[column.Name]); ok && isUTCMidnight(old) { // as the calendar writes its days
		year, month, day := date.Start.Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).UnixMilli(), true
	}
	return date.Start.UnixMilli(), true
}
