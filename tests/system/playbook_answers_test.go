package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// badAnswer is a way in which models answer badly: what becomes of a good answer, a JSON array of n records, and how
// much of it is dropped. With none, the step fails.
type badAnswer struct {
	name    string
	change  func(t *testing.T, good string) string
	dropped func(n int) int
	none    bool
}

func nothing(int) int { return 0 }

func one(int) int { return 1 }

func each(n int) int { return n }

// rewrite returns a change of every record.
func rewrite(record func(r map[string]any)) func(t *testing.T, good string) string {
	return func(t *testing.T, good string) string {
		t.Helper()
		var list []map[string]any
		check(t, json.Unmarshal([]byte(good), &list))
		for _, r := range list {
			record(r)
		}
		text, err := json.Marshal(list)
		check(t, err)
		return string(text)
	}
}

// rewriteTimes returns a change of every time in the records.
func rewriteTimes(write func(at time.Time) any) func(t *testing.T, good string) string {
	return rewrite(func(r map[string]any) {
		for name, value := range r {
			text, _ := value.(string)
			if at, err := time.Parse("2006-01-02T15:04", text); err == nil {
				r[name] = write(at)
			}
		}
	})
}

func badAnswers() []badAnswer {
	around := func(before, after string) func(*testing.T, string) string {
		return func(_ *testing.T, good string) string { return before + good + after }
	}
	replaced := func(answer string) func(*testing.T, string) string {
		return func(*testing.T, string) string { return answer }
	}
	added := func(record string) func(*testing.T, string) string {
		return func(_ *testing.T, good string) string { return strings.TrimSuffix(good, "]") + "," + record }
	}
	return []badAnswer{
		{"prose with brackets", around("I read them [see the rows, {all}] and found: ", " [end]"), nothing, false},
		{"thoughts", around(`<think>Perhaps [{"id":"t2"}]? No.</think>`, ""), nothing, false},
		{"a fence", around("```json\n", "\n```\nLet me know!"), nothing, false},
		{"an object around", around(`{"count": 1, "result": `, `}`), nothing, false},
		{"an object a line", func(_ *testing.T, good string) string {
			return strings.ReplaceAll(strings.Trim(good, "[]"), "},{", "}\n{")
		}, nothing, false},
		{"a wrong record", added(`{"id":"OTHER","dueDate":"tomorrow","priority":"banana"}]`), one, false},
		{"a wrong member", rewrite(func(r map[string]any) { r["colour"] = "red" }), each, false},
		{"milliseconds", rewriteTimes(func(at time.Time) any { return at.UnixMilli() }), nothing, false},
		{"seconds as text", rewriteTimes(func(at time.Time) any { return fmt.Sprint(at.Unix()) }), nothing, false},
		{"cut off", added(`{"id":"t1","ti`), one, false},
		{"nothing to do", replaced("There is nothing to do: []"), nothing, true},
		{"prose alone", replaced("I am sorry, but I cannot do that."), nothing, true},
		{"nothing", replaced("{}"), nothing, true},
	}
}

// TestPlaybooksWithBadAnswers runs each playbook that makes records with a model that answers badly. What fits reaches
// the actions unchanged, and nothing else does.
func TestPlaybooksWithBadAnswers(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	p := newPlanRunner(t, m, tier.Team)
	for _, plan := range p.playbooks(t) {
		row := playbookAnswers[plan.ID]
		if !strings.HasPrefix(row.answer, "[") {
			continue // it makes text
		}
		for _, bad := range badAnswers() {
			answer := bad.change(t, row.answer)
			m.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: answer} })
			var want []map[string]any
			check(t, json.Unmarshal([]byte(row.want), &want))
			body, err := json.Marshal(map[string]any{"prompt_template": row.template,
				"data": p.selectRows(plan.Steps[0])})
			check(t, err)
			got := p.Do("POST", "/api/v1/plans/steps", string(body), p.me)
			if bad.none && !strings.Contains(answer, "[]") {
				if got.Status != http.StatusBadGateway || got.Code() != "llm_error" {
					t.Errorf("%s, %s: %d %s", plan.ID, bad.name, got.Status, got.Body)
				}
				continue
			}
			dropped, _ := got.JSON(t)["dropped"].(float64)
			if int(dropped) != bad.dropped(len(want)) {
				t.Errorf("%s, %s: %s", plan.ID, bad.name, got.Body)
			}
			if bad.none {
				want = nil
			}
			if diff := cmp.Diff(want, p.run(t, plan)); diff != "" {
				t.Errorf("%s, %s: %s", plan.ID, bad.name, diff)
			}
		}
	}
}
