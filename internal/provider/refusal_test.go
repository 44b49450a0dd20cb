package provider_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// bareRefusal answers 403 without a reason, as gateways do.
func bareRefusal() llmtest.Step {
	return llmtest.Send(403, "text/html", "<html>Attention Required!</html>")
}

func modelNotFound(x *llmtest.Exchange) { x.Refuse(403, "invalid_request_error", "model_not_found") }

// TestRefusedKeyIsNotAskedAgainForSeconds asks both models at the given seconds. Each call that reaches the upstream
// takes the next step.
func TestRefusedKeyIsNotAskedAgainForSeconds(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	key, quota, forbidden := llmtest.Refuse(401), llmtest.QuotaExhausted(), bareRefusal()
	for name, c := range map[string]struct {
		script   []llmtest.Step
		at       []int // seconds, ascending
		requests int
		refused  int // calls that fail with agent.ErrModelRefused
	}{
		"refused key":                 {steps(key, key), []int{0, 0, 0, 1, 4}, 2, 5},
		"spent quota":                 {steps(quota, quota), []int{0, 0, 1, 4}, 2, 4},
		"one user's words, refused":   {steps(forbidden, forbidden, forbidden, fine), []int{0, 0, 1, 1}, 4, 3},
		"one call asks again":         {steps(key, key, key), []int{0, 0, 5, 5, 6, 9}, 3, 6},
		"mended after the pause":      {steps(key, key, fine, fine, fine), []int{0, 0, 4, 5, 5, 6}, 5, 3},
		"one refusal stops nobody":    {steps(forbidden, fine, forbidden, fine), []int{0, 0, 1, 1}, 4, 2},
		"a model that is not allowed": {steps(modelNotFound, modelNotFound, fine), []int{0, 0, 0}, 3, 0},
		"other failures say nothing":  {steps(llmtest.Refuse(400), key, llmtest.Refuse(400)), []int{0, 0, 0}, 3, 1},
		"asking again fails otherwise": {steps(key, key, llmtest.Refuse(400), llmtest.Refuse(400)),
			[]int{0, 0, 5, 6, 10}, 4, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
			now := start
			set, servers := setup(t, 1, func(cfg *provider.Config) { cfg.Now = func() time.Time { return now } })
			srv := servers[0]
			srv.Script(c.script...)
			refused := 0
			for i, second := range c.at {
				now = start.Add(time.Duration(second) * time.Second)
				call := ask("hi")
				call.Small = i%2 == 0
				_, err := set.Generate(t.Context(), call, nil)
				if errors.Is(err, agent.ErrModelRefused) {
					refused++
				}
				if errors.Is(err, agent.ErrModelRefused) && !errors.Is(err, agent.ErrModelUnavailable) {
					t.Errorf("call %d: %v", i, err)
				}
			}
			if n := len(srv.Requests()); n != c.requests || refused != c.refused {
				t.Errorf("%d requests and %d refused calls, want %d and %d", n, refused, c.requests, c.refused)
			}
		})
	}
}

func TestOperatorAlertIsLoggedForEachCause(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	var logged bytes.Buffer
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	set, servers := setup(t, 1, func(c *provider.Config) {
		c.Now = func() time.Time { return now }
		c.Log = slog.New(slog.NewJSONHandler(&logged, nil))
	})
	srv := servers[0]
	for _, step := range []llmtest.Step{llmtest.Refuse(401), llmtest.QuotaExhausted(), modelNotFound,
		llmtest.Refuse(401), llmtest.QuotaExhausted()} {
		srv.Script(step)
		if _, err := set.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, agent.ErrModelUnavailable) {
			t.Fatal(err)
		}
		now = now.Add(6 * time.Second)
	}
	for _, cause := range []string{"key", "quota", "model"} {
		if n := strings.Count(logged.String(), `"refused":"`+cause+`"`); n != 1 {
			t.Errorf("%s: %d alerts in %s", cause, n, &logged)
		}
	}
}

func TestOperatorAlertIsLoggedOncePerMinute(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	set, servers := setup(t, 1, func(c *provider.Config) {
		c.Now = func() time.Time { return now }
		c.Log = slog.New(slog.NewJSONHandler(&logged, nil))
	})
	for i, step := range []struct {
		pause  time.Duration
		alerts int // so far
	}{{0, 1}, {time.Second, 1}, {58 * time.Second, 1}, {time.Second, 2}, {59 * time.Second, 2}, {time.Second, 3}} {
		now = now.Add(step.pause)
		servers[0].Script(llmtest.Refuse(401))
		if _, err := set.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, agent.ErrModelUnavailable) {
			t.Fatal(err)
		}
		if got := strings.Count(logged.String(), "operator"); got != step.alerts {
			t.Errorf("call %d: %d alerts, want %d", i+1, got, step.alerts)
		}
	}
}

// TestForbiddenWordsOfOneUserAlarmNobody answers 403 to one user alone, then to a second one.
func TestForbiddenWordsOfOneUserAlarmNobody(t *testing.T) {
	t.Attr("case", "L03")
	t.Parallel()
	var logged bytes.Buffer
	set, servers := setup(t, 1, func(c *provider.Config) { c.Log = slog.New(slog.NewJSONHandler(&logged, nil)) })
	forbidden := func(user identity.User) {
		t.Helper()
		servers[0].Script(bareRefusal())
		if _, err := set.Generate(t.Context(), askAs(user, agent.ModelChoice{}), nil); err == nil {
			t.Fatal("no error")
		}
	}
	anna, ben := account(tier.Pro), account(tier.Pro)
	for range 25 { // more than open a breaker
		forbidden(anna)
	}
	servers[0].Script(fine)
	if _, err := set.Generate(t.Context(), askAs(ben, agent.ModelChoice{}), nil); err != nil {
		t.Fatalf("another user met the failures of the first: %v", err)
	}
	forbidden(ben)
	if strings.Contains(logged.String(), "operator") {
		t.Errorf("an alarm after the failures of one user: %s", &logged)
	}
	forbidden(anna)
	if !strings.Contains(logged.String(), "operator") {
		t.Errorf("no alarm after two users in a row were forbidden: %s", &logged)
	}
}
