package offline

import (
	"time"

	"github.com/adiuva/cloud-api/internal/dates"
)

// takeDue removes the due date from s and returns it as YYYY-MM-DD, or YYYY-MM-DDTHH:MM, or "" when there is none.
func takeDue(s string, today time.Time) (due, rest string) {
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

// period returns the first and last day, YYYY-MM-DD, of the period that s names; either may be "".
func period(s string, today time.Time) (from, to string) {
	first, last := dates.FindPeriod(s, today)
	return formatDay(first), formatDay(last)
}

func formatDay(day time.Time) string {
	if day.IsZero() {
		return ""
	}
	return day.Format(time.DateOnly)
}
