package system_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// generated are the answers of a model that keeps to each template, and what the playbook's actions must be with them.
var playbookAnswers = map[string]struct{ template, answer, want string }{
	"task_from_email": {"tpl_email_tasks", `[{"title":"Send the offer","description":"Anna: Offer","priority":"high","dueDate":1767312000000},{"title":"Call Anna","description":null,"priority":"low","dueDate":null}]`,
		`[{"type":"create_record","table":"tasks","data":{"title":"Send the offer","description":"Anna: Offer","status":"todo","priority":"high","dueDate":1767312000000}},
		{"type":"create_record","table":"tasks","data":{"title":"Call Anna","description":null,"status":"todo","priority":"low","dueDate":null}}]`},
	"tasks_from_notes": {"tpl_note_tasks", `[{"title":"Review the draft","description":"Kick-off","priority":"medium","dueDate":null}]`,
		`[{"type":"create_record","table":"tasks","data":{"title":"Review the draft","description":"Kick-off","status":"todo","priority":"medium","dueDate":null}}]`},
	"daily_standup": {"tpl_standup", "Anna\nDoing: Write offer",
		`[{"type":"create_record","table":"notes","data":{"title":"Stand-up","content":"Anna\nDoing: Write offer"}}]`},
	"triage_inbox": {"tpl_inbox_triage", `[{"id":"m1","labels":["inbox","action"]},{"id":"m2","labels":["inbox","bulk"]}]`,
		`[{"type":"update_record","table":"emails","data":{"id":"m1","labels":["inbox","action"]}},{"type":"update_record","table":"emails","data":{"id":"m2","labels":["inbox","bulk"]}}]`},
	"resolve_calendar_conflicts": {"tpl_calendar_conflicts", `[{"id":"e2","title":"Dentist","start":1893488400000,"end":1893492000000}]`,
		`[{"type":"update_record","table":"events","data":{"id":"e2","start":1893488400000,"end":1893492000000}}]`},
	"meeting_preparation": {"tpl_meeting_preparation", "# Review\nWith Anna.",
		`[{"type":"create_record","table":"notes","data":{"title":"Meeting preparation","content":"# Review\nWith Anna."}}]`},
	"overdue_cleanup": {"tpl_overdue_cleanup", "```json\n" + `[{"id":"t1","dueDate":1893488400000,"priority":"high"}]` + "\n```",
		`[{"type":"update_record","table":"tasks","data":{"id":"t1","dueDate":1893488400000,"priority":"high"}}]`},
	"weekly_report": {"tpl_weekly_report", "1 finished, 1 overdue",
		`[{"type":"create_record","table":"notes","data":{"title":"Weekly report","content":"1 finished, 1 overdue"}},
		{"type":"send_notification","table":null,"data":{"title":"Weekly report","body":"Your weekly report is in the notes."}}]`},
	"project_status_note": {"tpl_project_status", "On track.",
		`[{"type":"create_record","table":"notes","data":{"title":"Project status","content":"On track."}}]`},
}

// TestEveryPlaybookRuns plays each playbook as a client does, with a model that keeps to its templates.
func TestEveryPlaybookRuns(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	p := newPlanRunner(t, m, tier.Team)
	list := p.playbooks(t)
	if len(list) < 8 || len(list) != len(playbookAnswers) {
		t.Fatalf("%d playbooks, %d known to this test", len(list), len(playbookAnswers))
	}
	for _, plan := range list {
		row, ok := playbookAnswers[plan.ID]
		if !ok {
			t.Errorf("no answer for %s", plan.ID)
			continue
		}
		var asked []string
		m.Respond(func(call agent.ModelCall) agent.Answer {
			asked = append(asked, llmtest.TextOf(call.Messages[len(call.Messages)-1]))
			return agent.Answer{Text: row.answer}
		})
		actions := p.run(t, plan)
		var want []map[string]any
		check(t, json.Unmarshal([]byte(row.want), &want))
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Errorf("%s: %s", plan.ID, diff)
		}
		if len(asked) != 1 || plan.Steps[1].PromptTemplate != row.template {
			t.Fatalf("%s: asked the model %d times, template %s", plan.ID, len(asked), plan.Steps[1].PromptTemplate)
		}
		if _, sent, _ := strings.Cut(asked[0], "Records:\n"); !sameJSON(t, sent, p.selectRows(plan.Steps[0])) {
			t.Errorf("%s: the model got %s", plan.ID, sent)
		}
	}
}

// sameJSON reports whether text is the JSON of want.
func sameJSON(t *testing.T, text string, want any) bool {
	t.Helper()
	var got any
	check(t, json.Unmarshal([]byte(text), &got))
	return cmp.Equal(got, want)
}

// TestEveryPlaybookRunsOffline plays each playbook with the model that a fresh clone has.
func TestEveryPlaybookRunsOffline(t *testing.T) {
	t.Parallel()
	p := newPlanRunner(t, nil, tier.Team)
	for _, plan := range p.playbooks(t) {
		moves := plan.ID == "resolve_calendar_conflicts" // which takes a language model; rules leave events alone
		if actions := p.run(t, plan); (len(actions) == 0) != moves {
			t.Errorf("%s: %v", plan.ID, actions)
		}
	}
}

// TestPlaybooksByTier compares the list and each single playbook with the tier that each one names.
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
		if got := p.Do("GET", "/api/v1/plans/playbook/no_such_plan", "", p.me); got.Status != http.StatusNotFound || got.Code() != "not_found" {
			t.Errorf("an unknown playbook as %s: %d %s", of, got.Status, got.Code())
		}
	}
}

// TestInvalidStepsAreRefused sends steps that no plan contains.
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
