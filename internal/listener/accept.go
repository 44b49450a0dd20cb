package listener

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lastAccepts is how long connections that wait in the kernel's queue are still accepted, twice.
	lastAccepts = 20 * time.Millisecond
	// stopsWithin bounds Stop.
	stopsWithin = time.Second
)

// Listener accepts connections within the limits of its Connections.
type Listener struct {
	net.Listener
	cs       *Connections
	stopping atomic.Bool
	lastTry  bool          // of the goroutine that accepts
	stopped  chan struct{} // closed when nothing is accepted any more
	closed   chan struct{}
	close    sync.Once
}

// Listener returns l with the limits of cs.
func (cs *Connections) Listener(l net.Listener) *Listener {
	return &Listener{Listener: l, cs: cs, stopped: make(chan struct{}), closed: make(chan struct{})}
}

// Accept returns the next connection that is within the limits. After Stop it waits for Close.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		switch {
		case err == nil:
			c := &conn{Conn: nc, cs: l.cs}
			if l.cs.admit(c) {
				return c, nil
			}
			l.cs.turnAway(c)
		case !l.stopping.Load() || !errors.Is(err, os.ErrDeadlineExceeded):
			return nil, err
		case !l.lastTry: // the deadline may have passed before the queue was looked at
			l.lastTry = true
			l.setDeadline(lastAccepts)
		default:
			_ = l.Listener.Close() // there is nothing to be done about a failure
			close(l.stopped)
			<-l.closed
			return nil, net.ErrClosed
		}
	}
}

// Stop ends accepting so that no request is lost that a client may have sent. It takes the connections that are in the
// kernel's queue, which the kernel would reset; then it closes the listener, so that the kernel refuses clients that
// come later. It closes the connections between two requests, except where the next has arrived, and waits until a
// handler has every request that has begun, since http.Server drops what it has read when Shutdown begins. It waits for
// a second at most: a client may have connected and be silent.
func (l *Listener) Stop() {
	if !l.stopping.CompareAndSwap(false, true) || !l.setDeadline(lastAccepts) {
		return
	}
	late := time.After(stopsWithin)
	select {
	case <-l.stopped:
	case <-l.closed:
	case <-late:
		return
	}
	for l.closeIdle() || l.cs.registry.anyPending() {
		select {
		case <-late:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// closeIdle closes the connections between two requests, and reports whether there are any where the next has arrived.
func (l *Listener) closeIdle() (arrived bool) {
	for _, c := range l.cs.registry.betweenRequests() {
		if hasUnread(c.Conn) {
			arrived = true
			continue
		}
		_ = c.Close()
	}
	return arrived
}

// setDeadline bounds the calls of the inner Accept, and reports false where it cannot.
func (l *Listener) setDeadline(within time.Duration) bool {
	inner, ok := l.Listener.(interface{ SetDeadline(t time.Time) error })
	return ok && inner.SetDeadline(time.Now().Add(within)) == nil
}

// Close closes the listener.
func (l *Listener) Close() error {
	l.close.Do(func() { close(l.closed) })
	select {
	case <-l.stopped: // it is closed already
		return nil
	default:
		return l.Listener.Close()
	}
}
