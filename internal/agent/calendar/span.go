package calendar

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// span is an event with valid times: start inclusive, end exclusive, in the caller's zone.
type span struct {
	agent.Event
	start, end time.Time
	allDay     bool
	number     int            // of the event in the list that it came from
	zone       *time.Location // the event's own, or the caller's
	title      string         // normalized, to compare
	place      string         // normalized, or "" for an event that can be attended from anywhere
}

// spanList has spans sorted by start, end and id, and separately the events without valid times.
type spanList struct {
	spans   []span
	skipped []skipped
	byID    map[string][]int // the indexes of the spans with that id, in order
}

// skipped is an event without valid times.
type skipped struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
	Why   string `json:"why"`
}

// eventSpans returns all events of the request as spans. Callers must not change them.
func eventSpans(ctx context.Context, run *agent.Run) (spanList, error) {
	return agent.Once(run, "calendar.spans", func() (spanList, error) {
		return toSpans(ctx, run, run.Context.Events)
	})
}

// toSpans returns the events as spans.
func toSpans(ctx context.Context, run *agent.Run, events []agent.Event) (spanList, error) {
	if err := run.WorkOnSort(ctx, len(events)); err != nil {
		return spanList{}, err
	}
	list := spanList{byID: make(map[string][]int, len(events))}
	zones := zoneCache{}
	for i, e := range events {
		if e.AllDay && e.End == 0 {
			e.End = e.Start
		}
		if err := run.Work(ctx, 1+len(e.Attendees)+(len(e.Title)+len(e.Location))/16); err != nil {
			return spanList{}, err
		}
		if why := invalidReason(e); why != "" {
			list.skipped = append(list.skipped,
				skipped{agent.Truncate(e.ID, maxName), agent.Truncate(e.Title, maxName), why})
			continue
		}
		s := toSpan(run.Context, zones.of(run.Context, e), e)
		s.number = i
		list.spans = append(list.spans, s)
	}
	slices.SortStableFunc(list.spans, func(a, b span) int {
		return cmp.Or(a.start.Compare(b.start), a.end.Compare(b.end), cmp.Compare(a.ID, b.ID))
	})
	for i, s := range list.spans {
		list.byID[s.ID] = append(list.byID[s.ID], i)
	}
	return list, nil
}

// invalidReason says what is wrong with the times of an event, or returns "".
func invalidReason(e agent.Event) string {
	switch {
	case e.Start == 0 || e.End == 0 || max(e.Start, e.End) > action.MaxMillis ||
		min(e.Start, e.End) < -action.MaxMillis:
		return "start or end is missing or out of range"
	case e.End < e.Start:
		return "ends before it starts"
	}
	return ""
}

// toSpan returns the event as a span.
func toSpan(c agent.Context, zone *time.Location, e agent.Event) span {
	start, end := time.UnixMilli(e.Start), time.UnixMilli(e.End)
	s := span{Event: e, start: start.In(c.Zone()), end: end.In(c.Zone()), zone: zone,
		title: agent.Normalize(e.Title), place: placeOf(e)}
	if first, last, ok := daysOf(e, start, end, zone, c.Zone()); ok {
		s.allDay = true
		s.start = dates.Day(first, c.Zone()).Start
		s.end = dates.Day(last, c.Zone()).Start
	}
	return s
}

// daysOf returns the first day of an event that lasts all day and the day after its last one, or false for any other
// event. Such an event means the same calendar days everywhere. It is from midnight to midnight, of its own zone, the
// caller's or UTC: Microsoft Graph writes the latter for a calendar in any zone, and names UTC as the zone of others.
// One that says that it lasts all day may have any times, which are then read in its own zone.
func daysOf(e agent.Event, start, end time.Time, zone, callers *time.Location) (first, last time.Time, ok bool) {
	zones := []*time.Location{zone, callers, time.UTC}
	for _, z := range zones {
		first, last = start.In(z), end.In(z)
		switch midnights := isMidnight(first) && isMidnight(last); {
		case midnights && first.Before(last):
			return first, last, true
		case midnights && e.AllDay:
			return first, midday(first).AddDate(0, 0, 1), true
		}
	}
	if !e.AllDay {
		return first, last, false
	}
	first = start.In(zone)
	if i := slices.IndexFunc(zones, func(z *time.Location) bool { return isMidnight(start.In(z)) }); i >= 0 {
		first = start.In(zones[i])
	}
	// Clocks that change make a day an hour longer.
	days := max(1, int((end.Sub(start)+22*time.Hour-1)/(24*time.Hour)))
	return first, midday(first).AddDate(0, 0, days), true
}

func isMidnight(t time.Time) bool { return t.Equal(dates.StartOfDay(t)) }

// midday returns noon of t's day, which exists on every day in every zone.
func midday(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, t.Location())
}

// maxZones limits the time zones that the events of one list are read in. Loading one reads files.
const maxZones = 100

// zoneCache has the zones of a list of events by name.
type zoneCache map[string]*time.Location

// of returns the event's zone, or the caller's when the event has none that is known.
func (zones zoneCache) of(c agent.Context, e agent.Event) *time.Location {
	name := dates.ZoneName(strings.TrimSpace(e.Timezone))
	if name == "" {
		return c.Zone()
	}
	zone, ok := zones[name]
	if !ok && len(zones) < maxZones {
		if loaded, err := dates.LoadZone(name); err == nil {
			zone = loaded
		}
		zones[name] = zone
	}
	return cmp.Or(zone, c.Zone())
}

// placeOf returns where the event takes place, or "" for one that can be attended from anywhere.
func placeOf(e agent.Event) string {
	place := agent.Normalize(e.Location)
	if strings.Contains(place, "://") || strings.HasPrefix(place, "tel:") || strings.HasPrefix(place, "www.") {
		return ""
	}
	words := strings.FieldsFunc(place, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, word := range []string{"zoom", "meet", "teams", "webex", "skype", "facetime", "online", "remote", "virtual",
		"phone", "call", "telefon", "telefono", "video"} {
		if slices.Contains(words, word) {
			return ""
		}
	}
	return place
}

// needsTravel reports whether the two events are in different places.
func (s span) needsTravel(t span) bool {
	return s.place != "" && t.place != "" && s.place != t.place
}

func (s span) overlaps(t span) bool { return s.start.Before(t.end) && t.start.Before(s.end) }
