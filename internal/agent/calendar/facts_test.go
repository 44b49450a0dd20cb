package calendar_test

import (
	"encoding/json"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent/calendar"
)

// TestConflictFacts computes facts from the rows of calendarInRome, and from more of which two have the same conflict.
func TestConflictFacts(t *testing.T) {
	t.Parallel()
	c := calendarInRome(t)
	text, err := json.Marshal(c.Events)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	const want = `{"total":2,"conflicts":[{"events":["Review","Sales"],"kind":"overlap","id_to_move":"b",` +
		`"free":[{"start":"2026-03-27T09:15","end":"2026-03-27T10:00"},` +
		`{"start":"2026-03-27T12:00","end":"2026-03-27T12:45"},` +
		`{"start":"2026-03-27T12:45","end":"2026-03-27T13:30"}]},` +
		`{"events":["Review","Dentist"],"kind":"travel","id_to_move":"c",` +
		`"free":[{"start":"2026-03-27T11:30","end":"2026-03-27T12:10"},` +
		`{"start":"2026-03-27T12:15","end":"2026-03-27T12:55"},` +
		`{"start":"2026-03-27T13:00","end":"2026-03-27T13:40"}]}]}`
	if got, err := calendar.ConflictFacts()(t.Context(), rows, c.LocalNow()); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	broken := []map[string]any{{"id": 1, "start": "soon"}, {"title": []any{}}, nil}
	const none = `{"total":0,"conflicts":[]}`
	if got, err := calendar.ConflictFacts()(t.Context(), broken, c.LocalNow()); err != nil || got != none {
		t.Errorf("got %s, %v, want %s", got, err, none)
	}
	if got, err := calendar.ConflictFacts()(t.Context(), nil, c.LocalNow()); err != nil || got != "" {
		t.Errorf("got %s, %v for no rows", got, err)
	}
}
