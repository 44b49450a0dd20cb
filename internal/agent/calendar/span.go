package calendar

import (
	"cmp"
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
}

// skipped is an event without valid times.
type skipped struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
	Why   string `json:"why"`
}

// toSpans returns the events sorted by start, end and id, and separately those without valid times.
func toSpans(c agent.Context, events []agent.Event) (spans []span, bad []skipped) {
	for _, e := range events {
		if why := invalidReason(e); why != "" {
			bad = append(bad, skipped{e.ID, agent.Truncate(e.Title, 200), why})
			continue
		}
		spans = append(spans, toSpan(c, e))
	}
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(a.start.Compare(b.start), a.end.Compare(b.end), cmp.Compare(a.ID, b.ID))
	})
	return spans, bad
}

// invalidReason says what is wrong with the times of an event, or returns "".
func invalidReason(e agent.Event) string {
	switch {
	case e.Start == 0 || e.End == 0:
		return "start or end is missing"
	case max(e.Start, e.End) > action.MaxMillis || min(e.Start, e.End) < -action.MaxMillis:
		return "start or end is out of range"
	case e.End < e.Start:
		return "ends before it starts"
	}
	return ""
}

// toSpan returns the event as a span. One from midnight to midnight in its own zone lasts all day. Without a zone of
// its own, midnights in UTC are floating dates, which mean the caller's days.
func toSpan(c agent.Context, e agent.Event) span {
	start, end := time.UnixMilli(e.Start), time.UnixMilli(e.End)
	s := span{Event: e, start: start.In(c.Zone()), end: end.In(c.Zone())}
	zone := zoneOf(c, e)
	switch {
	case !end.After(start):
	case isMidnight(start.In(zone)) && isMidnight(end.In(zone)):
		s.allDay = true
	case e.Timezone == "" && isMidnight(start.UTC()) && isMidnight(end.UTC()):
		s.start = startOfDayIn(c.Zone(), start.UTC())
		s.end = startOfDayIn(c.Zone(), end.UTC())
		s.allDay = true
	}
	return s
}

func isMidnight(t time.Time) bool { return t.Equal(dates.StartOfDay(t)) }

// startOfDayIn returns the first instant in zone of t's calendar day.
func startOfDayIn(zone *time.Location, t time.Time) time.Time {
	return dates.StartOfDay(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, zone))
}

// zoneOf returns the event's zone, or the caller's when the event has none that is known.
func zoneOf(c agent.Context, e agent.Event) *time.Location {
	if name := strings.TrimSpace(e.Timezone); name != "" && name != "Local" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return c.Zone()
}

func (s span) minutes() int { return int(s.end.Sub(s.start) / time.Minute) }

// place returns where the event takes place, or "" for one that can be attended from anywhere.
func (s span) place() string {
	place := agent.Normalize(s.Location)
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
	a, b := s.place(), t.place()
	return a != "" && b != "" && a != b
}

func (s span) overlaps(t span) bool { return s.start.Before(t.end) && t.start.Before(s.end) }

// eventRow is an event as the model reads it.
type eventRow struct {
	ID        string   `json:"id,omitempty"`
	Title     string   `json:"title"`
	Start     string   `json:"start_local"`
	End       string   `json:"end_local"`
	AllDay    bool     `json:"all_day,omitempty"`
	Minutes   int      `json:"minutes"`
	Zone      string   `json:"event_zone,omitempty"`
	ZoneStart string   `json:"start_in_event_zone,omitempty"`
	Location  string   `json:"location,omitempty"`
	Attendees []string `json:"attendees,omitempty"`
}

func (s span) row(c agent.Context) eventRow {
	out := eventRow{ID: s.ID, Title: agent.Truncate(s.Title, 200), Start: s.start.Format(time.RFC3339),
		End: s.end.Format(
			time.RFC3339,
		), AllDay: s.allDay, Minutes: s.minutes(), Location: agent.Truncate(s.Location, 200),
		Attendees: s.Attendees[:min(len(s.Attendees), maxAttendees)]}
	if zone := zoneOf(c, s.Event); zone.String() != c.Zone().String() {
		out.Zone = zone.String()
		out.ZoneStart = s.start.In(zone).Format(time.RFC3339)
	}
	return out
}
