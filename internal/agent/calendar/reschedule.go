package calendar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	searchDays = 14               // days to search after the first one
	grid       = 15 * time.Minute // suggested times are multiples of it after the start of work
	maxSlots   = 10
)

type rescheduleInput struct {
	Conflict struct {
		EventIDs []string `json:"event_ids,omitempty" desc:"Ids of the two events; left out: the next conflict there is"`
		Move     string   `json:"move,omitempty" desc:"Id of the one to move; left out: the one with fewer attendees, then the later one"`
	} `json:"conflict,omitempty"`
	DayStart      string `json:"day_start,omitempty" desc:"HH:MM, when work begins; left out: 09:00"`
	DayEnd        string `json:"day_end,omitempty" desc:"HH:MM, when work ends; left out: 18:00"`
	Weekends      bool   `json:"weekends,omitempty" desc:"true: Saturdays and Sundays too"`
	TravelMinutes *int   `json:"travel_minutes,omitempty" desc:"Time needed between two different places; left out: 30"`
	Count         *int   `json:"count,omitempty" desc:"How many times to suggest, 1 to 10; left out: 3"`
}

type slot struct {
	Start   string `json:"start_local"`
	End     string `json:"end_local"`
	Weekday string `json:"weekday"`

	start, end time.Time
}

// workingHours says when events may be scheduled.
type workingHours struct {
	start, end time.Duration // clock time since midnight
	weekends   bool
	travel     time.Duration // between events in different places
}

func suggestReschedule(_ context.Context, run *agent.Run, in rescheduleInput) (string, error) {
	h, count, err := in.workingHours()
	if err != nil {
		return "", err
	}
	spans, _ := toSpans(run.Context, run.Context.Events)
	moving, err := in.eventToMove(run.Context, spans, h.travel)
	if err != nil {
		return "", err
	}
	out := struct {
		Event eventRow `json:"event"`
		Slots []slot   `json:"slots"`
		Note  string   `json:"note,omitempty"`
	}{Event: moving.row(run.Context), Slots: h.slots(run.Context, spans, moving, count)}
	if len(out.Slots) == 0 {
		out.Note = "There is no free time of this length within the working hours of these days."
	}
	return agent.JSON(out)
}

// workingHours returns the hours to search and the number of suggestions.
func (in rescheduleInput) workingHours() (workingHours, int, error) {
	h := workingHours{weekends: in.Weekends}
	count := 3
	var err error
	if h.travel, err = parseTravel(in.TravelMinutes); err != nil {
		return h, 0, err
	}
	if in.Count != nil {
		count = min(max(*in.Count, 1), maxSlots)
	}
	if h.start, err = parseClock(cmp.Or(in.DayStart, "09:00")); err != nil {
		return h, 0, fmt.Errorf("day_start: %w", err)
	}
	if h.end, err = parseClock(cmp.Or(in.DayEnd, "18:00")); err != nil {
		return h, 0, fmt.Errorf("day_end: %w", err)
	}
	if h.end <= h.start {
		return h, 0, errors.New("day_end must be after day_start")
	}
	return h, count, nil
}

func parseClock(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", strings.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%q is not a time of day; write HH:MM", agent.Truncate(text, 20))
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// eventToMove returns the event that needs another time: the one the model named, or the one of the next conflict
// that is easier to move.
func (in rescheduleInput) eventToMove(c agent.Context, spans []span, travel time.Duration) (span, error) {
	ids := in.Conflict.EventIDs
	if in.Conflict.Move != "" {
		ids = []string{in.Conflict.Move}
	}
	if len(ids) == 0 {
		ahead := slices.DeleteFunc(slices.Clone(spans), func(s span) bool { return s.end.Before(c.Now) })
		found, _ := findConflicts(c, ahead, travel)
		if len(found) == 0 {
			return span{}, errors.New("no conflict lies ahead; name an event to move")
		}
		return easierToMove(found[0].first, found[0].second), nil
	}
	var best *span
	for _, id := range ids {
		i := slices.IndexFunc(spans, func(s span) bool { return s.ID == id })
		if i < 0 {
			return span{}, fmt.Errorf("there is no event with id %q and readable times in this request",
				agent.Truncate(id, 80))
		}
		if best == nil {
			best = &spans[i]
		} else if s := easierToMove(*best, spans[i]); s.ID == id {
			best = &spans[i]
		}
	}
	return *best, nil
}

// easierToMove returns the event with fewer attendees, or else the later one.
func easierToMove(a, b span) span {
	if cmp.Or(cmp.Compare(len(a.Attendees), len(b.Attendees)), b.start.Compare(a.start)) < 0 {
		return a
	}
	return b
}

// slots returns up to count free times for the event that do not overlap, those nearest to its current start first.
// They are in the working hours of the event's day, or today when that has passed, and of the searchDays after it.
func (h workingHours) slots(c agent.Context, spans []span, moving span, count int) []slot {
	first := c.LocalNow()
	if moving.start.After(first) {
		first = moving.start
	}
	var all []slot
	for day := range searchDays + 1 {
		noon := time.Date(first.Year(), first.Month(), first.Day()+day, 12, 0, 0, 0, c.Zone())
		weekend := noon.Weekday() == time.Saturday || noon.Weekday() == time.Sunday
		if !weekend || h.weekends {
			all = append(all, h.freeSlots(c, spans, moving, noon)...)
		}
	}
	slices.SortStableFunc(all, func(a, b slot) int {
		return cmp.Compare(a.start.Sub(moving.start).Abs(), b.start.Sub(moving.start).Abs())
	})
	chosen := []slot{}
	for _, s := range all {
		overlaps := slices.ContainsFunc(chosen, func(o slot) bool {
			return s.start.Before(o.end) && o.start.Before(s.end)
		})
		if !overlaps && len(chosen) < count {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// freeSlots returns all free slots of the day that start on the grid.
func (h workingHours) freeSlots(c agent.Context, spans []span, moving span, noon time.Time) (list []slot) {
	at := func(d time.Duration) time.Time {
		hour, minute := int(d/time.Hour), int(d%time.Hour/time.Minute)
		return time.Date(noon.Year(), noon.Month(), noon.Day(), hour, minute, 0, 0, c.Zone())
	}
	length, end := moving.end.Sub(moving.start), at(h.end)
	var busy []span
	for _, s := range spans {
		if s.ID != moving.ID || s.ID == "" && s.Event.Start != moving.Event.Start {
			if s.start.Before(end.Add(h.travel)) && at(h.start).Before(s.end.Add(h.travel)) {
				busy = append(busy, s)
			}
		}
	}
	for start := at(h.start); !start.Add(length).After(end); start = start.Add(grid) {
		candidate := moving
		candidate.start, candidate.end = start, start.Add(length)
		if start.Before(c.Now) || start.Equal(moving.start) || !h.fits(candidate, busy) {
			continue
		}
		list = append(list, slot{Start: start.Format(time.RFC3339), End: candidate.end.Format(time.RFC3339),
			Weekday: start.Weekday().String(), start: start, end: candidate.end})
	}
	return list
}

// fits reports whether the candidate overlaps no other event and leaves time to travel.
func (h workingHours) fits(candidate span, busy []span) bool {
	return !slices.ContainsFunc(busy, func(s span) bool {
		if candidate.overlaps(s) {
			return true
		}
		tooClose := candidate.start.Before(s.end.Add(h.travel)) && s.start.Before(candidate.end.Add(h.travel))
		return tooClose && !s.allDay && candidate.needsTravel(s)
	})
}

type moveInput struct {
	ID    string `json:"id" desc:"Id of the event"`
	Start string `json:"start" desc:"YYYY-MM-DDTHH:MM in the person's time zone"`
	End   string `json:"end,omitempty" desc:"Left out: the event keeps its length"`
}

func moveEvent(_ context.Context, run *agent.Run, in moveInput) (string, error) {
	c := run.Context
	spans, _ := toSpans(c, c.Events)
	i := slices.IndexFunc(spans, func(s span) bool { return s.ID == in.ID })
	if i < 0 {
		return "", fmt.Errorf("there is no event with id %q and readable times in this request",
			agent.Truncate(in.ID, 80))
	}
	moved, err := in.apply(c, spans[i])
	if err != nil {
		return "", err
	}
	data := map[string]any{"id": in.ID, "start": moved.start.UnixMilli(), "end": moved.end.UnixMilli()}
	if err := run.Propose(action.UpdateRecord("events", data)); err != nil {
		return "", err
	}
	out := struct {
		Proposed eventRow `json:"proposed"`
		Overlaps []string `json:"still_overlaps,omitempty"`
	}{Proposed: moved.row(c)}
	for _, s := range spans {
		if s.ID != in.ID && !s.allDay && s.overlaps(moved) && len(out.Overlaps) < maxAttendees {
			out.Overlaps = append(out.Overlaps, agent.Truncate(s.Title, 200))
		}
	}
	return agent.JSON(out)
}

// apply returns the event at its new time.
func (in moveInput) apply(c agent.Context, old span) (span, error) {
	start, err := c.ParseDate(in.Start)
	if err != nil {
		return span{}, fmt.Errorf("start: %w", err)
	}
	moved := old
	moved.start, moved.end = start.Start, start.Start.Add(old.end.Sub(old.start))
	if in.End != "" {
		end, err := c.ParseDate(in.End)
		if err != nil {
			return span{}, fmt.Errorf("end: %w", err)
		}
		moved.end = end.Start
	}
	switch {
	case start.WholeDay && !moved.allDay:
		return span{}, errors.New("start: give a time of day")
	case moved.start.Before(c.Now):
		return span{}, errors.New("start: that time is past")
	case !moved.end.After(moved.start):
		return span{}, errors.New("end: it must be after start")
	}
	return moved, nil
}
