package calendar

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

const (
	grid      = 15 * time.Minute // free times begin on multiples of it after the start of work
	maxSlots  = 10
	maxSearch = 366 // days
)

// noSlots is the note for the model when a search finds nothing.
const noSlots = "There is no free time of this length within the working hours of these days."

// slot is a free time as the model reads it. The end of one of whole days is its last day.
type slot struct {
	Weekday   string `json:"weekday"`
	Start     string `json:"start"`
	End       string `json:"end"`
	FreeUntil string `json:"free_until,omitempty"`

	start, end, until time.Time
}

// workingHours says when events may be scheduled.
type workingHours struct {
	start, end time.Duration // clock time since midnight
	weekends   bool
	travel     time.Duration // between events in different places
}

// isWorkday reports whether the day of the time is one to schedule on.
func (h workingHours) isWorkday(t time.Time) bool {
	return h.weekends || t.Weekday() != time.Saturday && t.Weekday() != time.Sunday
}

// query asks for free times of a length that begin and end between two instants, within working hours.
type query struct {
	workingHours
	from, to time.Time
	length   time.Duration
	busy     []block
}

// hasWorkday reports whether the query's days are not all days of one weekend, for which the person asked then.
func (q query) hasWorkday() bool {
	for noon := range days(q.from, q.to.Add(-1)) {
		if q.isWorkday(noon) {
			return true
		}
	}
	return false
}

// each calls visit with every free time that begins on the grid, the earliest first.
func (q query) each(ctx context.Context, run *agent.Run, visit func(slot)) error {
	for noon := range days(q.from, q.to) {
		if !q.isWorkday(noon) {
			continue
		}
		open, closed := dates.ClockOn(noon, q.start), dates.ClockOn(noon, q.end)
		if err := run.WorkOnSort(ctx, int(closed.Sub(open)/grid)); err != nil {
			return err
		}
		if q.to.Before(closed) {
			closed = q.to
		}
		for start := open; !start.Add(q.length).After(closed); start = start.Add(grid) {
			until, free := freeUntil(q.busy, start, start.Add(q.length))
			if !free || start.Before(q.from) {
				continue
			}
			if until.IsZero() || closed.Before(until) {
				until = closed
			}
			visit(slot{start: start, end: start.Add(q.length), until: until})
		}
	}
	return nil
}

// days yields noon of every day from the one to the other, in the zone of the first. A day that the zone left out, to
// change sides of the date line, is not among them.
func days(from, to time.Time) func(yield func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		last := midday(to.In(from.Location()))
		year, month, day := from.Date()
		for n := 0; ; n++ {
			noon := time.Date(year, month, day+n, 12, 0, 0, 0, from.Location())
			if noon.After(last) {
				return
			}
			exists := noon.Day() == time.Date(year, month, day+n, 12, 0, 0, 0, time.UTC).Day()
			if exists && !yield(noon) {
				return
			}
		}
	}
}

// earliest returns the first free times that do not overlap, at most limit, and the number of all of them.
func (q query) earliest(ctx context.Context, run *agent.Run, limit int) (list []slot, total int, err error) {
	var last time.Time
	list = []slot{}
	err = q.each(ctx, run, func(s slot) {
		if s.start.Before(last) {
			return
		}
		last = s.end
		if total++; len(list) < limit {
			list = append(list, s.text())
		}
	})
	return list, total, err
}

// nearest returns the free times closest to an instant, except the one that begins then. They do not overlap.
func (q query) nearest(ctx context.Context, run *agent.Run, to time.Time, limit int) ([]slot, error) {
	var all []slot
	err := q.each(ctx, run, func(s slot) {
		if !s.start.Equal(to) {
			all = append(all, s)
		}
	})
	if err == nil {
		err = run.WorkOnSort(ctx, len(all))
	}
	if err != nil {
		return nil, err
	}
	chosen := chooseNearest(all, to, limit)
	for i, s := range chosen {
		s.until = s.end
		chosen[i] = s.text()
	}
	return chosen, nil
}

// nearestDays is nearest for an event that lasts all day: it returns days on which the working hours are free.
func (q query) nearestDays(ctx context.Context, run *agent.Run, to time.Time, limit int) ([]slot, error) {
	var all []slot
	count := int((q.length + 12*time.Hour) / (24 * time.Hour))
	for noon := range days(q.from, q.to.Add(-1)) {
		if err := run.Work(ctx, count); err != nil {
			return nil, err
		}
		s := slot{start: dates.StartOfDay(noon), end: dates.StartOfDay(noon.AddDate(0, 0, count))}
		free := q.isWorkday(noon) && !s.start.Equal(to) && !s.start.Before(q.from)
		for day := range count {
			at := noon.AddDate(0, 0, day)
			if free {
				_, free = freeUntil(q.busy, dates.ClockOn(at, q.start), dates.ClockOn(at, q.end))
			}
		}
		if free {
			s.Weekday, s.Start = noon.Weekday().String(), noon.Format(time.DateOnly)
			s.End = noon.AddDate(0, 0, count-1).Format(time.DateOnly)
			all = append(all, s)
		}
	}
	return chooseNearest(all, to, limit), nil
}

// chooseNearest returns the slots closest to an instant that do not overlap.
func chooseNearest(all []slot, to time.Time, limit int) []slot {
	slices.SortStableFunc(all, func(a, b slot) int {
		return cmp.Compare(a.start.Sub(to).Abs(), b.start.Sub(to).Abs())
	})
	chosen := []slot{}
	for _, s := range all {
		overlaps := slices.ContainsFunc(chosen, func(o slot) bool {
			return s.start.Before(o.end) && o.start.Before(s.end)
		})
		if !overlaps && len(chosen) < limit {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// text returns the slot with its times for the model.
func (s slot) text() slot {
	s.Weekday, s.Start, s.End = s.start.Weekday().String(), dates.Format(s.start), dates.Format(s.end)
	if s.until.After(s.end) {
		s.FreeUntil = dates.Format(s.until)
	}
	return s
}

// block is a time in which nothing can be scheduled.
type block struct{ from, to time.Time }

// blocks returns the times that the events take, the way to or from another place included. They are sorted and do not
// overlap.
func (h workingHours) blocks(ctx context.Context, run *agent.Run, events []span, place string,
	ignore func(span) bool) ([]block, error) {
	if err := run.WorkOnSort(ctx, len(events)); err != nil {
		return nil, err
	}
	var all []block
	for _, s := range events {
		if ignore(s) {
			continue
		}
		way := time.Duration(0)
		if !s.allDay && s.place != "" && place != "" && s.place != place {
			way = h.travel
		}
		all = append(all, block{s.start.Add(-way), s.end.Add(way)})
	}
	slices.SortFunc(all, func(a, b block) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	var merged []block
	for _, b := range all {
		if last := len(merged) - 1; last >= 0 && b.from.Before(merged[last].to) {
			if b.to.After(merged[last].to) {
				merged[last].to = b.to
			}
			continue
		}
		merged = append(merged, b)
	}
	return merged, nil
}

// freeUntil reports whether nothing blocks the time from start to end, and when the next block begins. It returns zero
// when there is none.
func freeUntil(blocks []block, start, end time.Time) (time.Time, bool) {
	i, _ := slices.BinarySearchFunc(blocks, start, func(b block, t time.Time) int {
		if b.to.After(t) {
			return 1
		}
		return -1
	})
	if i == len(blocks) {
		return time.Time{}, true
	}
	return blocks[i].from, !blocks[i].from.Before(end)
}
