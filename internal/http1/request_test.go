package http1_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/http1"
)

// wireConn counts the writes of the client.
type wireConn struct {
	net.Conn
	writes *[]string
}

func (c wireConn) Write(p []byte) (int, error) {
	*c.writes = append(*c.writes, string(p))
	return c.Conn.Write(p)
}

// TestRequestIsThatOfNetHTTP compares requests on the wire: the first line, the headers in any order, and the body.
// Ours is one write.
func TestRequestIsThatOfNetHTTP(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"plain":         func(*http.Request) {},
		"key":           func(r *http.Request) { r.Header.Set("Authorization", "Bearer k") },
		"trace":         func(r *http.Request) { r.Header.Set("Traceparent", "00-4bf92f3577b34da6-00f067aa-01") },
		"several":       func(r *http.Request) { r.Header["X-A"] = []string{" a ", "b"} },
		"odd names":     func(r *http.Request) { r.Header["x-lower"] = []string{"1"} },
		"host":          func(r *http.Request) { r.Host = "other.test:81" },
		"agent":         func(r *http.Request) { r.Header.Set("User-Agent", "me") },
		"no agent":      func(r *http.Request) { r.Header.Set("User-Agent", "") },
		"ours to send":  func(r *http.Request) { r.Header.Set("Content-Length", "3"); r.Header.Set("Trailer", "x") },
		"close":         func(r *http.Request) { r.Close = true },
		"close, header": func(r *http.Request) { r.Header.Set("Connection", "close") },
		"no body":       func(r *http.Request) { r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0 },
		"unknown body":  func(r *http.Request) { r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, -1 },
		"GET":           func(r *http.Request) { r.Method, r.Body, r.GetBody, r.ContentLength = "GET", nil, nil, 0 },
		"no method":     func(r *http.Request) { r.Method, r.Body, r.GetBody, r.ContentLength = "", nil, nil, 0 },
		"no path":       func(r *http.Request) { r.URL.Path, r.URL.RawQuery = "", "" },
		"password":      func(r *http.Request) { r.URL.User = nil },
		"large":         func(r *http.Request) { setBody(r, strings.Repeat("x", 1<<20)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answering(sized("hi")))
			var writes []string
			base := func() *http.Transport {
				writes = nil
				transport := settings(s)
				transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
					c, err := s.dial(ctx, network, address)
					return wireConn{c, &writes}, err
				}
				return transport
			}
			var sent [2]string
			both(t, base, func(t *testing.T, rt transport) {
				req := newPost(t, "http://model.test/v1/chat%20a?b=c", "the question")
				change(req)
				want(t, rt, req, "hi")
				i := 0
				if _, ok := rt.(*http1.Transport); !ok {
					i = 1
				} else if len(writes) != 1 {
					t.Errorf("%d writes", len(writes))
				}
				sent[i] = strings.Join(writes, "")
			})
			if ours, theirs := inOrder(sent[0]), inOrder(sent[1]); ours != theirs {
				t.Errorf("ours\n%.600s\nnet/http's\n%.600s", ours, theirs)
			}
		})
	}
}

func setBody(r *http.Request, body string) {
	r.ContentLength = int64(len(body))
	r.Body = io.NopCloser(strings.NewReader(body))
}

// inOrder sorts the headers of a request.
func inOrder(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines[1:])
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

// TestInjectionIsRefused sends nothing of a request whose parts would end its head or begin another header.
func TestInjectionIsRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"newline in a value":   func(r *http.Request) { r.Header.Set("X-A", "a\r\nX-B: b") },
		"return in a value":    func(r *http.Request) { r.Header.Set("X-A", "a\rb") },
		"zero in a value":      func(r *http.Request) { r.Header.Set("X-A", "a\x00b") },
		"newline in a name":    func(r *http.Request) { r.Header["X-A: b\r\nX-B"] = []string{"b"} },
		"colon in a name":      func(r *http.Request) { r.Header["X-A:"] = []string{"b"} },
		"space in a name":      func(r *http.Request) { r.Header["X A"] = []string{"b"} },
		"empty name":           func(r *http.Request) { r.Header[""] = []string{"b"} },
		"newline in the agent": func(r *http.Request) { r.Header.Set("User-Agent", "a\nX-B: b") },
		"newline in the host":  func(r *http.Request) { r.Host = "a\r\nX-B: b" },
		"newline in a method":  func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\nX-B: b\r\n\r\nPOST" },
		"space in a method":    func(r *http.Request) { r.Method = "GET /" },
		"newline in the URL":   func(r *http.Request) { r.URL.Opaque = "/a HTTP/1.1\r\nX-B: b\r\n\r\n" },
		"newline in the query": func(r *http.Request) { r.URL.RawQuery = "a=b\r\nX-B: b" },
	} {
		s := newServer(t, answering(sized("hi")))
		both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
			_, ours := rt.(*http1.Transport)
			if !ours && name == "newline in the host" { // net/http leaves out what follows a space
				return
			}
			req := newPost(t, address, "question")
			change(req)
			if resp, err := do(rt, req); err == nil || ours && strings.Contains(err.Error(), "X-B") {
				t.Errorf("%s: response %q, error %v", name, resp.body, err)
			}
			if n := s.dials(); ours && n > 0 {
				t.Errorf("%s: %d connections", name, n)
			}
		})
	}
}

// TestWrongBodiesAreRefused has bodies that are not what the request says of them. Nothing of them is sent, as the
// server would take the rest for another request.
func TestWrongBodiesAreRefused(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, body := range map[string]io.Reader{
		"short":  strings.NewReader("abc"),
		"long":   strings.NewReader("abcdefgh"),
		"broken": io.MultiReader(strings.NewReader("a"), failing{broken}),
		"none":   nil,
	} {
		s := newServer(t, answering(sized("hi")))
		rt := http1.New(settings(s))
		t.Cleanup(rt.CloseIdleConnections)
		want(t, rt, newPost(t, address, "q"), "hi")
		req := newPost(t, address, "12345")
		closed := &closeRecorder{Reader: body}
		if req.Body, req.GetBody = closed, nil; body == nil {
			req.Body, closed.closed = nil, true
		}
		if resp, err := do(rt, req); err == nil || name == "broken" && !errors.Is(err, broken) {
			t.Errorf("%s: response %q, error %v", name, resp.body, err)
		}
		if !closed.closed {
			t.Errorf("%s: the body was not closed", name)
		}
		want(t, rt, newPost(t, address, "q"), "hi")
	}
}

type failing struct{ error }

func (f failing) Read([]byte) (int, error) { return 0, f.error }

type closeRecorder struct {
	io.Reader
	closed bool
}

func (c *closeRecorder) Close() error {
	c.closed = true
	return nil
}

// TestOtherRequestsAreLeft makes calls that this transport leaves to net/http's.
func TestOtherRequestsAreLeft(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"unknown length": func(r *http.Request) { r.ContentLength = -1 },
		"trailers":       func(r *http.Request) { r.Trailer, r.ContentLength = http.Header{"X-Sum": {"1"}}, -1 },
		"great length":   func(r *http.Request) { setBody(r, strings.Repeat("x", 9<<20)) },
	} {
		bodies := make(chan int, 1)
		s := newServer(t, func(_ int, c *serverConn) {
			for req := c.request(); req != nil; req = c.request() {
				body, _ := io.ReadAll(req.Body)
				bodies <- len(body)
				c.send(sized("hi"))
			}
		})
		rt := http1.New(settings(s))
		t.Cleanup(rt.CloseIdleConnections)
		req := newPost(t, address, "question")
		change(req)
		length := max(req.ContentLength, int64(len("question")))
		want(t, rt, req, "hi")
		if n := <-bodies; int64(n) != length {
			t.Errorf("%s: the server read %d bytes", name, n)
		}
	}
}

// TestEarlyRefusalIsRead has a server that refuses a large request after its head.
func TestEarlyRefusalIsRead(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ int, c *serverConn) {
		if _, err := http.ReadRequest(c.in); err != nil {
			return
		}
		c.send("HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
		_ = c.Conn.(*net.TCPConn).CloseWrite()
		c.wait()
	})
	s.tcp = true
	both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
		resp := want(t, rt, newPost(t, address, strings.Repeat("x", 4<<20)), "no")
		if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
			t.Errorf("status %d, close %v", resp.StatusCode, resp.Close)
		}
	})
}

// FuzzResponse finds responses that this transport takes and net/http's does not, or with another body.
func FuzzResponse(f *testing.F) {
	for _, text := range slices.Sorted(maps.Values(responses)) {
		f.Add([]byte(text))
	}
	f.Add([]byte("HTTP/1.1 200\nContent-Length:0\n   \n\n")) // net/http keeps a space of the third line
	f.Fuzz(func(t *testing.T, text []byte) {
		exchange := func(rt func(*http.Transport) http.RoundTripper) (response, error) {
			s := &server{serve: func(_ int, c *serverConn) {
				c.request()
				c.send(string(text))
			}}
			base := settings(s)
			transport := rt(base)
			resp, err := do(transport, newPost(t, address, "q"))
			base.CloseIdleConnections()
			transport.(interface{ CloseIdleConnections() }).CloseIdleConnections()
			s.wg.Wait()
			return resp, err
		}
		ours, err := exchange(func(base *http.Transport) http.RoundTripper { return http1.New(base) })
		if err != nil {
			return
		}
		theirs, err := exchange(func(base *http.Transport) http.RoundTripper { return base })
		for _, name := range []string{"Connection", "Trailer"} { // which net/http takes out
			delete(ours.Header, name)
			theirs.delete(name)
		}
		if err != nil || ours.body != theirs.body || ours.StatusCode != theirs.StatusCode ||
			!maps.EqualFunc(ours.Header, theirs.Header, slices.Equal[[]string]) {
			t.Errorf("ours %v, %d, %q; net/http's %v, error %v, %q", ours.Header, ours.StatusCode, ours.body,
				theirs.Response, err, theirs.body)
		}
	})
}
