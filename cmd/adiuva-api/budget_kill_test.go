package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// The day of the account in the tests below: the reservation of one request leaves less than the least that is
// reserved, 1,000 tokens, so that a second request has to wait for the first.
const (
	dayTokens    = "4500"
	answerTokens = "600"
	routerUsed   = 13
	agentUsed    = 24
)

// budgetKill is a point of a chat answer at which serve is killed. arrange scripts the answer and returns a function
// that waits for the point, and one that releases what still waits.
type budgetKill struct {
	name    string
	counted int64 // tokens that must be counted although nobody got the answer
	held    bool  // the killed replica leaves a reservation behind
	arrange func(s *harness, upstream *llmtest.Server) (reached, release func())
}

func budgetKills() []budgetKill {
	routed, answered := document("task_agent", 11, 2), document("None are due.", 21, 3)
	type arrange = func(*harness, *llmtest.Server) (reached, release func())
	atEnd := func(breakOn func(*pgtest.Proxy, string) *pgtest.Breakpoint) arrange {
		return func(s *harness, upstream *llmtest.Server) (reached, release func()) {
			broken := make(chan *pgtest.Breakpoint, 1)
			upstream.Script(routed, func(x *llmtest.Exchange) {
				broken <- breakOn(s.proxy, "name: MoveReservation") // the next one is that of the request's end
				answered(x)
			})
			var b *pgtest.Breakpoint
			return func() { b = <-broken; <-b.Reached }, func() { b.Drop() }
		}
	}
	return []budgetKill{
		{"in the router's call", 0, true, func(_ *harness, upstream *llmtest.Server) (reached, release func()) {
			upstream.Script(llmtest.StallBeforeHeaders())
			return func() { <-upstream.Stalled() }, func() {}
		}},
		{"in the answer", 0, true, func(_ *harness, upstream *llmtest.Server) (reached, release func()) {
			upstream.Script(routed, llmtest.StallMidStream("None", " are"))
			return func() { <-upstream.Stalled() }, func() {}
		}},
		{"before the tokens are counted", 0, true, atEnd((*pgtest.Proxy).BreakOn)},
		{"after the tokens are counted", routerUsed + agentUsed, false, atEnd((*pgtest.Proxy).BreakOnReply)},
	}
}

// document answers with one JSON document that reports these tokens.
func document(text string, input, output int) llmtest.Step {
	return llmtest.Send(http.StatusOK, "application/json", fmt.Sprintf(`{"choices":[{"index":0,"message":{`+
		`"role":"assistant","content":%q},"finish_reason":"stop"}],"usage":{"prompt_tokens":%d,`+
		`"completion_tokens":%d}}`, text, input, output))
}

// TestKillDuringAnswerLosesNoTokens kills serve at each point of an answer. What it had reserved holds the day's rest
// until the lease ends, on every replica, and is free after that: at once for a request that needs it, or by the sweep.
// What was counted stays counted, and every answer that arrived is counted to the token.
func TestKillDuringAnswerLosesNoTokens(t *testing.T) {
	t.Attr("case", "L08")
	t.Parallel()
	upstream := llmtest.NewServer(t)
	s := newHarness(t, nil, map[string]string{"OPENAI_BASE_URL": upstream.URL, "OPENAI_API_KEY": "sk-test",
		"TOKENS_PER_DAY_POWER": dayTokens, "LLM_MAX_TOKENS": answerTokens})
	survivor := startReplica(t, s.vars)
	rounds, used := 1, int64(0)
	if soak.Enabled {
		rounds = 10
	}
	for range rounds {
		for i, p := range budgetKills() {
			used += s.killAnswer(p, upstream, survivor, i%2 == 0)
			if got := queryOne[int64](s, "SELECT sum(used)::bigint FROM token_usage"); got != used {
				t.Fatalf("%s: %d tokens are counted, want %d", p.name, got, used)
			}
		}
		s.exec("DELETE FROM token_usage") // as if the day had ended
		used = 0
	}
}

// killAnswer kills serve at the point, checks what the survivor does before and after the lease ends, starts serve
// again, and returns how many tokens must have been counted.
func (s *harness) killAnswer(p budgetKill, upstream *llmtest.Server, survivor *replica, sweep bool) (used int64) {
	s.t.Helper()
	reached, release := p.arrange(s, upstream)
	result := make(chan error, 1)
	go func() {
		status, _, err := s.chat(s.live)
		if err == nil {
			err = fmt.Errorf("status %d", status)
		}
		result <- err
	}()
	reached()
	if err := s.live.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
	<-s.live.exited
	release()
	if err := <-result; strings.HasPrefix(err.Error(), "status") {
		s.t.Fatalf("%s: the killed server responded with %v", p.name, err)
	}
	s.expectReserved(p.name, p.held)
	if p.held {
		status, wait, err := s.chat(survivor)
		if err != nil || status != http.StatusTooManyRequests || wait < 1 || wait > 60 {
			s.t.Fatalf("%s: while the lease runs: status %d, Retry-After %d, %v", p.name, status, wait, err)
		}
		s.exec("UPDATE token_reservations SET lease_until = now()") // as if it had passed
	}
	if sweep {
		s.live = startReplica(s.t, s.vars)
		eventually(s.t, "the sweep", func() bool {
			return queryOne[int](s, "SELECT count(*) FROM token_reservations") == 0
		})
		s.expectReserved(p.name+", after the sweep", false)
	}
	upstream.Script(document("task_agent", 11, 2), document("None are due.", 21, 3))
	if status, _, err := s.chat(survivor); err != nil || status != http.StatusOK {
		s.t.Fatalf("%s: after the lease: status %d, %v", p.name, status, err)
	}
	s.expectReserved(p.name+", at the end", false)
	if !sweep {
		s.live = startReplica(s.t, s.vars)
	}
	return p.counted + routerUsed + agentUsed
}

// expectReserved fails the test unless there is one reservation, whose lease is not longer than LLM_TIMEOUT's default
// allows, or none, and the counter is the sum of the rows.
func (s *harness) expectReserved(when string, held bool) {
	s.t.Helper()
	want := 0
	if held {
		want = 1
	}
	if n := queryOne[int](s, `SELECT count(*) FROM token_reservations
		WHERE lease_until > now() AND lease_until <= now() + interval '5 minutes'`); n != want {
		s.t.Fatalf("%s: %d reservations, want %d", when, n, want)
	}
	if !queryOne[bool](s, `SELECT (SELECT coalesce(sum(reserved), 0) FROM token_usage) =
		(SELECT coalesce(sum(tokens), 0) FROM token_reservations)`) {
		s.t.Fatalf("%s: the counter of reserved tokens is not the sum of the reservations", when)
	}
}

// chat asks a replica and returns the status and Retry-After in seconds.
func (s *harness) chat(r *replica) (status, retryAfter int, err error) {
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, r.base+"/api/v1/chat",
		strings.NewReader(`{"message":"which tasks are due?"}`))
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Authorization", s.me)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && !json.Valid(body) {
		err = fmt.Errorf("half a body: %s", body)
	}
	retryAfter, _ = strconv.Atoi(resp.Header.Get("Retry-After"))
	return resp.StatusCode, retryAfter, err
}

func (s *harness) exec(sql string) {
	s.t.Helper()
	if _, err := s.db.Pool.Exec(s.t.Context(), sql); err != nil {
		s.t.Fatal(err)
	}
}
