package listener

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	writeSize = 64 << 10 // bytes that have one write deadline
	headSize  = 2 << 10  // bytes of a header that are kept for an answer to it
	drainSize = 1 << 20  // bytes that are read after a refusal
)

// conn is one connection. Its lock guards what the server's goroutine and the one that waits for the client to go away
// both touch.
type conn struct {
	net.Conn
	cs    *Connections
	place place // in the registry

	writerDeadline atomic.Bool // whoever writes has set a write deadline

	mu       sync.Mutex
	answered bool   // a handler answers, or a refusal was sent
	refused  bool   // a refusal was sent
	head     []byte // the beginning of the header that is being read
}

// Read reads, and keeps the beginning of a header.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.answered {
		c.head = append(c.head, p[:min(n, headSize-len(c.head))]...)
	}
	return n, err
}

// Write sends p in pieces, each with a deadline of its own unless the writer has set one. An answer that does not come
// from a handler is replaced as Config.Refuse says.
func (c *conn) Write(p []byte) (int, error) {
	if c.refuse(p) {
		return len(p), nil
	}
	sent := 0
	for sent < len(p) {
		if !c.writerDeadline.Load() {
			if err := c.Conn.SetWriteDeadline(time.Now().Add(c.cs.cfg.Timeouts.Write)); err != nil {
				return sent, err
			}
		}
		n, err := c.Conn.Write(p[sent:min(len(p), sent+writeSize)])
		sent += n
		if err != nil {
			c.forget(err)
			return sent, err
		}
	}
	return sent, nil
}

// forget makes Close drop what a client did not receive in time. The kernel would otherwise keep it, and the
// connection, for minutes.
func (c *conn) forget(err error) {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && errors.Is(err, os.ErrDeadlineExceeded) {
		_ = tcp.SetLinger(0)
	}
}

// SetWriteDeadline sets a deadline that takes the place of the rolling one. The zero time returns to that.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.writerDeadline.Store(!t.IsZero())
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (c *conn) SetDeadline(t time.Time) error {
	c.writerDeadline.Store(!t.IsZero())
	return c.Conn.SetDeadline(t)
}

// SetWriteBuffer sets the size of the kernel's buffer where the connection has one.
func (c *conn) SetWriteBuffer(bytes int) error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.SetWriteBuffer(bytes)
	}
	return nil
}

// CloseWrite tells the client that nothing follows.
func (c *conn) CloseWrite() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return nil
}

// Close closes the connection and gives its place to another.
func (c *conn) Close() error {
	c.cs.registry.remove(c)
	return c.Conn.Close()
}

// startAnswer notes that a handler answers from now on.
func (c *conn) startAnswer() {
	c.cs.registry.answering(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = true
}

// endAnswer notes that the next request is being waited for.
func (c *conn) endAnswer() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered, c.head = false, c.head[:0]
}

// refuse sends a refusal in place of an answer of net/http's own, and reports whether it did. What is written after it
// is dropped.
func (c *conn) refuse(answer []byte) bool {
	c.mu.Lock()
	answered, refused, head := c.answered, c.refused, c.head
	c.mu.Unlock()
	if answered || c.cs.cfg.Refuse == nil {
		return refused
	}
	status, ok := statusOf(answer)
	if !ok || !c.sendRefusal(head, status) {
		return false
	}
	c.mu.Lock()
	c.answered, c.refused = true, true
	c.mu.Unlock()
	// A connection that is closed with data unread is reset, and the client may lose the answer.
	_ = c.CloseWrite()
	_ = c.SetReadDeadline(time.Now().Add(c.cs.cfg.Timeouts.Drain))
	_, _ = io.CopyN(io.Discard, c.Conn, drainSize)
	return true
}

// statusOf returns the status of a response that begins with text: HTTP/1.0 answers a request of that version.
func statusOf(text []byte) (int, bool) {
	const version = "HTTP/1.x "
	if len(text) < len(version)+3 || !bytes.HasPrefix(text, []byte("HTTP/1.")) || text[len(version)-1] != ' ' {
		return 0, false
	}
	status, err := strconv.Atoi(string(text[len(version) : len(version)+3]))
	return status, err == nil && status >= http.StatusBadRequest
}

// sendRefusal sends what Config.Refuse writes, and reports whether it wrote anything.
func (c *conn) sendRefusal(head []byte, status int) bool {
	r := parseHead(head)
	r.RemoteAddr = c.RemoteAddr().String()
	w := &recorder{header: http.Header{}, status: http.StatusOK}
	if !c.cs.cfg.Refuse(w, r, status) {
		return false
	}
	w.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	response := http.Response{
		StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Header: w.header, Request: r, Close: true,
		Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()),
	}
	var text bytes.Buffer
	if response.Write(&text) != nil || c.Conn.SetWriteDeadline(time.Now().Add(c.cs.cfg.Timeouts.Drain)) != nil {
		return false
	}
	_, _ = c.Conn.Write(text.Bytes()) // the connection is closed anyway
	return true
}

// parseHead returns what the beginning of a header says. What is missing or malformed is left out.
func parseHead(head []byte) *http.Request {
	line, rest, _ := strings.Cut(string(head), "\n")
	r := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}, Proto: "HTTP/1.1", ProtoMajor: 1,
		ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody}
	if fields := strings.Fields(line); len(fields) > 1 {
		r.Method = fields[0]
		if u, err := url.ParseRequestURI(fields[1]); err == nil {
			r.URL, r.RequestURI = u, fields[1]
		}
	}
	// The header may end too early or have a malformed line; what was read before is good.
	fields, _ := textproto.NewReader(bufio.NewReader(strings.NewReader(rest))).ReadMIMEHeader()
	r.Header = http.Header(fields)
	r.Host = r.Header.Get("Host")
	r.Header.Del("Host")
	return r
}

// recorder keeps a response in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the response's header.
func (w *recorder) Header() http.Header { return w.header }

// WriteHeader records the status.
func (w *recorder) WriteHeader(status int) { w.status = status }

// Write records a part of the body.
func (w *recorder) Write(p []byte) (int, error) { return w.body.Write(p) }
