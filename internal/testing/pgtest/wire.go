package pgtest

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Wire is a way to a PostgreSQL server that can stop at one message, so that a test may kill either end at exactly that
// moment: what is held never arrives.
type Wire struct {
	DSN string // the server's, by way of the wire

	listener net.Listener
	server   string
	next     atomic.Pointer[Held]
}

// Held is a message that is held, or will be.
type Held struct {
	Reached chan struct{} // closed once it is held

	mark  []byte
	reply bool
	cut   chan struct{}
	once  sync.Once
}

// Cut drops the message and ends its connection.
func (h *Held) Cut() { h.once.Do(func() { close(h.cut) }) }

// readyForQuery is the server's last message after a statement outside of a transaction, sent when it is committed.
var readyForQuery = []byte("Z\x00\x00\x00\x05I")

// NewWire returns a wire to the server of dsn, which must name a TCP address.
func NewWire(t testing.TB, dsn string) *Wire {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{listener: l, server: u.Host}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	u.Host = l.Addr().String()
	w.DSN = u.String()
	go w.serve()
	return w
}

// Hold stops the next message with these bytes, in either direction, and all that follows it on its connection.
func (w *Wire) Hold(mark string) *Held { return w.hold(mark, false) }

// HoldReply lets the next message with these bytes pass, and stops what the server answers once it has done all that the
// message asks for.
func (w *Wire) HoldReply(mark string) *Held { return w.hold(mark, true) }

func (w *Wire) hold(mark string, reply bool) *Held {
	h := &Held{Reached: make(chan struct{}), mark: []byte(mark), reply: reply, cut: make(chan struct{})}
	w.next.Store(h)
	return h
}

func (w *Wire) serve() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial("tcp", w.server)
		if err != nil {
			client.Close()
			continue
		}
		var replies atomic.Pointer[Held] // set once a reply on this connection is to be held
		go w.carry(client, server, &replies)
		go w.carry(server, client, &replies)
	}
}

// carry copies until either end closes or a message is cut.
func (w *Wire) carry(from, to net.Conn, replies *atomic.Pointer[Held]) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		message := buf[:n]
		if h := replies.Load(); h != nil { // what the client still sends does not matter any more
			if !bytes.Contains(message, readyForQuery) {
				continue
			}
			h.stop()
			return
		}
		if h := w.next.Load(); h != nil && bytes.Contains(message, h.mark) && w.next.CompareAndSwap(h, nil) {
			if !h.reply {
				h.stop()
				return
			}
			replies.Store(h)
		}
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

func (h *Held) stop() {
	close(h.Reached)
	<-h.cut
}
