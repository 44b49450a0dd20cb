package chatstream_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// TestTenSecondTimeouts waits for all timeouts of ten seconds at once: a client that reads nothing of an endless
// answer, one that answers no ping, and two that send no question or half of one.
func TestTenSecondTimeouts(t *testing.T) {
	t.Attr("case", "C73")
	t.Attr("case", "C74")
	t.Attr("case", "C75")
	t.Parallel()
	started, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	endless := &endlessAnswer{started: make(chan struct{}), ended: make(chan struct{})}
	var calls atomic.Int32
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error {
		if calls.Add(1) == 1 {
			return endless.stream(emit)
		}
		defer func() { ended <- struct{}{} }()
		started <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}), func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	me := a.Register("timeouts@example.com")

	notReading := a.Dial(me)
	check(t, notReading.Conn.NetConn().(*net.TCPConn).SetReadBuffer(4096))
	notReading.Ask("go on for ever")
	noQuestion, halfQuestion := a.Dial(me), a.Dial(me)
	for _, s := range []*stream{noQuestion, halfQuestion} { // they are read later, when a pong would fail
		s.Conn.SetPingHandler(func(string) error { return nil })
	}
	w, err := halfQuestion.Conn.NextWriter(websocket.TextMessage)
	check(t, err)
	_, err = w.Write([]byte(`{"message":` + strings.Repeat(" ", 8192))) // more than the client's buffer
	check(t, err)
	<-endless.started
	silent := a.Dial(me) // it reads nothing, and so answers no ping
	silent.Ask("please")
	<-started
	start := time.Now()

	noQuestion.ExpectClose("upload_too_slow", 4408)
	halfQuestion.ExpectClose("upload_too_slow", 4408)
	if took := time.Since(start); took < 8*time.Second || soak.Enabled && took > 13*time.Second {
		t.Errorf("closed without a question after %s", took)
	}
	limit := 30 * time.Second
	if soak.Enabled {
		limit = 5 * time.Second
	}
	waitFor(t, limit, ended, "the end of the model's call for a silent client")
	if took := time.Since(start); took < 8*time.Second {
		t.Errorf("a silent client was closed after %s", took)
	}
	waitFor(t, limit, endless.ended, "the end of the model's call for a client that reads nothing")
	if endless.emitted > 1<<20 {
		t.Errorf("%d bytes were buffered for a client that reads nothing", endless.emitted)
	}
}

// TestShutdownClosesAClientThatReadsNothing shuts down while a ping waits for a write that blocks.
func TestShutdownClosesAClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	pieces := make(chan struct{})
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error {
		words := strings.Repeat("many words that nobody reads ", 40)
		for {
			select {
			case pieces <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := emit(words); err != nil {
				return err
			}
		}
	}), func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	s := a.Dial(a.Register("deaf@example.com"))
	check(t, s.Conn.NetConn().(*net.TCPConn).SetReadBuffer(4096))
	s.Ask("go on for ever")
	for blocked := false; !blocked; {
		select {
		case <-pieces:
		case <-time.After(300 * time.Millisecond):
			blocked = true
		}
	}
	grace, cancel := context.WithCancel(t.Context())
	cancel()
	begin := time.Now()
	check(t, a.Server.Shutdown(grace))
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("the shutdown took %s", took)
	}
}

// endlessAnswer streams until emit fails.
type endlessAnswer struct {
	emitted int // bytes that emit accepted
	started chan struct{}
	ended   chan struct{}
}

func (a *endlessAnswer) stream(emit agent.Emit) error {
	close(a.started)
	defer close(a.ended)
	words := strings.Repeat("many words that nobody reads ", 40)
	for {
		if err := emit(words); err != nil {
			return err
		}
		a.emitted += len(words)
	}
}
