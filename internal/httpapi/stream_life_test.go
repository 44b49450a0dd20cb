package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/httpapi"
)

// within waits for the event and fails the test when it takes longer.
func within(t *testing.T, limit time.Duration, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(limit):
		t.Fatalf("not within %s: %s", limit, what)
	}
}

// leave ends the client's connection in one of the ways a client can.
var leave = map[string]func(t *testing.T, s *stream){
	"close frame": func(t *testing.T, s *stream) {
		closing := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		check(t, s.conn.WriteControl(websocket.CloseMessage, closing, time.Now().Add(time.Second)))
	},
	"end of connection": func(t *testing.T, s *stream) { check(t, s.conn.Close()) },
	"reset": func(t *testing.T, s *stream) {
		check(t, s.conn.NetConn().(*net.TCPConn).SetLinger(0))
		check(t, s.conn.Close())
	},
	"broken frame": func(t *testing.T, s *stream) {
		_, err := s.conn.NetConn().Write([]byte{0xff, 0x80, 0, 0, 0, 0})
		check(t, err)
	},
}

// TestC73_ClientGone also shows that nothing of a socket stays behind. It runs alone, so that it sees no other test's.
func TestC73_ClientGone(t *testing.T) {
	model, began, ended := waits("some words that wait")
	a := start(t, model)
	me := a.register("gone@example.com")
	before := goleak.IgnoreCurrent()
	for name, goes := range leave {
		s := a.dial(me)
		s.ask("please")
		<-began
		goes(t, s)
		within(t, time.Second, ended, name+": the model's call ends")
		_ = s.conn.Close()
	}
	goleak.VerifyNone(t, before)
}

func TestNothingStaysBehind(t *testing.T) {
	a := start(t, nil)
	me := a.register("behind@example.com")
	before := goleak.IgnoreCurrent()
	s := a.dial(me)
	for range 3 {
		s.ask("list my open tasks")
		s.answer()
	}
	check(t, s.conn.Close())
	idle := a.dial(me)
	check(t, idle.conn.Close())
	wrong := a.dial(me)
	wrong.send("hello")
	wrong.ends("invalid_json", 1008)
	check(t, wrong.conn.Close())
	refused, _ := a.handshake("", nil, "adiuva.chat.v1")
	refused.ends("token_missing", 4401)
	check(t, refused.conn.Close())
	goleak.VerifyNone(t, before)
}

func TestPings(t *testing.T) {
	t.Parallel()
	a := start(t, nil, func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	me := a.register("pings@example.com")
	alive := a.dial(me)
	pings := make(chan struct{}, 1000)
	answerPing := alive.conn.PingHandler()
	alive.conn.SetPingHandler(func(data string) error {
		pings <- struct{}{}
		return answerPing(data)
	})
	go func() { _, _, _ = alive.conn.ReadMessage() }()
	for range 5 {
		within(t, 10*time.Second, pings, "a ping")
	}
}

func TestC78_SessionEnds(t *testing.T) {
	t.Parallel()
	model, began, ended := waits("some words that wait")
	a := start(t, model)
	var sockets []*stream
	for name, end := range map[string]func(me header) answer{
		"logout": func(me header) answer { return a.do("POST", "/api/v1/auth/logout", "", me) },
		"deletion": func(me header) answer {
			return a.do("POST", "/api/v1/auth/me/deletion", `{"password":"correct horse battery"}`, me)
		},
	} {
		me := a.register(name + "@example.com")
		s := a.dial(me)
		s.ask("please")
		<-began
		if got := end(me); got.status >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", name, got.status, got.body)
		}
		sockets = append(sockets, s)
	}
	for _, s := range sockets {
		within(t, 5*time.Second, ended, "the model's call ends")
		s.ends("token_invalid", 4401)
	}
}

func TestC78_TokenExpires(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}), make(chan struct{})
	a := start(t, speaker(func(ctx context.Context, emit agent.Emit) error {
		close(began)
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return emit("The whole answer.")
	}))
	me := a.register("expires@example.com")
	short, expires := shorten(t, strings.TrimPrefix(me["Authorization"], "Bearer "))
	s := a.dial(header{"Authorization": "Bearer " + short})
	s.ask("please")
	<-began
	<-time.After(time.Until(expires) + 2*time.Second) // the session is looked at meanwhile
	close(release)
	if tokens, last := s.answer(); last.Error != nil || strings.Join(tokens, "") != "The whole answer." || *last.Response != "The whole answer." {
		t.Fatalf("the answer was cut: %+v", last)
	}
	s.ask("again")
	s.ends("token_expired", 4401)
	expired, _ := a.handshake("", nil, "adiuva.chat.v1", "bearer."+short)
	expired.ends("token_expired", 4401)
	if refused, got := a.handshake("", header{"Authorization": "Bearer " + short}); refused != nil || got.code() != "token_expired" {
		t.Errorf("expired in the header: %d %s", got.status, got.body)
	}
}

// shorten returns the same access token with two seconds to live.
func shorten(t *testing.T, access string) (string, time.Time) {
	t.Helper()
	keys := func(ttl time.Duration) *token.Keys {
		k, err := token.NewKeys(token.Config{Secret: strings.Repeat("s", 32), Algorithm: "HS256", AccessTTL: ttl, Now: time.Now})
		check(t, err)
		return k
	}
	content, err := keys(time.Hour).VerifyAccess(access)
	check(t, err)
	content.IssuedAt = time.Now()
	short, expires, err := keys(2 * time.Second).SignAccess(content)
	check(t, err)
	return short, expires
}

func TestC77_Shutdown(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}), make(chan struct{})
	a := start(t, speaker(func(ctx context.Context, emit agent.Emit) error {
		close(began)
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return emit("The whole answer.")
	}))
	me := a.register("shutdown@example.com")
	idle, answering := a.dial(me), a.dial(me)
	answering.ask("please")
	<-began
	done := make(chan error, 1)
	go func() { done <- a.server.Shutdown(context.Background()) }()
	idle.ends("draining", 1001)
	if s, got := a.handshake("", me); s != nil || got.status != 503 || got.code() != "draining" || got.header.Get("Retry-After") == "" {
		t.Errorf("new handshake: %d %s", got.status, got.body)
	}
	close(release)
	if _, last := answering.answer(); last.Error != nil || *last.Response != "The whole answer." {
		t.Errorf("the running answer: %+v", last)
	}
	answering.ends("draining", 1001)
	check(t, <-done)
}

func TestC77_ShutdownCutsAtTheEndOfItsGrace(t *testing.T) {
	t.Parallel()
	model, began, ended := waits("some words that wait")
	a := start(t, model)
	s := a.dial(a.register("cut@example.com"))
	s.ask("please")
	<-began
	grace, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.server.Shutdown(grace) }()
	select {
	case <-ended:
		t.Error("cut within the grace")
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	within(t, time.Second, ended, "the model's call ends")
	s.ends("draining", 1001)
	check(t, <-done)
}

func TestShutdownWithASilentClient(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	s := a.dial(a.register("mute@example.com"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	within(t, 3*time.Second, done, "the shutdown, though the client answers no close frame")
	if _, err := io.Copy(io.Discard, s.conn.NetConn()); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection is not closed in order: %v", err)
	}
}
