// Package dates reads dates and times as people write them. Parse takes a whole text such as "30. März um 15 Uhr"; the
// Find functions look for a date in a sentence. The words for days and months, in English, German, Italian, French,
// Spanish, Portuguese and Dutch, are the tables in names.go. The package never guesses: text that is not a date is an
// error or no match.
package dates

import (
	"fmt"
	"strings"
	"time"
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
//     with month names in every language of the package or their usual short forms;
//   - "today", "tomorrow", "yesterday", "in 3 days", "in 2 weeks" (at most 3650 days), "next week" (in seven days);
//   - a weekday, optionally after "next": its next occurrence after today;
//   - "end of week" (Sunday) or "end of month", also with "the" or "this": the last day of the current one.
//
// Whatever else FindDay reads, in any language, is a day too, if nothing stands beside it.
//
// A day without a year is its next occurrence, today included; 29 February waits for a leap year. A time of day may
// follow: "tomorrow 15:00", "30 March at 3pm", "30. März um 15 Uhr", "30 marzo alle 15:30". Parse also reads
// "2026-11-24T15:00" (with a space, seconds or an offset) and the milliseconds or seconds since the epoch. A time that
// the clocks skip is read with the offset before the change, so 02:30 becomes 03:30; of a time that occurs twice, Parse
// returns the first. Errors say what to write instead: for a day that its month does not have, a time of day that does
// not exist, a date before 1970 or after 2200, more than 512 bytes, and everything else.
func Parse(text string, now time.Time) (Date, error) {
	zone := now.Location()
	if len(text) > maxText {
		return Date{}, notADate(text[:maxText])
	}
	text = strings.Join(strings.Fields(strings.ToLower(text)), " ")
	date, err := parse(text, now, zone)
	if err == nil {
		err = checkYear(date.Start)
	}
	if err != nil {
		return Date{}, err
	}
	return date, nil
}

// parse reads text in lower case with single spaces.
func parse(text string, now time.Time, zone *time.Location) (Date, error) {
	if t, ok := parseInstant(text, zone); ok {
		return Date{Start: t}, nil
	}
	if day, ok := parseDay(text, now); ok {
		return Day(day, zone), nil
	}
	rest, clock, ok := cutClock(text)
	if !ok {
		return Date{}, explain(text)
	}
	if day, ok := parseDay(rest, now); ok {
		return Date{Start: inZone(day.Add(clock), zone)}, nil
	}
	return Date{}, explain(rest)
}

// maxText is the length of the longest text that Parse reads, in bytes. No date is near as long.
const maxText = 512

func notADate(text string) error {
	return fmt.Errorf("%.40q is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM", strings.ToLower(text))
}

// Day returns t's calendar day, in t's own zone, as a whole day in zone.
func Day(t time.Time, zone *time.Location) Date {
	year, month, day := t.Date()
	return Date{Start: StartOfDay(time.Date(year, month, day, 12, 0, 0, 0, zone)), WholeDay: true}
}
