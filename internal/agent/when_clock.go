package agent

import (
	"regexp"
	"strconv"
	"time"
)

// clockAtEnd finds a time of day behind a day: hour, minutes and what follows them.
var clockAtEnd = regexp.MustCompile(`^(.+?),? (?:(?:at|um|alle|ore) )?(\d{1,2})(?::(\d{2}))? ?(am|pm|uhr)?$`)

// cutClock splits a time of day from the end of text and returns it as the time since midnight. A bare number is none:
// nobody knows which half of the day "at 3" means.
func cutClock(text string) (rest string, clock time.Duration, ok bool) {
	m := clockAtEnd.FindStringSubmatch(text)
	if m == nil || m[3] == "" && m[4] == "" {
		return "", 0, false
	}
	hour, err := strconv.Atoi(m[2])
	if err != nil {
		return "", 0, false
	}
	minute := 0
	if m[3] != "" {
		if minute, err = strconv.Atoi(m[3]); err != nil {
			return "", 0, false
		}
	}
	if m[4] == "am" || m[4] == "pm" {
		if hour < 1 || hour > 12 {
			return "", 0, false
		}
		hour %= 12
		if m[4] == "pm" {
			hour += 12
		}
	}
	return m[1], time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, hour < 24 && minute < 60
}

// localTime returns the instant at which clocks in zone show the date and time of wall, which is given in UTC: the first
// of two, and where they skip it, the instant by the offset before the change (RFC 5545, section 3.3.5).
func localTime(wall time.Time, zone *time.Location) time.Time {
	with := func(offsetOf time.Time) time.Time {
		_, offset := offsetOf.In(zone).Zone()
		return wall.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	// No zone is more than 14 hours from UTC, so these two instants lie before and after whatever happens that day.
	before, after := with(wall.AddDate(0, 0, -1)), with(wall.AddDate(0, 0, 1))
	for _, t := range []time.Time{before, after} {
		if t.Equal(with(t)) {
			return t
		}
	}
	return before
}
