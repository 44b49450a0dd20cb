package chatstream_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestProtocolErrorsCloseTheSocket(t *testing.T) {
	t.Attr("case", "C75")
	t.Parallel()
	model, started, ended := blockingModel("")
	a := start(t, model)
	me := a.Register("rules@example.com")
	big := `{"message":"` + strings.Repeat("x", 1<<20) + `"}`
	for name, c := range map[string]struct {
		send    func(s *stream)
		code    string
		closing int
	}{
		"binary": {func(s *stream) {
			check(t, s.Conn.WriteMessage(websocket.BinaryMessage, []byte(`{"message":"x"}`)))
		}, "unsupported_media_type", 1003},
		"not JSON":      {func(s *stream) { s.Send("hello") }, "invalid_json", 1008},
		"empty":         {func(s *stream) { s.Send("") }, "invalid_json", 1008},
		"duplicate":     {func(s *stream) { s.Send(`{"message":"x","Message":"y"}`) }, "invalid_json", 1008},
		"invalid UTF-8": {func(s *stream) { s.Send("{\"message\":\"\xff\"}") }, "invalid_json", 1008},
		"empty message": {func(s *stream) { s.Send(`{"message":""}`) }, "validation_failed", 1008},
		"unknown zone": {func(s *stream) { s.Send(`{"message":"x","context":{"timezone":"Mars/Base"}}`) },
			"validation_failed", 1008},
		"wrong type": {func(s *stream) {
			s.Send(`{"message":"x","context":{"recent_tasks":[{"dueDate":"soon"}]}}`)
		}, "validation_failed", 1008},
		"too large": {func(s *stream) { s.Send(big) }, "body_too_large", 1009},
		"far too large": {func(s *stream) {
			// The server may close the connection before it has all of the frame.
			_ = s.Conn.WriteMessage(websocket.TextMessage, []byte(big+big+big))
		}, "body_too_large", 1009},
		"early question": {func(s *stream) { s.Ask("one"); <-started; s.Ask("two"); <-ended },
			"validation_failed", 1008},
		"early binary": {func(s *stream) {
			s.Ask("one")
			<-started
			check(t, s.Conn.WriteMessage(websocket.BinaryMessage, nil))
			<-ended
		}, "unsupported_media_type", 1003},
	} {
		t.Run(name, func(t *testing.T) { // not parallel: an account has at most five sockets
			s := a.Dial(me)
			s.T = t
			c.send(s)
			s.ExpectClose(c.code, c.closing)
		})
	}
	s := a.Dial(me)
	s.Send(`{"message":"x","context":{"recent_tasks":[{"dueDate":"soon"}]}}`)
	if _, last := s.Answer(); last.Error == nil ||
		!strings.Contains(last.Error.Message, "/context/recent_tasks/0/dueDate") {
		t.Errorf("the error does not name the invalid member: %+v", last.Error)
	}
}

// TestLargeQuestions asks questions of up to 1 MiB, and one whose bytes arrive one by one.
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
	var current atomic.Pointer[streamFunc]
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error { return (*current.Load())(ctx, emit) }))
	me := a.Register("failures@example.com")
	words := "These are several words, enough that some of them leave before the answer breaks off in the middle of"
	for name, c := range map[string]struct {
		stream  streamFunc
		code    string
		closing int
	}{
		"unavailable": {func(context.Context, agent.Emit) error { return llm.ErrUnavailable }, "llm_unavailable", 1011},
		"bad answer":  {func(context.Context, agent.Emit) error { return llm.ErrBadAnswer }, "llm_error", 1011},
		"bad answer after text": {func(_ context.Context, emit agent.Emit) error {
			return errors.Join(emit(words), llm.ErrBadAnswer)
		}, "llm_error", 1011},
		"timeout after text": {func(_ context.Context, emit agent.Emit) error {
			return errors.Join(emit(words), agent.ErrModelTimeout)
		}, "llm_timeout", 1011},
		"unknown error": {func(context.Context, agent.Emit) error { return errors.New("unknown") }, "internal", 1011},
		"panic":         {func(context.Context, agent.Emit) error { panic("several words") }, "internal", 1011},
	} {
		t.Run(name, func(t *testing.T) { // not parallel: they share the model
			current.Store(&c.stream)
			s := a.Dial(me)
			s.T = t
			s.Ask("please")
			s.ExpectClose(c.code, c.closing)
		})
	}
	if strings.Contains(a.Logs.String(), "several words") {
		t.Error("text of the model was logged")
	}
}
