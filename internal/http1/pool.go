package http1

import (
	"crypto/tls"
	"net"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"
)

// conn is a connection to a server. At any time it belongs to one call or to the pool.
type conn struct {
	net.Conn
	tls   *tls.ConnectionState // nil for http
	raw   syscall.RawConn      // of the socket; nil if there is none
	since time.Time            // when it became idle
}

func newConn(network net.Conn) *conn {
	c := &conn{Conn: network}
	if socket, ok := network.(syscall.Conn); ok {
		c.raw, _ = socket.SyscallConn() // without one, whether the server has closed shows when the connection is used
	}
	return c
}

// interrupt ends every read and write, present and future.
func (c *conn) interrupt() { _ = c.SetDeadline(time.Unix(1, 0)) }

// host is where a request goes: connections are shared between requests to the same one.
type host struct{ scheme, address string }

// hostOf returns the host of a URL, with the port that is dialed.
func hostOf(u *url.URL) host {
	port := u.Port()
	if port != "" {
		return host{u.Scheme, u.Host}
	}
	port = "80"
	if u.Scheme == "https" {
		port = "443"
	}
	return host{u.Scheme, net.JoinHostPort(u.Hostname(), port)}
}

// pool keeps idle connections for each host.
type pool struct {
	perHost int           // at most; none if it is below 1
	timeout time.Duration // of idleness; 0 means none

	mu     sync.Mutex
	idle   map[host][]*conn // those idle for longest first
	timer  *time.Timer      // calls expire; nil while nothing is idle
	closed bool             // closeIdle was called, and no connection was wanted since
}

// take returns the connection that was used last of those that are still open, or nil. One that bytes have arrived on
// since is closed: nobody asked for them.
func (p *pool) take(h host) *conn {
	for {
		p.mu.Lock()
		p.closed = false
		list := p.idle[h]
		if len(list) == 0 {
			p.mu.Unlock()
			return nil
		}
		last := len(list) - 1
		c := list[last]
		list[last] = nil
		p.idle[h] = list[:last]
		p.mu.Unlock()
		if (p.timeout <= 0 || time.Since(c.since) < p.timeout) && c.quiet() {
			return c
		}
		_ = c.Close()
	}
}

// put takes c back.
func (p *pool) put(h host, c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.idle[h]) >= p.perHost {
		_ = c.Close()
		return
	}
	c.since = time.Now()
	p.idle[h] = append(p.idle[h], c)
	if p.timer == nil && p.timeout > 0 {
		p.timer = time.AfterFunc(p.timeout, p.expire)
	}
}

// expire closes what was idle for too long, and sets the timer for what is left.
func (p *pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil { // closeIdle was faster
		return
	}
	now, next := time.Now(), p.timeout
	for h, list := range p.idle {
		n := 0
		for n < len(list) && now.Sub(list[n].since) >= p.timeout {
			_ = list[n].Close()
			n++
		}
		if n == len(list) {
			delete(p.idle, h)
			continue
		}
		p.idle[h] = slices.Delete(list, 0, n)
		next = min(next, p.timeout-now.Sub(p.idle[h][0].since))
	}
	if len(p.idle) == 0 {
		p.timer = nil
		return
	}
	p.timer.Reset(next)
}

func (p *pool) closeIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	for _, list := range p.idle {
		for _, c := range list {
			_ = c.Close()
		}
	}
	clear(p.idle)
}
