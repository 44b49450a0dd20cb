package chatstream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/soak"
)

// disconnects has the ways in which a client's connection can end.
var disconnects = map[string]func(t *testing.T, s *stream){
	"close frame": func(t *testing.T, s *stream) {
		closing := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		check(t, s.Conn.WriteControl(websocket.CloseMessage, closing, time.Now().Add(time.Second)))
	},
	"end of connection": func(t *testing.T, s *stream) { check(t, s.Conn.Close()) },
	"reset": func(t *testing.T, s *stream) {
		check(t, s.Conn.NetConn().(*net.TCPConn).SetLinger(0))
		check(t, s.Conn.Close())
	},
	"broken frame": func(t *testing.T, s *stream) {
		_, err := s.Conn.NetConn().Write([]byte{0xff, 0x80, 0, 0, 0, 0})
		check(t, err)
	},
}

// TestDisconnectEndsTheModelCall also checks that no goroutine is left. It is not parallel, because it would see
// goroutines of other tests.
func TestDisconnectEndsTheModelCall(t *testing.T) {
	t.Attr("case", "C73")
	model, started, ended := blockingModel("some words that wait")
	a := start(t, model)
	me := a.Register("gone@example.com")
	before := goleak.IgnoreCurrent()
	for name, disconnect := range disconnects {
		s := a.Dial(me)
		s.Ask("please")
		<-started
		disconnect(t, s)
		waitFor(t, time.Second, ended, "the end of the model's call after: "+name)
		_ = s.Conn.Close()
	}
	goleak.VerifyNone(t, before)
}

func TestSocketsLeakNoGoroutines(t *testing.T) {
	a := start(t, nil)
	me := a.Register("behind@example.com")
	before := goleak.IgnoreCurrent()
	s := a.Dial(me)
	for range 3 {
		s.Ask("list my open tasks")
		s.Answer()
	}
	check(t, s.Conn.Close())
	idle := a.Dial(me)
	check(t, idle.Conn.Close())
	wrong := a.Dial(me)
	wrong.Send("hello")
	wrong.ExpectClose("invalid_json", 1008)
	check(t, wrong.Conn.Close())
	refused, _ := a.Handshake("", nil, "adiuva.chat.v1")
	refused.ExpectClose("token_missing", 4401)
	check(t, refused.Conn.Close())
	goleak.VerifyNone(t, before)
}

// TestAnsweringSocketHasTwoGoroutines counts what reads and what answers, and nothing that only waits. It is not
// parallel, because it would count sockets of other tests.
func TestAnsweringSocketHasTwoGoroutines(t *testing.T) {
	model, started, _ := blockingModel("some words that wait")
	a := start(t, model)
	me := a.Register("frugal@example.com")
	const sockets = 5
	for range sockets {
		a.Dial(me).Ask("please")
		<-started
	}
	all := make([]byte, 1<<20)
	all = all[:runtime.Stack(all, true)]
	count := 0
	for _, one := range bytes.Split(all, []byte("\n\n")) {
		if bytes.Contains(one, []byte("cloud-api/internal/chatstream.(")) {
			count++
		}
	}
	if count != 2*sockets {
		t.Errorf("%d sockets have %d goroutines, want two each:\n%s", sockets, count, all)
	}
}

func TestSocketsArePinged(t *testing.T) {
	t.Parallel()
	a := start(t, nil, func(c *httpapi.Config) { c.WSPingInterval = 10 * time.Millisecond })
	me := a.Register("pings@example.com")
	s := a.Dial(me)
	pings := make(chan struct{}, 1000)
	answerPing := s.Conn.PingHandler()
	s.Conn.SetPingHandler(func(data string) error {
		pings <- struct{}{}
		return answerPing(data)
	})
	go func() { _, _, _ = s.Conn.ReadMessage() }()
	for range 5 {
		waitFor(t, 10*time.Second, pings, "a ping")
	}
}

func TestLogoutAndDeletionCloseTheSocket(t *testing.T) {
	t.Attr("case", "C78")
	t.Parallel()
	model, started, ended := blockingModel("some words that wait")
	a := start(t, model)
	var sockets []*stream
	for name, end := range map[string]func(me header) answer{
		"logout": func(me header) answer { return a.Do("POST", "/api/v1/auth/logout", "", me) },
		"deletion": func(me header) answer {
			return a.Do("POST", "/api/v1/auth/me/deletion", `{"password":"correct horse battery"}`, me)
		},
	} {
		me := a.Register(name + "@example.com")
		s := a.Dial(me)
		s.Ask("please")
		<-started
		if got := end(me); got.Status >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", name, got.Status, got.Body)
		}
		sockets = append(sockets, s)
	}
	for _, s := range sockets {
		waitFor(t, 5*time.Second, ended, "the end of the model's call")
		s.ExpectClose("token_invalid", 4401)
	}
}

// TestLogoutClosesAnIdleSocketWithinTenSeconds leaves the interval of pings at its default, which is longer.
func TestLogoutClosesAnIdleSocketWithinTenSeconds(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("idle@example.com")
	one, two := a.Dial(me), a.DialEvents(me)
	begin := time.Now()
	if got := a.Do("POST", "/api/v1/auth/logout", "", me); got.Status >= http.StatusBadRequest {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	one.ExpectClose("token_invalid", 4401)
	two.ExpectClose("token_invalid", 4401)
	if took := time.Since(begin); soak.Enabled && took > 10*time.Second {
		t.Errorf("the sockets were closed after %s", took)
	}
}

func TestTokenExpiryClosesTheSocketAfterTheAnswer(t *testing.T) {
	t.Attr("case", "C78")
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error {
		close(started)
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return emit("The whole answer.")
	}))
	me := a.Register("expires@example.com")
	short, expires := shortLived(t, strings.TrimPrefix(me["Authorization"], "Bearer "))
	s := a.Dial(header{"Authorization": "Bearer " + short})
	s.Ask("please")
	<-started
	<-time.After(time.Until(expires) + 2*time.Second) // long enough for a check of the session
	close(release)
	if tokens, last := s.Answer(); last.Error != nil || strings.Join(tokens, "") != "The whole answer." ||
		*last.Response != "The whole answer." {
		t.Fatalf("the answer was not finished: %+v", last)
	}
	s.Ask("again")
	s.ExpectClose("token_expired", 4401)
	expired, _ := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+short)
	expired.ExpectClose("token_expired", 4401)
	if refused, got := a.Handshake("", header{"Authorization": "Bearer " + short}); refused != nil ||
		got.Code() != "token_expired" {
		t.Errorf("expired token in the header: %d %s", got.Status, got.Body)
	}
}

// shortLived returns the same access token, valid for two seconds, and when it expires.
func shortLived(t *testing.T, access string) (string, time.Time) {
	t.Helper()
	keys := func(ttl time.Duration) *token.Keys {
		k, err := token.NewKeys(token.Config{Secret: strings.Repeat("s", 32), Algorithm: "HS256", AccessTTL: ttl,
			Now: time.Now})
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

func TestShutdownFinishesRunningAnswers(t *testing.T) {
	t.Attr("case", "C77")
	t.Parallel()
	started, release := make(chan struct{}), make(chan struct{})
	a := start(t, streaming(func(ctx context.Context, emit agent.Emit) error {
		close(started)
		select {
		case <-release:
		case <-ctx.Done():
			return ctx.Err()
		}
		return emit("The whole answer.")
	}))
	me := a.Register("shutdown@example.com")
	idle, answering := a.Dial(me), a.Dial(me)
	answering.Ask("please")
	<-started
	done := make(chan error, 1)
	go func() { done <- a.Server.Shutdown(context.Background()) }()
	idle.ExpectClose("draining", 1001)
	if s, got := a.Handshake("", me); s != nil || got.Status != 503 || got.Code() != "draining" ||
		got.Header.Get("Retry-After") == "" {
		t.Errorf("handshake during the shutdown: %d %s", got.Status, got.Body)
	}
	close(release)
	if _, last := answering.Answer(); last.Error != nil || *last.Response != "The whole answer." {
		t.Errorf("running answer: %+v", last)
	}
	answering.ExpectClose("draining", 1001)
	check(t, <-done)
}

func TestShutdownStopsAnswersAfterTheGracePeriod(t *testing.T) {
	t.Attr("case", "C77")
	t.Parallel()
	model, started, ended := blockingModel("some words that wait")
	a := start(t, model)
	s := a.Dial(a.Register("cut@example.com"))
	s.Ask("please")
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
	waitFor(t, time.Second, ended, "the end of the model's call")
	s.ExpectClose("draining", 1001)
	check(t, <-done)
}

// TestShutdownDoesNotWaitForACloseFrame shuts down while the client does not answer the server's close frame.
func TestShutdownDoesNotWaitForACloseFrame(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	s := a.Dial(a.Register("mute@example.com"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.Server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	waitFor(t, 3*time.Second, done, "the shutdown")
	if _, err := io.Copy(io.Discard, s.Conn.NetConn()); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Errorf("the connection was not closed cleanly: %v", err)
	}
}
