package task_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/testing/agenttest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// rows returns the data of a user in Berlin on Friday, 27 March 2026, 10:00; clocks go forward on Sunday.
func rows(t *testing.T) agent.Context {
	t.Helper()
	berlin := agenttest.Zone(t, "Europe/Berlin")
	return agent.Context{
		Location: berlin, Now: time.Date(2026, 3, 27, 10, 0, 0, 0, berlin),
		UserProfile: map[string]any{"name": "Mara"},
		Projects:    []agent.Project{{ID: "p1", Name: "Website"}},
		Tasks: []agent.Task{
			{ID: "t1", Title: "Pay hosting", Status: "todo", Priority: "low",
				DueDate: agenttest.At(t, "2026-03-26T12:00:00+01:00")},
			{ID: "t2", Title: "Draft offer", Status: "in_progress", Priority: "high", Assignee: "Mara",
				DueDate: agenttest.At(t, "2026-03-27T00:00:00+01:00")},
			{ID: "t3", Title: "Fix the form", Description: "Login page", Priority: "urgent", ProjectID: "p1",
				DueDate: agenttest.At(t, "2026-03-29T23:59:59.999+02:00")},
			{ID: "t4", Title: "Send invoice", Status: "done", Priority: "medium",
				DueDate: agenttest.At(t, "2026-03-01T09:00:00+01:00")},
			{ID: "t5", Title: "Read book", Status: "todo", Priority: "low", Assignee: "Leo"},
			{ID: "t6", Title: "Call Leo", Status: "todo", Priority: "urgent"},
		},
	}
}

func runTool(t *testing.T, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	return agenttest.RunTool(t, task.New(nil), c, name, arguments)
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	for filters, want := range map[string][]string{
		`{}`:                                       {"t4", "t1", "t2", "t3", "t6", "t5"},
		`{"filters":{}}`:                           {"t4", "t1", "t2", "t3", "t6", "t5"},
		`{"filters":{"status":"open"}}`:            {"t1", "t2", "t3", "t6", "t5"},
		`{"filters":{"status":"todo"}}`:            {"t1", "t3", "t6", "t5"},
		`{"filters":{"status":"done"}}`:            {"t4"},
		`{"filters":{"priority":"urgent"}}`:        {"t3", "t6"},
		`{"filters":{"assignee":"me"}}`:            {"t2"},
		`{"filters":{"assignee":"leo"}}`:           {"t5"},
		`{"filters":{"project":"website"}}`:        {"t3"},
		`{"filters":{"project":"p1"}}`:             {"t3"},
		`{"filters":{"project":"web"}}`:            {"t3"},
		`{"filters":{"project":"none"}}`:           {"t4", "t1", "t2", "t6", "t5"},
		`{"filters":{"project":" "}}`:              {"t4", "t1", "t2", "t3", "t6", "t5"},
		`{"filters":{"text":"page  FORM"}}`:        {"t3"},
		`{"filters":{"text":"LOGIN"}}`:             {"t3"},
		`{"filters":{"overdue":true}}`:             {"t1"}, // t2 is due at midnight, which means all of today
		`{"filters":{"due_to":"today"}}`:           {"t4", "t1", "t2"},
		`{"filters":{"due_from":"2026-03-29"}}`:    {"t3"},
		`{"filters":{"due_to":"2026-03-28"}}`:      {"t4", "t1", "t2"},
		`{"filters":{"due_from":"2026-03-30"}}`:    {},
		`{"filters":{"status":"all","text":"in"}}`: {"t4", "t1", "t3"},
	} {
		text, _ := runTool(t, rows(t), "list_tasks", filters)
		var out struct {
			Total int
			Tasks []struct{ ID string }
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err, text)
		}
		got := []string{}
		for _, r := range out.Tasks {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(want, got); diff != "" || out.Total != len(want) {
			t.Errorf("%s: %s", filters, diff)
		}
	}
}

func TestListResult(t *testing.T) {
	t.Parallel()
	for arguments, want := range map[string]string{
		`{"filters":{"text":"form"}}`: `{"total":1,"tasks":[{"id":"t3","title":"Fix the form",` +
			`"description":"Login page","status":"todo",` +
			`"priority":"urgent","project_id":"p1","project":"Website","due_local":"2026-03-29T23:59:59+02:00"}]}`,
		`{"filters":{"overdue":true}}`: `{"total":1,"tasks":[{"id":"t1","title":"Pay hosting","status":"todo",` +
			`"priority":"low",` +
			`"due_local":"2026-03-26T12:00:00+01:00","overdue":true}]}`,
		`{"filters":{"project":"Shop"}}`:    `error: project: projects has no row "Shop"; there are "Website" (id p1)`,
		`{"filters":{"due_to":"whenever"}}`: `error: "whenever" is not a date; write YYYY-MM-DD or YYYY-MM-DDTHH:MM`,
	} {
		if got, _ := runTool(t, rows(t), "list_tasks", arguments); got != want {
			t.Errorf("%s: %s", arguments, got)
		}
	}
}

func TestListHasPages(t *testing.T) {
	t.Parallel()
	c := rows(t)
	c.Tasks = nil
	for i := range 120 {
		c.Tasks = append(c.Tasks, agent.Task{ID: fmt.Sprint(i), Title: "A"})
	}
	for arguments, want := range map[string]string{
		`{}`:          `{"total":120,"page":1,"pages":3,"tasks":[{"id":"0",`,
		`{"page":2}`:  `{"total":120,"page":2,"pages":3,"tasks":[{"id":"50",`,
		`{"page":3}`:  `{"total":120,"page":3,"pages":3,"tasks":[{"id":"100",`,
		`{"page":99}`: `{"total":120,"page":3,"pages":3,"tasks":[{"id":"100",`,
		`{"page":-1}`: `{"total":120,"page":1,"pages":3,"tasks":[{"id":"0",`,
	} {
		if got, _ := runTool(t, c, "list_tasks", arguments); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %.200s", arguments, got)
		}
	}
}

func TestCreateProposesATask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, wantText, wantData string }{
		{`{"title":"Call  Anna","priority":"high","due_date":"2026-03-29"}`,
			`{"due_local":"2026-03-29T23:59:59+02:00","proposed":{"priority":"high",` +
				`"status":"todo","title":"Call Anna"}}`,
			`{"dueDate":1774821599999,"priority":"high","status":"todo","title":"Call Anna"}`},
		{`{"title":"Call Anna","due_date":"2026-03-29T09:00","project_id":"p1","description":" x ","assignee":"Leo"}`,
			`{"due_local":"2026-03-29T09:00:00+02:00","proposed":{"assignee":"Leo","description":"x",` +
				`"priority":"medium","projectId":"p1","status":"todo","title":"Call Anna"}}`,
			`{"assignee":"Leo","description":"x","dueDate":1774767600000,"priority":"medium","projectId":"p1",` +
				`"status":"todo","title":"Call Anna"}`},
		{`{"title":"call leo"}`,
			`{"note":"tasks has a row with this title already; say so.","proposed":{"priority":"medium",` +
				`"status":"todo","title":"call leo"}}`,
			`{"priority":"medium","status":"todo","title":"call leo"}`},
		{`{"title":"  "}`, `error: the title is empty`, ``},
		{`{"title":"A","due_date":"soon"}`, `error: dueDate: "soon" is not a date; write YYYY-MM-DD or ` +
			`YYYY-MM-DDTHH:MM`, ``},
		{`{"title":"A","project_id":"p7"}`, `error: projectId: projects has no row "p7"; there are "Website" ` +
			`(id p1)`, ``},
		{`{"title":"A","priority":"huge"}`, `error: arguments.priority must be one of low, medium, high, urgent`, ``},
	} {
		text, run := runTool(t, rows(t), "create_task", c.in)
		if text != c.wantText {
			t.Errorf("%s: %s", c.in, text)
		}
		checkActions(t, run, action.Create, c.wantData)
	}
}

func TestUpdateProposesChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, wantText, wantData string }{
		{`{"id":"t1","updates":{"status":"done"}}`, `{"proposed":{"id":"t1","status":"done"}}`,
			`{"completedAt":1774602000000,"id":"t1","status":"done"}`},
		{`{"id":"t3","updates":{"due_date":"tomorrow","title":"Fix form"}}`,
			`{"due_local":"2026-03-28T23:59:59+01:00","proposed":{"id":"t3",` +
				`"title":"Fix form"}}`,
			`{"dueDate":1774738799999,"id":"t3","title":"Fix form"}`},
		{`{"id":"t2","updates":{"due_date":"none","assignee":""}}`,
			`{"proposed":{"assignee":"","dueDate":null,"id":"t2"}}`,
			`{"assignee":"","dueDate":null,"id":"t2"}`},
		{`{"id":"send INVOICE","updates":{"status":"todo","priority":"","due_date":""}}`,
			`{"proposed":{"id":"t4","status":"todo"}}`, `{"completedAt":null,"id":"t4","status":"todo"}`},
		{`{"id":"t1","updates":{"status":"todo","priority":"low"}}`,
			`{"result":"already so; nothing to change","title":"Pay hosting"}`, ``},
		{`{"id":"t1","updates":{"project_id":"Website","assignee":"me"}}`,
			`{"proposed":{"assignee":"Mara","id":"t1","projectId":"p1"}}`,
			`{"assignee":"Mara","id":"t1","projectId":"p1"}`},
		{`{"id":"t3","updates":{}}`, `error: updates names no column to change`, ``},
		{`{"id":"Pay hostin","updates":{"status":"done"}}`, `error: tasks has no row "Pay hostin"; like it: ` +
			`"Pay hosting" (id t1, dueDate 2026-03-26T12:00)`, ``},
		{`{"id":"t1","updates":{"status":"gone"}}`, `error: arguments.updates.status must be one of todo, ` +
			`in_progress, done`, ``},
	} {
		text, run := runTool(t, rows(t), "update_task", c.in)
		if text != c.wantText {
			t.Errorf("%s: %s", c.in, text)
		}
		checkActions(t, run, action.Update, c.wantData)
	}
}

func checkActions(t *testing.T, run *agent.Run, kind action.Kind, wantData string) {
	t.Helper()
	if wantData == "" {
		if len(run.Actions()) != 0 {
			t.Errorf("proposed %v", run.Actions())
		}
		return
	}
	if len(run.Actions()) != 1 || run.Actions()[0].Type != kind || run.Actions()[0].Table != "tasks" {
		t.Fatalf("proposed %v", run.Actions())
	}
	if got, _ := json.Marshal(run.Actions()[0].Data); string(got) != wantData {
		t.Errorf("data %s", got)
	}
}

func TestSuggestFindsWorkInNotes(t *testing.T) {
	t.Parallel()
	c := rows(t)
	c.Notes = []agent.Note{{Title: "Kick-off", Content: "# Kick-off\n- [x] book room\n- [ ] send contract by " +
		"Monday\n- [ ] Call Leo!\n" +
		"We talked about colours. We need to update the logo asap.\nTODO: renew domain 2026-04-02\n* Review " +
		"the mockups\n" +
		"Bitte Angebot schicken, wichtig\nWir müssen noch die Texte prüfen.\nThe weather was nice."}}
	c.RelevantDocuments = []string{"Please confirm the venue"}
	want := `{"suggestions":[` +
		`{"title":"Send contract by Monday","source":"Kick-off","priority":"medium","due_date":"2026-03-30",` +
		`"because":"open checkbox"},` +
		`{"title":"Update the logo asap","source":"Kick-off","priority":"urgent","because":"wording"},` +
		`{"title":"Renew domain 2026-04-02","source":"Kick-off","priority":"medium","due_date":"2026-04-02",` +
		`"because":"marked as to do"},` +
		`{"title":"Review the mockups","source":"Kick-off","priority":"medium","because":"imperative"},` +
		`{"title":"Angebot schicken, wichtig","source":"Kick-off","priority":"high","because":"wording"},` +
		`{"title":"Die Texte prüfen","source":"Kick-off","priority":"medium","because":"wording"},` +
		`{"title":"Confirm the venue","priority":"medium","because":"wording"}]}`
	if got, _ := runTool(t, c, "suggest_tasks", `{"notes_context":[]}`); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	one := `{"suggestions":[{"title":"Buy stamps","priority":"medium","because":"imperative"}]}`
	if got, run := runTool(t, c, "suggest_tasks",
		`{"notes_context":"Buy stamps"}`); got != one || len(run.Actions()) != 0 {
		t.Errorf("got %s", got)
	}
	if got, _ := runTool(t, agent.Context{}, "suggest_tasks", ``); got != `{"suggestions":[]}` {
		t.Errorf("got %s", got)
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	templates, err := playbook.NewTemplates(task.New(nil).Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	create := `{"action":"create_record","data_from_step":0,"table":"tasks",` +
		`"data":{"description":"{{description}}","dueDate":"{{dueDate}}","priority":"{{priority}}",` +
		`"title":"{{title}}"}}`
	for _, c := range []struct {
		name    string
		answers []llmtest.Turn
		want    string
	}{
		{"nothing chosen", []llmtest.Turn{llmtest.TextTurn("ok")},
			`{"agent":"task_agent","steps":[{"action":"generate","prompt_template":"tpl_task_agent_default",` +
				`"variables":{"request":"message"}},` + create + `]}`},
		{"a proposal", []llmtest.Turn{llmtest.CallTurn(llmtest.Call("1", "create_task",
			`{"title":"Call {{title}}"}`)), llmtest.TextTurn("ok")},
			`{"agent":"task_agent","steps":[{"action":"create_record","table":"tasks",` +
				`"data":{"priority":"medium","status":"todo","title":"Call { {title}}"}}]}`},
		{"an outline with a filter", []llmtest.Turn{llmtest.CallTurn(llmtest.Call("1", "plan_task_review",
			`{"filter":{"status":"todo"}}`)),
			llmtest.TextTurn("ok")},
			`{"agent":"task_agent","steps":[{"action":"select","table":"tasks","filter":{"status":"todo"}},` +
				`{"action":"generate","prompt_template":"tpl_task_agent_review",` +
				`"variables":{"request":"message"},"data_from_step":0},` +
				`{"action":"update_record","data_from_step":1,"table":"tasks","data":{` +
				`"completedAt":"{{completedAt}}","dueDate":"{{dueDate}}","id":"{{id}}",` +
				`"priority":"{{priority}}","status":"{{status}}"}}]}`},
		{"a bad filter goes back to the model",
			[]llmtest.Turn{llmtest.CallTurn(llmtest.Call("1", "plan_task_summary", `{"filter":{"nope":1}}`)),
				llmtest.CallTurn(llmtest.Call("1", "plan_task_summary", `{}`)), llmtest.TextTurn("ok")},
			`{"agent":"task_agent","steps":[{"action":"select","table":"tasks"},` +
				`{"action":"generate","prompt_template":"tpl_task_agent_summary",` +
				`"variables":{"request":"message"},"data_from_step":0}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := task.New(llmtest.NewModel(c.answers...))
			plan, err := a.Plan(t.Context(), agenttest.NewRun(t, a, rows(t)), templates, playbook.NewCache())
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(plan); string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
