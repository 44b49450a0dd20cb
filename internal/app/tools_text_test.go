package app_test

import (
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
)

// TestToolsCountTheTextThatTheyRead calls tools on a single row with a long text, which costs as much as many rows.
func TestToolsCountTheTextThatTheyRead(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	const size = 500_000
	long, labels := strings.Repeat("Ann ", size/4), strings.Split(strings.Repeat("updates,", size/8), ",")
	registry, all := tools(t)
	for name, c := range map[string]struct {
		tool, arguments string
		rows            agent.Context
		least, most     int // steps
	}{
		"assignee": {"list_tasks", `{"filters":{"assignee":"Leo"}}`,
			agent.Context{Tasks: []agent.Task{{ID: "t1", Assignee: long}}}, size / 32, size},
		"description": {"list_tasks", `{"filters":{"text":"Leo"}}`,
			agent.Context{Tasks: []agent.Task{{ID: "t1", Description: long}}}, size / 32, size},
		"project": {"list_tasks", `{"filters":{"project":"Ann"}}`,
			agent.Context{Projects: []agent.Project{{ID: "p1", Name: long}}}, 1, 1_000},
		"labels": {"classify_email", `{}`,
			agent.Context{Emails: []agent.Email{{ID: "e1", Labels: labels}}}, 100, 1_000},
		"sender": {"draft_response", `{}`,
			agent.Context{Emails: []agent.Email{{From: long, Snippet: "x"}}}, 100, 10_000},
	} {
		w := measure(t, registry.NewRun(user(), "message", c.rows), all[c.tool], c.arguments)
		if w.steps < c.least || w.steps > c.most {
			t.Errorf("%s: %d steps, want %d to %d", name, w.steps, c.least, c.most)
		}
		if w.answer > 10_000 {
			t.Errorf("%s: the answer has %d bytes", name, w.answer)
		}
	}
}

// TestProjectsAreReadOnceForAllLists lists tasks by project twice in one request.
func TestProjectsAreReadOnceForAllLists(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	registry, all := tools(t)
	rows := shapes()[0].context(1_000)
	run := registry.NewRun(user(), "message", rows)
	first := measure(t, run, all["list_tasks"], `{"filters":{"project":"Row 7"}}`).steps
	second := measure(t, run, all["list_tasks"], `{"filters":{"project":"row 800"}}`).steps - first
	if second > first/2 { // both read the tasks
		t.Errorf("%d steps the first time, %d the second", first, second)
	}
}

// TestResultsOfToolsAreBounded lists rows whose ids, which no result cuts, are as long as a request may be.
func TestResultsOfToolsAreBounded(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	registry, all := tools(t)
	id := strings.Repeat("i", 500_000)
	rows := agent.Context{Tasks: []agent.Task{{ID: id}}, Emails: []agent.Email{{ID: id}}, Notes: []agent.Note{{ID: id}}}
	for name, arguments := range map[string]string{"list_tasks": `{}`, "classify_email": `{}`,
		"list_project_notes": `{"project_id":""}`} {
		text, err := all[name].Call(t.Context(), registry.NewRun(user(), "message", rows), arguments)
		if err != nil || len(text) > 256<<10 {
			t.Errorf("%s: %d bytes, %v", name, len(text), err)
		}
		if name == "list_tasks" && !strings.HasPrefix(text, "error: the result is too long") {
			t.Errorf("%s: %.100s", name, text)
		}
	}
}
