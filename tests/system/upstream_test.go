package system_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// TestUpstreamFailures lets the model's server fail during POST /chat and checks what the caller sees.
func TestUpstreamFailures(t *testing.T) {
	t.Attr("case", "L11")
	t.Parallel()
	for name, c := range map[string]struct {
		step   llmtest.Step
		status int
		code   string
	}{
		"429":            {llmtest.Refuse(http.StatusTooManyRequests), 503, "llm_unavailable"},
		"500":            {llmtest.Refuse(http.StatusInternalServerError), 503, "llm_unavailable"},
		"401":            {llmtest.Refuse(http.StatusUnauthorized), 503, "llm_unavailable"},
		"quota spent":    {llmtest.QuotaExhausted(), 503, "llm_unavailable"},
		"garbage":        {llmtest.GarbageJSON(), 502, "llm_error"},
		"garbage stream": {llmtest.GarbageStream(), 502, "llm_error"},
		"no response":    {llmtest.StallBeforeHeaders(), 504, "llm_timeout"},
		"reset":          {llmtest.CutMidStream(), 503, "llm_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			upstream := llmtest.NewServer(t)
			client, err := llm.New(llm.Config{APIKey: "k", BaseURL: upstream.URL, Model: "m", RouterModel: "r",
				FirstTokenTimeout: time.Second, IdleTimeout: time.Second, Timeout: 5 * time.Second,
				Sleep: func(context.Context, time.Duration) error { return nil }, Log: slog.New(slog.DiscardHandler)})
			check(t, err)
			t.Cleanup(client.Close)
			a := start(t, client)
			me := a.Register("upstream@example.com")
			upstream.Script(c.step, c.step, c.step, c.step)
			got := a.Do("POST", "/api/v1/chat", `{"message":"create a task"}`, me)
			if got.Status != c.status || got.Code() != c.code {
				t.Errorf("%d %s, want %d %s: %s", got.Status, got.Code(), c.status, c.code, got.Body)
			}
			if c.status == http.StatusServiceUnavailable && got.Header.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			if strings.Contains(string(got.Body)+a.Logs.String(), llmtest.Secret) {
				t.Errorf("the upstream's message reached the caller or the log: %s", got.Body)
			}
			if again := a.Do("GET", "/api/v1/health", "", nil); again.Status != http.StatusOK {
				t.Errorf("health after the failure: %d", again.Status)
			}
		})
	}
}

// TestRefusedKeyCostsOneRequest asks questions in every way that uses the model while its server refuses the key.
func TestRefusedKeyCostsOneRequest(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	for name, step := range map[string]llmtest.Step{
		"401":   llmtest.Refuse(http.StatusUnauthorized),
		"403":   llmtest.Send(http.StatusForbidden, "text/html", "<html>Attention Required!</html>"),
		"quota": llmtest.QuotaExhausted(),
	} {
		for _, body := range []string{`{"message":"create a task"}`, `{"message":"a task","execution_mode":"plan"}`} {
			t.Run(name+body, func(t *testing.T) {
				t.Parallel()
				upstream := llmtest.NewServer(t)
				client, err := llm.New(llm.Config{APIKey: "k", BaseURL: upstream.URL, Model: "m", RouterModel: "r"})
				check(t, err)
				t.Cleanup(client.Close)
				a := start(t, client)
				me := a.Register("refused@example.com")
				upstream.Script(step, step, step, step, step, step)
				if got := a.Do("POST", "/api/v1/chat", body, me); got.Status != 503 || got.Code() != "llm_unavailable" {
					t.Errorf("%d %s", got.Status, got.Body)
				}
				if n := len(upstream.Requests()); n != 1 {
					t.Errorf("%d requests for one question", n)
				}
				for range 4 {
					if got := a.Do("POST", "/api/v1/chat", body, me); got.Status != 503 {
						t.Errorf("%d %s", got.Status, got.Body)
					}
				}
				want, alerts := 2, 1
				if name == "403" { // it may be about the words of one user, and stops and alarms nobody else
					want, alerts = 5, 0
				}
				if n := len(upstream.Requests()); n != want {
					t.Errorf("%d requests for five questions, want %d", n, want)
				}
				if n := strings.Count(a.Logs.String(), "operator must act"); n != alerts {
					t.Errorf("%d alerts, want %d, in %s", n, alerts, a.Logs.String())
				}
				if strings.Contains(a.Logs.String(), "router failed") {
					t.Errorf("a line for each request: %s", a.Logs.String())
				}
			})
		}
	}
}
