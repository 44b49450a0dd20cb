package system_test

import (
	"context"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// TestShutdownEndsWaitsForTheApp shuts down while a call of the app waits: one whose result comes within the grace
// period is answered, another one ends with an error.
func TestShutdownEndsWaitsForTheApp(t *testing.T) {
	t.Parallel()
	a := start(t, asksApp([]string{"a"}))
	me := a.Register("me@example.com")
	answered, cut, idle := a.DialEvents(me), a.DialEvents(me), a.DialEvents(me)
	answered.Send(askInvoices)
	cut.Send(askInvoices)
	id := answered.Until("tool_call").ID
	cut.Until("tool_call")
	grace, endGrace := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Server.Shutdown(grace) }()
	idle.ExpectClose("draining", 1001)
	sendResult(answered, id, `"content":"rows of a"`)
	if last := answered.Until("done"); last.Kind != "response" {
		t.Errorf("%+v", last)
	}
	answered.ExpectClose("draining", 1001)
	endGrace()
	cut.ExpectClose("draining", 1001)
	check(t, <-done)
}

// TestAppHasSixtySeconds waits for the service's own time limit with the tag soak, while heartbeats come.
func TestAppHasSixtySeconds(t *testing.T) {
	t.Parallel()
	limit, wantBeats := time.Minute, 5
	var options []option
	if !soak.Enabled {
		limit, wantBeats = 300*time.Millisecond, 1
		options = append(options, withToolTimeout(limit), func(c *httpapi.Config) { c.Heartbeat = limit / 6 })
	}
	a := start(t, asksApp([]string{"a"}), options...)
	s := a.DialEvents(a.Register("me@example.com"))
	s.Send(askInvoices)
	s.Until("tool_call")
	start := time.Now()
	s.Deadline(2 * time.Minute)
	beats := 0
	for e := s.Next(); e.Type != "done"; e = s.Next() {
		if e.Type == "heartbeat" {
			beats++
		}
	}
	if took := time.Since(start); took < limit || beats < wantBeats {
		t.Errorf("the answer went on after %s and %d heartbeats", took, beats)
	}
}
