package workspace

import (
	"errors"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// defaultEvent is how long an event lasts that was given no end.
const defaultEvent = time.Hour

var errEndsFirst = errors.New("the event ends before it starts")

// newTimes converts the start and the end that values read for a new event. A day without a time of day makes an event
// that lasts all day, to the end of the day on which it ends.
func newTimes(data map[string]any) error {
	start, ok := data["start"].(dates.Date)
	if !ok {
		return errors.New("events needs start")
	}
	end, hasEnd := data["end"].(dates.Date)
	allDay, _ := data["allDay"].(bool)
	if allDay || start.WholeDay && (!hasEnd || end.WholeDay) {
		data["allDay"], allDay = true, true
		start.Start = dates.StartOfDay(start.Start)
	}
	switch {
	case !hasEnd && allDay:
		end.Start = nextDay(start.Start, 1)
	case !hasEnd:
		end.Start = start.Start.Add(defaultEvent)
	case end.WholeDay, allDay && !end.Start.Equal(dates.StartOfDay(end.Start)):
		end.Start = nextDay(end.Start, 1)
	}
	return setTimes(data, start.Start, end.Start)
}

// movedTimes converts the start and the end that values read for a change of an event. An event that gets a new start
// alone keeps its length: in days when it lasts all day. One without an end gets the length of a new event. One that
// gets a new day alone keeps its time of day.
func movedTimes(c agent.Context, e agent.Event, data map[string]any) error {
	start, hasStart := data["start"].(dates.Date)
	end, hasEnd := data["end"].(dates.Date)
	if !hasStart && !hasEnd {
		return nil
	}
	oldStart, oldEnd := time.UnixMilli(e.Start).In(c.Zone()), time.UnixMilli(e.End).In(c.Zone())
	from, to := oldStart, oldEnd
	allDay := lastsAllDay(e, oldStart, oldEnd)
	if asked, ok := data["allDay"].(bool); ok {
		allDay = asked
	}
	if hasStart {
		from = start.Start
		if start.WholeDay && !allDay && e.Start != 0 {
			from = atClock(from, oldStart)
		}
		switch {
		case allDay:
			to = nextDay(from, max(1, daysBetween(oldStart, oldEnd)))
		case e.End <= e.Start: // it had no end
			to = from.Add(defaultEvent)
		default:
			to = from.Add(oldEnd.Sub(oldStart))
		}
	}
	if hasEnd {
		to = end.Start
		switch {
		case end.WholeDay && allDay:
			to = nextDay(to, 1)
		case end.WholeDay:
			to = atClock(to, oldEnd)
		}
	}
	return setTimes(data, from, to)
}

// setTimes sets the columns of an event that were converted.
func setTimes(data map[string]any, start, end time.Time) error {
	if !end.After(start) {
		return errEndsFirst
	}
	data["start"], data["end"] = start.UnixMilli(), end.UnixMilli()
	return nil
}

// lastsAllDay reports whether an event is marked so, or lasts from midnight to midnight.
func lastsAllDay(e agent.Event, start, end time.Time) bool {
	return e.AllDay || end.After(start) && start.Equal(dates.StartOfDay(start)) && end.Equal(dates.StartOfDay(end))
}

// nextDay returns the first instant of the day that is some days after t's.
func nextDay(t time.Time, days int) time.Time {
	return dates.StartOfDay(time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, t.Location()))
}

// daysBetween returns how many calendar days b's day is after a's.
func daysBetween(a, b time.Time) int {
	noon := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC) }
	return int(noon(b).Sub(noon(a)) / (24 * time.Hour))
}

// atClock returns the time on day's date that clocks show as they do at clock.
func atClock(day, clock time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), clock.Second(), 0,
		day.Location())
}
