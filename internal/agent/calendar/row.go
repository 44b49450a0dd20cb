package calendar

import (
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// eventRow is an event as the model reads it, in the caller's zone. The end of an event that lasts all day is its last
// day.
type eventRow struct {
	ID        string   `json:"id,omitempty"`
	Title     string   `json:"title"`
	Weekday   string   `json:"weekday"`
	Start     string   `json:"start"`
	End       string   `json:"end"`
	AllDay    bool     `json:"all_day,omitempty"`
	Days      int      `json:"days,omitempty"`
	Minutes   int      `json:"minutes,omitempty"`
	Zone      string   `json:"event_zone,omitempty"`
	ZoneStart string   `json:"start_in_event_zone,omitempty"`
	Location  string   `json:"location,omitempty"`
	Attendees []string `json:"attendees,omitempty"`
	More      int      `json:"more_attendees,omitempty"`
	Series    string   `json:"recurring_event_id,omitempty"`
}

func (s span) row(c agent.Context) eventRow {
	out := eventRow{ID: agent.Truncate(s.ID, maxName), Title: agent.Truncate(s.Title, maxName),
		Weekday: s.start.Weekday().String(), Start: s.startText(), End: dates.Format(s.end),
		Location: agent.Truncate(s.Location, maxName), Series: agent.Truncate(s.RecurringEventID, maxName)}
	shown := min(len(s.Attendees), maxAttendees)
	for _, name := range s.Attendees[:shown] {
		out.Attendees = append(out.Attendees, agent.Truncate(name, maxName))
	}
	out.More = len(s.Attendees) - shown
	if s.allDay {
		out.AllDay, out.Days = true, s.days()
		out.End = midday(s.start).AddDate(0, 0, s.days()-1).Format(time.DateOnly)
		return out
	}
	out.Minutes = int(s.end.Sub(s.start) / time.Minute)
	if s.zone.String() == c.Zone().String() {
		return out
	}
	out.Zone = s.zone.String()
	if there := dates.Format(s.start.In(s.zone)); there != out.Start {
		out.ZoneStart = there
	}
	return out
}

// startText returns when the event starts, as the model reads and writes it.
func (s span) startText() string {
	if s.allDay {
		return s.start.Format(time.DateOnly)
	}
	return dates.Format(s.start)
}

// days returns the number of days of an event that lasts all day. Days have 23 to 25 hours.
func (s span) days() int { return int((s.end.Sub(s.start) + 12*time.Hour) / (24 * time.Hour)) }
