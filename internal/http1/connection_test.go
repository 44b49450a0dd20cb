package http1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adiuva/cloud-api/internal/http1"
)

// TestConnectionIsReused tells which responses leave a connection open for the next call.
func TestConnectionIsReused(t *testing.T) {
	t.Parallel()
	const head, chunked = "HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
	const old = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n"
	for name, test := range map[string]struct {
		response string
		change   func(*http.Request)
		dials    int // for three calls
	}{
		"length":             {response: sized("hi"), dials: 1},
		"chunks":             {response: head + chunked, dials: 1},
		"trailers":           {response: head + strings.TrimSuffix(chunked, "\r\n") + "A: b\r\n\r\n", dials: 1},
		"failure":            {response: "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nhi", dials: 1},
		"closing":            {response: sized("hi", "Connection: Close"), dials: 3},
		"closing among":      {response: sized("hi", "Connection: x, close"), dials: 3},
		"HTTP/1.0":           {response: old + "\r\nhi", dials: 3},
		"HTTP/1.0, kept":     {response: old + "Connection: keep-alive\r\n\r\nhi", dials: 1},
		"closing request":    {response: sized("hi"), change: func(r *http.Request) { r.Close = true }, dials: 3},
		"two for one":        {response: sized("hi") + sized("bad"), dials: 3},
		"bytes after length": {response: sized("hi") + "x", dials: 3},
		"bytes after chunks": {response: head + chunked + "\r\n", dials: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, answering(test.response))
			s.tcp = strings.Contains(name, "for") || strings.Contains(name, "after")
			base := func() *http.Transport {
				s.dialed = 0
				return settings(s)
			}
			both(t, base, func(t *testing.T, rt transport) {
				for range 3 {
					req := newGet(t, address)
					if test.change != nil {
						test.change(req)
					}
					want(t, rt, req, "hi")
				}
				if n := s.dials(); n != test.dials {
					t.Errorf("%d connections, want %d", n, test.dials)
				}
			})
		})
	}
}

// TestTwoFramingsEndConnection has a response with a length and chunks: where it ends, others on the way may have seen
// otherwise. net/http uses the connection again.
func TestTwoFramingsEndConnection(t *testing.T) {
	t.Parallel()
	s := newServer(t, answering(responses["length and chunks"]))
	rt := http1.New(settings(s))
	t.Cleanup(rt.CloseIdleConnections)
	for range 3 {
		want(t, rt, newPost(t, address, "q"), "hello, world")
	}
	if n := s.dials(); n != 3 {
		t.Errorf("%d connections for three calls", n)
	}
}

// TestBytesBetweenCallsCloseConnection has a server that says more when nobody asks, such as 408 when it has waited.
func TestBytesBetweenCallsCloseConnection(t *testing.T) {
	t.Parallel()
	said := make(chan struct{}, 1)
	s := newServer(t, func(n int, c *serverConn) {
		c.request()
		c.send(sized(fmt.Sprint("hi ", n)))
		if n == 0 {
			c.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
			said <- struct{}{}
		}
		c.wait()
	})
	s.tcp = true
	rt := http1.New(settings(s))
	t.Cleanup(rt.CloseIdleConnections)
	want(t, rt, newPost(t, address, "q"), "hi 0")
	<-said
	want(t, rt, newPost(t, address, "q"), "hi 1")
}

// TestClosedIdleConnectionIsNotUsed has a server that closes after each response, or closes only its half.
func TestClosedIdleConnectionIsNotUsed(t *testing.T) {
	t.Parallel()
	for _, half := range []bool{false, true} {
		closed := make(chan struct{}, 1)
		s := newServer(t, func(_ int, c *serverConn) {
			requests := 0
			for c.request() != nil {
				if requests++; requests > 1 {
					t.Errorf("half %v: a second request came", half)
				}
				c.send(sized("hi"))
				if half {
					_ = c.Conn.(*net.TCPConn).CloseWrite()
				} else {
					_ = c.Conn.Close()
				}
				closed <- struct{}{}
			}
		})
		s.tcp = true
		rt := http1.New(settings(s))
		t.Cleanup(rt.CloseIdleConnections)
		for range 5 {
			req := newPost(t, address, "q")
			req.GetBody = nil // it is not sent twice
			want(t, rt, req, "hi")
			<-closed
		}
	}
}

// TestRaceWithClosingServer has a server that closes a connection when the next request is already on its way: it reads
// the request, and closes without a response or after a part of one.
func TestRaceWithClosingServer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		part   string // of the second response
		always bool   // new connections end like that too
		change func(*http.Request)
		fails  bool
		dials  int
	}{
		"sent again":          {dials: 2},
		"with a key":          {dials: 2, change: func(r *http.Request) { r.Header.Set("Idempotency-Key", "k") }},
		"once":                {always: true, fails: true, dials: 2},
		"after one byte":      {part: "H", fails: true, dials: 1},
		"after a head":        {part: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", fails: true, dials: 1},
		"body is used up":     {change: func(r *http.Request) { r.GetBody = nil }, fails: true, dials: 1},
		"body cannot be read": {change: func(r *http.Request) { r.GetBody = noBody }, fails: true, dials: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(n int, c *serverConn) {
				for i := 0; c.request() != nil; i++ {
					if i > 0 || n > 0 && test.always {
						c.send(test.part)
						return
					}
					c.send(sized("hi"))
				}
			})
			rt := http1.New(settings(s))
			t.Cleanup(rt.CloseIdleConnections)
			want(t, rt, newPost(t, address, "q"), "hi")
			req := newPost(t, address, "q")
			if test.change != nil {
				test.change(req)
			}
			resp, err := do(rt, req)
			if n := s.dials(); (err != nil) != test.fails || err == nil && resp.body != "hi" || n != test.dials {
				t.Errorf("body %q, error %v, %d connections", resp.body, err, n)
			}
		})
	}
}

func noBody() (io.ReadCloser, error) { return nil, errors.New("no body") }

// TestIdleConnectionsAreBounded makes calls at the same time and counts the connections that are kept.
func TestIdleConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	const calls, kept = 8, 3
	var ended atomic.Int64
	begun := make(chan struct{}, calls)
	respond := make(chan struct{})
	s := newServer(t, func(_ int, c *serverConn) {
		c.request()
		begun <- struct{}{}
		<-respond
		c.send(sized("hi"))
		c.wait()
		ended.Add(1)
	})
	base := settings(s)
	base.MaxIdleConnsPerHost = kept
	rt := http1.New(base)
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() { want(t, rt, newPost(t, address, "q"), "hi") })
	}
	for range calls {
		<-begun
	}
	close(respond)
	wg.Wait()
	eventually(t, func() error {
		if n := ended.Load(); n != calls-kept {
			return fmt.Errorf("%d connections were closed", n)
		}
		return nil
	})
	rt.CloseIdleConnections()
	eventually(t, func() error {
		if n := ended.Load(); n != calls {
			return fmt.Errorf("%d connections were closed at the end", n)
		}
		return nil
	})
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-timeout:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
}

// TestIdleConnectionExpires dials again after the timeout, so that a host whose addresses have changed is found. It is
// closed without another call.
func TestIdleConnectionExpires(t *testing.T) {
	t.Parallel()
	for name, transportOf := range map[string]func(*http.Transport) transport{
		"http1":    func(base *http.Transport) transport { return http1.New(base) },
		"net_http": func(base *http.Transport) transport { return base },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var open atomic.Int64
				s := newServer(t, func(n int, c *serverConn) {
					open.Add(1)
					defer open.Add(-1)
					for c.request() != nil {
						c.send(sized(fmt.Sprint("hi ", n)))
					}
				})
				rt := transportOf(settings(s))
				want(t, rt, newPost(t, address, "q"), "hi 0")
				time.Sleep(50 * time.Second)
				want(t, rt, newPost(t, address, "q"), "hi 0")
				time.Sleep(59 * time.Second)
				if n := open.Load(); n != 1 {
					t.Errorf("%d open connections before the timeout", n)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if n := open.Load(); n != 0 {
					t.Errorf("%d open connections after the timeout", n)
				}
				want(t, rt, newPost(t, address, "q"), "hi 1")
				rt.CloseIdleConnections()
				synctest.Wait()
			})
		})
	}
}

// TestCloseIdleConnectionsClosesLater closes a connection that was in use when it was called, when the call ends.
func TestCloseIdleConnectionsClosesLater(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	s := newServer(t, func(_ int, c *serverConn) {
		c.request()
		c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "h", "i")
		c.wait()
		ended <- struct{}{}
	})
	both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
		resp, err := rt.RoundTrip(newPost(t, address, "q"))
		if err != nil {
			t.Fatal(err)
		}
		rt.CloseIdleConnections()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "hi" {
			t.Errorf("body %q, error %v", body, err)
		}
		_ = resp.Body.Close()
		<-ended
	})
}

// TestConcurrentCallsKeepApart has many calls at a time on few connections, some of which the server closes.
func TestConcurrentCallsKeepApart(t *testing.T) {
	t.Parallel()
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	s := newServer(t, func(n int, c *serverConn) {
		for i := 0; ; i++ {
			req := c.request()
			if req == nil {
				return
			}
			body, _ := io.ReadAll(req.Body)
			switch i % 4 {
			case 0:
				c.send(sized(string(body)))
			case 1:
				c.send(fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", chunked, len(body), body))
			case 2:
				c.send(chunked, fmt.Sprintf("%x\r\n", len(body)), string(body), "\r\n0\r\n", "\r\n")
			case 3:
				c.send(sized(string(body), "Connection: close"))
				return
			}
		}
	})
	s.tcp = true
	both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				for k := range 50 {
					body := strings.Repeat(fmt.Sprintf("%d-%d ", i, k), 1+k*k)
					want(t, rt, newPost(t, address, body), body)
				}
			})
		}
		wg.Wait()
	})
}

// place is where a call is when its context ends.
type place struct {
	name    string
	serve   func(reached chan<- struct{}) func(int, *serverConn)
	reading bool // the head arrives
}

func places() []place {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
	after := func(text string) func(chan<- struct{}) func(int, *serverConn) {
		return func(reached chan<- struct{}) func(int, *serverConn) {
			return func(_ int, c *serverConn) {
				c.request()
				c.send(strings.Split(text, "|")...)
				reached <- struct{}{}
				c.wait()
			}
		}
	}
	return []place{
		{"writing", func(reached chan<- struct{}) func(int, *serverConn) {
			return func(_ int, c *serverConn) {
				_, _ = c.in.ReadByte()
				reached <- struct{}{}
				<-time.After(time.Millisecond)
				c.wait()
			}
		}, false},
		{"waiting", after(""), false},
		{"in the head", after("HTTP/1.1 200"), false},
		{"after 1xx", after("HTTP/1.1 100 Continue\r\n\r\n"), false},
		{"before the body", after(head), true},
		{"in the body", after(head + "|hel"), true},
		{"in a chunk", after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|9\r\nhel"), true},
		{"between chunks", after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|3\r\nhel\r\n"), true},
		{"before the trailer", after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|3\r\nhel\r\n0\r\n"), true},
		{"until the end", after("HTTP/1.1 200 OK\r\n\r\n|hel"), true},
	}
}

// TestCallEndsWithItsContext ends the context at each place. The error is its cause, and the connection is closed.
func TestCallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stopped")
	for _, place := range places() {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			reached := make(chan struct{}, 1)
			s := newServer(t, place.serve(reached))
			both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
				ctx, cancel := context.WithCancelCause(t.Context())
				go func() {
					<-reached
					cancel(stop)
				}()
				resp, err := rt.RoundTrip(newPost(t, address, strings.Repeat("x", 5000)).WithContext(ctx))
				if place.reading && err == nil {
					_, err = io.ReadAll(resp.Body)
					_ = resp.Body.Close()
				}
				if !errors.Is(err, stop) {
					t.Errorf("error %v", err)
				}
			})
		})
	}
}

// TestDialEndsWithItsContext ends the context while a connection is opened, and before.
func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stopped")
	for _, scheme := range []string{"http", "https"} {
		s := newServer(t, func(_ int, c *serverConn) { c.wait() }) // never shakes hands
		ctx, cancel := context.WithCancelCause(t.Context())
		base := settings(s)
		base.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			time.AfterFunc(time.Millisecond, func() { cancel(stop) })
			if scheme == "https" {
				return s.dial(ctx, network, address)
			}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		rt := http1.New(base)
		for range 2 {
			req := newPost(t, scheme+"://model.test/", "q").WithContext(ctx)
			if _, err := rt.RoundTrip(req); !errors.Is(err, stop) {
				t.Errorf("%s: error %v", scheme, err)
			}
		}
	}
}

// TestCloseEndsRead closes a body while it is read.
func TestCloseEndsRead(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(_ int, c *serverConn) {
		c.request()
		c.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "hel")
		c.wait()
	})
	both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
		resp, err := rt.RoundTrip(newPost(t, address, "q"))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			_, err := io.ReadAll(resp.Body)
			ended <- err
		}()
		time.AfterFunc(time.Millisecond, func() { _ = resp.Body.Close() })
		if err := <-ended; err == nil {
			t.Error("no error")
		}
		if n, err := resp.Body.Read(make([]byte, 1)); n > 0 || err == nil || err == io.EOF {
			t.Errorf("%d bytes after Close, error %v", n, err)
		}
	})
}
