package listener_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/listener"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logBuffer is safe for concurrent use.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// server is a running server that answers "ok".
type server struct {
	t    *testing.T
	addr string
	logs *logBuffer
	idle chan struct{} // has one for each request after which the connection waits for another
}

func start(t *testing.T, cfg listener.Config, h http.HandlerFunc) *server {
	t.Helper()
	logs := &logBuffer{}
	cfg.Log = slog.New(slog.NewTextHandler(logs, nil))
	if cfg.Refuse == nil {
		cfg.Refuse = refuse
	}
	if h == nil {
		h = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	connections := listener.New(cfg)
	s := connections.Server(h)
	idle, changed := make(chan struct{}, 1000), s.ConnState
	s.ConnState = func(c net.Conn, state http.ConnState) {
		changed(c, state)
		if state == http.StateIdle {
			idle <- struct{}{}
		}
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(connections.Listener(l)) }()
	t.Cleanup(func() {
		check(t, s.Close())
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return &server{t, l.Addr().String(), logs, idle}
}

// refuse answers everything but 400, as JSON with what it knows of the request.
func refuse(w http.ResponseWriter, r *http.Request, status int) bool {
	if status == http.StatusBadRequest {
		return false
	}
	w.Header().Set("X-Seen", r.Method+" "+r.Host+r.URL.Path+" "+r.Header.Get("X-Request-Id"))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "refused")
	return true
}

func (s *server) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	check(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	check(s.t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return conn
}

// request sends a GET on an open connection and returns the response.
func request(conn net.Conn) (*http.Response, error) {
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return resp, err
}

func (s *server) expect(conn net.Conn, status int) {
	s.t.Helper()
	resp, err := request(conn)
	check(s.t, err)
	if resp.StatusCode != status {
		s.t.Fatalf("%d, want %d", resp.StatusCode, status)
	}
}

// expectClosed waits until the server has closed the connection.
func expectClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	if n, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is open: %d, %v", n, err)
	}
}

func TestFullServerClosesTheConnectionThatWaitsLongest(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	s := start(t, listener.Config{Max: 4, Shared: func(netip.Addr) bool { return true }}, nil)
	var open []net.Conn
	for range 4 {
		conn := s.dial()
		s.expect(conn, http.StatusOK)
		<-s.idle
		open = append(open, conn)
	}
	s.expect(open[0], http.StatusOK)
	<-s.idle // now the second one waits longest
	s.expect(s.dial(), http.StatusOK)
	expectClosed(t, open[1])
	s.expect(open[0], http.StatusOK)
	s.expect(open[2], http.StatusOK)
}

func TestFullServerRefusesWhenNoConnectionWaits(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	release, busy := make(chan struct{}), make(chan struct{}, 4)
	s := start(t, listener.Config{Max: 4, Shared: func(netip.Addr) bool { return true }},
		func(http.ResponseWriter, *http.Request) {
			busy <- struct{}{}
			<-release
		})
	defer close(release)
	for range 4 {
		_, err := io.WriteString(s.dial(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		check(t, err)
		<-busy
	}
	for range 100 {
		conn := s.dial()
		resp, err := request(conn)
		if err != nil {
			continue // it was closed at once: too many others are being told
		}
		if resp.StatusCode != http.StatusTooManyRequests || !resp.Close {
			t.Fatalf("%d, close %v", resp.StatusCode, resp.Close)
		}
		check(t, conn.Close())
	}
	if n := strings.Count(s.logs.String(), "connections are refused"); n != 1 {
		t.Errorf("logged %d times: %s", n, s.logs)
	}
}

func TestSilentConnectionsOfOneNetworkTakeTheirOwnPlaces(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	s := start(t, listener.Config{Max: 16, Timeouts: listener.Timeouts{Header: time.Minute}}, nil)
	owner := s.dial()
	s.expect(owner, http.StatusOK) // has finished a request
	var silent []net.Conn
	for range 40 {
		silent = append(silent, s.dial())
	}
	for _, conn := range silent[:36] {
		expectClosed(t, conn)
	}
	s.expect(owner, http.StatusOK)
	s.expect(s.dial(), http.StatusOK)
	if strings.Contains(s.logs.String(), "refused") {
		t.Errorf("somebody was refused: %s", s.logs)
	}
}

func TestRequestsBeforeTheHandlerAreRefusedAsConfigured(t *testing.T) {
	t.Attr("case", "H04")
	t.Parallel()
	s := start(t, listener.Config{Timeouts: listener.Timeouts{Drain: 100 * time.Millisecond}}, nil)
	const fields = " /path?q=1 HTTP/1.1\r\nHost: api.example.com\r\nX-Request-Id: mine\r\n"
	const seen = " api.example.com/path mine"
	for name, c := range map[string]struct{ raw, status, seen string }{
		"expectation":  {"POST" + fields + "Expect: x\r\nContent-Length: 2\r\n\r\n{}", "417", "POST" + seen},
		"HTTP/1.0":     {strings.Replace("POST"+fields, "1.1", "1.0", 1) + "Expect: x\r\n\r\n", "417", "POST" + seen},
		"and no body":  {"GET" + fields + "Expect: 200-ok\r\n\r\n", "417", "GET" + seen},
		"HEAD":         {"HEAD" + fields + "Expect: 200-ok\r\n\r\n", "417", "HEAD" + seen},
		"coding":       {"POST" + fields + "Transfer-Encoding: gzip\r\n\r\n", "501", "POST" + seen},
		"two codings":  {"POST" + fields + "Transfer-Encoding: gzip, chunked\r\n\r\n", "501", "POST" + seen},
		"large header": {"GET" + fields + "X-A: " + strings.Repeat("a", 100<<10) + "\r\n\r\n", "431", "GET" + seen},
		"malformed":    {"GET" + fields + "X A: b\r\n\r\n", "400", ""},
		"a good one":   {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET" + fields + "Expect: x\r\n\r\n", "200", ""},
	} {
		conn := s.dial()
		_, err := io.WriteString(conn, c.raw)
		check(t, err)
		answer, err := io.ReadAll(conn)
		check(t, err)
		if !strings.HasPrefix(string(answer), "HTTP/1.1 "+c.status) {
			t.Errorf("%s: %.100q, want %s", name, answer, c.status)
		}
		if !strings.Contains(string(answer), "X-Seen: "+c.seen+"\r\n") && c.seen != "" {
			t.Errorf("%s: %q, want %q in it", name, answer, c.seen)
		}
		if strings.HasSuffix(string(answer), "refused") == (name == "HEAD" || name == "malformed") {
			t.Errorf("%s: body of %q", name, answer)
		}
	}
}

// TestContentThatLooksLikeARefusalIsSent has a handler send, in one write, what net/http would send by itself.
func TestContentThatLooksLikeARefusalIsSent(t *testing.T) {
	t.Parallel()
	content := "HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\n\r\n" + strings.Repeat("a", 100_000)
	s := start(t, listener.Config{}, func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, content)
	})
	resp, err := http.Get("http://" + s.addr)
	check(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	check(t, err)
	if string(got) != content {
		t.Errorf("%d bytes: %.100q", len(got), got)
	}
}

func TestHijackedConnectionsGiveTheirPlacesBack(t *testing.T) {
	t.Parallel()
	hijacked := make(chan net.Conn, 1)
	s := start(t, listener.Config{Max: 1, Shared: func(netip.Addr) bool { return true }},
		func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
			}
			hijacked <- conn
		})
	for range 3 {
		_, err := io.WriteString(s.dial(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		check(t, err)
		conn := <-hijacked
		s.expect(s.dial(), http.StatusTooManyRequests)
		check(t, conn.Close())
	}
}

// TestBodyDeadlineEndsWithTheBody has a handler work for longer than a body may take.
func TestBodyDeadlineEndsWithTheBody(t *testing.T) {
	t.Attr("case", "S2")
	t.Parallel()
	const limit = 200 * time.Millisecond
	s := start(t, listener.Config{Timeouts: listener.Timeouts{Body: limit}},
		func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
			select {
			case <-r.Context().Done():
				t.Error("the context ended: the client counts as gone")
			case <-time.After(3 * limit):
			}
			w.WriteHeader(http.StatusNoContent)
		})
	for _, body := range []string{
		"Content-Length: 2\r\n\r\n{}", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "\r\n",
	} {
		conn := s.dial()
		_, err := io.WriteString(conn, "POST / HTTP/1.1\r\nHost: x\r\n"+body)
		check(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		check(t, err)
		if resp.StatusCode != http.StatusNoContent {
			t.Errorf("%q: %d", body, resp.StatusCode)
		}
	}
}

func TestDefaultMaxLeavesFilesForOthers(t *testing.T) {
	t.Parallel()
	if n := listener.DefaultMax(); n < 1 || n > 8192 {
		t.Errorf("%d connections", n)
	}
}
