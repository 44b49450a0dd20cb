package chatstream_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

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
	if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`,
		me); got.Status != http.StatusTooManyRequests {
		t.Errorf("POST /chat is counted separately: %d", got.Status)
	}
}

func TestInvalidQuestionsAreCountedAndServerErrorsAreNot(t *testing.T) {
	t.Parallel()
	a := start(t, streaming(func(context.Context, agent.Emit) error { return llm.ErrUnavailable }),
		apitest.WithRateLimits(t))
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
	if s, got := a.Handshake("", me); s != nil || got.Status != http.StatusTooManyRequests ||
		got.Code() != "rate_limited" || got.Header.Get("Retry-After") == "" {
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
			t.Fatal("a closed socket is still counted")
		}
	}
}
