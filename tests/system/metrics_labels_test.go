package system_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// series returns the names and labels of what the service exposes, without the buckets of histograms.
func (a *api) series(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z]\w*(?:\{.*\})?) `).FindAllStringSubmatch(a.scrape(t), -1) {
		if !strings.Contains(m[1], "_bucket{") {
			found[m[1]] = true
		}
	}
	return found
}

// send passes requests to the service without a connection, so that many are quick.
func (a *api) send(method, target, body string, headers header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	a.Server.ServeHTTP(w, r)
	return w
}

// TestUsersMakeNoSeries sends 10,000 paths that do not exist, and words of a user in every place from which a label
// could come. Only the series of the first requests of each kind are there.
func TestUsersMakeNoSeries(t *testing.T) {
	t.Parallel()
	const word = "plantedlabel"
	model := llmtest.NewModel()
	var invented atomic.Int64
	model.Respond(func(call agent.ModelCall) agent.Answer {
		if len(call.Tools) == 0 || toolsWereCalled(call) {
			return agent.Answer{Text: "Fine."}
		}
		if last := call.Tools[len(call.Tools)-1].Function.Name; strings.HasPrefix(last, word) {
			return toolCalls(last, map[string]any{"table": "invoices"})
		}
		return toolCalls(fmt.Sprint(word, invented.Add(1)), map[string]any{})
	})
	a := start(t, model)
	me := a.createUser("me@example.com", tier.Power)
	tool := strings.ReplaceAll(askInvoices, "query_rows", word+"_#")
	requests := []struct{ method, target, body string }{
		{"GET", "/" + word + "/#", ""},
		{"GET", "/api/v1/" + word + "/#?" + word + "=#", ""},
		{"DELETE", "/api/v1/auth/keys/" + word + "#", ""},
		{strings.ToUpper(word) + "#", "/api/v1/auth/me", ""},
		{"GET", "/api/v1/plans/playbook/" + word + "#", ""},
		{"POST", "/api/v1/plans/steps", `{"prompt_template":"` + word + `#"}`},
		{"POST", "/api/v1/auth/login", `{"email":"` + word + `#@example.com","password":"` + word + `"}`},
		{"POST", "/api/v1/chat", `{"message":"hi","model":"` + word + `#"}`},
		{"POST", "/api/v1/chat", tool},
	}
	round := func(n int) {
		for _, r := range requests {
			number := func(text string) string { return strings.ReplaceAll(text, "#", fmt.Sprint(n)) }
			headers := me.With("User-Agent", number(word+"#")).With("X-Forwarded-For", number("10.0.0.#"))
			got := a.send(number(r.method), number(r.target), number(r.body), headers)
			if r.body != tool {
				continue
			}
			var asked struct{ Continuation string }
			if json.Unmarshal(got.Body.Bytes(), &asked) != nil || asked.Continuation == "" {
				t.Fatalf("the app's tool was not called: %d %s", got.Code, got.Body)
			}
			a.send("POST", "/api/v1/chat",
				`{"continuation":"`+asked.Continuation+`","tool_results":`+invoicesRead+`}`, me)
		}
	}
	round(0)
	before := a.series(t)
	for n := 1; n < 50; n++ {
		round(n)
	}
	for n := range 10_000 {
		if code := a.send("GET", fmt.Sprintf("/api/v1/%s/%d", word, n), "", nil).Code; code != http.StatusNotFound {
			t.Fatalf("a path that does not exist: %d", code)
		}
	}
	for name := range a.series(t) {
		if !before[name] {
			t.Errorf("a new series: %s", name)
		}
		if strings.Contains(strings.ToLower(name), word) {
			t.Errorf("a word of a user is a label: %s", name)
		}
	}
	if len(before) < 50 {
		t.Errorf("only %d series", len(before))
	}
}

// TestScrapesDoNotDisturb scrapes every 100 ms while requests run. Each scrape is complete, and every request counts
// once.
func TestScrapesDoNotDisturb(t *testing.T) {
	t.Parallel()
	a := start(t, llmtest.NewModel(llmtest.TextTurn("Fine.")))
	me := a.createUser("me@example.com", tier.Power)
	ended := make(chan struct{})
	var scraper sync.WaitGroup
	var scrapes atomic.Int64
	scraper.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
			}
			w := httptest.NewRecorder()
			a.Metrics.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "\nadiuva_queue_oldest_seconds{") {
				t.Errorf("an incomplete scrape: %d", w.Code)
			}
			scrapes.Add(1)
		}
	})
	const senders, each = 4, 250
	var work sync.WaitGroup
	for range senders {
		work.Go(func() {
			for range each {
				if code := a.send("GET", "/api/v1/auth/me", "", me).Code; code != http.StatusOK {
					t.Errorf("a request got %d", code)
				}
			}
		})
	}
	work.Wait()
	for deadline := time.Now().Add(10 * time.Second); scrapes.Load() == 0 && time.Now().Before(deadline); {
		a.send("GET", "/api/v1/auth/me", "", nil)
	}
	close(ended)
	scraper.Wait()
	a.expectMetrics(t, fmt.Sprintf(`http_server_request_duration_seconds_count{code="200",operation="getMe"} %d`,
		senders*each))
	t.Logf("%d scrapes", scrapes.Load())
}

// TestLabelsAreKnown compares the labels that exist with the ones that were looked at.
func TestLabelsAreKnown(t *testing.T) {
	t.Parallel()
	a := start(t, llmtest.NewModel(llmtest.TextTurn("Fine.")))
	a.Do("POST", "/api/v1/chat", `{"message":"hi"}`, a.createUser("me@example.com", tier.Power))
	known := []string{"agent", "bucket", "code", "decision", "direction", "goversion", "kind", "le", "model",
		"operation", "outcome", "provider", "quantile", "queue", "state", "tool", "type", "version", "view"}
	for _, m := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(a.scrape(t), -1) {
		if !slices.Contains(known, m[1]) {
			t.Errorf("a new label %s: can a user choose its values? Then it cannot be one", m[1])
		}
	}
}
