package calendar

import (
	"cmp"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

const (
	searchDays = 14               // days to search after the first one
	grid       = 15 * time.Minute // suggested times are multiples of it after the start of work
	maxSlots   = 10
)

type slot struct {
	Weekday string `json:"weekday"`
	Start   string `json:"start"`
	End     string `json:"end"`

	start, end time.Time
}

// workingHours says when events may be scheduled.
type workingHours struct {
	start, end time.Duration // clock time since midnight
	weekends   bool
	travel     time.Duration // between events in different places
}

// slots returns up to count free times for the event that do not overlap, those nearest to its current start first.
// They are in the working hours of the event's day, or today when that has passed, and of the searchDays after it.
func (h workingHours) slots(c agent.Context, spans []span, moving span, count int) []slot {
	first := c.LocalNow()
	if moving.start.After(first) {
		first = moving.start
	}
	busy := h.blocks(spans, moving)
	var all []slot
	for day := range searchDays + 1 {
		noon := time.Date(first.Year(), first.Month(), first.Day()+day, 12, 0, 0, 0, c.Zone())
		weekend := noon.Weekday() == time.Saturday || noon.Weekday() == time.Sunday
		if !weekend || h.weekends {
			all = append(all, h.freeSlots(c, busy, moving, noon)...)
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

// block is a time in which the event that moves cannot take place.
type block struct{ from, to time.Time }

// blocks returns the times that the other events take, the way to or from another place included. They are sorted and
// do not overlap.
func (h workingHours) blocks(spans []span, moving span) (merged []block) {
	var all []block
	for _, s := range spans {
		if s.ID == moving.ID && (s.ID != "" || s.Event.Start == moving.Event.Start) {
			continue
		}
		way := time.Duration(0)
		if !s.allDay && moving.needsTravel(s) {
			way = h.travel
		}
		all = append(all, block{s.start.Add(-way), s.end.Add(way)})
	}
	slices.SortFunc(all, func(a, b block) int { return cmp.Or(a.from.Compare(b.from), a.to.Compare(b.to)) })
	for _, b := range all {
		if last := len(merged) - 1; last >= 0 && b.from.Before(merged[last].to) {
			if b.to.After(merged[last].to) {
				merged[last].to = b.to
			}
			continue
		}
		merged = append(merged, b)
	}
	return merged
}

// isFree reports whether nothing blocks the time from start to end.
func isFree(blocks []block, start, end time.Time) bool {
	i, _ := slices.BinarySearchFunc(blocks, start, func(b block, t time.Time) int {
		if b.to.After(t) {
			return 1
		}
		return -1
	})
	return i == len(blocks) || !blocks[i].from.Before(end)
}

// freeSlots returns all free slots of the day that start on the grid.
func (h workingHours) freeSlots(c agent.Context, busy []block, moving span, noon time.Time) (list []slot) {
	at := func(d time.Duration) time.Time {
		hour, minute := int(d/time.Hour), int(d%time.Hour/time.Minute)
		return time.Date(noon.Year(), noon.Month(), noon.Day(), hour, minute, 0, 0, c.Zone())
	}
	length, last := moving.end.Sub(moving.start), at(h.end)
	for start := at(h.start); !start.Add(length).After(last); start = start.Add(grid) {
		end := start.Add(length)
		if start.Before(c.Now) || start.Equal(moving.start) || !isFree(busy, start, end) {
			continue
		}
		list = append(list, slot{Start: dates.Format(start), End: dates.Format(end),
			Weekday: start.Weekday().String(), start: start, end: end})
	}
	return list
}
