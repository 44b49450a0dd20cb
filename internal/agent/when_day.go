package agent

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The ways of writing a day of a month; each finds a day, a month and perhaps a year.
var dayOfMonthForms = []*regexp.Regexp{
	regexp.MustCompile(`^(?P<month>\pL+)\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,? (?P<year>\d{4}))?$`),
	regexp.MustCompile(`^(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?(?: of)? (?P<month>\pL+)\.?(?:,? (?P<year>\d{4}))?$`),
	regexp.MustCompile(`^(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\. ?(?P<year>\d{4})?$`),
}

var (
	inSome   = regexp.MustCompile(`^in (\d{1,4}) (day|week)s?$`)
	endOfOne = regexp.MustCompile(`^end of (?:the |this )?(week|month)$`)
)

// maxDaysAhead is how far "in 3 days" reaches.
const maxDaysAhead = 3650

// day returns the day that text names, as midnight in UTC.
func (c Context) day(text string) (time.Time, bool) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true
	}
	year, month, day := c.Now.In(c.Zone()).Date()
	today := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if days, ok := daysAhead(text, today); ok {
		return today.AddDate(0, 0, days), true
	}
	for _, form := range dayOfMonthForms {
		if m := form.FindStringSubmatch(text); m != nil {
			part := func(name string) string { return m[form.SubexpIndex(name)] }
			return dayOfMonth(part("day"), part("month"), part("year"), today)
		}
	}
	return time.Time{}, false
}

// daysAhead returns how many days from today the words mean.
func daysAhead(text string, today time.Time) (int, bool) {
	switch text {
	case "today":
		return 0, true
	case "tomorrow":
		return 1, true
	case "yesterday":
		return -1, true
	}
	if m := inSome.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if m[2] == "week" {
			n *= 7
		}
		return n, err == nil && n <= maxDaysAhead
	}
	if m := endOfOne.FindStringSubmatch(text); m != nil {
		if m[1] == "week" {
			return (7 - int(today.Weekday())) % 7, true
		}
		return time.Date(today.Year(), today.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() - today.Day(), true
	}
	name := strings.TrimPrefix(text, "next ")
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.ToLower(day.String()) == name {
			return (int(day)-int(today.Weekday())+6)%7 + 1, true
		}
	}
	return 0, false
}

// dayOfMonth returns that day in the year given, or else the next one from today on.
func dayOfMonth(day, month, year string, today time.Time) (time.Time, bool) {
	d, err := strconv.Atoi(day)
	if err != nil {
		return time.Time{}, false
	}
	m := monthNamed(month)
	in := func(year int) (time.Time, bool) {
		t := time.Date(year, m, d, 0, 0, 0, 0, time.UTC)
		return t, t.Month() == m && t.Day() == d
	}
	if year != "" {
		y, err := strconv.Atoi(year)
		if err != nil {
			return time.Time{}, false
		}
		return in(y)
	}
	// Eight years lie between the leap years around a century's end.
	for y := today.Year(); y <= today.Year()+8; y++ {
		if t, ok := in(y); ok && !t.Before(today) {
			return t, true
		}
	}
	return time.Time{}, false
}

// monthNamed returns the month that a number or a name in English, German or Italian means, or 0.
func monthNamed(name string) time.Month {
	if n, err := strconv.Atoi(name); err == nil {
		return time.Month(n)
	}
	for m, names := range []string{
		"jan january januar jänner gen gennaio", "feb february februar febbraio", "mar march mär märz maerz mrz marzo",
		"apr april aprile", "may mai mag maggio", "jun june juni giu giugno", "jul july juli lug luglio", "aug august ago agosto",
		"sep sept september set settembre", "oct october okt oktober ott ottobre", "nov november novembre",
		"dec december dez dezember dic dicembre",
	} {
		if slices.Contains(strings.Fields(names), name) {
			return time.Month(m + 1)
		}
	}
	return 0
}
