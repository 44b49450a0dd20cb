package offline

import (
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// cutDue cuts the due date from s. It returns the date as YYYY-MM-DD or YYYY-MM-DDTHH:MM, or "" when there is none.
func cutDue(s string, today time.Time) (due, rest string) {
	clock, at, timed := dates.FindClock(s)
	if timed {
		s = at.Cut(s)
	}
	day, at, ok := dates.FindDay(s, today)
	if ok {
		s = at.Cut(s)
	}
	switch {
	case timed && ok:
		return day.Add(clock).Format("2006-01-02T15:04"), s
	case timed:
		return today.Add(clock).Format("2006-01-02T15:04"), s
	case ok:
		return day.Format(time.DateOnly), s
	}
	return "", s
}

// period returns the first and last day, as YYYY-MM-DD, of the period that s names. Either may be "".
func period(s string, today time.Time) (from, to string) {
	first, last := dates.FindPeriod(s, today)
	return isoDay(first), isoDay(last)
}

func isoDay(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}
