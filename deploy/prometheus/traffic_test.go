package prometheus_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// metered is a model that says how many tokens a call took.
type metered struct{ agent.Model }

func (m metered) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	answer, err := m.Model.Generate(ctx, call, emit)
	answer.Usage = agent.Usage{InputTokens: 1000, OutputTokens: 10, ModelCalls: 1}
	return answer, err
}

// rightlyEmpty are the queries that have no result after a few seconds of traffic, with the reason.
var rightlyEmpty = map[string]string{
	`absent(up{job="adiuva"} == bool 1)`: "the service is up",
	`min_over_time(process_resident_memory_bytes{job="adiuva"}[1d]) > bool 1.5 * ` +
		`min_over_time(process_resident_memory_bytes{job="adiuva"}[1d] offset 1d)`: "there is no day before",
	`min_over_time(go_goroutines{job="adiuva"}[1d]) > bool 1.5 * ` +
		`min_over_time(go_goroutines{job="adiuva"}[1d] offset 1d)`: "there is no day before",
}

// TestRealTrafficFillsEveryQuery asks a real Prometheus, which scrapes the service after chats, streams, backups,
// refusals and calls of a failing model, every query of the dashboards and every operand of the alerts.
func TestRealTrafficFillsEveryQuery(t *testing.T) {
	t.Parallel()
	a := startWithTraffic(t)
	address := startPrometheus(t, a.Metrics.Handler())
	asked := 0
	queries := operands(t)
	for file, d := range dashboards(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				queries[variables.Replace(q.Expr)] = file + ": " + p.Title
			}
		}
	}
	for expr, where := range queries {
		if rightlyEmpty[expr] != "" {
			if err := ask(t, address, expr); err == nil {
				t.Errorf("%s is not empty: remove it from the exceptions", expr)
			}
			continue
		}
		asked++
		pgtest.Eventually(t, time.Minute, func() error {
			if err := ask(t, address, expr); err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			return nil
		})
	}
	for expr := range rightlyEmpty {
		if queries[expr] == "" {
			t.Errorf("no alert asks %s", expr)
		}
	}
	if asked < 60 {
		t.Errorf("only %d queries", asked)
	}
}

var (
	operators   = regexp.MustCompile(` (?:and|or|unless(?: on \([^)]*\))?) `)
	comparisons = regexp.MustCompile(` (>|<|==|>=|<=) `)
)

// operands returns what the alerts compare and combine, by the alert's name. A comparison gives 0 or 1 in place of
// nothing, so that its sides are seen to have results.
func operands(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	for _, r := range rules(t) {
		for _, part := range operators.Split(strings.Join(strings.Fields(r.Expr), " "), -1) {
			for strings.Count(part, "(") > strings.Count(part, ")") && strings.HasPrefix(part, "(") {
				part = part[1:]
			}
			for strings.Count(part, ")") > strings.Count(part, "(") {
				part = strings.TrimSuffix(part, ")")
			}
			list[comparisons.ReplaceAllString(part, " $1 bool ")] = r.Alert + r.Record
		}
	}
	return list
}

// startWithTraffic starts the service and has everything happen in it that is counted.
func startWithTraffic(t *testing.T) *apitest.API {
	t.Helper()
	model := llmtest.NewModel()
	model.Script(llmtest.CallTurn(llmtest.Call("1", "list_tasks", `{}`)), llmtest.TextTurn("Two ", "tasks."),
		llmtest.TextTurn("Socket."), llmtest.TextTurn("Events."), llmtest.ErrorTurn(errors.New("the model fails")))
	cfg := apitest.Config(t)
	cfg.TokensPerDayFree = 2030
	a := apitest.StartReplica(t, apitest.Replica{Config: cfg, DB: pgtest.New(t)}, metered{model},
		apitest.WithRateLimits(t))
	me := account(t, a, "me@example.com", tier.Power)
	const question = `{"message":"hi"}`
	a.Do("POST", "/api/v1/chat", question, me)
	s := a.DialEvents(me)
	s.Ask("hi")
	s.Answer()
	events, _ := a.AskEvents(question, me)
	events.Answer()
	if got := a.Do("POST", "/api/v1/chat", question, me); got.Status < 500 {
		t.Fatalf("the model did not fail: %d %s", got.Status, got.Body)
	}
	model.Respond(func(call agent.ModelCall) agent.Answer {
		return agent.Answer{Text: llmtest.TextOf(call.Messages[0])}
	})
	if got := a.Do("POST", "/api/v1/chat", question, me); got.JSON(t)["replaced"] != true {
		t.Fatalf("the prompt was not replaced: %d %s", got.Status, got.Body)
	}
	model.Respond(func(agent.ModelCall) agent.Answer { return agent.Answer{Text: "Fine."} })
	backUp(t, a, me)
	a.Do("POST", "/api/v1/billing/checkout", `{"tier":"power"}`, me)
	a.Do("POST", "/api/v1/billing/webhook", `{}`, nil)
	free := account(t, a, "free@example.com", tier.Free)
	for a.Do("POST", "/api/v1/chat", question, free).Status != 429 {
	}
	for range 100 {
		a.Do("GET", "/api/v1/auth/me", "", free)
	}
	return a
}

func account(t *testing.T, a *apitest.API, email string, plan tier.Tier) apitest.Header {
	t.Helper()
	if _, err := a.Accounts.CreateUser(t.Context(), email, "correct horse battery", plan); err != nil {
		t.Fatal(err)
	}
	got := a.Do("POST", "/api/v1/auth/login", `{"email":"`+email+`","password":"correct horse battery"}`, nil).JSON(t)
	return apitest.Header{"Authorization": "Bearer " + got["access_token"].(string)}
}

// backUp uploads a backup and downloads it.
func backUp(t *testing.T, a *apitest.API, me apitest.Header) {
	t.Helper()
	const blob = "backup"
	headers := me.With("Content-Type", "application/octet-stream").With("X-Backup-Version", "1").
		With("X-Backup-Timestamp", "1767225600000").With("X-Backup-Checksum", checksum(blob))
	if got := a.Send("PUT", "/api/v1/backup", strings.NewReader(blob), headers); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	a.Do("GET", "/api/v1/backup", "", me)
}

func checksum(blob string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(blob))) }
