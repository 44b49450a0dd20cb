// Package dates reads dates and times as people write them. Parse takes a whole text such as "30. März um 15 Uhr"; the
// Find functions look for a date in a sentence. The words for days and months, in English, German and Italian, are the
// tables in names.go. The package never guesses: text that is not a date is an error or no match.
package dates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones must load whatever the machine has installed
)

// Date is an instant, or a whole local day when no time of day was given.
type Date struct {
	// Start is the instant itself or the first instant of the day.
	Start    time.Time
	WholeDay bool
}

// End returns the last millisecond of a whole day, and Start otherwise. A task due on a day is due at its End.
func (d Date) End() time.Time {
	if !d.WholeDay {
		return d.Start
	}
	return StartOfDay(d.Start.AddDate(0, 0, 1)).Add(-time.Millisecond)
}

// StartOfDay returns the first instant of t's day in t's zone, also where the clocks change at midnight.
func StartOfDay(t time.Time) time.Time {
	year, month, day := t.Date()
	// Noon exists once on every day in every zone. No zone changes its clocks today by less than a quarter of an hour.
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

// Parse reads a date or time in now's zone. Case and extra spaces do not matter. A day is one of
//   - "2026-11-24", "30.03.2027" or "30.3.", "March 30", "March 30, 2027", "30 March", "30. März 2027" or "30 marzo",
//     with English, German and Italian month names or their usual short forms;
//   - "today", "tomorrow", "yesterday", "in 3 days", "in 2 weeks" (at most 3650 days);
//   - an English weekday, optionally after "next": its next occurrence after today;
//   - "end of week" (Sunday) or "end of month", also with "the" or "this": the last day of the current one.
//
// A day without a year is its next occurrence, today included; 29 February waits for a leap year. A time of day may
// follow: "tomorrow 15:00", "30 March at 3pm", "30. März um 15 Uhr", "30 marzo alle 15:30". Parse also reads
// "2026-11-24T15:00" (with a space, seconds or an offset) and milliseconds since the epoch. A time that the clocks skip
// is read with the offset before the change, so 02:30 becomes 03:30; of a time that occurs twice, Parse returns the
// first. Everything else, a day that its month does not have and text of more than 512 bytes are errors that say what
// to write instead.
func Parse(text string, now time.Time) (Date, error) {
	zone := now.Location()
	if len(text) > maxText {
		return Date{}, notADate(text[:maxText])
	}
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	if t, ok := parseInstant(text, zone); ok {
		return Date{Start: t}, nil
	}
	if day, ok := parseDay(text, now); ok {
		return wholeDay(day, zone), nil
	}
	if rest, clock, ok := cutClock(text); ok {
		if day, ok := parseDay(rest, now); ok {
			return Date{Start: inZone(day.Add(clock), zone)}, nil
		}
	}
	return Date{}, notADate(text)
}

// maxText is the length of the longest text that Parse reads, in bytes. No date is near as long.
const maxText = 512

func notADate(text string) error {
	return fmt.Errorf("%.40q is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM", strings.ToLower(text))
}

// wholeDay returns the day, given as midnight UTC, in zone.
func wholeDay(day time.Time, zone *time.Location) Date {
	return Date{Start: StartOfDay(time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, zone)), WholeDay: true}
}

// parseInstant reads the formats that programs write.
func parseInstant(text string, zone *time.Location) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) >= 9 {
		return time.UnixMilli(ms).In(zone), true
	}
	if t, err := time.Parse(time.RFC3339, strings.ToUpper(text)); err == nil {
		return t.In(zone), true
	}
	for _, layout := range []string{
		"2006-01-02t15:04:05", "2006-01-02t15:04", "2006-01-02 15:04:05", "2006-01-02 15:04",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return inZone(t, zone), true
		}
	}
	return time.Time{}, false
}

// inZone returns the instant at which clocks in zone show the date and time of wall, which is given in UTC. Of two such
// instants it returns the first; if there is none, it uses the offset before the change (RFC 5545, section 3.3.5).
func inZone(wall time.Time, zone *time.Location) time.Time {
	withOffsetAt := func(t time.Time) time.Time {
		_, offset := t.In(zone).Zone()
		return wall.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	// No zone is more than 14 hours from UTC, so these instants are before and after any change on that day.
	before := withOffsetAt(wall.AddDate(0, 0, -1))
	after := withOffsetAt(wall.AddDate(0, 0, 1))
	for _, t := range []time.Time{before, after} {
		if t.Equal(withOffsetAt(t)) {
			return t
		}
	}
	return before
}
