package calendar

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

// defaultTravel is the time to get from one place to another, in minutes.
const defaultTravel = 30

type conflictsInput struct {
	Events        []eventInput `json:"events,omitempty" desc:"Left out: the person's"`
	TravelMinutes *int         `json:"travel_minutes,omitempty" desc:"Between two places; left out: 30"`
}

// eventInput is an event that the model refers to by id or describes itself.
type eventInput struct {
	ID        string   `json:"id,omitempty"`
	Title     string   `json:"title,omitempty"`
	Start     string   `json:"start,omitempty" desc:"Left out with a known id: as stored"`
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
}

func detectConflicts(ctx context.Context, run *agent.Run, in conflictsInput) (string, error) {
	travel, err := parseTravel(in.TravelMinutes)
	if err != nil {
		return "", err
	}
	list, err := selectSpans(ctx, run, in.Events)
	if err != nil {
		return "", err
	}
	s, err := newSchedule(ctx, run, list.spans, travel)
	if err != nil {
		return "", err
	}
	found := []conflict{}
	attendees := attendeeSets{}
	for _, pair := range s.conflicts(maxListed) {
		found = append(found, newConflict(run.Context, attendees, list.spans[pair[0]], list.spans[pair[1]], travel))
	}
	return agent.JSON(struct {
		Checked   int        `json:"checked"`
		Total     int        `json:"total"`
		Conflicts []conflict `json:"conflicts"`
		Skipped   []skipped  `json:"skipped,omitempty"`
	}{len(list.spans), s.total(), found, list.skipped[:min(len(list.skipped), maxListed)]})
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

// conflictKind returns the kind of a conflict between a and b, which are in conflict and in order.
func conflictKind(a, b span) string {
	switch {
	case a.start.Equal(b.start) && a.end.Equal(b.end) && a.title != "" && a.title == b.title:
		return "duplicate"
	case a.overlaps(b):
		return "overlap"
	}
	return "travel"
}

func newConflict(c agent.Context, attendees attendeeSets, a, b span, travel time.Duration) conflict {
	out := conflict{Kind: conflictKind(a, b), Events: []eventRow{a.row(c), b.row(c)},
		DayLocal: b.start.Format("2006-01-02 Monday")}
	if out.Kind == "travel" {
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
	out.Shared = attendees.shared(a, b)
	return out
}

// attendeeSets has the attendees of spans, by the normalized name, with the position of each name in its list. One
// event may be in many conflicts and have thousands of attendees, so each list is read once.
type attendeeSets map[int]map[string]int

func (sets attendeeSets) of(s span) map[string]int {
	set, ok := sets[s.number]
	if !ok {
		set = make(map[string]int, len(s.Attendees))
		for i, name := range s.Attendees {
			key := agent.Normalize(name)
			if _, known := set[key]; !known && key != "" {
				set[key] = i
			}
		}
		sets[s.number] = set
	}
	return set
}

// shared returns the first attendees in both lists, as the first list spells them and in its order.
func (sets attendeeSets) shared(a, b span) []string {
	first, second := sets.of(a), sets.of(b)
	smaller := first
	if len(second) < len(first) {
		smaller = second
	}
	var positions []int
	for key := range smaller {
		at, inFirst := first[key]
		if _, inSecond := second[key]; inFirst && inSecond {
			positions = append(positions, at)
		}
	}
	slices.Sort(positions)
	var both []string
	for _, at := range positions[:min(len(positions), maxAttendees)] {
		both = append(both, agent.Truncate(a.Attendees[at], maxName))
	}
	return both
}

// selectSpans returns the events that the model named, with what it left out taken from the request's event of that
// id, or all events of the request when it named none.
func selectSpans(ctx context.Context, run *agent.Run, list []eventInput) (spanList, error) {
	all, err := eventSpans(ctx, run)
	if err != nil || len(list) == 0 {
		return all, err
	}
	events := make([]agent.Event, 0, len(list))
	var unknown []skipped
	for i, g := range list {
		if err := run.Work(ctx, 1); err != nil {
			return spanList{}, err
		}
		if _, known := run.Event(g.ID); !known && g.Start == "" {
			unknown = append(unknown, skipped{agent.Truncate(g.ID, maxName), agent.Truncate(g.Title, maxName),
				"no event of this request has this id, and no start is given"})
			continue
		}
		e, err := g.event(run, all)
		if err != nil {
			return spanList{}, fmt.Errorf("events[%d]: %w", i, err)
		}
		events = append(events, e)
	}
	named, err := toSpans(ctx, run, events)
	named.skipped = append(unknown, named.skipped...)
	return named, err
}

// event returns the event that the model described. The start of a known event says where it would be; when others
// share its id, it says which one is meant.
func (g eventInput) event(run *agent.Run, all spanList) (agent.Event, error) {
	e, known := run.Event(g.ID)
	if all.isShared(g.ID) {
		s, err := all.find(run.Context, g.ID, g.Start, "start")
		if err != nil {
			return e, err
		}
		e, g.Start = s.Event, ""
	}
	if !known {
		e = agent.Event{ID: g.ID, Title: g.Title, Timezone: g.Timezone, Attendees: g.Attendees, Location: g.Location}
	}
	timed := known && len(all.byID[g.ID]) > 0 && !all.spans[all.byID[g.ID][0]].allDay
	length := e.End - e.Start
	if err := g.setStart(run.Context, &e); err != nil {
		return e, err
	}
	if timed && e.AllDay {
		return e, errors.New("start: give a time of day")
	}
	if g.End == "" {
		if known && g.Start != "" {
			e.End = e.Start + length
		}
		return e, nil
	}
	end, err := run.Context.ParseDate(g.End)
	if err != nil {
		return e, err
	}
	if e.End = end.Start.UnixMilli(); end.WholeDay { // the last day
		e.End = end.End().UnixMilli() + 1
	}
	return e, nil
}

// setStart sets the event's start, if the model gave one. A day alone means the whole day.
func (g eventInput) setStart(c agent.Context, e *agent.Event) error {
	if g.Start == "" {
		return nil
	}
	start, err := c.ParseDate(g.Start)
	if err != nil {
		return err
	}
	e.Start, e.AllDay = start.Start.UnixMilli(), start.WholeDay
	if e.AllDay {
		e.Timezone = "" // a day in the caller's zone
	}
	return nil
}
