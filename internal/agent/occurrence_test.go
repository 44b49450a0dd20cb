package agent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
)

// newRunWithSeries starts a run on Monday, 30 November 2026, with two stand-ups that share an id.
func newRunWithSeries(t *testing.T, message string) (run *agent.Run, tuesday, wednesday int64) {
	t.Helper()
	registry, err := agent.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	nine := func(day int) int64 { return time.Date(2026, 12, day, 9, 0, 0, 0, time.UTC).UnixMilli() }
	return registry.NewRun(identity.User{}, message, agent.Context{Now: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC),
		Events: []agent.Event{{ID: "s", Title: "Stand-up", Start: nine(1), End: nine(1) + 900_000},
			{ID: "s", Title: "Stand-up", Start: nine(2), End: nine(2) + 900_000},
			{ID: "v", Title: "Review", Start: nine(2), End: nine(2) + 900_000},
			{ID: "v", Title: "Review", Start: nine(2), End: nine(2) + 900_000}}}), nine(1), nine(2) // sent twice
}

func deleteEvent(key map[string]any) action.Action {
	return action.Action{Type: action.Delete, Table: "events", Data: key}
}

func TestChangesOfASeriesNameOneEvent(t *testing.T) {
	t.Parallel()
	run, _, wednesday := newRunWithSeries(t, "hello")
	for _, key := range []map[string]any{{"id": "s"}, {"id": "s", "originalStart": int64(1)},
		{"id": "s", "originalStart": nil}} {
		err := run.Propose(deleteEvent(key))
		if want := `several events have the id "s"; say by its start which one you mean`; err == nil ||
			err.Error() != want {
			t.Errorf("%v: got %v, want %s", key, err, want)
		}
	}
	for _, a := range []action.Action{
		deleteEvent(map[string]any{"id": "s", "originalStart": wednesday}),
		deleteEvent(map[string]any{"id": "v"}), action.IndexDocument("events", "s", "Stand-up"),
	} {
		if err := run.Propose(a); err != nil {
			t.Errorf("%v: %v", a, err)
		}
	}
}

// TestConsentIsForOneEventOfASeries lets a model cancel both.
func TestConsentIsForOneEventOfASeries(t *testing.T) {
	t.Parallel()
	for message, days := range map[string][]int{
		"Cancel everything on Wednesday.": {2}, "cancel Tuesday's stand-up": {1}, "cancel the stand-up": {1, 2},
		"cancel everything on Thursday": nil, "Is there a stand-up on Tuesday?": nil,
	} {
		run, tuesday, wednesday := newRunWithSeries(t, message)
		run.SawForeignText()
		var want []action.Action
		for day, start := range []int64{1: tuesday, 2: wednesday} {
			if day == 0 {
				continue
			}
			a := deleteEvent(map[string]any{"id": "s", "originalStart": start})
			_ = run.Propose(a)
			if slices.Contains(days, day) {
				want = append(want, a)
			}
		}
		if diff := cmp.Diff(want, run.Actions()); diff != "" {
			t.Error(message, diff)
		}
	}
}
