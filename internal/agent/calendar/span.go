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

// span is an event whose times make sense: start inclusive, end exclusive, in the caller's zone.
type span struct {
	agent.Event
	start, end time.Time
	allDay     bool
}

// skipped is an event that cannot be placed in time.
type skipped struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
	Why   string `json:"why"`
}

// spansOf returns the events by start, end and id, and those whose times make no sense.
func spansOf(c agent.Context, events []agent.Event) (spans []span, bad []skipped) {
	for _, e := range events {
		if why := wrong(e); why != "" {
			bad = append(bad, skipped{e.ID, agent.Truncate(e.Title, 200), why})
			continue
		}
		spans = append(spans, spanOf(c, e))
	}
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(a.start.Compare(b.start), a.end.Compare(b.end), cmp.Compare(a.ID, b.ID))
	})
	return spans, bad
}

func wrong(e agent.Event) string {
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

// spanOf reads the event. From one midnight to another, in the event's zone, it lasts whole days; without a zone of its
// own, midnights in UTC are floating dates and mean the caller's days.
func spanOf(c agent.Context, e agent.Event) span {
	start, end := time.UnixMilli(e.Start), time.UnixMilli(e.End)
	s := span{Event: e, start: start.In(c.Zone()), end: end.In(c.Zone())}
	zone := zoneOf(c, e)
	switch {
	case !end.After(start):
	case midnight(start.In(zone)) && midnight(end.In(zone)):
		s.allDay = true
	case e.Timezone == "" && midnight(start.UTC()) && midnight(end.UTC()):
		s.start, s.end, s.allDay = dayIn(c.Zone(), start.UTC()), dayIn(c.Zone(), end.UTC()), true
	}
	return s
}

func midnight(t time.Time) bool { return t.Equal(dates.StartOfDay(t)) }

func dayIn(zone *time.Location, t time.Time) time.Time {
	return dates.StartOfDay(time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, zone))
}

func zoneOf(c agent.Context, e agent.Event) *time.Location {
	if name := strings.TrimSpace(e.Timezone); name != "" && name != "Local" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return c.Zone()
}

func (s span) minutes() int { return int(s.end.Sub(s.start) / time.Minute) }

// place returns where a person must be for the event, or "" when that may be anywhere.
func (s span) place() string {
	place := agent.Normalize(s.Location)
	if strings.Contains(place, "://") || strings.HasPrefix(place, "tel:") || strings.HasPrefix(place, "www.") {
		return ""
	}
	words := strings.FieldsFunc(place, func(r rune) bool { return !unicode.IsLetter(r) })
	for _, word := range []string{"zoom", "meet", "teams", "webex", "skype", "facetime", "online", "remote", "virtual", "phone",
		"call", "telefon", "telefono", "video"} {
		if slices.Contains(words, word) {
			return ""
		}
	}
	return place
}

// apart reports whether somebody has to travel between the two events.
func (s span) apart(t span) bool {
	a, b := s.place(), t.place()
	return a != "" && b != "" && a != b
}

func (s span) overlaps(t span) bool { return s.start.Before(t.end) && t.start.Before(s.end) }

// row is an event as the model reads it.
type row struct {
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

func (s span) row(c agent.Context) row {
	out := row{ID: s.ID, Title: agent.Truncate(s.Title, 200), Start: s.start.Format(time.RFC3339), End: s.end.Format(time.RFC3339),
		AllDay: s.allDay, Minutes: s.minutes(), Location: agent.Truncate(s.Location, 200),
		Attendees: s.Attendees[:min(len(s.Attendees), maxAttendees)]}
	if zone := zoneOf(c, s.Event); zone.String() != c.Zone().String() {
		out.Zone, out.ZoneStart = zone.String(), s.start.In(zone).Format(time.RFC3339)
	}
	return out
}
