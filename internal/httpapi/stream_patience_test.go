package httpapi_test

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
)

// TestTenSeconds waits for every limit of ten seconds at once.
func TestTenSeconds(t *testing.T) {
	t.Parallel()
	began, ended := make(chan struct{}, 1), make(chan struct{}, 1)
	flood := &flood{began: make(chan struct{}), ended: make(chan struct{})}
	var calls atomic.Int32
	a := start(t, speaker(func(ctx context.Context, emit agent.Emit) error {
		if calls.Add(1) == 1 {
			return flood.speak(emit)
		}
		defer func() { ended <- struct{}{} }()
		began <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}), func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	me := a.register("patience@example.com")

	deaf := a.dial(me) // C74
	check(t, deaf.conn.NetConn().(*net.TCPConn).SetReadBuffer(4096))
	deaf.ask("go on for ever")
	nothing, half := a.dial(me), a.dial(me) // C75
	w, err := half.conn.NextWriter(websocket.TextMessage)
	check(t, err)
	_, err = w.Write([]byte(`{"message":` + strings.Repeat(" ", 8192))) // more than the client buffers
	check(t, err)
	<-flood.began
	silent := a.dial(me) // C73: it reads nothing, so it answers no ping
	silent.ask("please")
	<-began
	opened := time.Now()

	nothing.ends("upload_too_slow", 4408)
	half.ends("upload_too_slow", 4408)
	if took := time.Since(opened); took < 8*time.Second || took > 13*time.Second {
		t.Errorf("closed without a question after %s", took)
	}
	within(t, 5*time.Second, ended, "the model's call ends though the client is silent")
	if took := time.Since(opened); took < 8*time.Second {
		t.Errorf("given up on a silent client after %s", took)
	}
	within(t, 5*time.Second, flood.ended, "the model's call ends though the client reads nothing")
	t.Logf("taken %d, stalled %s", flood.taken, flood.stalled)
	if flood.stalled > 10*time.Second {
		t.Errorf("closed %s after the client stopped reading", flood.stalled)
	}
	const clientSide = 6 << 20 // what the client's kernel may take
	if flood.taken > clientSide+1<<20 {
		t.Errorf("%d bytes were taken for a client that reads nothing", flood.taken)
	}
}

// flood is an answer that does not end; it says how much was taken, and how long the piece after that had to wait.
type flood struct {
	taken   int
	stalled time.Duration
	began   chan struct{}
	ended   chan struct{}
}

func (f *flood) speak(emit agent.Emit) error {
	close(f.began)
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
