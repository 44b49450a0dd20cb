package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

const hello = `{"message":"list my open tasks"}`

// blocking returns a model that emits the words and blocks until its call is cancelled.
func blocking(words string) (model *llmtest.Model, started, ended chan struct{}) {
	started, ended = make(chan struct{}, 100), make(chan struct{}, 100)
	return llmtest.NewModelFunc(func(ctx context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
		defer func() { ended <- struct{}{} }()
		if err := emit(words); err != nil {
			return agent.Answer{}, err
		}
		started <- struct{}{}
		<-ctx.Done()
		return agent.Answer{}, ctx.Err()
	}), started, ended
}

// within fails the test if nothing comes in time.
func within(t *testing.T, limit time.Duration, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(limit):
		t.Fatalf("waited %s for %s", limit, what)
	}
}

func TestAcceptChoosesBetweenEventsAndJSON(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("accept@example.com")
	for accept, events := range map[string]bool{
		"text/event-stream":                               true,
		"TEXT/Event-Stream; charset=utf-8":                true,
		"text/event-stream, */*":                          true,
		"text/event-stream;q=0.5, */*;q=0.1":              true,
		"application/json;q=0.5, text/event-stream":       true,
		"application/json;q=0.9,text/event-stream;q=0.91": true,
		"*/*":                   false,
		"text/*":                false,
		"application/json":      false,
		"text/event-stream;q=0": false,
		"text/event-stream;q=0.4, application/json;q=0.5": false,
		"text/html, application/xhtml+xml":                false,
		"garbage;;;,,":                                    false,
	} {
		got := a.Do("POST", "/api/v1/chat", hello, me.With("Accept", accept))
		media := got.Header.Get("Content-Type")
		if got.Status != http.StatusOK || strings.HasPrefix(media, "text/event-stream") != events {
			t.Errorf("%q: %d %s, want events: %v", accept, got.Status, media, events)
		}
	}
	if got := a.Do("GET", "/api/v1/agents", "", me.With("Accept", "text/event-stream")); got.Status != http.StatusOK ||
		got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("an operation without events: %d %s", got.Status, got.Header.Get("Content-Type"))
	}
}

func TestEventsAreNotHeldBackByProxies(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	s, refused := a.AskEvents(hello, a.Register("proxies@example.com").With("Accept-Encoding", "gzip, br"))
	if s == nil {
		t.Fatalf("%d %s", refused.Status, refused.Body)
	}
	for name, want := range map[string]string{"X-Accel-Buffering": "no", "Cache-Control": "no-store",
		"Content-Encoding": "", "Content-Length": ""} {
		if got := s.Resp.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if s.Resp.Header.Get("X-Request-Id") == "" || s.Resp.Header.Get("X-Request-Id") != s.Answer()[0].RequestID {
		t.Error("started does not have the request's id")
	}
}

func TestRefusalsBeforeTheFirstEventAreProblems(t *testing.T) {
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	me := a.Register("problems@example.com")
	limited := a.Register("limited@example.com")
	for range 20 {
		a.Do("POST", "/api/v1/chat", `{}`, limited)
	}
	for name, c := range map[string]struct {
		body    string
		headers header
		code    string
	}{
		"no token":      {hello, nil, "token_missing"},
		"no JSON":       {`{`, me, "invalid_json"},
		"no message":    {`{}`, me, "validation_failed"},
		"wrong zone":    {`{"message":"x","context":{"timezone":"Mars/Base"}}`, me, "validation_failed"},
		"unknown model": {`{"message":"x","model":{"provider":"nobody","name":"x"}}`, me, "model_unknown"},
		"too often":     {hello, limited, "rate_limited"},
		"too large":     {`{"message":"` + strings.Repeat("x", 1<<20) + `"}`, me, "body_too_large"},
	} {
		s, got := a.AskEvents(c.body, c.headers)
		if s != nil || got.Code() != c.code || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s, want %s", name, got.Status, got.Header, got.Body, c.code)
		}
	}
}

func TestFailureAfterTheFirstEventIsTheLastEvent(t *testing.T) {
	t.Parallel()
	words := "These are several words, enough that some of them leave before the answer breaks off in the middle of"
	model := llmtest.NewModel()
	a := start(t, model)
	me := a.Register("fails@example.com")
	for name, c := range map[string]struct {
		turn llmtest.Turn
		code string
	}{
		"unavailable":         {llmtest.ErrorTurn(llm.ErrUnavailable), "llm_unavailable"},
		"after text":          {llmtest.Turn{Chunks: []string{words}, Err: llm.ErrBadAnswer}, "llm_error"},
		"too late":            {llmtest.Turn{Chunks: []string{words}, Err: agent.ErrModelTimeout}, "llm_timeout"},
		"for no known reason": {llmtest.Turn{Chunks: []string{words}, Err: io.ErrUnexpectedEOF}, "internal"},
	} {
		model.Script(c.turn)
		s, refused := a.AskEvents(`{"message":"please"}`, me)
		if s == nil {
			t.Fatalf("%s: %d %s", name, refused.Status, refused.Body)
		}
		events := s.Answer()
		if last := events[len(events)-1]; last.Type != "error" || last.Code != c.code || last.Message == "" {
			t.Errorf("%s: %+v, want %s", name, last, c.code)
		}
	}
	if strings.Contains(a.Logs.String(), "several words") {
		t.Error("text of the model was logged")
	}
}

// TestLeavingEndsTheModelCall also checks that no goroutine is left. It is not parallel, because it would see
// goroutines of other tests.
func TestLeavingEndsTheModelCall(t *testing.T) {
	words := strings.Repeat("some words that wait, and enough of them that a few of them leave early. ", 4)
	model, started, ended := blocking(words)
	a := start(t, model)
	me := a.Register("leaves@example.com")
	http.DefaultClient.CloseIdleConnections()
	before := goleak.IgnoreCurrent()
	for range 5 {
		s, refused := a.AskEvents(`{"message":"please"}`, me)
		if s == nil {
			t.Fatalf("%d %s", refused.Status, refused.Body)
		}
		s.Until("text")
		<-started
		s.Close()
		within(t, time.Second, ended, "the end of the model's call")
	}
	goleak.VerifyNone(t, before)
	line := a.logged("chat")
	if line.Level != "INFO" || !line.ClientGone {
		t.Errorf("a client that leaves: %+v", line)
	}
}

// TestLeavingDuringTextWritesNothingLater leaves while text is on its way; the race detector sees a write after the
// handler has returned.
func TestLeavingDuringTextWritesNothingLater(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{}, 100)
	a := start(t, llmtest.NewModelFunc(
		func(_ context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
			defer func() { ended <- struct{}{} }()
			for {
				if err := emit("many words that arrive one after the other "); err != nil {
					return agent.Answer{}, err
				}
			}
		}))
	me := a.Register("during@example.com")
	for range 20 {
		s, refused := a.AskEvents(`{"message":"go on for ever"}`, me)
		if s == nil {
			t.Fatalf("%d %s", refused.Status, refused.Body)
		}
		for range 3 {
			s.Until("text")
		}
		s.Close()
		within(t, 5*time.Second, ended, "the end of the model's call")
	}
}

func TestSessionEndEndsTheEvents(t *testing.T) {
	t.Parallel()
	model, started, ended := blocking("some words that wait")
	a := start(t, model)
	me := a.Register("session@example.com")
	s, refused := a.AskEvents(`{"message":"please"}`, me)
	if s == nil {
		t.Fatalf("%d %s", refused.Status, refused.Body)
	}
	<-started
	if got := a.Do("POST", "/api/v1/auth/logout", "", me); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if last := s.Until("error"); last.Code != "token_invalid" {
		t.Errorf("%+v, want token_invalid", last)
	}
	within(t, time.Second, ended, "the end of the model's call")
}

// TestShutdownEndsEventsAfterTheGracePeriod has one answer that ends in time and one that does not.
func TestShutdownEndsEventsAfterTheGracePeriod(t *testing.T) {
	t.Parallel()
	model, started, ended := blocking("some words that wait")
	a := start(t, model)
	me := a.Register("drained@example.com")
	s, refused := a.AskEvents(`{"message":"please"}`, me)
	if s == nil {
		t.Fatalf("%d %s", refused.Status, refused.Body)
	}
	<-started
	grace, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Server.Shutdown(grace) }()
	select {
	case <-ended:
		t.Error("the answer was stopped within the grace period")
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	if last := s.Until("error"); last.Code != "draining" {
		t.Errorf("%+v, want draining", last)
	}
	check(t, <-done)
	if late, got := a.AskEvents(hello, me); late != nil || got.Code() != "draining" ||
		got.Header.Get("Retry-After") == "" {
		t.Errorf("after the shutdown: %d %s", got.Status, got.Body)
	}
}
