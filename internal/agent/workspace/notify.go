package workspace

import (
	"context"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

type document struct {
	Table string `json:"table" desc:"The row's table" enum:"tasks|projects|notes|clients|checkpoints|taskComments|events|emails"`
	ID    string `json:"id" desc:"The row's id"`
	Title string `json:"title" desc:"What the search shows for it"`
}

type notification struct {
	Title string `json:"title" desc:"At most 80 characters"`
	Body  string `json:"body" desc:"One or two sentences"`
	At    string `json:"at,omitempty" desc:"Local date and time, YYYY-MM-DDTHH:MM; left out: now"`
}

func indexDocument(_ context.Context, run *agent.Run, in document) (string, error) {
	if err := run.Propose(action.IndexDocument(in.Table, in.ID, in.Title)); err != nil {
		return "", err
	}
	return "Prepared.", nil
}

func sendNotification(_ context.Context, run *agent.Run, in notification) (string, error) {
	at := int64(0)
	if in.At != "" {
		date, err := run.Context.ParseDate(in.At)
		if err != nil {
			return "", err
		}
		at = date.Start.UnixMilli()
	}
	if err := run.Propose(action.SendNotification(in.Title, in.Body, at)); err != nil {
		return "", err
	}
	return "Prepared.", nil
}
