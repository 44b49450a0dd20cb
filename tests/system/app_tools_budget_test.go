package system_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// metered is a model of which every call uses tokensPerCall.
type metered struct{ agent.Model }

const tokensPerCall = 1_010

func (m metered) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	answer, err := m.Model.Generate(ctx, call, emit)
	answer.Usage = agent.Usage{InputTokens: tokensPerCall - 10, OutputTokens: 10, ModelCalls: 1}
	return answer, err
}

// tokensUsed returns what GET /usage says of today.
func (a *api) tokensUsed(t *testing.T, me header) int {
	t.Helper()
	used, ok := a.Do("GET", "/api/v1/usage", "", me).JSON(t)["tokens_used"].(float64)
	if !ok {
		t.Fatal("no tokens_used")
	}
	return int(used)
}

// expectTokens waits until so many tokens are used: a request settles after the client has its answer.
func (a *api) expectTokens(t *testing.T, what string, me header, want int) {
	t.Helper()
	got := a.tokensUsed(t, me)
	for deadline := time.Now().Add(30 * time.Second); got != want && time.Now().Before(deadline); {
		got = a.tokensUsed(t, me)
	}
	if got != want {
		t.Errorf("%s: %d tokens are used, want %d", what, got, want)
	}
}

// TestEveryPartOfAnAnswerIsMeteredOnce answers a question with two rounds of calls, over POST /chat in three requests
// and over version 2 in one.
func TestEveryPartOfAnAnswerIsMeteredOnce(t *testing.T) {
	t.Parallel()
	a := replica(t, pgtest.New(t), 1_000_000, metered{asksApp([]string{"invoices"}, []string{"mails"})})
	me := a.Register("me@example.com")
	usage := func(got answer) float64 {
		t.Helper()
		used, _ := got.JSON(t)["usage"].(map[string]any)
		calls, _ := used["model_calls"].(float64)
		return calls
	}
	first := a.Do("POST", "/api/v1/chat", askInvoices, me)
	second := a.Do("POST", "/api/v1/chat", goOn(first, t, invoicesRead, ""), me)
	third := a.Do("POST", "/api/v1/chat", goOn(second, t, `[{"id":"call_2","denied":true}]`, ""), me)
	if usage(first) != 2 || usage(second) != 1 || usage(third) != 1 { // the first asks the router too
		t.Errorf("model calls: %v, %v, %v", usage(first), usage(second), usage(third))
	}
	a.expectTokens(t, "three requests", me, 4*tokensPerCall)
	s := a.DialEvents(me)
	s.Send(askInvoices)
	sendResult(s, s.Until("tool_call").ID, `"content":"invoice 7"`)
	sendResult(s, s.Until("tool_call").ID, `"denied":true`)
	if done := s.Until("done"); done.Usage["model_calls"] != float64(4) {
		t.Errorf("version 2: %+v", done.Usage)
	}
	a.expectTokens(t, "one request of version 2", me, 8*tokensPerCall)
}

// TestWaitThatEndsIsMetered ends an answer while a call of the app waits: by a cancel, by leaving, and by reading
// nothing more, which the pings find out.
func TestWaitThatEndsIsMetered(t *testing.T) {
	t.Parallel()
	a := replica(t, pgtest.New(t), 1_000_000, metered{asksApp([]string{"invoices"})},
		func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	me := a.Register("me@example.com")
	s := a.DialEvents(me)
	s.Send(askInvoices)
	s.Until("tool_call")
	s.Send(`{"type":"cancel"}`)
	if done := s.Until("done"); !done.Cancelled || done.Usage["model_calls"] != float64(2) {
		t.Errorf("%+v", done)
	}
	a.expectTokens(t, "cancelled", me, 2*tokensPerCall)
	s.Send(askInvoices)
	s.Until("tool_call")
	check(t, s.Conn.Close())
	a.expectTokens(t, "left", me, 4*tokensPerCall)
	s = a.DialEvents(me)
	s.Send(askInvoices)
	s.Until("tool_call")
	a.expectTokens(t, "reads no more", me, 6*tokensPerCall)
}

// TestBudgetThatEndsBetweenTwoRequestsRefusesTheSecond has no tokens left for the results of the app.
func TestBudgetThatEndsBetweenTwoRequestsRefusesTheSecond(t *testing.T) {
	t.Parallel()
	a := replica(t, pgtest.New(t), 2*tokensPerCall+10, metered{asksApp([]string{"invoices"})})
	me := a.Register("me@example.com")
	first := a.Do("POST", "/api/v1/chat", askInvoices, me)
	if first.Status != http.StatusOK {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	second := a.Do("POST", "/api/v1/chat", goOn(first, t, invoicesRead, ""), me)
	if second.Code() != "budget_exceeded" {
		t.Errorf("%d %s", second.Status, second.Body)
	}
}

// TestOwnKeyHasToComeAgain goes on with an answer that began with the caller's own key, with the key and without it.
func TestOwnKeyHasToComeAgain(t *testing.T) {
	t.Parallel()
	a, servers := startProviders(t)
	me := a.registerAs(tier.Power)
	const own = `,"model":{"provider":"first","api_key":"` + ownKeyMarker + `"}`
	servers[0].Script(llmtest.Say("task_agent"),
		llmtest.CallTools(llmtest.Call("c1", "query_rows", `{"table":"invoices"}`)))
	first := a.Do("POST", "/api/v1/chat", strings.TrimSuffix(askInvoices, "}")+own+"}", me)
	if got := first.JSON(t); got["kind"] != "tool_calls" {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	got := a.Do("POST", "/api/v1/chat", goOn(first, t, invoicesRead, ""), me)
	if got.Code() != "validation_failed" || !strings.Contains(string(got.Body), `"pointer":"/model`) {
		t.Errorf("without the key: %d %s", got.Status, got.Body)
	}
	servers[0].Script(llmtest.Say("Invoice 7."))
	got = a.Do("POST", "/api/v1/chat", goOn(first, t, invoicesRead, own), me)
	if got.Status != http.StatusOK || got.JSON(t)["kind"] != "response" {
		t.Errorf("with the key: %d %s", got.Status, got.Body)
	}
	for _, srv := range servers {
		for _, r := range srv.Requests() {
			if r.Header.Get("Authorization") != "Bearer "+ownKeyMarker {
				t.Errorf("a request of the answer had the key %.10q", r.Header.Get("Authorization"))
			}
		}
	}
	if strings.Contains(first.JSON(t)["continuation"].(string), ownKeyMarker) {
		t.Error("the continuation has the key")
	}
}

// TestResultBeyondAFrameClosesTheSocket sends a result of 10 MB.
func TestResultBeyondAFrameClosesTheSocket(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"a"}))
	s := a.DialEvents(a.Register("me@example.com"))
	s.Send(askInvoices)
	s.Until("tool_call")
	go func() { // the server stops reading before the end
		_ = s.Conn.WriteMessage(websocket.TextMessage,
			[]byte(`{"type":"tool_result","id":"call_1","content":"`+strings.Repeat("x", 10<<20)+`"}`))
	}()
	s.ExpectClose("body_too_large", 1009)
}
