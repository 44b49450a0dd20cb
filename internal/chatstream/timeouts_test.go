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

// TestTenSecondTimeouts waits for every limit of ten seconds at once.
func TestTenSecondTimeouts(t *testing.T) {
	t.Attr("case", "C73")
	t.Attr("case", "C74")
	t.Attr("case", "C75")
	t.Parallel()
	began, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	flood := &endlessAnswer{started: make(chan struct{}), ended: make(chan struct{})}
	var calls atomic.Int32
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error {
		if calls.Add(1) == 1 {
			return flood.stream(emit)
		}
		defer func() { ended <- struct{}{} }()
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}), func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	me := a.Register("patience@example.com")

	deaf := a.Dial(me) // C74
	check(t, deaf.Conn.NetConn().(*net.TCPConn).SetReadBuffer(4096))
	deaf.Ask("go on for ever")
	nothing, half := a.Dial(me), a.Dial(me)      // C75
	for _, s := range []*stream{nothing, half} { // they are read late, when a pong would not arrive
		s.Conn.SetPingHandler(func(string) error { return nil })
	}
	w, err := half.Conn.NextWriter(websocket.TextMessage)
	check(t, err)
	_, err = w.Write([]byte(`{"message":` + strings.Repeat(" ", 8192))) // more than the client buffers
	check(t, err)
	<-flood.started
	silent := a.Dial(me) // C73: it reads nothing, so it answers no ping
	silent.Ask("please")
	<-began
	opened := time.Now()

	nothing.ExpectClose("upload_too_slow", 4408)
	half.ExpectClose("upload_too_slow", 4408)
	if took := time.Since(opened); took < 8*time.Second || soak.Enabled && took > 13*time.Second {
		t.Errorf("closed without a question after %s", took)
	}
	patience := 30 * time.Second
	if soak.Enabled {
		patience = 5 * time.Second
	}
	waitFor(t, patience, ended, "the model's call ends though the client is silent")
	if took := time.Since(opened); took < 8*time.Second {
		t.Errorf("given up on a silent client after %s", took)
	}
	waitFor(t, patience, flood.ended, "the model's call ends though the client reads nothing")
	if flood.taken > 1<<20 {
		t.Errorf("%d bytes were taken for a client that reads nothing", flood.taken)
	}
}

// TestShutdownClosesAClientThatReadsNothing also where a ping waits behind the write that blocks.
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
	asked := time.Now()
	check(t, a.Server.Shutdown(grace))
	if took := time.Since(asked); took > 3*time.Second {
		t.Errorf("shut down after %s", took)
	}
}

// flood is an answer that does not end; it says how much was taken, and how long the piece after that had to wait.
type endlessAnswer struct {
	taken   int
	stalled time.Duration
	started chan struct{}
	ended   chan struct{}
}

func (f *endlessAnswer) stream(emit agent.Emit) error {
	close(f.started)
	defer close(f.ended)
	words := strings.Repeat("many words that nobody reads ", 40)
	for {
		before := time.Now()
		if err := emit(words); err != nil {
			f.stalled = time.Since(before)
			return err
		}
		f.taken += len(words)
	}
}
