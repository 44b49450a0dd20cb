package dates

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The first and the last year of the dates that a person's rows can have. Others are mistakes: an empty value read as
// the year 1, or an "end of time".
const (
	minYear = 1970
	maxYear = 2200
)

// checkYear returns an error for a time outside the years that the package reads.
func checkYear(t time.Time) error {
	if y := t.Year(); y < minYear || y > maxYear {
		return fmt.Errorf("the year %d is out of range; write a date from %d to %d", y, minYear, maxYear)
	}
	return nil
}

// Numbers from minSeconds to maxSeconds count seconds since the epoch, those from 1973 to 5138. As milliseconds, they
// would be in the first years of the epoch.
const (
	minSeconds = 100_000_000
	maxSeconds = 100_000_000_000
)

// Millis returns a time since the epoch in milliseconds, from one that may be in seconds: programs write both. Only
// numbers of nine to eleven digits are seconds.
func Millis(n int64) int64 {
	if n >= minSeconds && n < maxSeconds {
		return n * 1000
	}
	return n
}

// RowTime returns the time of a client's row in milliseconds since the epoch, from one that may be in seconds. It
// returns 0, no time, for one that is before 1970 or after 2200.
func RowTime(n int64) int64 {
	ms := Millis(n)
	if checkYear(time.UnixMilli(ms).UTC()) != nil {
		return 0
	}
	return ms
}

// parseInstant reads the formats that programs write.
func parseInstant(text string, zone *time.Location) (time.Time, bool) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && len(text) >= 9 {
		return time.UnixMilli(Millis(n)).In(zone), true
	}
	upper := strings.ToUpper(text)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, upper); err == nil {
			return t.In(zone), true
		}
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

// Format returns a time as its own zone's clocks show it, to the second, and as Parse reads it back there:
// "2026-11-30T15:00", with seconds that are not zero, and with the offset when that local time occurs twice and t is
// the second one.
func Format(t time.Time) string {
	layout := "2006-01-02T15:04"
	if t.Second() != 0 {
		layout = "2006-01-02T15:04:05"
	}
	if !inZone(wallUTC(t), t.Location()).Equal(t.Truncate(time.Second)) {
		layout += "Z07:00"
	}
	return t.Format(layout)
}

// wallUTC returns the date and time of t's clocks, to the second, as a time in UTC.
func wallUTC(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, 0, time.UTC)
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
