package chatstream

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// bufferSize is that of a socket's buffers. Longer frames are read and written without them.
const bufferSize = 512

// hijacker gives up its connection as one whose deadlines cost less.
type hijacker struct{ http.ResponseWriter }

// Hijack implements http.Hijacker.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &lazyConn{Conn: conn}, buffers, nil
}

// deadlineSlack is by how much a write deadline may be earlier than it was set.
const deadlineSlack = time.Second

// lazyConn keeps a write deadline where the next one is a little later: every frame sets one, and setting it costs as
// much as framing a token.
type lazyConn struct {
	net.Conn
	mu       sync.Mutex
	deadline time.Time // of writes, zero where there is none
}

// SetWriteDeadline implements net.Conn. Writes fail at most deadlineSlack before t.
func (c *lazyConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if later := t.Sub(c.deadline); !c.deadline.IsZero() && later >= 0 && later < deadlineSlack {
		return nil
	}
	if err := c.Conn.SetWriteDeadline(t); err != nil {
		return err
	}
	c.deadline = t
	return nil
}

// SetDeadline implements net.Conn.
func (c *lazyConn) SetDeadline(t time.Time) error {
	if err := c.SetWriteDeadline(t); err != nil {
		return err
	}
	return c.SetReadDeadline(t)
}

// SetWriteBuffer sets the size of the kernel's buffer, where the connection has one.
func (c *lazyConn) SetWriteBuffer(bytes int) error {
	if buffered, ok := c.Conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		return buffered.SetWriteBuffer(bytes)
	}
	return nil
}

// repeater calls a function again and again, each time on a goroutine that lives no longer than the call.
type repeater struct {
	mu      sync.Mutex
	stopped bool
	timer   *time.Timer
}

// repeat calls do after every interval, one call at a time, until stop is called.
func repeat(interval time.Duration, do func()) *repeater {
	r := &repeater{}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = time.AfterFunc(interval, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.stopped {
			return
		}
		do()
		r.timer.Reset(interval)
	})
	return r
}

// stop ends the calls. It waits for one that runs.
func (r *repeater) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.timer.Stop()
}
