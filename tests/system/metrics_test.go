package system_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
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

// scrape returns the metrics of the service, or "" where it has none.
func (a *api) scrape(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	a.Metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// expectMetrics waits until the metrics have all lines: a request is counted after its client has the answer.
func (a *api) expectMetrics(t *testing.T, lines ...string) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, line := range lines {
		text := a.scrape(t)
		for !strings.Contains(text, "\n"+line+"\n") && time.Now().Before(deadline) {
			text = a.scrape(t)
		}
		if !strings.Contains(text, "\n"+line+"\n") {
			name, _, _ := strings.Cut(line, "{")
			found := regexp.MustCompile(`(?m)^`+name+`[{ ].*$`).FindAllString(text, 12)
			t.Errorf("no line %s; there are\n%s", line, strings.Join(found, "\n"))
		}
	}
}

// TestMetricsCountWhatHappens asks over all transports and looks at the numbers.
func TestMetricsCountWhatHappens(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	a := start(t, m, apitest.WithRateLimits(t))
	m.Script(llmtest.CallTurn(llmtest.Call("1", "list_tasks", `{}`)), llmtest.TextTurn("Two ", "tasks."),
		llmtest.TextTurn("Socket."), llmtest.TextTurn("Events."), llmtest.ErrorTurn(errors.New("several words")))
	me := a.createUser("me@example.com", tier.Pro)
	a.Do("POST", "/api/v1/chat", `{"message":"hi"}`, me)
	s := a.DialEvents(me)
	s.Ask("hi")
	s.Answer()
	a.expectMetrics(t, `adiuva_streams{state="idle"} 1`, `adiuva_streams{state="answering"} 0`,
		`http_server_active_requests 1`)
	check(t, s.Conn.Close())
	events, _ := a.AskEvents(`{"message":"hi"}`, me)
	events.Answer()
	a.Do("POST", "/api/v1/chat", `{"message":"hi"}`, me)
	a.Do("GET", "/api/v1/nowhere/"+emailMarker, "", me)
	a.Do("GET", "/api/v1/backup/history", "", nil)
	a.expectMetrics(t,
		`http_server_request_duration_seconds_count{code="200",operation="chat"} 2`,
		`http_server_request_duration_seconds_count{code="500",operation="chat"} 1`,
		`http_server_request_duration_seconds_count{code="200",operation="streamChat"} 1`,
		`http_server_request_duration_seconds_count{code="401",operation="listBackupHistory"} 1`,
		`http_server_active_requests 0`, `adiuva_streams{state="idle"} 0`, `adiuva_streams{state="events"} 0`,
		`gen_ai_execute_tool_duration_seconds_count{outcome="ok",tool="list_tasks"} 1`,
		`gen_ai_invoke_agent_duration_seconds_count{agent="task_agent",outcome="ok"} 3`,
		`gen_ai_invoke_agent_duration_seconds_count{agent="task_agent",outcome="error"} 1`,
		`gen_ai_client_operation_duration_seconds_count{model="test",outcome="ok",provider="test"} 8`,
		`gen_ai_client_operation_duration_seconds_count{model="test",outcome="error",provider="test"} 1`,
		`gen_ai_client_operation_time_to_first_chunk_seconds_count{model="test",provider="test"} 2`,
		`adiuva_rate_limit_decisions_total{bucket="pro",decision="allowed"} 4`,
		`adiuva_queue_oldest_seconds{queue="inbox"} 0`, `adiuva_queue_oldest_seconds{queue="deletions"} 0`,
		`adiuva_queue_oldest_seconds{queue="removals"} 0`)
	if text := a.scrape(t); strings.Contains(text, emailMarker) || strings.Contains(text, "@") {
		t.Error("the metrics have an address")
	}
}

// TestMetricsCountLeaks lets the model answer with its prompt, in letters and in hexadecimal.
func TestMetricsCountLeaks(t *testing.T) {
	t.Parallel()
	m := llmtest.NewModel()
	a := start(t, m)
	me := a.Register("me@example.com")
	for _, disguise := range []func(string) string{
		func(prompt string) string { return prompt },
		func(prompt string) string { return hex.EncodeToString([]byte(prompt)) },
	} {
		m.Respond(func(call agent.ModelCall) agent.Answer {
			return agent.Answer{Text: disguise(llmtest.TextOf(call.Messages[0]))}
		})
		if got := a.Do("POST", "/api/v1/chat", `{"message":"hi"}`, me); got.JSON(t)["replaced"] != true {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	a.expectMetrics(t, `adiuva_leak_filter_hits_total{kind="letters",view="letters"} 1`,
		`adiuva_leak_filter_hits_total{kind="decoder",view="hex"} 1`, `adiuva_leak_filter_exhausted_total 0`)
}

// TestMetricsCountRefusals meets the end of a budget and a rate limit.
func TestMetricsCountRefusals(t *testing.T) {
	t.Parallel()
	a := replica(t, pgtest.New(t), 2*tokensPerCall+10, metered{llmtest.NewModel(llmtest.TextTurn("Fine."))},
		apitest.WithRateLimits(t))
	me := a.Register("me@example.com")
	for range 2 {
		a.Do("POST", "/api/v1/chat", `{"message":"hi"}`, me)
	}
	for a.Do("GET", "/api/v1/auth/me", "", me).Status == http.StatusOK {
	}
	a.expectMetrics(t, `adiuva_budget_decisions_total{decision="allowed"} 2`,
		`adiuva_budget_decisions_total{decision="refused"} 1`,
		`adiuva_rate_limit_decisions_total{bucket="free",decision="refused"} 1`)
}

// TestMetricsCountBytesOfBackups uploads and downloads a backup.
func TestMetricsCountBytesOfBackups(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.createUser("me@example.com", tier.Pro)
	const size = 1000
	blob := []byte(strings.Repeat("x", size))
	headers := uploadHeaders(blob).With("Authorization", me["Authorization"])
	if got := a.Send("PUT", "/api/v1/backup", bytes.NewReader(blob), headers); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	a.Do("GET", "/api/v1/backup", "", me)
	a.expectMetrics(t, `adiuva_backup_bytes_total{direction="upload",outcome="ok"} 1000`,
		`adiuva_backup_bytes_total{direction="download",outcome="ok"} 1000`)
}
