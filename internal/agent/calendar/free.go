package calendar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/dates"
)

// freeDays is how many days after the first one a search covers when its end is left out.
const freeDays = 7

// hoursInput has the arguments that say when events may be scheduled.
type hoursInput struct {
	DayStart      string `json:"day_start,omitempty" desc:"HH:MM; left out: 09:00"`
	DayEnd        string `json:"day_end,omitempty" desc:"HH:MM; left out: 18:00"`
	Weekends      bool   `json:"weekends,omitempty"`
	TravelMinutes *int   `json:"travel_minutes,omitempty" desc:"Between two places; left out: 30"`
}

// workingHours returns the hours to search.
func (in hoursInput) workingHours() (workingHours, error) {
	h := workingHours{weekends: in.Weekends}
	var err error
	if h.travel, err = parseTravel(in.TravelMinutes); err != nil {
		return h, err
	}
	if h.start, err = dates.ParseClock(cmp.Or(in.DayStart, "09:00")); err != nil {
		return h, fmt.Errorf("day_start: %w", err)
	}
	if h.end, err = dates.ParseClock(cmp.Or(in.DayEnd, "18:00")); err != nil {
		return h, fmt.Errorf("day_end: %w", err)
	}
	if h.end <= h.start {
		return h, errors.New("day_end must be after day_start")
	}
	return h, nil
}

type freeInput struct {
	hoursInput
	From      string   `json:"from,omitempty" desc:"Left out: now"`
	To        string   `json:"to,omitempty" desc:"Included; left out: 7 days later"`
	Minutes   *int     `json:"minutes,omitempty" desc:"Length; left out: 60"`
	Attendees []string `json:"attendees,omitempty" desc:"Others who should be free"`
	Place     string   `json:"place,omitempty" desc:"Where it is, for time to travel"`
	NoAllDay  bool     `json:"ignore_all_day,omitempty" desc:"true: all-day events block nothing"`
	Count     *int     `json:"count,omitempty" desc:"1 to 10; left out: 5"`
}

// freeResult is what the model reads. Total counts the free times that do not overlap.
type freeResult struct {
	From     string     `json:"from"`
	To       string     `json:"to"`
	Total    int        `json:"total"`
	Slots    []slot     `json:"slots"`
	LookedAt []lookedAt `json:"looked_at,omitempty"`
	Blocked  []eventRow `json:"blocked_days,omitempty"`
	Skipped  []skipped  `json:"skipped,omitempty"`
	Note     string     `json:"note,omitempty"`
}

func findFreeTime(ctx context.Context, run *agent.Run, in freeInput) (string, error) {
	q, err := in.query(run.Context)
	if err != nil {
		return "", err
	}
	list, err := eventSpans(ctx, run)
	if err != nil {
		return "", err
	}
	ignored := func(s span) bool { return s.allDay && (in.NoAllDay || s.isBirthday()) }
	place := placeOf(agent.Event{Location: in.Place})
	if q.busy, err = q.blocks(ctx, run, list.spans, place, ignored); err != nil {
		return "", err
	}
	out := freeResult{From: dates.Format(q.from), To: lastTime(q.to),
		Skipped: list.skipped[:min(len(list.skipped), maxListed)]}
	if out.Slots, out.Total, err = q.earliest(ctx, run, countOf(in.Count, 5)); err != nil {
		return "", err
	}
	if len(out.Slots) == 0 {
		out.Note = noSlots
	}
	for _, s := range list.spans {
		if s.allDay && !ignored(s) && s.start.Before(q.to) && q.from.Before(s.end) && len(out.Blocked) < maxSlots {
			out.Blocked = append(out.Blocked, s.row(run.Context))
		}
	}
	if out.LookedAt, err = eventsOf(ctx, run, in.Attendees, list.spans, q); err != nil {
		return "", err
	}
	return agent.JSON(out)
}

// query returns what to search for, without what is busy.
func (in freeInput) query(c agent.Context) (q query, err error) {
	if q.workingHours, err = in.workingHours(); err != nil {
		return q, err
	}
	minutes := 60
	if in.Minutes != nil {
		minutes = *in.Minutes
	}
	q.length = time.Duration(minutes) * time.Minute
	switch {
	case minutes < 5 || minutes > 24*60:
		return q, errors.New("minutes must be between 5 and 1440")
	case q.length > q.end-q.start:
		return q, errors.New("minutes: longer than the working hours; give other day_start and day_end")
	}
	if q.from, q.to, err = in.bounds(c); err != nil {
		return q, err
	}
	switch {
	case !q.to.After(c.Now):
		return q, errors.New("to: that time is past")
	case !q.to.After(q.from):
		return q, errors.New("to: it is before from")
	case q.to.Sub(q.from) > maxSearch*24*time.Hour:
		return q, fmt.Errorf("to: at most %d days after from", maxSearch)
	}
	if q.from.Before(c.Now) {
		q.from = c.LocalNow()
	}
	q.weekends = q.weekends || !q.hasWorkday()
	return q, nil
}

// bounds returns the range to search; its end does not belong to it.
func (in freeInput) bounds(c agent.Context) (from, to time.Time, err error) {
	from = c.LocalNow()
	if in.From != "" {
		date, err := c.ParseDate(in.From)
		if err != nil {
			return from, to, fmt.Errorf("from: %w", err)
		}
		from = date.Start
	}
	if in.To == "" {
		return from, dates.StartOfDay(midday(from).AddDate(0, 0, freeDays+1)), nil
	}
	date, err := c.ParseDate(in.To)
	if err != nil {
		return from, to, fmt.Errorf("to: %w", err)
	}
	if to = date.Start; date.WholeDay {
		to = dates.StartOfDay(midday(to).AddDate(0, 0, 1))
	}
	return from, to, nil
}

// lastTime returns the end of a range as the model writes it: the last day when it ends with one.
func lastTime(to time.Time) string {
	if isMidnight(to) {
		return midday(to).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return dates.Format(to)
}

// countOf returns how many free times to list.
func countOf(asked *int, otherwise int) int {
	if asked == nil {
		return otherwise
	}
	return min(max(*asked, 1), maxSlots)
}

// isBirthday reports whether the title says that the event is a birthday. It takes none of the person's time, as other
// all-day events do: holidays, trips, fairs.
func (s span) isBirthday() bool {
	return slices.ContainsFunc([]string{"birthday", "geburtstag", "compleanno", "anniversaire", "cumpleaños",
		"cumpleanos", "aniversário", "verjaardag"}, func(word string) bool { return strings.Contains(s.title, word) })
}

// lookedAt says how many events in the range name a person whom the model asked about. All events of the request are
// the caller's own, so nothing more is known about others.
type lookedAt struct {
	Attendee string `json:"attendee"`
	Events   int    `json:"events"`
	Note     string `json:"note,omitempty"`
}

// eventsOf returns how many of the events between the query's bounds name each of the people.
func eventsOf(ctx context.Context, run *agent.Run, people []string, events []span, q query) ([]lookedAt, error) {
	people = people[:min(len(people), maxAttendees)]
	if len(people) == 0 {
		return nil, nil
	}
	out := make([]lookedAt, len(people))
	names := make([][]string, len(people))
	for i, name := range people {
		out[i].Attendee, names[i] = agent.Truncate(name, maxName), nameWords(name)
	}
	for _, s := range events {
		if err := run.Work(ctx, 1+len(s.Attendees)); err != nil {
			return nil, err
		}
		if !s.start.Before(q.to) || !q.from.Before(s.end) {
			continue
		}
		if err := countEvents(ctx, run, out, names, s); err != nil {
			return nil, err
		}
	}
	for i := range out {
		if out[i].Events == 0 {
			out[i].Note = "no event here names them; whether they are free is not known"
		}
	}
	return out, nil
}

// countEvents counts the event for each of the people whom it names.
func countEvents(ctx context.Context, run *agent.Run, out []lookedAt, names [][]string, s span) error {
	counted := make([]bool, len(names))
	for _, attendee := range s.Attendees {
		if err := run.Work(ctx, 1+(len(attendee)+len(names))/8); err != nil {
			return err
		}
		words := nameWords(attendee)
		for i, name := range names {
			missing := func(word string) bool { return !slices.Contains(words, word) }
			if !counted[i] && len(name) > 0 && !slices.ContainsFunc(name, missing) {
				counted[i] = true
				out[i].Events++
			}
		}
	}
	return nil
}

// nameWords returns the words of a name or an address in lower case.
func nameWords(name string) []string {
	name = strings.ToLower(agent.Truncate(name, maxName))
	return strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
