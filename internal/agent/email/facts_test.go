package email_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent/email"
)

func TestItemFacts(t *testing.T) {
	t.Parallel()
	c := inbox(t)
	text, err := json.Marshal(c.Emails)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	const want = `{"total":2,"action_items":[{"action":"send the offer by Sunday","email_id":"1",` +
		`"due_date":"2026-03-29"},` +
		`{"action":"pagare la fattura entro venerdì","email_id":"3","due_date":"2026-03-27"}]}`
	if got, err := email.ItemFacts()(t.Context(), rows, c.LocalNow()); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got, err := email.ItemFacts()(ended, rows, c.LocalNow()); !errors.Is(err, context.Canceled) {
		t.Errorf("got %s, %v after the end of the request", got, err)
	}
}
