package agent

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a caller's zone must be known whatever the machine has installed
)

// Moment is a point in time or a whole local day as somebody wrote it.
type Moment struct {
	Start time.Time
	// Day is true when no time of day was given; Start is then the day's first instant.
	Day bool
}

// End returns the last millisecond of the day, or Start itself when a time of day was given. It is what "due on" means:
// a bare date is due at the end of that local day.
func (m Moment) End() time.Time {
	if !m.Day {
		return m.Start
	}
	return StartOfDay(m.Start.AddDate(0, 0, 1)).Add(-time.Millisecond)
}

// StartOfDay returns the first instant of t's day in t's zone, also where clocks change at midnight.
func StartOfDay(t time.Time) time.Time {
	year, month, day := t.Date()
	// Noon exists once on every day of every zone; quarter hours are the finest step clocks are changed by today.
	noon := time.Date(year, month, day, 12, 0, 0, 0, t.Location())
	start := time.Date(year, month, day, 0, 0, 0, 0, t.Location())
	for start.Day() != noon.Day() {
		start = start.Add(15 * time.Minute)
	}
	for start.Add(-15*time.Minute).Day() == noon.Day() {
		start = start.Add(-15 * time.Minute)
	}
	return start
}

// Moment reads a date or time in the caller's zone, in capitals or not. A day is one of
//   - "2026-11-24", "30.03.2027" or "30.3.", "March 30", "March 30, 2027", "30 March", "30. März 2027" or "30 marzo", with
//     the months' English, German and Italian names or their usual short forms;
//   - "today", "tomorrow", "yesterday", "in 3 days", "in 2 weeks" (at most 3650 days);
//   - a weekday in English, also after "next": its next occurrence after today;
//   - "end of week" (Sunday) or "end of month", also with "the" or "this": the last day of the one that today is in.
//
// A day without a year is its next occurrence, today included, and 29 February waits for a leap year. A time of day may
// follow: "tomorrow 15:00", "30 March at 3pm", "30. März um 15 Uhr", "30 marzo alle 15:30". Also read are
// "2026-11-24T15:00" (with a space, seconds or an offset) and milliseconds since the epoch. A time that the clocks skip
// is taken by the clock before the change, so 02:30 becomes 03:30; of one that comes twice, the first is meant. All else
// is an error that says what to write, and so is a day that its month does not have.
func (c Context) Moment(text string) (Moment, error) {
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	if at, ok := c.instant(text); ok {
		return Moment{Start: at}, nil
	}
	if day, ok := c.day(text); ok {
		// Noon exists in every zone whatever the clocks do that day.
		return Moment{Start: StartOfDay(time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, c.Zone())), Day: true}, nil
	}
	if text, clock, ok := cutClock(text); ok {
		if day, ok := c.day(text); ok {
			return Moment{Start: localTime(day.Add(clock), c.Zone())}, nil
		}
	}
	return Moment{}, fmt.Errorf("%q is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM", Cut(text, 40))
}

// instant reads the forms that machines write.
func (c Context) instant(text string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) >= 9 {
		return time.UnixMilli(ms).In(c.Zone()), true
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err == nil {
		return t.In(c.Zone()), true
	}
	for _, layout := range []string{"2006-01-02t15:04:05", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return localTime(t, c.Zone()), true
		}
	}
	return time.Time{}, false
}

// Due returns the last instant a task with that dueDate is on time. A dueDate at the start of a local day is what a date
// picker writes for a bare date, so it means that whole day.
func (c Context) Due(ms int64) time.Time {
	t := time.UnixMilli(ms).In(c.Zone())
	return Moment{Start: t, Day: t.Equal(StartOfDay(t))}.End()
}

// Local writes a time in milliseconds as RFC 3339 in the caller's zone, or "" for 0.
func (c Context) Local(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).In(c.Zone()).Format(time.RFC3339)
}
