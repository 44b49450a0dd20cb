package declared_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

const examples = "../../../docs/examples/agents"

// load loads a folder without errors.
func load(t *testing.T, dir string, model agent.Model) (*declared.Set, *agent.Registry) {
	t.Helper()
	set, err := declared.Load(dir, "task_agent")
	if err != nil {
		t.Fatal(err)
	}
	registry, err := agent.NewRegistry(set.Agents(model)...)
	if err != nil {
		t.Fatal(err)
	}
	return set, registry
}

// folder returns a new folder with the files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// now is a Monday, 10:00 in Berlin.
func now() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func request(t *testing.T) agent.Context {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	ms := func(day, hour int) int64 { return time.Date(2026, 11, day, hour, 0, 0, 0, berlin).UnixMilli() }
	return agent.Context{Now: now(), Location: berlin,
		Tasks: []agent.Task{
			{ID: "t1", Title: "Candidate: Ada", Assignee: "Hiring", Status: "todo", DueDate: ms(24, 9)},
			{ID: "t2", Title: "Candidate: Bob", Assignee: "hiring", Status: "done", CompletedAt: ms(20, 9)},
			{ID: "t3", Title: "Paint fence", Assignee: "me", Status: "todo", ProjectID: "p1", DueDate: ms(24, 0)},
			{ID: "t4", Title: strings.Repeat("ä", 600), ProjectID: "p1", DueDate: ms(25, 0)},
		},
		Clients:     []agent.Client{{ID: "c1", Name: "Acme"}},
		Projects:    []agent.Project{{ID: "p1", ClientID: "c1", Name: "Fence"}, {ID: "p2", Name: "Roof"}},
		Notes:       []agent.Note{{ID: "n1", ProjectID: "p1", Content: "Green."}},
		Checkpoints: []agent.Checkpoint{{ID: "k1", Title: "Done", IsApproved: true}, {ID: "k2", Title: "Soon"}},
		Events: []agent.Event{{ID: "e1", Title: "Call", Start: ms(24, 9), End: ms(24, 10),
			Attendees: []string{"a@x.org", "b@x.org"}}},
		Emails: []agent.Email{{ID: "m1", From: "Ann <ann@acme.com>", Subject: "Colour", Labels: []string{"work"}}},
	}
}

// TestExamplesInConversation runs the documented examples with a scripted model, as any built-in agent.
func TestExamplesInConversation(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel(
		llmtest.CallTurn(llmtest.Call("1", "list_candidates", `{"status":"todo"}`),
			llmtest.Call("2", "add_candidate", `{"name":"Cy {{role}}","role":"cook","answer_by":"tomorrow"}`)),
		llmtest.CallTurn(llmtest.Call("3", "move_candidate", `{"id":"t1","status":"in_progress"}`),
			llmtest.Call("4", "move_candidate", `{"id":"nobody","status":"done"}`),
			llmtest.Call("5", "plan_interview", `{"name":"Cy","start":"2026-11-25T14:00",`+
				`"end":"2026-11-25T15:00","attendees":["cy@x.org"]}`)),
		llmtest.TextTurn("Done, ", "Cy is in."))
	_, registry := load(t, examples, model)
	hiring, ok := registry.Get("hiring_agent")
	if !ok {
		t.Fatal("there is no hiring_agent")
	}
	run := registry.NewRun(identity.User{Tier: tier.Pro},
		"Add a task for Cy, move Ada to in progress and schedule an interview with cy@x.org tomorrow", request(t))
	var streamed strings.Builder
	got, err := hiring.Handle(t.Context(), run, func(text string) error { streamed.WriteString(text); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got.Text != "Done, Cy is in." || streamed.String() != got.Text {
		t.Errorf("text %q, streamed %q", got.Text, streamed.String())
	}
	want := []action.Action{
		action.CreateRecord("tasks", map[string]any{"title": "Candidate: Cy {{role}} (cook)", "assignee": "hiring",
			"status":  "todo",
			"dueDate": time.Date(2026, 11, 24, 22, 59, 59, 999e6, time.UTC).UnixMilli()}),
		action.UpdateRecord("tasks", map[string]any{"id": "t1", "status": "in_progress"}),
		action.CreateRecord("events", map[string]any{"title": "Interview with Cy", "attendees": []string{"cy@x.org"},
			"start": time.Date(2026, 11, 25, 13, 0, 0, 0, time.UTC).UnixMilli(),
			"end":   time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC).UnixMilli()}),
	}
	if diff := cmp.Diff(want, got.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if run.Dropped() != 1 {
		t.Errorf("%d proposals were dropped, want the one for an unknown row", run.Dropped())
	}
	asked, err := json.Marshal(model.Calls()[1].Messages)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`Candidate: Ada`, `"total\":1`} {
		if !strings.Contains(string(asked), part) {
			t.Errorf("the model was not sent %s: %s", part, asked)
		}
	}
}

func TestExamplesBelongToTheirTier(t *testing.T) {
	t.Parallel()
	_, registry := load(t, examples, llmtest.NewModel())
	for level, want := range map[tier.Tier][]string{
		tier.Free: nil, tier.Pro: {"hiring_agent"}, tier.Power: {"client_brief_agent", "hiring_agent"}} {
		var got []string
		for _, a := range registry.Allowed(level) {
			got = append(got, a.Name())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", level, diff)
		}
	}
	if _, err := playbook.NewTemplates(registry.Templates()...); err != nil {
		t.Error(err)
	}
	if got := registry.List(tier.Team)[1]; got.Description != "Hiring: candidates, interviews, follow-ups" ||
		len(got.Skills) != 4 {
		t.Errorf("listing %+v", got)
	}
}

// TestPlanReadsRowsAndAnswers checks the plan of an agent whose tools propose nothing.
func TestPlanReadsRowsAndAnswers(t *testing.T) {
	t.Parallel()
	_, registry := load(t, examples, llmtest.NewModel(llmtest.TextTurn("Nothing to do.")))
	templates, err := playbook.NewTemplates(registry.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := registry.Get("hiring_agent")
	run := registry.NewRun(identity.User{Tier: tier.Pro}, "who is in?", request(t))
	plan, err := a.Plan(t.Context(), run, templates, playbook.NewCache())
	if err != nil {
		t.Fatal(err)
	}
	want := []playbook.Step{
		{Action: playbook.Select, Table: "tasks"},
		{Action: playbook.Generate, PromptTemplate: "tpl_hiring_agent_default", DataFromStep: playbook.From(0),
			Variables: map[string]any{"request": "who is in?"}},
	}
	if diff := cmp.Diff(want, plan.Steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}
