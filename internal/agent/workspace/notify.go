package workspace

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fold"
)

type document struct {
	Table string `json:"table"`
	ID    string `json:"id" desc:"Or its exact title"`
	Title string `json:"title,omitempty" desc:"Left out: the row's own"`
}

type notification struct {
	Title string `json:"title" desc:"At most 80 characters"`
	Body  string `json:"body" desc:"A sentence or two"`
	At    string `json:"at,omitempty" desc:"Local YYYY-MM-DDTHH:MM; a day alone: 09:00; left out: now"`
}

func (w *workspace) indexDocument(ctx context.Context, run *agent.Run, in document) (string, error) {
	t, err := w.changeable(in.Table)
	if err != nil {
		return "", err
	}
	r, err := w.find(ctx, run, t, in.ID, "")
	if err != nil {
		return "", err
	}
	title := cmp.Or(strings.TrimSpace(in.Title), r.heading(run.Context))
	if err := run.Propose(action.IndexDocument(t.name, r.id(run.Context), title)); err != nil {
		return "", err
	}
	return "Prepared.", nil
}

// morning is when a reminder for a day comes, after midnight.
const morning = 9 * time.Hour

func sendNotification(_ context.Context, run *agent.Run, in notification) (string, error) {
	at, err := notifyAt(run.Context, in.At)
	if err != nil {
		return "", err
	}
	if err := run.Propose(action.SendNotification(in.Title, in.Body, at)); err != nil {
		return "", err
	}
	if at == 0 {
		return "Prepared, to be shown now.", nil
	}
	return "Prepared for " + localTime(run.Context, at, "at") + ".", nil
}

// notifyAt reads the time of a notification, in milliseconds, or 0 for now. A day without a time of day means its
// morning. What has passed is an error.
func notifyAt(c agent.Context, text string) (int64, error) {
	if strings.TrimSpace(text) == "" || fold.Line(text) == "now" {
		return 0, nil
	}
	date, err := c.ParseDate(text)
	if err != nil {
		return 0, err
	}
	at := date.Start
	if date.WholeDay {
		at = time.Date(at.Year(), at.Month(), at.Day(), int(morning.Hours()), 0, 0, 0, at.Location())
	}
	if at.Before(c.Now.Add(-time.Minute)) {
		return 0, fmt.Errorf("at: %s has passed; it is %s now", at.Format("2006-01-02T15:04"),
			c.LocalNow().Format("2006-01-02T15:04"))
	}
	return at.UnixMilli(), nil
}
