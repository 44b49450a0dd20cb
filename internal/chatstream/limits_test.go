package chatstream_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// waits is a model that says some words and then waits until its call ends; it tells on began and ended.
func blockingModel(words string) (model *llmtest.Model, began, ended chan struct{}) {
	began, ended = make(chan struct{}, 100), make(chan struct{}, 100)
	return streaming(func(ctx context.Context, emit agent.Emit) error {
		defer func() { ended <- struct{}{} }()
		if words != "" {
			if err := emit(words); err != nil {
				return err
			}
		}
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}), began, ended
}

func TestProtocolErrorsCloseTheSocket(t *testing.T) {
	t.Attr("case", "C75")
	t.Parallel()
	model, began, ended := blockingModel("")
	a := start(t, model)
	me := a.Register("rules@example.com")
	big := `{"message":"` + strings.Repeat("x", 1<<20) + `"}`
	for name, c := range map[string]struct {
		do      func(s *stream)
		code    string
		closing int
	}{
		"binary":         {func(s *stream) { check(t, s.Conn.WriteMessage(websocket.BinaryMessage, []byte(`{"message":"x"}`))) }, "unsupported_media_type", 1003},
		"not JSON":       {func(s *stream) { s.Send("hello") }, "invalid_json", 1008},
		"empty":          {func(s *stream) { s.Send("") }, "invalid_json", 1008},
		"duplicate":      {func(s *stream) { s.Send(`{"message":"x","Message":"y"}`) }, "invalid_json", 1008},
		"bad UTF-8":      {func(s *stream) { s.Send("{\"message\":\"\xff\"}") }, "invalid_json", 1008},
		"empty message":  {func(s *stream) { s.Send(`{"message":""}`) }, "validation_failed", 1008},
		"bad zone":       {func(s *stream) { s.Send(`{"message":"x","context":{"timezone":"Mars/Base"}}`) }, "validation_failed", 1008},
		"wrong type":     {func(s *stream) { s.Send(`{"message":"x","context":{"recent_tasks":[{"dueDate":"soon"}]}}`) }, "validation_failed", 1008},
		"too large":      {func(s *stream) { s.Send(big) }, "body_too_large", 1009},
		"far too large":  {func(s *stream) { s.Send(big + big + big) }, "body_too_large", 1009},
		"early question": {func(s *stream) { s.Ask("one"); <-began; s.Ask("two"); <-ended }, "validation_failed", 1008},
		"early binary": {func(s *stream) {
			s.Ask("one")
			<-began
			check(t, s.Conn.WriteMessage(websocket.BinaryMessage, nil))
			<-ended
		}, "unsupported_media_type", 1003},
	} {
		t.Run(name, func(t *testing.T) { // in sequence: an account has five sockets
			s := a.Dial(me)
			s.T = t
			c.do(s)
			s.ExpectClose(c.code, c.closing)
		})
	}
	s := a.Dial(me)
	s.Send(`{"message":"x","context":{"recent_tasks":[{"dueDate":"soon"}]}}`)
	if _, last := s.Answer(); last.Error == nil || !strings.Contains(last.Error.Message, "/context/recent_tasks/0/dueDate") {
		t.Errorf("the member that is wrong is not named: %+v", last.Error)
	}
}

func TestLargeQuestions(t *testing.T) {
	t.Attr("case", "C69")
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	s := a.Dial(a.Register("large@example.com"))
	whole := `{"message":"x","context":{"relevant_documents":[]},"padding":""}`
	for _, size := range []int{200_000, 1 << 20} {
		model.Script(llmtest.TextTurn("Fine."))
		s.Send(strings.Replace(whole, `"padding":"`, `"padding":"`+strings.Repeat("p", size-len(whole)), 1))
		if _, last := s.Answer(); last.Error != nil || *last.Response != "Fine." {
			t.Fatalf("%d bytes: %+v", size, last.Error)
		}
	}
	model.Script(llmtest.TextTurn("Fine."))
	w, err := s.Conn.NextWriter(websocket.TextMessage)
	check(t, err)
	for _, b := range []byte(`{"message":"` + strings.Repeat("y", 10_000) + `"}`) {
		_, err := w.Write([]byte{b})
		check(t, err)
	}
	check(t, w.Close())
	if _, last := s.Answer(); last.Error != nil {
		t.Errorf("byte by byte: %+v", last.Error)
	}
}

func TestModelFailuresCloseTheSocket(t *testing.T) {
	t.Attr("case", "C71")
	t.Parallel()
	var now atomic.Pointer[streamFunc]
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error { return (*now.Load())(ctx, emit) }))
	me := a.Register("failures@example.com")
	words := "These are several words, enough that some of them leave before the answer breaks off in the middle of"
	for name, c := range map[string]struct {
		speak   streamFunc
		code    string
		closing int
	}{
		"unavailable": {func(context.Context, agent.Emit) error { return llm.ErrUnavailable }, "llm_unavailable", 1011},
		"bad answer":  {func(context.Context, agent.Emit) error { return llm.ErrBadAnswer }, "llm_error", 1011},
		"cut": {func(_ context.Context, emit agent.Emit) error {
			return errors.Join(emit(words), llm.ErrBadAnswer)
		}, "llm_error", 1011},
		"timeout": {func(_ context.Context, emit agent.Emit) error {
			return errors.Join(emit(words), agent.ErrModelTimeout)
		}, "llm_timeout", 1011},
		"unknown": {func(context.Context, agent.Emit) error { return errors.New("no fault") }, "internal", 1011},
		"panic":   {func(context.Context, agent.Emit) error { panic("several words") }, "internal", 1011},
	} {
		t.Run(name, func(t *testing.T) { // in sequence: they share the model
			now.Store(&c.speak)
			s := a.Dial(me)
			s.T = t
			s.Ask("please")
			s.ExpectClose(c.code, c.closing)
		})
	}
	if strings.Contains(a.Logs.String(), "several words") {
		t.Error("what the model said reached the log")
	}
}

func TestQuestionsAreRateLimited(t *testing.T) {
	t.Attr("case", "C50")
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	me := a.Register("often@example.com")
	s := a.Dial(me)
	for i := range 20 {
		s.Ask("list my open tasks")
		if _, last := s.Answer(); last.Error != nil {
			t.Fatalf("question %d: %+v", i+1, last.Error)
		}
	}
	s.Ask("list my open tasks")
	s.ExpectClose("rate_limited", 4429)
	if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me); got.Status != http.StatusTooManyRequests {
		t.Errorf("POST /chat counts apart: %d", got.Status)
	}
}

func TestInvalidQuestionsAreCountedAndServerErrorsAreNot(t *testing.T) {
	t.Parallel()
	a := start(t, streaming(func(context.Context, agent.Emit) error { return llm.ErrUnavailable }), apitest.WithRateLimits(t))
	me := a.Register("refund@example.com")
	for range 25 {
		s := a.Dial(me)
		s.Ask("please")
		s.ExpectClose("llm_unavailable", 1011)
	}
	for range 20 {
		s := a.Dial(me)
		s.Send("{}")
		s.ExpectClose("validation_failed", 1008)
	}
	s := a.Dial(me)
	s.Send("{}")
	s.ExpectClose("rate_limited", 4429)
}

func TestAtMostFiveSocketsPerAccount(t *testing.T) {
	t.Attr("case", "C50")
	t.Parallel()
	a := start(t, nil)
	me, other := a.Register("five@example.com"), a.Register("six@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	var open []*stream
	for range 5 {
		open = append(open, a.Dial(me))
	}
	if s, got := a.Handshake("", me); s != nil || got.Status != http.StatusTooManyRequests || got.Code() != "rate_limited" || got.Header.Get("Retry-After") == "" {
		t.Fatalf("sixth socket: %d %s", got.Status, got.Body)
	}
	s, _ := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+token)
	s.ExpectClose("rate_limited", 4429)
	a.Dial(other)
	check(t, open[0].Conn.Close())
	for deadline := time.Now().Add(10 * time.Second); ; {
		if s, _ := a.Handshake("", me); s != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a closed socket still counts")
		}
	}
}
