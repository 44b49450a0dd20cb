package calendar

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

type rescheduleInput struct {
	hoursInput
	Conflict struct {
		EventIDs []string `json:"event_ids,omitempty" desc:"Left out: the next conflict"`
		Move     string   `json:"move,omitempty" desc:"Id of the one to move; left out: the easier one"`
		Start    string   `json:"start,omitempty" desc:"If events share the id"`
	} `json:"conflict,omitempty"`
	Count *int `json:"count,omitempty" desc:"1 to 10; left out: 3"`
}

// searchDays is how many days to search for a new time, after the event's own day.
const searchDays = 14

func suggestReschedule(ctx context.Context, run *agent.Run, in rescheduleInput) (string, error) {
	h, err := in.workingHours()
	if err != nil {
		return "", err
	}
	list, err := eventSpans(ctx, run)
	if err != nil {
		return "", err
	}
	moving, err := in.eventToMove(ctx, run, list, h.travel)
	if err != nil {
		return "", err
	}
	out := struct {
		Event eventRow `json:"event"`
		Slots []slot   `json:"slots"`
		Note  string   `json:"note,omitempty"`
	}{Event: moving.row(run.Context)}
	if out.Slots, err = h.suggest(ctx, run, list.spans, moving, countOf(in.Count, defaultSlots)); err != nil {
		return "", err
	}
	if len(out.Slots) == 0 {
		out.Note = noSlots
	}
	return agent.JSON(out)
}

// defaultSlots is how many times are suggested unless the model asks for another number.
const defaultSlots = 3

// suggest returns the free times for the event that are nearest to its own, at most count.
func (h workingHours) suggest(ctx context.Context, run *agent.Run, events []span, moving span, count int) ([]slot,
	error) {
	q, err := h.queryFor(ctx, run, events, moving)
	if err != nil {
		return nil, err
	}
	if moving.allDay {
		return q.nearestDays(ctx, run, moving.start, count)
	}
	return q.nearest(ctx, run, moving.start, count)
}

// queryFor asks for another time for the event: on its day, or today when that has passed, and on the searchDays after
// it.
func (h workingHours) queryFor(ctx context.Context, run *agent.Run, events []span, moving span) (query, error) {
	c := run.Context
	first := dates.StartOfDay(moving.start)
	if first.Before(c.Now) {
		first = c.LocalNow()
	}
	q := query{workingHours: h, from: first, to: dates.StartOfDay(midday(first).AddDate(0, 0, searchDays+1)),
		length: moving.end.Sub(moving.start)}
	var err error
	q.busy, err = h.blocks(ctx, run, events, moving.place, func(s span) bool {
		return s.isSame(moving) || s.allDay && s.isBirthday()
	})
	return q, err
}

// eventToMove returns the event that needs another time: the one the model named, or the one of the next conflict
// that is easier to move.
func (in rescheduleInput) eventToMove(ctx context.Context, run *agent.Run, list spanList,
	travel time.Duration) (best span, err error) {
	ids := in.Conflict.EventIDs
	if in.Conflict.Move != "" {
		ids = []string{in.Conflict.Move}
	}
	if len(ids) == 0 {
		return nextToMove(ctx, run, list, travel)
	}
	for i, id := range ids {
		if err := run.Work(ctx, 1); err != nil {
			return span{}, err
		}
		one, err := list.find(run.Context, id, in.Conflict.Start, "conflict.start")
		if err != nil {
			return span{}, err
		}
		if i == 0 {
			best = one
			continue
		}
		best = easierToMove(best, one)
	}
	return best, nil
}

// nextToMove returns the easier one to move of the two events in the next conflict.
func nextToMove(ctx context.Context, run *agent.Run, list spanList, travel time.Duration) (span, error) {
	ahead := slices.DeleteFunc(slices.Clone(list.spans), func(s span) bool { return s.end.Before(run.Context.Now) })
	s, err := newSchedule(ctx, run, ahead, travel)
	if err != nil {
		return span{}, err
	}
	pairs := s.conflicts(1)
	if len(pairs) == 0 {
		return span{}, errors.New("no conflict lies ahead; name an event to move")
	}
	return easierToMove(ahead[pairs[0][0]], ahead[pairs[0][1]]), nil
}

// easierToMove returns the event with fewer attendees, or else the later one.
func easierToMove(a, b span) span {
	if cmp.Or(cmp.Compare(len(a.Attendees), len(b.Attendees)), b.start.Compare(a.start)) < 0 {
		return a
	}
	return b
}
