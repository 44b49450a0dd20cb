package calendar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// travelMinutes is the time to get from one place to another when the person names none.
const travelMinutes = 30

type detection struct {
	Events        []given `json:"events,omitempty" desc:"Left out or empty: the person's events"`
	TravelMinutes *int    `json:"travel_minutes,omitempty" desc:"Time needed between two different places; left out: 30"`
}

// given is an event that the model wrote out itself.
type given struct {
	ID        string   `json:"id,omitempty"`
	Title     string   `json:"title,omitempty"`
	Start     string   `json:"start,omitempty" desc:"YYYY-MM-DDTHH:MM in the person's time zone; left out with a known id: as stored"`
	End       string   `json:"end,omitempty"`
	Timezone  string   `json:"timezone,omitempty"`
	Attendees []string `json:"attendees,omitempty"`
	Location  string   `json:"location,omitempty"`
}

type conflict struct {
	Kind     string   `json:"kind"`
	Events   []row    `json:"events"`
	Overlap  *int     `json:"overlap_minutes,omitempty"`
	Gap      *int     `json:"gap_minutes,omitempty"`
	Needed   int      `json:"needed_minutes,omitempty"`
	Doubly   []string `json:"double_booked,omitempty"`
	DayLocal string   `json:"day"`

	first, second span
}

func detect(_ context.Context, run *agent.Run, in detection) (string, error) {
	travel, err := travelOf(in.TravelMinutes)
	if err != nil {
		return "", err
	}
	events, err := eventsOf(run.Context, in.Events)
	if err != nil {
		return "", err
	}
	spans, bad := spansOf(run.Context, events)
	found, total := conflictsOf(run.Context, spans, travel)
	return agent.JSON(struct {
		Checked   int        `json:"checked"`
		Total     int        `json:"total"`
		Conflicts []conflict `json:"conflicts"`
		Skipped   []skipped  `json:"skipped,omitempty"`
	}{len(spans), total, found, bad[:min(len(bad), maxListed)]})
}

func travelOf(minutes *int) (time.Duration, error) {
	switch {
	case minutes == nil:
		return travelMinutes * time.Minute, nil
	case *minutes < 0 || *minutes > 24*60:
		return 0, fmt.Errorf("travel_minutes must be between 0 and 1440")
	}
	return time.Duration(*minutes) * time.Minute, nil
}

// conflictsOf compares every pair of spans, which are in order of start, that can touch. It returns the first maxListed
// conflicts and how many there are.
func conflictsOf(c agent.Context, spans []span, travel time.Duration) (found []conflict, total int) {
	found = []conflict{}
	for i, a := range spans {
		limit := a.end.Add(travel)
		for _, b := range spans[i+1:] {
			if !b.start.Before(limit) && !b.start.Equal(a.start) {
				break
			}
			kind := kindOf(a, b, travel)
			if kind == "" {
				continue
			}
			if total++; len(found) < maxListed {
				found = append(found, conflictOf(c, kind, a, b, travel))
			}
		}
	}
	return found, total
}

// kindOf names what is wrong between a and b, of which a starts no later. Whole days mark a date rather than block it:
// they only ever duplicate each other.
func kindOf(a, b span, travel time.Duration) string {
	same := a.start.Equal(b.start) && a.end.Equal(b.end)
	switch {
	case same && a.Title != "" && agent.Normalize(a.Title) == agent.Normalize(b.Title):
		return "duplicate"
	case a.allDay || b.allDay:
		return ""
	case a.overlaps(b):
		return "overlap"
	case !b.start.Before(a.end) && b.start.Sub(a.end) < travel && a.apart(b):
		return "travel"
	}
	return ""
}

func conflictOf(c agent.Context, kind string, a, b span, travel time.Duration) conflict {
	out := conflict{Kind: kind, Events: []row{a.row(c), b.row(c)}, DayLocal: b.start.Format("2006-01-02 Monday"), first: a, second: b}
	if kind == "travel" {
		gap := int(b.start.Sub(a.end) / time.Minute)
		out.Gap, out.Needed = &gap, int(travel/time.Minute)
		return out
	}
	end := a.end
	if b.end.Before(end) {
		end = b.end
	}
	minutes := int(end.Sub(b.start) / time.Minute)
	out.Overlap, out.Doubly = &minutes, shared(a.Attendees, b.Attendees)
	return out
}

// shared returns the attendees of both lists, as the first writes them.
func shared(a, b []string) []string {
	known, both := map[string]bool{}, []string(nil)
	for _, name := range b {
		known[agent.Normalize(name)] = true
	}
	for _, name := range a {
		if key := agent.Normalize(name); key != "" && known[key] && len(both) < maxAttendees {
			delete(known, key)
			both = append(both, name)
		}
	}
	return both
}

// eventsOf returns the events a model gave, filled up from the request's rows of the same id, or all rows when it gave
// none.
func eventsOf(c agent.Context, list []given) ([]agent.Event, error) {
	if len(list) == 0 {
		return c.Events, nil
	}
	events := make([]agent.Event, 0, len(list))
	for i, g := range list {
		e, ok := c.Event(g.ID)
		if !ok {
			e = agent.Event{ID: g.ID, Title: g.Title, Timezone: g.Timezone, Attendees: g.Attendees, Location: g.Location}
		}
		if err := errors.Join(setTime(c, &e.Start, g.Start), setTime(c, &e.End, g.End)); err != nil {
			return nil, fmt.Errorf("events[%d]: %w", i, err)
		}
		events = append(events, e)
	}
	return events, nil
}

func setTime(c agent.Context, ms *int64, text string) error {
	if text == "" {
		return nil
	}
	m, err := c.ParseDate(text)
	if err != nil {
		return err
	}
	*ms = m.Start.UnixMilli()
	return nil
}
