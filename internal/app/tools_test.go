package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// noon is a Monday, 12:00 UTC, in milliseconds.
const noon = int64(1_795_435_200_000)

// shape makes the i-th of n rows of every table.
type shape struct {
	name  string
	title func(i int) string
	id    func(i int) string
	at    func(i int) int64
	zone  func(i int) string
	place func(i int) string
}

// shapes are contexts that ask much of a comparison of rows with each other.
func shapes() []shape {
	same := func(text string) func(int) string { return func(int) string { return text } }
	each := func(prefix string) func(int) string { return func(i int) string { return fmt.Sprint(prefix, i) } }
	oneTime := func(int) int64 { return noon }
	return []shape{
		{"one time", each("Row "), each("r"), oneTime, same(""), same("")},
		{"one time, many places", each("Row "), each("r"), oneTime, same("Europe/Rome"), each("Room ")},
		{"one title", same("Please review the offer by tomorrow"), each("r"), oneTime, same(""), same("Rome")},
		{"one id", each("Row "), same("r1"), oneTime, same(""), same("Rome")},
		{"in a row", each("Row "), each("r"), func(i int) int64 { return noon + int64(i)*60_000 }, each("Nowhere/"),
			each("Room ")},
		{"all day", each("Row "), each("r"), func(int) int64 { return noon - 12*3_600_000 }, same(""), same("")},
		{"before now", each("TODO: row "), each("r"), func(i int) int64 { return noon - int64(i)*3_600_000 }, same(""),
			same("Rome")},
	}
}

func (s shape) context(n int) agent.Context {
	c := agent.Context{Now: time.UnixMilli(noon).Add(-time.Hour), UserProfile: map[string]any{"name": "Mara"}}
	for i := range n {
		id, title, at := s.id(i), s.title(i), s.at(i)
		end := at + 3_600_000
		if s.name == "all day" {
			end = at + 24*3_600_000
		}
		c.Tasks = append(c.Tasks, agent.Task{ID: id, ProjectID: id, Title: title, Description: title, Status: title,
			Priority: title, Assignee: title, DueDate: at, CreatedAt: at, CompletedAt: at})
		c.Projects = append(c.Projects, agent.Project{ID: id, ClientID: id, Name: title})
		c.Clients = append(c.Clients, agent.Client{ID: id, Name: title})
		c.Notes = append(c.Notes, agent.Note{ID: id, Title: title, Content: title})
		c.Checkpoints = append(c.Checkpoints, agent.Checkpoint{ID: id, ProjectID: id, Title: title, Date: at})
		c.Events = append(c.Events, agent.Event{ID: id, Title: title, Start: at, End: end, Timezone: s.zone(i),
			Location: s.place(i), Attendees: []string{title}})
		c.Emails = append(c.Emails, agent.Email{ID: id, ThreadID: s.place(i), From: title + "@example.com",
			To: []string{title}, Subject: title, Snippet: title, Date: at, Labels: []string{title}})
	}
	for i := range c.Events[:min(len(c.Events), 2)] {
		c.Events[i].Attendees = strings.Split(strings.Repeat("Leo,", n)+"Ann", ",")
	}
	return c
}

// named returns n rows as a model may name them in an argument.
func named(n int, row func(i int) any) string {
	rows := make([]any, n)
	for i := range rows {
		rows[i] = row(i)
	}
	text, err := json.Marshal(rows)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// toolCalls returns, by tool, the arguments to call it with on n rows.
func toolCalls(n int) map[string][]string {
	ids := named(n, func(i int) any { return map[string]any{"id": fmt.Sprint("r", i), "title": "x"} })
	mails := named(n, func(i int) any { return map[string]any{"id": fmt.Sprint("r", i), "subject": "x"} })
	days := named(n, func(i int) any { return map[string]any{"at": "2026-11-23", "value": i} })
	texts := named(n, func(int) any { return "Please review the offer by tomorrow." })
	eventIDs := named(n, func(int) any { return "r1" })
	return map[string][]string{
		"create_task":      {`{"title":"Row 7","project_id":"r1","due_date":"tomorrow"}`},
		"update_task":      {`{"id":"r1","updates":{"status":"done"}}`},
		"list_tasks":       {`{}`, `{"filters":{"project":"r1","assignee":"me","text":"row","due_to":"today"}}`},
		"suggest_tasks":    {`{}`, `{"notes_context":` + texts + `}`},
		"list_events":      {`{}`, `{"date_range":{"from":"today","to":"in 3 weeks"}}`},
		"detect_conflicts": {`{}`, `{"events":` + ids + `}`},
		"find_free_time": {`{}`, `{"to":"in 360 days","weekends":true,"day_start":"0:00","day_end":"24:00",` +
			`"attendees":["Ann"]}`},
		"suggest_reschedule":   {`{}`, `{"conflict":{"move":"r1"}}`, `{"conflict":{"event_ids":` + eventIDs + `}}`},
		"move_event":           {`{"id":"r1","start":"2026-11-23T15:00"}`},
		"classify_email":       {`{}`, `{"metadata":` + mails + `}`},
		"extract_action_items": {`{}`, `{"metadata":` + mails + `}`},
		"draft_response":       {`{}`, `{"thread_context":{"email_id":"r1"}}`},
		"calculate_metrics":    {`{}`, `{"task_data":` + ids + `}`, `{"project":"r1","assignee":"row"}`},
		"generate_report":      {`{"period":"week"}`, `{"period":"week","data":` + ids + `,"project":"r1"}`},
		"trend_analysis":       {`{}`, `{"data_points":` + days + `}`, `{"project":"r1"}`},
		"index_document":       {`{"table":"tasks","id":"r1","title":"Row 1"}`},
		"send_notification":    {`{"title":"Now","body":"Go"}`},
		"find_rows": {`{}`, `{"table":"tasks","words":"row 7","order":"title"}`,
			`{"table":"events","from":"today","to":"in 3 weeks"}`,
			`{"words":"please review","count_by":"id"}`,
			`{"where":{"project":"Row 7","assignee":"me"},"table":"tasks"}`},
		"read_row":         {`{"table":"tasks","id":"r1"}`, `{"table":"notes","id":"r1","column":"content"}`},
		"project_overview": {`{}`, `{"project":"r1"}`, `{"project":"Row 7"}`},
		"create_row":       {`{"table":"notes","data":{"title":"Row 7","content":"x","project":"Row 7"}}`},
		"change_rows":      {`{"table":"tasks","ids":["r1","Row 7"],"set":{"project":"Row 7","status":"done"}}`},
		"delete_rows":      {`{"table":"emails","ids":["r1","Row 7"]}`},
		"append_to_note":   {`{"id":"r1","text":"More"}`},
		"ask_agent":        nil, // calls a model

		"list_clients":       {`{}`},
		"list_projects":      {`{"client_id":"r1"}`},
		"list_project_tasks": {`{"project_id":"r1"}`},
		"list_project_notes": {`{"project_id":"r1"}`},
		"list_mail_from":     {`{"sender":"Ann"}`},
		"save_brief":         {`{"client":"Ann","text":"Brief","project_id":"r1"}`},
		"add_candidate":      {`{"name":"Ann","role":"cook","answer_by":"tomorrow"}`},
		"move_candidate":     {`{"id":"r1","status":"done"}`},
		"plan_interview":     {`{"name":"Ann","start":"tomorrow 15:00","end":"tomorrow 16:00"}`},
		"list_candidates":    {`{}`, `{"status":"todo"}`},
	}
}

// tools returns every tool of every agent, those of the examples of manifests too, with its agent.
func tools(t *testing.T) (*agent.Registry, map[string]agent.Tool) {
	t.Helper()
	set, err := declared.Load("../../docs/examples/agents")
	if err != nil {
		t.Fatal(err)
	}
	registry, err := app.NewAgents(nil, set)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]agent.Tool{}
	for _, listing := range registry.List(tier.Team) {
		a, _ := registry.Get(listing.Name)
		for _, tool := range a.Tools() {
			list[tool.Name()] = tool
		}
	}
	return registry, list
}

func user() identity.User { return identity.User{Tier: tier.Team, Email: "mara@example.com"} }

// work is what one call of a tool costs.
type work struct{ steps, allocations, answer int }

func measure(t *testing.T, run *agent.Run, tool agent.Tool, arguments string) work {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	text, err := tool.Call(t.Context(), run, arguments)
	runtime.ReadMemStats(&after)
	expected := func(s string) bool { return strings.Contains(text, s) }
	if err != nil || strings.HasPrefix(text, "error:") &&
		!slices.ContainsFunc([]string{"no conflict lies ahead", "ask the person",
			"tell them apart", "has no row", "has the same id"}, expected) {
		t.Fatal(tool.Name(), err, text)
	}
	return work{run.Steps(), int(after.Mallocs - before.Mallocs), len(text)}
}

// TestWorkOfToolsGrowsWithTheirRows calls every tool on contexts of every shape, with 100 and with 800 rows of each
// table. Eight times as many rows may cost twelve times the work, which n log n does. It does not run in parallel,
// because it counts the allocations of the process.
func TestWorkOfToolsGrowsWithTheirRows(t *testing.T) {
	t.Attr("case", "S17")
	const few, factor = 100, 8
	registry, all := tools(t)
	fewCalls, manyCalls := toolCalls(few), toolCalls(few*factor)
	for _, s := range shapes() {
		fewRows, manyRows := s.context(few), s.context(few*factor)
		for name, tool := range all {
			if _, ok := fewCalls[name]; !ok {
				t.Errorf("%s is not tried: add it to toolCalls", name)
			}
			for i, arguments := range fewCalls[name] {
				small := measure(t, registry.NewRun(user(), "r1", fewRows), tool, arguments)
				large := measure(t, registry.NewRun(user(), "r1", manyRows), tool, manyCalls[name][i])
				if large.steps > 12*small.steps+1_000 || large.steps > agent.MaxWork/4 {
					t.Errorf("%s, %s, call %d: %d steps, and %d with %d times the rows", name, s.name, i, small.steps,
						large.steps, factor)
				}
				if large.allocations > 12*small.allocations+5_000 {
					t.Errorf("%s, %s, call %d: %d allocations, and %d with %d times the rows", name, s.name, i,
						small.allocations, large.allocations, factor)
				}
				if large.answer > 256<<10 {
					t.Errorf("%s, %s, call %d: the answer has %d bytes", name, s.name, i, large.answer)
				}
			}
		}
	}
}

// leaving is a context that ends after its error was asked for some times: the caller leaves while a tool works.
type leaving struct {
	context.Context
	left int
}

func (c *leaving) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestToolsEndWithTheirRequest(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	registry, all := tools(t)
	rows := shapes()[0].context(100)
	proposing := []string{"update_task", "index_document", "send_notification", "save_brief", "add_candidate",
		"move_candidate", "plan_interview"} // they look at no rows
	for name, calls := range toolCalls(100) {
		for _, arguments := range calls {
			for asked := range 2 {
				if asked > 0 && slices.Contains(proposing, name) {
					continue
				}
				ctx := &leaving{t.Context(), asked}
				text, err := all[name].Call(ctx, registry.NewRun(user(), "r1", rows), arguments)
				if !errors.Is(err, context.Canceled) || text != "" {
					t.Errorf("%s %.40s, cancelled after %d steps: %q, %v", name, arguments, asked, text, err)
				}
			}
		}
	}
}

func TestToolsOfOneRequestShareALimitOfWork(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	registry, all := tools(t)
	run := registry.NewRun(user(), "message", shapes()[0].context(10))
	if err := run.Work(t.Context(), agent.MaxWork); err != nil {
		t.Fatal(err)
	}
	const refused = "error: the tools have worked as much as one request allows; answer with what you have"
	for _, name := range []string{"list_tasks", "detect_conflicts", "classify_email", "calculate_metrics"} {
		text, err := all[name].Call(t.Context(), run.Next(agent.StepResult{}), `{}`)
		if err != nil || text != refused {
			t.Errorf("%s: %s, %v", name, text, err)
		}
	}
}

// TestRepeatedCallsReadTheRowsOnce calls the tools whose work on the rows is the largest many times in one request.
func TestRepeatedCallsReadTheRowsOnce(t *testing.T) {
	t.Attr("case", "S17")
	t.Parallel()
	registry, all := tools(t)
	rows := shapes()[2].context(500)
	for _, name := range []string{"suggest_tasks", "classify_email", "extract_action_items", "list_events"} {
		run := registry.NewRun(user(), "message", rows)
		steps := []int{0}
		for range 3 {
			if _, err := all[name].Call(t.Context(), run, `{}`); err != nil {
				t.Fatal(err)
			}
			steps = append(steps, run.Steps())
		}
		if again := steps[3] - steps[2]; again > (steps[1]-steps[0])/4 {
			t.Errorf("%s: %d steps the first time, %d the third", name, steps[1], again)
		}
	}
}
