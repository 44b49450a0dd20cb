package system_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// playbookAnswers has for each playbook a model's answer that fits the template, and the actions expected from it.
var playbookAnswers = map[string]struct{ template, answer, want string }{
	"task_from_email": {"tpl_email_tasks",
		`[{"title":"Send the offer","description":"Anna: Offer","priority":"high","dueDate":"2026-01-02T15:00"},` +
			`{"title":"Call Anna","description":null,"priority":"low","dueDate":null}]`,
		`[{"type":"create_record","table":"tasks","data":{"title":"Send the offer","description":"Anna: Offer",
			"status":"todo","priority":"high","dueDate":1767366000000}},
		{"type":"create_record","table":"tasks","data":{"title":"Call Anna","status":"todo","priority":"low"}}]`},
	"tasks_from_notes": {"tpl_note_tasks",
		`[{"title":"Review the draft","description":"Kick-off","priority":"medium","projectId":"p1"}]`,
		`[{"type":"create_record","table":"tasks","data":{"projectId":"p1","title":"Review the draft",` +
			`"description":"Kick-off","status":"todo","priority":"medium"}}]`},
	"daily_standup": {"tpl_standup", "Anna\nDoing: Write offer",
		`[{"type":"create_record","table":"notes","data":{"title":"Stand-up","content":"Anna\nDoing: Write offer"}}]`},
	"triage_inbox": {"tpl_inbox_triage",
		`[{"id":"m1","labels":["inbox","action"]},{"id":"m2","labels":["inbox","bulk"]}]`,
		`[{"type":"update_record","table":"emails","data":{"id":"m1","labels":["inbox","action"]}},` +
			`{"type":"update_record","table":"emails","data":{"id":"m2","labels":["inbox","bulk"]}}]`},
	"resolve_calendar_conflicts": {"tpl_calendar_conflicts",
		`[{"id":"e2","start":"2030-01-01T09:00","end":"2030-01-01T10:00"}]`,
		`[{"type":"update_record","table":"events","data":{"id":"e2","start":1893488400000,"end":1893492000000}}]`},
	"meeting_preparation": {"tpl_meeting_preparation", "# Review\nWith Anna.",
		`[{"type":"create_record","table":"notes","data":{"title":"Meeting preparation",` +
			`"content":"# Review\nWith Anna."}}]`},
	"overdue_cleanup": {"tpl_overdue_cleanup",
		`[{"id":"t1","dueDate":"2030-01-01T09:00","priority":"high"}]`,
		`[{"type":"update_record","table":"tasks","data":{"id":"t1","dueDate":1893488400000,"priority":"high"}}]`},
	"weekly_report": {"tpl_weekly_report", "1 finished, 1 overdue",
		`[{"type":"create_record","table":"notes","data":{"title":"Weekly report","content":"1 finished, 1 overdue"}},
		{"type":"send_notification","table":null,"data":{"title":"Weekly report",
			"body":"Your weekly report is in the notes."}}]`},
	"project_status_note": {"tpl_project_status", "On track.",
		`[{"type":"create_record","table":"notes","data":{"title":"Project status","content":"On track."}}]`},
}

// TestEveryPlaybookRuns runs each playbook as a client does, with a model whose answers fit the templates.
func TestEveryPlaybookRuns(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	p := newPlanRunner(t, m, tier.Team)
	list := p.playbooks(t)
	if len(list) < 8 || len(list) != len(playbookAnswers) {
		t.Fatalf("%d playbooks, and answers for %d", len(list), len(playbookAnswers))
	}
	for _, plan := range list {
		row, ok := playbookAnswers[plan.ID]
		if !ok {
			t.Errorf("no answer for %s", plan.ID)
			continue
		}
		var questions []string
		m.Respond(func(call agent.ModelCall) agent.Answer {
			questions = append(questions, llmtest.TextOf(call.Messages[len(call.Messages)-1]))
			return agent.Answer{Text: row.answer}
		})
		actions := p.run(t, plan)
		var want []map[string]any
		check(t, json.Unmarshal([]byte(row.want), &want))
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Errorf("%s: %s", plan.ID, diff)
		}
		if len(questions) != 1 || plan.Steps[1].PromptTemplate != row.template {
			t.Fatalf("%s: called the model %d times, template %s", plan.ID, len(questions),
				plan.Steps[1].PromptTemplate)
		}
		_, sent, _ := strings.Cut(questions[0], "Records:\n")
		if !sameJSON(t, sent, localRows(p.selectRows(plan.Steps[0]))) {
			t.Errorf("%s: the model was sent %s", plan.ID, sent)
		}
	}
}

// localRows returns rows of clientRows as the model reads them, in UTC.
func localRows(rows []any) []any {
	local := map[float64]string{1767225600000: "2026-01-01T00:00", 1735689600000: "2025-01-01",
		1893484800000: "2030-01-01T08:00", 1893486600000: "2030-01-01T08:30", 1893488400000: "2030-01-01T09:00",
		1893490200000: "2030-01-01T09:30"}
	out := make([]any, len(rows))
	for i, row := range rows {
		copied := maps.Clone(row.(map[string]any))
		for name, value := range copied {
			if ms, ok := value.(float64); ok {
				copied[name] = local[ms]
			}
		}
		out[i] = copied
	}
	return out
}

// sameJSON reports whether text is the JSON of want.
func sameJSON(t *testing.T, text string, want any) bool {
	t.Helper()
	var got any
	check(t, json.Unmarshal([]byte(text), &got))
	return cmp.Equal(got, want)
}

// TestEveryPlaybookRunsOffline runs each playbook with the offline model.
func TestEveryPlaybookRunsOffline(t *testing.T) {
	t.Parallel()
	p := newPlanRunner(t, nil, tier.Team)
	for _, plan := range p.playbooks(t) {
		if actions := p.run(t, plan); len(actions) == 0 {
			t.Errorf("%s proposes nothing", plan.ID)
		}
	}
}

// TestStepsWithoutRowsRunOffline runs the generating step of each playbook for somebody who has no rows of its table.
func TestStepsWithoutRowsRunOffline(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.createUser("me@example.com", tier.Team)
	list := string(a.Do("GET", "/api/v1/plans/playbook", "", me).Body)
	parts := strings.Split(list, `"prompt_template":"`)[1:]
	for _, part := range parts {
		template, _, _ := strings.Cut(part, `"`)
		got := a.Do("POST", "/api/v1/plans/steps", `{"prompt_template":"`+template+`","data":[]}`, me)
		if got.Status != http.StatusOK {
			t.Errorf("%s: %d %s", template, got.Status, got.Body)
		}
	}
	if len(parts) < 8 {
		t.Errorf("only %d steps", len(parts))
	}
}

// TestPlaybooksByTier checks for each tier that the list and each single playbook agree with the tier that playbooks
// name.
func TestPlaybooksByTier(t *testing.T) {
	t.Parallel()
	p := newPlanRunner(t, nil, tier.Team)
	all := p.playbooks(t)
	for _, of := range tier.All() {
		p.me = p.createUser(string(of)+"-user@example.com", of)
		listed := map[string]bool{}
		for _, plan := range p.playbooks(t) {
			listed[plan.ID] = true
		}
		for _, plan := range all {
			least, err := tier.Parse(plan.Tier)
			check(t, err)
			open := least.Rank() <= of.Rank()
			got := p.Do("GET", "/api/v1/plans/playbook/"+plan.ID, "", p.me)
			if listed[plan.ID] != open || open != (got.Status == http.StatusOK) {
				t.Errorf("%s as %s: listed %v, %d", plan.ID, of, listed[plan.ID], got.Status)
			}
			if !open && (got.Status != http.StatusForbidden || got.Code() != "tier_required") {
				t.Errorf("%s as %s: %d %s", plan.ID, of, got.Status, got.Code())
			}
			if open && got.JSON(t)["id"] != plan.ID {
				t.Errorf("%s: %s", plan.ID, got.Body)
			}
		}
		if got := p.Do("GET", "/api/v1/plans/playbook/no_such_plan", "", p.me); got.Status != http.StatusNotFound ||
			got.Code() != "not_found" {
			t.Errorf("an unknown playbook as %s: %d %s", of, got.Status, got.Code())
		}
	}
}

// TestInvalidStepsAreRefused sends steps that no plan has.
func TestInvalidStepsAreRefused(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("steps@example.com")
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"unknown template": {`{"prompt_template":"tpl_nothing"}`, 404, "not_found"},
		"unknown variable": {`{"prompt_template":"tpl_standup","variables":{"x":1}}`, 422, "validation_failed"},
		"rows of text":     {`{"prompt_template":"tpl_standup","data":["x"]}`, 422, "validation_failed"},
		"bad zone":         {`{"prompt_template":"tpl_standup","timezone":"Mars/Base"}`, 422, "validation_failed"},
	} {
		if got := a.Do("POST", "/api/v1/plans/steps", c.body, me); got.Status != c.status || got.Code() != c.code {
			t.Errorf("%s: %d %s: %s", name, got.Status, got.Code(), got.Body)
		}
	}
}

// planRunner runs plans as a client does, with its own rows and the contract alone.
type planRunner struct {
	*api
	me   header
	rows map[string][]any
	doc  *openapi3.T
}

// clientRows is the client's database. Filters leave out some of its rows.
const clientRows = `{
	"emails": [{"id":"m1","from":"anna@example.com","subject":"Offer",
			"snippet":"Please send the offer by Friday","date":1767225600000,"labels":["inbox"]},
		{"id":"m2","from":"shop@example.com","subject":"News",
			"snippet":"Our spring catalogue","date":1767225600000,"labels":["inbox","bulk"]}],
	"notes": [{"id":"n1","projectId":"p1","title":"Kick-off","content":"Please review the draft"},
		{"id":"n2","title":"Lunch","content":"Pasta"}],
	"tasks": [{"id":"t1","projectId":"p1","title":"Write offer",
			"status":"todo","priority":"medium","assignee":"Anna","dueDate":1735689600000},
		{"id":"t2","projectId":"p1","title":"Paint fence",
			"status":"done","priority":"low","assignee":"Bruno","dueDate":1735689600000}],
	"events": [{"id":"e1","title":"Review","start":1893484800000,"end":1893488400000,"attendees":["Anna"]},
		{"id":"e2","title":"Dentist","start":1893486600000,"end":1893490200000}]
}`

func newPlanRunner(t *testing.T, model agent.Model, plan tier.Tier) *planRunner {
	t.Helper()
	p := &planRunner{api: start(t, model), rows: map[string][]any{}}
	check(t, json.Unmarshal([]byte(clientRows), &p.rows))
	p.me = p.createUser("player@example.com", plan)
	var err error
	p.doc, err = openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	return p
}

// createUser creates an account of that tier and returns the header that authenticates it.
func (a *api) createUser(email string, plan tier.Tier) header {
	a.T.Helper()
	_, err := a.Accounts.CreateUser(a.T.Context(), email, "correct horse battery", plan)
	check(a.T, err)
	got := a.Do("POST", "/api/v1/auth/login", `{"email":"`+email+`","password":"correct horse battery"}`, nil).JSON(a.T)
	return header{"Authorization": "Bearer " + got["access_token"].(string)}
}

type planStep struct {
	Action         string         `json:"action"`
	PromptTemplate string         `json:"prompt_template"`
	Variables      map[string]any `json:"variables"`
	DataFromStep   *int           `json:"data_from_step"`
	Table          string         `json:"table"`
	Filter         map[string]any `json:"filter"`
	Data           map[string]any `json:"data"`
}

type plan struct {
	Kind  string     `json:"kind"`
	ID    string     `json:"id"`
	Title string     `json:"title"`
	Tier  string     `json:"tier"`
	Agent string     `json:"agent"`
	Steps []planStep `json:"steps"`
}

func (p *planRunner) playbooks(t *testing.T) (list []plan) {
	t.Helper()
	got := p.Do("GET", "/api/v1/plans/playbook", "", p.me)
	if got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	check(t, json.Unmarshal(got.Body, &list))
	return list
}

// run runs the plan and returns its actions, in order.
func (p *planRunner) run(t *testing.T, plan plan) (actions []map[string]any) {
	t.Helper()
	records := make([][]any, len(plan.Steps))
	for i, step := range plan.Steps {
		var source []any
		if step.DataFromStep != nil {
			if *step.DataFromStep < 0 || *step.DataFromStep >= i {
				t.Fatalf("%s: step %d reads from step %d", plan.ID, i, *step.DataFromStep)
			}
			source = records[*step.DataFromStep]
		}
		switch step.Action {
		case "select":
			records[i] = p.selectRows(step)
		case "generate":
			records[i] = p.generate(t, plan, step, source)
		default:
			if step.DataFromStep == nil {
				source = []any{map[string]any{}}
			}
			for _, record := range source {
				actions = append(actions, p.fillAction(t, plan, step, record.(map[string]any)))
			}
		}
	}
	return actions
}

// selectRows returns the client's rows that equal the filter in every column.
func (p *planRunner) selectRows(step planStep) (rows []any) {
	for _, row := range p.rows[step.Table] {
		equal := true
		for column, value := range step.Filter {
			equal = equal && cmp.Equal(row.(map[string]any)[column], value)
		}
		if equal {
			rows = append(rows, row)
		}
	}
	return rows
}

// generate lets the server run the step. It returns the step's records or, when the output is prose, one record with
// the output.
func (p *planRunner) generate(t *testing.T, plan plan, step planStep, source []any) []any {
	t.Helper()
	body, err := json.Marshal(map[string]any{"prompt_template": step.PromptTemplate,
		"variables": orEmpty(step.Variables), "data": orNone(source)})
	check(t, err)
	got := p.Do("POST", "/api/v1/plans/steps", string(body), p.me)
	if got.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", plan.ID, got.Status, got.Body)
	}
	made := got.JSON(t)
	if err := p.doc.Components.Schemas["StepResult"].Value.VisitJSON(any(made)); err != nil {
		t.Errorf("%s: %v", plan.ID, err)
	}
	if records := made["records"].([]any); len(records) > 0 {
		return records
	}
	if strings.HasPrefix(strings.TrimSpace(made["output"].(string)), "[") {
		return nil // the template asks for records and there are none
	}
	return []any{map[string]any{"output": made["output"]}}
}

var wholePlaceholder = regexp.MustCompile(`^\{\{\s*(\w+)\s*\}\}$`)

var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// fillAction fills the step's data from the record and checks the action against the contract and against the tables.
func (p *planRunner) fillAction(t *testing.T, plan plan, step planStep, record map[string]any) map[string]any {
	t.Helper()
	data := map[string]any{}
	for column, value := range step.Data {
		text, isText := value.(string)
		if m := wholePlaceholder.FindStringSubmatch(text); m != nil {
			var present bool
			if value, present = record[m[1]]; !present {
				continue
			}
		} else if isText {
			value = placeholder.ReplaceAllStringFunc(text,
				func(s string) string { return fmt.Sprint(record[placeholder.FindStringSubmatch(s)[1]]) })
		}
		data[column] = value
	}
	proposed := map[string]any{"type": step.Action, "table": nil, "data": data}
	if step.Table != "" {
		proposed["table"] = step.Table
	}
	if err := p.doc.Components.Schemas["PlanAction"].Value.VisitJSON(any(proposed)); err != nil {
		t.Errorf("%s: the action is outside the contract: %v", plan.ID, err)
	}
	checked, err := action.Action{Type: action.Kind(step.Action), Table: step.Table, Data: data}.Check()
	if err != nil {
		t.Errorf("%s: the client cannot run this action: %v: %v", plan.ID, err, data)
	}
	if id, ok := checked.Data["id"]; ok && step.Action == "update_record" {
		known := slices.ContainsFunc(p.rows[step.Table], func(row any) bool { return row.(map[string]any)["id"] == id })
		if !known {
			t.Errorf("%s: updates a row %v that the client does not have", plan.ID, id)
		}
	}
	if text := fmt.Sprint(data); strings.Contains(text, "{{") ||
		strings.Contains(text, "<nil>") && step.Action == "send_notification" {
		t.Errorf("%s: placeholders left: %v", plan.ID, data)
	}
	return proposed
}

// orEmpty returns m, or an empty map for nil, which JSON would write as null.
func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// orNone returns list, or an empty list for nil, which JSON would write as null.
func orNone(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}
