package workspace_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

func at(t *testing.T, text string) int64 {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02T15:04", text, rome(t))
	if err != nil {
		t.Fatal(err)
	}
	return when.UnixMilli()
}

func rome(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// office is a small workspace on Monday, 23 November 2026, 09:00 in Rome.
func office(t *testing.T) agent.Context {
	t.Helper()
	return agent.Context{Location: rome(t), Now: time.UnixMilli(at(t, "2026-11-23T09:00")),
		UserProfile: map[string]any{"name": "Mara"},
		Tasks: []agent.Task{
			{ID: "t1", ProjectID: "p1", Title: "Order chairs", Status: "todo", Priority: "high",
				DueDate: at(t, "2026-11-22T18:00")},
			{ID: "t2", ProjectID: "p2", Title: "Write offer for Bianchi", Status: "in_progress", Priority: "urgent",
				DueDate: at(t, "2026-11-23T17:00"), Assignee: "Mara"},
			{ID: "t3", ProjectID: "p2", Title: "Send invoice March", Status: "done",
				CompletedAt: at(t, "2026-11-20T10:00")},
			{ID: "t4", ProjectID: "p1", Title: "Call Bob about the lease", Status: "todo", Assignee: "Bob",
				DueDate: at(t, "2026-11-26T12:00")}},
		TaskComments: []agent.TaskComment{{ID: "c1", TaskID: "t1", Content: "Twelve, grey",
			CreatedAt: at(t, "2026-11-20T09:00")}},
		Projects: []agent.Project{{ID: "p1", ClientID: "k1", Name: "Office move", Status: "active"},
			{ID: "p2", ClientID: "k2", Name: "Bianchi rebrand"}},
		Clients: []agent.Client{{ID: "k1", Name: "Own studio"}, {ID: "k2", Name: "Bianchi SpA", Industry: "food"}},
		Notes: []agent.Note{{ID: "n1", ProjectID: "p1", Title: "Move meeting",
			Content: "New address: Via Verdi 3. Café Größe.", UpdatedAt: at(t, "2026-11-21T09:00")},
			{ID: "n2", Title: "Ideas", Content: "One"}, {ID: "n3", Title: "ideas ", Content: "Two", ProjectID: "p2"}},
		Checkpoints: []agent.Checkpoint{{ID: "q1", ProjectID: "p1", Title: "Keys handed over",
			Date: at(t, "2026-12-03T09:00")}},
		Events: []agent.Event{
			{ID: "e1", Title: "Standup", Start: at(t, "2026-11-25T09:00"), End: at(t, "2026-11-25T09:30"),
				RecurringEventID: "s"},
			{ID: "e1", Title: "Standup", Start: at(t, "2026-11-26T09:00"), End: at(t, "2026-11-26T09:30"),
				RecurringEventID: "s"},
			{ID: "e2", Title: "Client call Bianchi", Start: at(t, "2026-11-25T09:15"), End: at(t, "2026-11-25T10:15"),
				Attendees: []string{"luigi@bianchi.it"}}},
		Emails: []agent.Email{{ID: "m1", From: "Luigi Bianchi <luigi@bianchi.it>", Subject: "Offer",
			Labels: []string{"inbox"}, Snippet: "We need the offer by Monday", Date: at(t, "2026-11-23T08:00")}},
	}
}

var update = flag.Bool("update", false, "write the results of the calls in testdata")

// TestCalls makes the calls in testdata/calls.txt, each in a new run, and compares the text for the model and the
// changes with those there.
func TestCalls(t *testing.T) {
	t.Parallel()
	const file = "testdata/calls.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for block := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		line, _, _ := strings.Cut(block, "\n")
		call := strings.TrimPrefix(line, "call: ")
		_, run := newRun(t, tier.Free, office(t))
		result := "call: " + call + "\ntext: " + callIn(t, run, call) + "\n"
		for _, a := range run.Actions() {
			result += "action: " + asJSON(t, a) + "\n"
		}
		for _, p := range run.Proposals() {
			result += "proposal: " + asJSON(t, p.Action) + "\n"
		}
		if !*update && strings.TrimSpace(result) != block {
			t.Errorf("got\n%s\nwant\n%s", result, block)
		}
		got.WriteString(result + "\n")
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestLongNotesAreReadInPieces reads a note of 900 KB to its end in one request.
func TestLongNotesAreReadInPieces(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Zeile äöü. ", 85_000)
	c := agent.Context{Notes: []agent.Note{{ID: "n", Title: "Long", Content: long}}}
	_, run := newRun(t, tier.Free, c)
	var first struct {
		Content string
		Length  int `json:"contentLength"`
		Next    int `json:"contentNextFrom"`
	}
	text := callIn(t, run, `read_row {"table":"notes","id":"n"}`)
	if err := json.Unmarshal([]byte(text), &first); err != nil || first.Length != 935_000 || first.Next != 4_000 {
		t.Fatalf("%v %d %d", err, first.Length, first.Next)
	}
	whole := strings.Builder{}
	whole.WriteString(strings.TrimSuffix(first.Content, "…"))
	for next := first.Next; next > 0; {
		var piece struct {
			Text string
			Next int `json:"next_from"`
		}
		text := callIn(t, run, fmt.Sprintf(`read_row {"table":"notes","id":"n","column":"content","from":%d}`, next))
		if err := json.Unmarshal([]byte(text), &piece); err != nil {
			t.Fatal(err, text)
		}
		whole.WriteString(piece.Text)
		next = piece.Next
	}
	if whole.String() != long {
		t.Errorf("the pieces have %d bytes, the note %d", whole.Len(), len(long))
	}
}
