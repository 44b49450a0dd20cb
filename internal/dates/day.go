package dates

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dayOfMonthForms are the ways to write a day of a month: a day, a month and perhaps a year.
var dayOfMonthForms = []*regexp.Regexp{
	regexp.MustCompile(`^(?P<month>\pL+)\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>\d{4}))?$`),
	regexp.MustCompile(`^(?P<day>\d{1,2})(?:st|nd|rd|th|er|[.º°])?(?: of| de)? (?P<month>\pL+)\.?` +
		`(?:,? (?:del? )?(?P<year>\d{4}))?$`),
	regexp.MustCompile(`^(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>\d{4})?$`),
}

var endOfPeriod = regexp.MustCompile(`^end of (?:the |this )?(week|month)$`)

// maxDaysAhead limits how far "in 3 days" may reach.
const maxDaysAhead = 3650

// midnightUTC returns t's calendar day as midnight UTC, which has no clock changes to get in the way of counting days.
func midnightUTC(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// parseDay returns the day that the lower-case text names, as midnight UTC.
func parseDay(text string, now time.Time) (time.Time, bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true
	}
	today := midnightUTC(now)
	if days, ok := daysAhead(text, today); ok {
		return today.AddDate(0, 0, days), true
	}
	for _, form := range dayOfMonthForms {
		if m := form.FindStringSubmatch(text); m != nil {
			part := func(name string) string { return m[form.SubexpIndex(name)] }
			return dayOfMonth(part("day"), parseMonth(part("month")), part("year"), today)
		}
	}
	day, at, ok := FindDay(text, today)
	return day, ok && at == Span{0, len(text)}
}

// daysAhead returns how many days after today the words mean.
func daysAhead(text string, today time.Time) (int, bool) {
	if days, ok := relativeDays.lookup(text, inDates...); ok {
		return days, true
	}
	if m := endOfPeriod.FindStringSubmatch(text); m != nil {
		if m[1] == "week" {
			return (7 - int(today.Weekday())) % 7, true
		}
		return endOfMonth(today).Day() - today.Day(), true
	}
	if weekday, ok := weekdays.lookup(strings.TrimPrefix(text, "next "), inDates...); ok {
		return daysUntil(weekday, today), true
	}
	return 0, false
}

// daysUntil returns how many days after today the weekday (0 is Sunday) next occurs: 1 to 7.
func daysUntil(weekday int, today time.Time) int {
	return (weekday-int(today.Weekday())+6)%7 + 1
}

// endOfMonth returns the last day of the month of day, as midnight UTC.
func endOfMonth(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC)
}

// dayOfMonth returns the day in the given year or, when year is "", its next occurrence from today on. It fails for a
// day that the month does not have.
func dayOfMonth(day string, month time.Month, year string, today time.Time) (time.Time, bool) {
	d, err := strconv.Atoi(day)
	if err != nil {
		return time.Time{}, false
	}
	inYear := func(year int) (time.Time, bool) {
		t := time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
		return t, t.Month() == month && t.Day() == d
	}
	if year != "" {
		y, err := strconv.Atoi(year)
		if err != nil {
			return time.Time{}, false
		}
		return inYear(y)
	}
	// Leap years are at most eight years apart, around the end of a century.
	for y := today.Year(); y <= today.Year()+8; y++ {
		if t, ok := inYear(y); ok && !t.Before(today) {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseMonth reads a number or a name in any language; it returns 0 for anything else.
func parseMonth(name string) time.Month {
	if n, err := strconv.Atoi(name); err == nil {
		return time.Month(n)
	}
	n, _ := months.lookup(name, inDates...)
	return time.Month(n)
}
