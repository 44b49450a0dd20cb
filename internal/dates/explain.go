package dates

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isoLike matches an ISO date, with or without a time of day, whose numbers may be out of range.
var isoLike = regexp.MustCompile(`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[t ](\d{1,2}):(\d{2})\b.*)?$`)

// explain returns the error for text, in lower case, that is no date: it names the day that a month does not have or
// the time that a day does not have, where the text has the form of a date.
func explain(text string) error {
	if m := isoLike.FindStringSubmatch(text); m != nil {
		if err := noSuchDay(text, m[3], m[2], m[1]); err != nil {
			return err
		}
		return noSuchTime(text, m[4], m[5], "")
	}
	for _, form := range dayOfMonthForms {
		if m := form.FindStringSubmatch(text); m != nil {
			part := func(name string) string { return m[form.SubexpIndex(name)] }
			if err := noSuchDay(text, part("day"), part("month"), part("year")); err != nil {
				return err
			}
		}
	}
	if m := clockAtEnd.FindStringSubmatch(text); m != nil && m[3]+m[4] != "" {
		return noSuchTime(text, m[2], m[3], m[4])
	}
	return notADate(text)
}

// noSuchDay returns an error when the month exists and does not have the day.
func noSuchDay(text, day, month, year string) error {
	d, err := strconv.Atoi(day)
	m := parseMonth(month)
	if err != nil || m < time.January || m > time.December {
		return nil
	}
	y, name := 2000, m.String() // a leap year
	if n, err := strconv.Atoi(year); err == nil {
		y, name = n, fmt.Sprintf("%s %d", m, n)
	}
	if last := time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day(); d < 1 || d > last {
		return fmt.Errorf("%.40q does not exist: %s has %d days", text, name, last)
	}
	return nil
}

// noSuchTime returns an error for a time of day that does not exist, or one that says how to write dates.
func noSuchTime(text, hour, minute, suffix string) error {
	if _, ok := parseClock(hour, minute, suffix); ok || hour == "" {
		return notADate(text)
	}
	clock := strings.TrimSuffix(hour+":"+minute, ":") + suffix
	return fmt.Errorf("%.40q does not exist: %s is not a time of day, which is 00:00 to 23:59", text, clock)
}
