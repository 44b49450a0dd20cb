package http1_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// responses are whole responses with the body "hello, world". The connection ends after those that say so.
var responses = map[string]string{
	"length": "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX-A: 1\r\n\r\nhello, world",
	"chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n" +
		"5\r\nhello\r\n2;name=value\r\n, \r\n0005\r\nworld\r\n0\r\n\r\n",
	"trailers": "HTTP/1.1 200 OK\r\nTrailer: X-Sum, X-Other\r\nTransfer-Encoding: Chunked\r\nX-A: 1\r\n\r\n" +
		"C\r\nhello, world\r\n0\r\nX-Sum: 7\r\nX-Other: 8\r\n\r\n",
	"until the end": "HTTP/1.1 200 OK\r\nConnection: close\r\nX-A: 1\r\n\r\nhello, world",
	"HTTP/1.0":      "HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nhello, world",
	"1xx before": "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 \r\n\r\n" +
		sized("hello, world", "X-A: 1"),
	"bare newlines": "HTTP/1.1 200 OK\nContent-Length: 12\nX-A:1  \n\nhello, world",
	"folded header": "HTTP/1.1 200 OK\r\nX-A: \r\n 1\r\nContent-Length: 12\r\n\r\nhello, world",
	"length twice":  sized("hello, world", "Content-Length: 12", "X-A: 1"),
	"length and chunks": "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n" +
		"c\r\nhello, world\r\n0\r\n\r\n",
}

// TestResponsesInEveryCutting sends each response in two parts, cut at every byte, and then byte by byte.
func TestResponsesInEveryCutting(t *testing.T) {
	t.Parallel()
	for name, text := range responses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cuttings := [][]string{strings.Split(text, "")}
			for i := 1; i < len(text); i++ {
				cuttings = append(cuttings, []string{text[:i], text[i:]})
			}
			s := newServer(t, func(n int, c *serverConn) {
				c.request()
				c.send(cuttings[n]...)
			})
			base := func() *http.Transport {
				s.dialed = 0
				transport := settings(s)
				transport.DisableKeepAlives = true // a connection for each cutting
				return transport
			}
			both(t, base, func(t *testing.T, rt transport) {
				for range cuttings {
					resp := want(t, rt, newPost(t, address, "question"), "hello, world")
					if got := resp.Header.Get("X-A"); got != "1" || resp.StatusCode != http.StatusOK {
						t.Fatalf("status %d, header %q", resp.StatusCode, got)
					}
					if name == "trailers" && (resp.Trailer.Get("X-Sum") != "7" || resp.Trailer.Get("X-Other") != "8") {
						t.Fatalf("trailers %v", resp.Trailer)
					}
					if length := resp.Header.Get("Content-Length"); name == "length and chunks" && length != "" {
						t.Fatalf("length %s beside chunks", length)
					}
				}
			})
		})
	}
}

// accepted are the malformed responses that net/http takes.
var accepted = []string{"space in a name", "space after a name", "1xx without end"}

// TestMalformedResponsesAreErrors closes the connection after each.
func TestMalformedResponsesAreErrors(t *testing.T) {
	t.Parallel()
	const ok, chunked = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, text := range map[string]string{
		"nothing":                 "",
		"no status":               "hello\r\n\r\n",
		"status of two digits":    "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
		"negative status":         "HTTP/1.1 -20 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/2":                  "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64",
		"half a status":           "HTTP/1.1 200",
		"half a head":             ok + "Content-Len",
		"header without a colon":  ok + "Content-Length 3\r\n\r\nabc",
		"space in a name":         ok + "Content Length: 3\r\n\r\nabc",
		"space after a name":      ok + "Content-Length : 3\r\n\r\nabc",
		"control byte in a value": ok + "X-A: a\x00b\r\nContent-Length: 3\r\n\r\nabc",
		"return in a value":       ok + "X-A: a\rX-B: b\r\nContent-Length: 3\r\n\r\nabc",
		"folding before a header": ok + " X-A: b\r\nContent-Length: 3\r\n\r\nabc",
		"two lengths":             ok + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		"list of lengths":         ok + "Content-Length: 3, 3\r\n\r\nabc",
		"negative length":         ok + "Content-Length: -3\r\n\r\nabc",
		"signed length":           ok + "Content-Length: +3\r\n\r\nabc",
		"hexadecimal length":      ok + "Content-Length: 0x3\r\n\r\nabc",
		"huge length":             ok + "Content-Length: 99999999999999999999\r\n\r\nabc",
		"short body":              ok + "Content-Length: 30\r\n\r\nabc",
		"unknown encoding":        ok + "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"two encodings":           ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunk size of letters":   chunked + "xyz\r\nabc\r\n0\r\n\r\n",
		"negative chunk size":     chunked + "-3\r\nabc\r\n0\r\n\r\n",
		"prefixed chunk size":     chunked + "0x3\r\nabc\r\n0\r\n\r\n",
		"huge chunk size":         chunked + "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
		"no chunk size":           chunked + "\r\nabc\r\n0\r\n\r\n",
		"chunk that is too long":  chunked + "3\r\nabcdef\r\n0\r\n\r\n",
		"cut in a chunk":          chunked + "6\r\nabc",
		"cut between chunks":      chunked + "3\r\nabc\r\n",
		"cut before the end":      chunked + "3\r\nabc\r\n0\r\n",
		"long chunk extension":    chunked + "3;" + strings.Repeat("x", 8<<10) + "\r\nabc\r\n0\r\n\r\n",
		"malformed trailer":       chunked + "3\r\nabc\r\n0\r\nX\r\n\r\n",
		"1xx without end":         strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 2000) + sized("abc"),
		"giant header":            ok + "X-A: " + strings.Repeat("a", 2*headBytes) + "\r\nContent-Length: 3\r\n\r\nabc",
		"header without end":      ok + strings.Repeat("a", 2*headBytes),
		"too many headers":        ok + strings.Repeat("X-A: aaaaaaaa\r\n", headBytes/8) + "\r\nabc",
		"giant status":            "HTTP/1.1 200 " + strings.Repeat("a", 2*headBytes) + "\r\n\r\nabc",
		"giant trailer":           chunked + "3\r\nabc\r\n0\r\nX-A: " + strings.Repeat("a", 2*headBytes) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(_ int, c *serverConn) {
				c.request()
				c.send(text)
			})
			both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
				if _, lax := rt.(*http.Transport); lax && slices.Contains(accepted, name) {
					return
				}
				if resp, err := do(rt, newPost(t, address, "question")); err == nil {
					t.Errorf("status %d with %q, want an error", resp.StatusCode, resp.body)
				}
			})
		})
	}
}

func TestLongHeadersAreRead(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", headBytes/2)
	s := newServer(t, answering(sized("hi", "X-A: "+long, "x-a: b", "X-B: "+long[:100])))
	both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
		for range 3 {
			h := want(t, rt, newPost(t, address, "question"), "hi").Header
			if len(h["X-A"]) != 2 || h["X-A"][0] != long || h["X-A"][1] != "b" || h.Get("X-B") != long[:100] {
				t.Fatalf("%d values of %d bytes", len(h["X-A"]), len(h.Get("X-A")))
			}
		}
	})
}

// TestEarlyEndIsUnexpected has a server that ends in a body.
func TestEarlyEndIsUnexpected(t *testing.T) {
	t.Parallel()
	for _, head := range []string{"Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nA\r\n"} {
		s := newServer(t, func(_ int, c *serverConn) {
			c.request()
			c.send("HTTP/1.1 200 OK\r\n"+head, "hel", "lo")
		})
		both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
			resp, err := do(rt, newPost(t, address, "q"))
			if !errors.Is(err, io.ErrUnexpectedEOF) || resp.body != "hello" {
				t.Errorf("%q: body %q, error %v", head, resp.body, err)
			}
		})
	}
}

// TestResponsesWithoutBody reuses the connection after each: bytes of a body would spoil the next response.
func TestResponsesWithoutBody(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, head string
		length       int64
	}{
		"HEAD": {http.MethodHead, "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", 7},
		"204":  {http.MethodGet, "HTTP/1.1 204 No Content\r\n\r\n", 0},
		"304":  {http.MethodGet, "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", -2},
		"0":    {http.MethodGet, "HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n", 0},
	} {
		s := newServer(t, answering(test.head))
		base := func() *http.Transport {
			s.dialed = 0
			return settings(s)
		}
		both(t, base, func(t *testing.T, rt transport) {
			for range 3 {
				req := newGet(t, address)
				req.Method = test.method
				resp := want(t, rt, req, "")
				if test.length > -2 && resp.ContentLength != test.length {
					t.Errorf("%s: length %d, want %d", name, resp.ContentLength, test.length)
				}
			}
			if n := s.dials(); n != 1 {
				t.Errorf("%s: %d connections", name, n)
			}
		})
	}
}

// TestStreamIsReadAsItArrives reads each chunk before the server sends the next.
func TestStreamIsReadAsItArrives(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	s := newServer(t, func(_ int, c *serverConn) {
		c.request()
		c.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for i := range 5 {
			c.send(fmt.Sprintf("7\r\nchunk %d\r\n", i))
			<-next
		}
		c.send("0\r\n\r\n")
		c.wait()
	})
	both(t, func() *http.Transport { return settings(s) }, func(t *testing.T, rt transport) {
		resp, err := rt.RoundTrip(newPost(t, address, "q"))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for i := range 5 {
			part := make([]byte, 7)
			if _, err := io.ReadFull(resp.Body, part); err != nil || string(part) != fmt.Sprintf("chunk %d", i) {
				t.Fatalf("part %q, error %v", part, err)
			}
			next <- struct{}{}
		}
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
			t.Fatalf("rest %q, error %v", rest, err)
		}
	})
}
