//go:build soak

package chaos_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
	"time"
)

// mode is how a gate behaves.
type mode int

const (
	passes  mode = iota
	refuses      // connections are closed, as of a peer that died
	hangs        // nothing is forwarded; connections stay open and go on afterwards
	delays       // each piece of an answer comes late
	babbles      // answers are noise
)

// delay is how late each piece of an answer comes. A statement or a call of a slow peer takes a few pieces.
const delay = 250 * time.Millisecond

// noise is no beginning of an answer in any protocol here.
var noise = bytes.Repeat([]byte{'<', 0xff, 0, '}', '\r', '\n', 0x16, 'Z'}, 64)

// gate is a TCP proxy between the service and one of its peers. It is safe for concurrent use.
type gate struct {
	addr string

	mu      sync.Mutex
	target  string
	mode    mode
	changed chan struct{} // closed at the next change of the mode
	conns   map[net.Conn]bool
}

// newGate returns a gate that listens until the test ends.
func newGate(t *testing.T, target string) *gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	g := &gate{addr: l.Addr().String(), target: target, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test is over
			}
			go g.serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		g.set(refuses)
	})
	return g
}

// set changes the mode. Connections of a peer that dies are closed, those of one that hangs wait.
func (g *gate) set(m mode) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode = m
	close(g.changed)
	g.changed = make(chan struct{})
	if m == refuses {
		g.closeAll()
	}
}

// retarget leads new connections to another address and closes the old ones.
func (g *gate) retarget(target string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.target = target
	g.closeAll()
}

func (g *gate) closeAll() {
	for conn := range g.conns {
		_ = conn.Close()
	}
	clear(g.conns)
}

// pass waits while the gate hangs and returns the mode.
func (g *gate) pass() mode {
	for {
		g.mu.Lock()
		m, changed := g.mode, g.changed
		g.mu.Unlock()
		if m != hangs {
			return m
		}
		<-changed
	}
}

func (g *gate) keep(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.conns[conn] = true
}

func (g *gate) drop(conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, conn)
	_ = conn.Close()
}

func (g *gate) serve(client net.Conn) {
	g.keep(client)
	defer g.drop(client)
	if g.pass() == refuses {
		return
	}
	g.mu.Lock()
	target := g.target
	g.mu.Unlock()
	peer, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	g.keep(peer)
	defer g.drop(peer)
	go func() {
		defer g.drop(peer) // which ends the other direction
		g.forward(client, peer, false)
	}()
	g.forward(peer, client, true)
}

// forward copies until either side closes.
func (g *gate) forward(from, to net.Conn, answers bool) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			piece := buf[:n]
			switch m := g.pass(); {
			case m == refuses:
				return
			case m == delays && answers:
				<-time.After(delay)
			case m == babbles && answers:
				piece = noise
			}
			if _, err := to.Write(piece); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
