package calendar

import (
	"context"
	"fmt"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	// maxListed is how many events or conflicts one answer carries; total says how many there are.
	maxListed = 100
	// maxAttendees is how many names one event shows.
	maxAttendees = 20
)

type listing struct {
	DateRange dateRange `json:"date_range,omitempty" desc:"Left out: every event"`
}

type dateRange struct {
	From string `json:"from,omitempty" desc:"YYYY-MM-DD or YYYY-MM-DDTHH:MM, in the person's time zone"`
	To   string `json:"to,omitempty" desc:"YYYY-MM-DD, that day included, or YYYY-MM-DDTHH:MM"`
}

func list(_ context.Context, run *agent.Run, in listing) (string, error) {
	within, err := in.DateRange.test(run.Context)
	if err != nil {
		return "", err
	}
	spans, bad := spansOf(run.Context, run.Context.Events)
	rows, total := []row{}, 0
	for _, s := range spans {
		if !within(s) {
			continue
		}
		if total++; len(rows) < maxListed {
			rows = append(rows, s.row(run.Context))
		}
	}
	return agent.JSON(struct {
		Total   int       `json:"total"`
		Events  []row     `json:"events"`
		Skipped []skipped `json:"skipped,omitempty"`
	}{total, rows, bad[:min(len(bad), maxListed)]})
}

// test returns whether an event touches the range; one that ends as the range begins does not.
func (r dateRange) test(c agent.Context) (func(span) bool, error) {
	var from, to time.Time
	if r.From != "" {
		m, err := c.ParseDate(r.From)
		if err != nil {
			return nil, fmt.Errorf("date_range.from: %w", err)
		}
		from = m.Start
	}
	if r.To != "" {
		m, err := c.ParseDate(r.To)
		if err != nil {
			return nil, fmt.Errorf("date_range.to: %w", err)
		}
		to = m.End()
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return nil, fmt.Errorf("date_range: it ends before it begins")
	}
	return func(s span) bool {
		ended := !from.IsZero() && !s.end.After(from) && s.start.Before(from)
		return !ended && (to.IsZero() || !s.start.After(to))
	}, nil
}
