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

// Moment reads a date or time in the caller's zone: "2026-11-24", "2026-11-24T15:00" (also with a space, seconds or an
// offset), milliseconds since the epoch, "today", "tomorrow", "yesterday", a weekday for its next occurrence after
// today, or "in 3 days".
func (c Context) Moment(text string) (Moment, error) {
	zone, text := c.Zone(), strings.ToLower(strings.TrimSpace(text))
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) >= 9 {
		return Moment{Start: time.UnixMilli(ms).In(zone)}, nil
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err == nil {
		return Moment{Start: t.In(zone)}, nil
	}
	for _, layout := range []string{"2006-01-02t15:04:05", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return Moment{Start: t}, nil
		}
	}
	if t, err := time.Parse("2006-01-02", text); err == nil {
		noon := time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, zone)
		return Moment{Start: StartOfDay(noon), Day: true}, nil
	}
	if days, ok := c.relative(text); ok {
		today := c.Now.In(zone)
		noon := time.Date(today.Year(), today.Month(), today.Day()+days, 12, 0, 0, 0, zone)
		return Moment{Start: StartOfDay(noon), Day: true}, nil
	}
	return Moment{}, fmt.Errorf("%q is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM", Cut(text, 40))
}

// relative returns how many days from today a word means.
func (c Context) relative(text string) (int, bool) {
	switch text {
	case "today":
		return 0, true
	case "tomorrow":
		return 1, true
	case "yesterday":
		return -1, true
	}
	days := 0
	if n, err := fmt.Sscanf(text, "in %d day", &days); n == 1 && err == nil && days >= 0 && days <= 3650 {
		return days, true
	}
	name := strings.TrimPrefix(text, "next ")
	today := c.Now.In(c.Zone()).Weekday()
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.ToLower(day.String()) == name {
			return (int(day)-int(today)+6)%7 + 1, true
		}
	}
	return 0, false
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
