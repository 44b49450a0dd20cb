package calendar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// defaultTravel is the time to get from one place to another, in minutes.
const defaultTravel = 30

type conflictsInput struct {
	Events        []eventInput `json:"events,omitempty" desc:"Left out or empty: the person's events"`
	TravelMinutes *int         `json:"travel_minutes,omitempty" desc:"Time needed between two different places; left out: 30"`
}

// eventInput is an event that the model refers to by id or describes itself.
type eventInput struct {
	ID        string   `json:"id,omitempty"`
	Title     string   `json:"title,omitempty"`
	Start     string   `json:"start,omitempty" desc:"YYYY-MM-DDTHH:MM in the person's time zone; left out with a known id: as stored"`
	End       string   `json:"end,omitempty"`
	Timezone  string   `json:"timezone,omitempty"`
	Attendees []string `json:"attendees,omitempty"`
	Location  string   `json:"location,omitempty"`
}

type conflict struct {
	Kind     string     `json:"kind"`
	Events   []eventRow `json:"events"`
	Overlap  *int       `json:"overlap_minutes,omitempty"`
	Gap      *int       `json:"gap_minutes,omitempty"`
	Needed   int        `json:"needed_minutes,omitempty"`
	Shared   []string   `json:"double_booked,omitempty"`
	DayLocal string     `json:"day"`

	first, second span
}

func detectConflicts(_ context.Context, run *agent.Run, in conflictsInput) (string, error) {
	travel, err := parseTravel(in.TravelMinutes)
	if err != nil {
		return "", err
	}
	events, err := selectEvents(run.Context, in.Events)
	if err != nil {
		return "", err
	}
	spans, bad := toSpans(run.Context, events)
	found, total := findConflicts(run.Context, spans, travel)
	return agent.JSON(struct {
		Checked   int        `json:"checked"`
		Total     int        `json:"total"`
		Conflicts []conflict `json:"conflicts"`
		Skipped   []skipped  `json:"skipped,omitempty"`
	}{len(spans), total, found, bad[:min(len(bad), maxListed)]})
}

func parseTravel(minutes *int) (time.Duration, error) {
	switch {
	case minutes == nil:
		return defaultTravel * time.Minute, nil
	case *minutes < 0 || *minutes > 24*60:
		return 0, fmt.Errorf("travel_minutes must be between 0 and 1440")
	}
	return time.Duration(*minutes) * time.Minute, nil
}

// findConflicts compares all pairs of spans that can conflict; the spans are sorted by start. It returns the first
// maxListed conflicts and the number of all.
func findConflicts(c agent.Context, spans []span, travel time.Duration) (found []conflict, total int) {
	found = []conflict{}
	for i, a := range spans {
		limit := a.end.Add(travel)
		for _, b := range spans[i+1:] {
			if !b.start.Before(limit) && !b.start.Equal(a.start) {
				break
			}
			kind := conflictKind(a, b, travel)
			if kind == "" {
				continue
			}
			if total++; len(found) < maxListed {
				found = append(found, newConflict(c, kind, a, b, travel))
			}
		}
	}
	return found, total
}

// conflictKind returns the kind of conflict between a and b, or ""; a must not start later than b. All-day events
// mark a date and do not block it, so they can only be duplicates.
func conflictKind(a, b span, travel time.Duration) string {
	same := a.start.Equal(b.start) && a.end.Equal(b.end)
	switch {
	case same && a.Title != "" && agent.Normalize(a.Title) == agent.Normalize(b.Title):
		return "duplicate"
	case a.allDay || b.allDay:
		return ""
	case a.overlaps(b):
		return "overlap"
	case !b.start.Before(a.end) && b.start.Sub(a.end) < travel && a.needsTravel(b):
		return "travel"
	}
	return ""
}

func newConflict(c agent.Context, kind string, a, b span, travel time.Duration) conflict {
	out := conflict{Kind: kind, Events: []eventRow{a.row(c), b.row(c)}, DayLocal: b.start.Format("2006-01-02 Monday"),
		first: a, second: b}
	if kind == "travel" {
		gap := int(b.start.Sub(a.end) / time.Minute)
		out.Gap = &gap
		out.Needed = int(travel / time.Minute)
		return out
	}
	end := a.end
	if b.end.Before(end) {
		end = b.end
	}
	minutes := int(end.Sub(b.start) / time.Minute)
	out.Overlap = &minutes
	out.Shared = sharedAttendees(a.Attendees, b.Attendees)
	return out
}

// sharedAttendees returns the attendees in both lists, as the first list spells them.
func sharedAttendees(a, b []string) []string {
	var both []string
	known := map[string]bool{}
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

// selectEvents returns the events that the model named, with what it left out taken from the request's event of that
// id, or all events of the request when it named none.
func selectEvents(c agent.Context, list []eventInput) ([]agent.Event, error) {
	if len(list) == 0 {
		return c.Events, nil
	}
	events := make([]agent.Event, 0, len(list))
	for i, g := range list {
		e, ok := c.Event(g.ID)
		if !ok {
			e = agent.Event{ID: g.ID, Title: g.Title, Timezone: g.Timezone, Attendees: g.Attendees,
				Location: g.Location}
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
	date, err := c.ParseDate(text)
	if err != nil {
		return err
	}
	*ms = date.Start.UnixMilli()
	return nil
}
