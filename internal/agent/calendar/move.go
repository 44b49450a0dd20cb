package calendar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

type moveInput struct {
	ID       string `json:"id"`
	Start    string `json:"start" desc:"New start; of an all-day event the day"`
	End      string `json:"end,omitempty" desc:"Left out: it keeps its length"`
	OldStart string `json:"old_start,omitempty" desc:"If events share the id"`
}

func moveEvent(ctx context.Context, run *agent.Run, in moveInput) (string, error) {
	c := run.Context
	list, err := eventSpans(ctx, run)
	if err == nil {
		err = run.Work(ctx, len(list.spans))
	}
	if err != nil {
		return "", err
	}
	old, err := list.find(c, in.ID, in.OldStart, "old_start")
	if err != nil {
		return "", err
	}
	moved, err := in.apply(c, old)
	if err != nil {
		return "", err
	}
	if err := run.Propose(action.UpdateRecord("events", moved.times(old, list.isShared(in.ID)))); err != nil {
		return "", err
	}
	out := struct {
		Proposed eventRow `json:"proposed"`
		Overlaps []string `json:"still_overlaps,omitempty"`
	}{Proposed: moved.row(c)}
	for _, s := range list.spans {
		overlaps := !moved.allDay && !s.allDay && s.overlaps(moved)
		if overlaps && !s.isSame(old) && len(out.Overlaps) < maxAttendees {
			out.Overlaps = append(out.Overlaps, agent.Truncate(s.Title, maxName))
		}
	}
	return agent.JSON(out)
}

// times returns the columns of an event that moved: those of its row. When other rows share its id, originalStart is
// the start that its row has.
func (s span) times(old span, shared bool) map[string]any {
	data := map[string]any{"id": s.ID, "start": s.millis(s.start), "end": s.millis(s.end)}
	if shared {
		data["originalStart"] = old.Event.Start
	}
	return data
}

// millis returns a time of the event, in the caller's zone, as its row has it: a day is a midnight of UTC, of the
// event's zone or of the caller's, as the start of the row is.
func (s span) millis(t time.Time) int64 {
	if !s.allDay {
		return t.UnixMilli()
	}
	for _, zone := range []*time.Location{time.UTC, s.zone, t.Location()} {
		if isMidnight(time.UnixMilli(s.Event.Start).In(zone)) {
			return dates.Day(t, zone).Start.UnixMilli()
		}
	}
	return dates.Day(t, s.zone).Start.UnixMilli()
}

// apply returns the event at its new time.
func (in moveInput) apply(c agent.Context, old span) (span, error) {
	start, err := c.ParseDate(in.Start)
	if err != nil {
		return span{}, fmt.Errorf("start: %w", err)
	}
	end := dates.Date{}
	if in.End != "" {
		if end, err = c.ParseDate(in.End); err != nil {
			return span{}, fmt.Errorf("end: %w", err)
		}
	}
	moved := old
	switch {
	case old.allDay:
		moved.start, moved.end = old.daysFrom(start.Start, end.Start)
	case start.WholeDay:
		return span{}, errors.New("start: give a time of day")
	case in.End == "":
		moved.start, moved.end = start.Start, start.Start.Add(old.end.Sub(old.start))
	case end.WholeDay:
		return span{}, errors.New("end: give a time of day")
	default:
		moved.start, moved.end = start.Start, end.Start
	}
	earliest := c.Now
	if moved.allDay {
		earliest = dates.StartOfDay(c.LocalNow())
	}
	switch {
	case moved.start.Before(earliest):
		return span{}, errors.New("start: that time is past")
	case moved.end.Before(moved.start), in.End != "" && moved.end.Equal(moved.start):
		return span{}, errors.New("end: it must be after start")
	}
	return moved, nil
}

// daysFrom returns when the first day begins and the last one ends of an event that lasts all day, after it moved to
// the days of two times. It keeps its number of days when last is zero.
func (s span) daysFrom(first, last time.Time) (start, end time.Time) {
	start = dates.StartOfDay(first)
	after := midday(first).AddDate(0, 0, s.days())
	if !last.IsZero() {
		after = midday(last).AddDate(0, 0, 1)
	}
	return start, dates.StartOfDay(after)
}
