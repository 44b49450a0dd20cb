package calendar

import (
	"context"
	"fmt"
	"slices"
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
	Page      *int      `json:"page,omitempty" desc:"Of 100 events"`
}

type dateRange struct {
	From string `json:"from,omitempty" desc:"YYYY-MM-DD or YYYY-MM-DDTHH:MM"`
	To   string `json:"to,omitempty" desc:"That day included"`
}

func listEvents(ctx context.Context, run *agent.Run, in listInput) (string, error) {
	page := 1
	if in.Page != nil {
		page = *in.Page
	}
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
	found := slices.DeleteFunc(slices.Clone(list.spans), func(s span) bool { return !within(s) })
	pages := max(1, (len(found)+maxListed-1)/maxListed)
	if page < 1 || page > pages {
		return "", fmt.Errorf("page must be between 1 and %d", pages)
	}
	out := struct {
		Total   int        `json:"total"`
		Page    int        `json:"page,omitempty"`
		Pages   int        `json:"pages,omitempty"`
		Events  []eventRow `json:"events"`
		Skipped []skipped  `json:"skipped,omitempty"`
	}{Total: len(found), Events: []eventRow{}, Skipped: list.skipped[:min(len(list.skipped), maxListed)]}
	if pages > 1 {
		out.Page, out.Pages = page, pages
	}
	first := (page - 1) * maxListed
	for _, s := range found[first:min(first+maxListed, len(found))] {
		out.Events = append(out.Events, s.row(run.Context))
	}
	return agent.JSON(out)
}

// matcher returns a function that reports whether an event is in the range, at least in part. One that ends when the
// range begins, or begins when it ends, is not. A range of one instant has the events at that time.
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
		if to = date.Start; date.WholeDay {
			to = date.End().Add(time.Millisecond)
		}
	}
	if !from.IsZero() && !to.IsZero() && (to.Before(from) || to.Equal(from) && r.From != r.To) {
		return nil, fmt.Errorf("date_range: it ends before it begins")
	}
	return func(s span) bool {
		ended := !from.IsZero() && !s.end.After(from) && s.start.Before(from)
		begins := to.IsZero() || s.start.Before(to) || s.start.Equal(from)
		return !ended && begins
	}, nil
}
