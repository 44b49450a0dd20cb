package calendar

import (
	"context"
	"fmt"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	maxListed    = 100 // events or conflicts in one result; "total" has the number of all
	maxAttendees = 20  // names in one event
	maxName      = 200 // characters of an id, a title, a place or a name: one event may be in many conflicts
)

type listInput struct {
	DateRange dateRange `json:"date_range,omitempty" desc:"Left out: every event"`
}

type dateRange struct {
	From string `json:"from,omitempty" desc:"YYYY-MM-DD or YYYY-MM-DDTHH:MM, in the person's time zone"`
	To   string `json:"to,omitempty" desc:"YYYY-MM-DD, that day included, or YYYY-MM-DDTHH:MM"`
}

func listEvents(ctx context.Context, run *agent.Run, in listInput) (string, error) {
	within, err := in.DateRange.matcher(run.Context)
	if err != nil {
		return "", err
	}
	list, err := eventSpans(ctx, run)
	if err == nil {
		err = run.Work(ctx, len(list.spans))
	}
	if err != nil {
		return "", err
	}
	rows := []eventRow{}
	total := 0
	for _, s := range list.spans {
		if !within(s) {
			continue
		}
		if total++; len(rows) < maxListed {
			rows = append(rows, s.row(run.Context))
		}
	}
	return agent.JSON(struct {
		Total   int        `json:"total"`
		Events  []eventRow `json:"events"`
		Skipped []skipped  `json:"skipped,omitempty"`
	}{total, rows, list.skipped[:min(len(list.skipped), maxListed)]})
}

// matcher returns a function that reports whether an event is in the range. One that ends when the range begins is not.
func (r dateRange) matcher(c agent.Context) (func(span) bool, error) {
	var from, to time.Time
	if r.From != "" {
		date, err := c.ParseDate(r.From)
		if err != nil {
			return nil, fmt.Errorf("date_range.from: %w", err)
		}
		from = date.Start
	}
	if r.To != "" {
		date, err := c.ParseDate(r.To)
		if err != nil {
			return nil, fmt.Errorf("date_range.to: %w", err)
		}
		to = date.End()
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return nil, fmt.Errorf("date_range: it ends before it begins")
	}
	return func(s span) bool {
		ended := !from.IsZero() && !s.end.After(from) && s.start.Before(from)
		return !ended && (to.IsZero() || !s.start.After(to))
	}, nil
}
