package http1_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/http1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transport is what a test uses of either transport.
type transport interface {
	http.RoundTripper
	CloseIdleConnections()
}

// both runs the test with this package's transport and with net/http's. base returns the settings.
func both(t *testing.T, base func() *http.Transport, test func(t *testing.T, rt transport)) {
	t.Helper()
	t.Run("http1", func(t *testing.T) { testWith(t, http1.New(base()), test) })
	t.Run("net_http", func(t *testing.T) { testWith(t, base(), test) })
}

func testWith(t *testing.T, rt transport, test func(t *testing.T, rt transport)) {
	t.Helper()
	t.Cleanup(rt.CloseIdleConnections)
	test(t, rt)
}

// settings returns settings that dial with the server.
func settings(s *server) *http.Transport {
	return &http.Transport{DialContext: s.dial, DisableCompression: true, MaxResponseHeaderBytes: headBytes,
		MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute}
}

const headBytes = 64 << 10 // the limit of a response's head

// server serves connections, each with a function that is given its number, beginning at 0. Pipes have no buffer: each
// write of the server is one read of the client or several, never a part of one.
type server struct {
	serve func(n int, conn *serverConn)
	tcp   bool // dial a real socket

	mu     sync.Mutex
	dialed int
	wg     sync.WaitGroup
}

// serverConn is the server's side of a connection.
type serverConn struct {
	net.Conn
	in *bufio.Reader
}

// newServer returns a server whose connections end with the test.
func newServer(t *testing.T, serve func(n int, conn *serverConn)) *server {
	s := &server{serve: serve}
	t.Cleanup(s.wg.Wait)
	return s
}

func (s *server) dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialed
}

func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	s.mu.Lock()
	n := s.dialed
	s.dialed++
	s.mu.Unlock()
	ours, theirs := net.Conn(nil), net.Conn(nil)
	if s.tcp {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		if ours, err = (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String()); err != nil {
			return nil, err
		}
		if theirs, err = l.Accept(); err != nil {
			return nil, err
		}
	} else {
		ours, theirs = net.Pipe()
	}
	s.wg.Go(func() {
		defer theirs.Close()
		s.serve(n, &serverConn{theirs, bufio.NewReader(theirs)})
	})
	return ours, nil
}

// request reads a request with its body. It returns nil when the client has closed the connection.
func (c *serverConn) request() *http.Request {
	req, err := http.ReadRequest(c.in)
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil
	}
	req.Body = io.NopCloser(strings.NewReader(string(body)))
	return req
}

// send writes the parts, each in one write, until the client has closed the connection.
func (c *serverConn) send(parts ...string) {
	for _, part := range parts {
		if _, err := io.WriteString(c.Conn, part); err != nil {
			return
		}
	}
}

// wait waits until the client closes the connection.
func (c *serverConn) wait() { _, _ = io.Copy(io.Discard, c.in) }

// answering returns a serve function that answers every request with the parts.
func answering(parts ...string) func(int, *serverConn) {
	return func(_ int, c *serverConn) {
		for c.request() != nil {
			c.send(parts...)
		}
	}
}

const address = "http://model.test/v1/chat?a=b"

// newPost returns a POST with a body.
func newPost(t testing.TB, url, body string) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a test that hangs fails
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func newGet(t testing.TB, url string) *http.Request {
	req := newPost(t, url, "")
	req.Method, req.Body, req.GetBody = http.MethodGet, nil, nil
	return req
}

// response is a response with its whole body.
type response struct {
	*http.Response
	body string
}

func (r response) delete(header string) {
	if r.Response != nil {
		delete(r.Header, header)
	}
}

// do makes the call and reads the body, whose failure is an error like that of the call.
func do(rt http.RoundTripper, req *http.Request) (response, error) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return response{}, err
	}
	body, err := io.ReadAll(resp.Body)
	return response{resp, string(body)}, errors.Join(err, resp.Body.Close())
}

// want makes the call and expects the body.
func want(t *testing.T, rt http.RoundTripper, req *http.Request, body string) response {
	t.Helper()
	resp, err := do(rt, req)
	if err != nil || resp.body != body {
		t.Fatalf("body %q, error %v; want %q", resp.body, err, body)
	}
	return resp
}

// sized returns a response with a length.
func sized(body string, headers ...string) string {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n", len(body))
	for _, h := range headers {
		head += h + "\r\n"
	}
	return head + "\r\n" + body
}
