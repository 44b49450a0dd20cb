package agent

import (
	"context"
	"encoding/json"
	"time"

	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
)

// RowFacts returns the facts of a template that reads tasks, events or e-mails: what compute says about a request that
// has the step's rows and nothing else. Without such rows, or if compute fails for another reason than the end of ctx,
// there are no facts.
func RowFacts(table string, compute func(ctx context.Context, run *Run) (string, error)) playbook.Facts {
	return func(ctx context.Context, data []map[string]any, now time.Time) (string, error) {
		c := Context{Location: now.Location(), Now: now}
		switch table {
		case "tasks":
			c.Tasks = decodeRows[Task](data)
		case "events":
			c.Events = decodeRows[Event](data)
		case "emails":
			c.Emails = decodeRows[Email](data)
		}
		var none *Registry // a run of tools alone asks no other agent
		run := none.NewRun(identity.User{}, "", c)
		if len(data) == 0 {
			return "", ctx.Err()
		}
		text, err := compute(ctx, run)
		if err != nil {
			return "", ctx.Err()
		}
		return text, nil
	}
}

// decodeRows returns the rows as values of T. A column of the wrong type stays empty.
func decodeRows[T any](data []map[string]any) []T {
	list := make([]T, 0, len(data))
	for _, row := range data {
		var one T
		if text, err := json.Marshal(row); err == nil {
			_ = json.Unmarshal(text, &one) // decodes all other columns when it fails for one
			list = append(list, one)
		}
	}
	return list
}
