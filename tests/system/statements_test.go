package system_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestRequestsTakeFewStatements counts what each request with a model costs the database once the account is known: one
// statement that reserves tokens and one that counts them.
func TestRequestsTakeFewStatements(t *testing.T) {
	t.Parallel()
	const task = `{"message":"create a task to call Anna"}`
	for name, c := range map[string]struct{ method, path, body, want string }{
		"an answer":  {"POST", "/chat", `{"message":"hello"}`, "Move Move"},
		"with tools": {"POST", "/chat", task, "Move Move"},
		"a plan":     {"POST", "/chat", `{"message":"plan my week","execution_mode":"plan"}`, "Move Move"},
		"a batch of three": {"POST", "/chat/batch", `{"requests":[` + task + `,` + task + `,{}]}`,
			"Move Move Move Move"},
		"a step": {"POST", "/plans/steps", `{"prompt_template":"tpl_standup","data":[{"title":"Call Anna"}]}`,
			"Move Move"},
		"a summary": {"POST", "/chat/compact", `{"conversation_history":[{"role":"user","content":"Hello"}]}`,
			"Move Move"},
		"an own key": {"POST", "/chat", `{"message":"hello","model":{"provider":"offline","api_key":"sk-own"}}`, ""},
		"wrong body": {"POST", "/chat", `{"message":7}`, ""},
		"the models": {"GET", "/models", "", ""},
		"the usage":  {"GET", "/usage", "", "TokenUsage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, wire := counted(t)
			me := a.registerAs(tier.Power)
			if got := a.Do("GET", "/api/v1/models", "", me); got.Status != http.StatusOK { // reads session and account
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			wire.Statements()
			got := a.Do(c.method, "/api/v1"+c.path, c.body, me)
			if (got.Status == http.StatusOK) != (name != "wrong body") {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			sent := strings.ReplaceAll(strings.Join(wire.Statements(), " "), "MoveReservation", "Move")
			if sent != c.want {
				t.Errorf("statements %q, want %q", sent, c.want)
			}
		})
	}
}

// counted starts a service with the offline model whose database is behind a proxy.
func counted(t *testing.T) (*api, *pgtest.Proxy) {
	t.Helper()
	wire := pgtest.NewProxy(t, pgtest.New(t).Pool.Config().ConnString())
	db, err := pgtest.Open(t.Context(), wire.DSN+"&default_query_exec_mode=exec")
	check(t, err)
	t.Cleanup(db.Close)
	cfg := apitest.Config(t)
	cfg.TokensPerDayPower = 1_000_000
	return startWith(t, cfg, db, nil), wire
}
