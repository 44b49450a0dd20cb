package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/openapi"
)

// player carries out plans the way a client does, with nothing but its own rows and the contract.
type planRunner struct {
	*api
	me   header
	rows map[string][]any
	doc  *openapi3.T
}

// clientRows are the client's own database, and some of it must be left out by a filter.
const clientRows = `{
	"emails": [{"id":"m1","from":"anna@example.com","subject":"Offer","snippet":"Please send the offer by Friday","date":1767225600000,"labels":["inbox"]},
		{"id":"m2","from":"shop@example.com","subject":"News","snippet":"Our spring catalogue","date":1767225600000,"labels":["inbox","bulk"]}],
	"notes": [{"id":"n1","title":"Kick-off","content":"Please review the draft"},{"id":"n2","title":"Lunch","content":"Pasta"}],
	"tasks": [{"id":"t1","projectId":"p1","title":"Write offer","status":"todo","priority":"medium","assignee":"Anna","dueDate":1735689600000},
		{"id":"t2","projectId":"p1","title":"Paint fence","status":"done","priority":"low","assignee":"Bruno","dueDate":1735689600000}],
	"events": [{"id":"e1","title":"Review","start":1893484800000,"end":1893488400000,"attendees":["Anna"]},
		{"id":"e2","title":"Dentist","start":1893486600000,"end":1893490200000}]
}`

func newPlanRunner(t *testing.T, model agent.Model, of tier.Tier) *planRunner {
	t.Helper()
	p := &planRunner{api: start(t, model), rows: map[string][]any{}}
	check(t, json.Unmarshal([]byte(clientRows), &p.rows))
	p.me = p.createUser("player@example.com", of)
	var err error
	p.doc, err = openapi3.NewLoader().LoadFromData(openapi.Document)
	check(t, err)
	return p
}

// createUser creates an account of that tier and returns the header that authenticates it.
func (a *api) createUser(email string, of tier.Tier) header {
	a.T.Helper()
	_, err := a.Accounts.CreateUser(a.T.Context(), email, "correct horse battery", of)
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

// play carries the plan out and returns its actions, in order. Records of each step are kept for the steps after it.
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

// choose reads the client's rows that equal the filter in every column.
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

// generate has the server run the step. What it made is its records or, when it made prose, one record of its output.
func (p *planRunner) generate(t *testing.T, plan plan, step planStep, source []any) []any {
	t.Helper()
	body, err := json.Marshal(map[string]any{"prompt_template": step.PromptTemplate, "variables": orEmpty(step.Variables), "data": orNone(source)})
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
		return nil // a template of records that made none
	}
	return []any{map[string]any{"output": made["output"]}}
}

var wholePlaceholder = regexp.MustCompile(`^\{\{\s*(\w+)\s*\}\}$`)
var placeholder = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

// act fills the step's data from the record and holds the action against the contract and against the tables.
func (p *planRunner) fillAction(t *testing.T, plan plan, step planStep, record map[string]any) map[string]any {
	t.Helper()
	data := map[string]any{}
	for column, value := range step.Data {
		text, isText := value.(string)
		if m := wholePlaceholder.FindStringSubmatch(text); m != nil {
			value = record[m[1]]
		} else if isText {
			value = placeholder.ReplaceAllStringFunc(text, func(s string) string { return fmt.Sprint(record[placeholder.FindStringSubmatch(s)[1]]) })
		}
		data[column] = value
	}
	action := map[string]any{"type": step.Action, "table": nil, "data": data}
	if step.Table != "" {
		action["table"] = step.Table
	}
	if err := p.doc.Components.Schemas["PlanAction"].Value.VisitJSON(any(action)); err != nil {
		t.Errorf("%s: the action is outside the contract: %v", plan.ID, err)
	}
	checked, err := playbook.Action{Type: playbook.Kind(step.Action), Table: step.Table, Data: data}.Check()
	if err != nil {
		t.Errorf("%s: the client cannot carry this out: %v: %v", plan.ID, err, data)
	}
	if id, ok := checked.Data["id"]; ok && step.Action == "update_record" {
		known := slices.ContainsFunc(p.rows[step.Table], func(row any) bool { return row.(map[string]any)["id"] == id })
		if !known {
			t.Errorf("%s: updates a row %v that the client does not have", plan.ID, id)
		}
	}
	if text := fmt.Sprint(data); strings.Contains(text, "{{") || strings.Contains(text, "<nil>") && step.Action == "send_notification" {
		t.Errorf("%s: not filled: %v", plan.ID, data)
	}
	return action
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func orNone(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}
