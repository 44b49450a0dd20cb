package llm_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func modelNotFound(x *llmtest.Exchange) { x.Refuse(403, "invalid_request_error", "model_not_found") }

// TestRefusedKeyIsNotAskedAgainForSeconds asks both models at the given seconds. Each call that reaches the upstream
// takes the next step.
func TestRefusedKeyIsNotAskedAgainForSeconds(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	key, quota, forbidden := llmtest.Refuse(401), llmtest.QuotaExhausted(), llmtest.Refuse(403)
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
			client, srv := setup(t, func(cfg *llm.Config) { cfg.Now = func() time.Time { return now } })
			srv.Script(c.script...)
			refused := 0
			for i, second := range c.at {
				now = start.Add(time.Duration(second) * time.Second)
				call := ask("hi")
				call.Small = i%2 == 0
				_, err := client.Generate(t.Context(), call, nil)
				if errors.Is(err, agent.ErrModelRefused) {
					refused++
				}
				if errors.Is(err, agent.ErrModelRefused) && !errors.Is(err, llm.ErrUnavailable) {
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
	client, srv := setup(t, func(c *llm.Config) {
		c.Now = func() time.Time { return now }
		c.Log = slog.New(slog.NewJSONHandler(&logged, nil))
	})
	for _, step := range []llmtest.Step{llmtest.Refuse(401), llmtest.QuotaExhausted(), modelNotFound,
		llmtest.Refuse(401), llmtest.QuotaExhausted()} {
		srv.Script(step)
		if _, err := client.Generate(t.Context(), ask("hi"), nil); !errors.Is(err, llm.ErrUnavailable) {
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
