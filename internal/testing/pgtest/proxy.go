package pgtest

import (
	"bytes"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy forwards connections to a PostgreSQL server and can stop at one message, so that a test can kill either end at
// exactly that moment. The message at a breakpoint is never delivered.
type Proxy struct {
	DSN string // of the server through the proxy

	listener   net.Listener
	server     string
	breakpoint atomic.Pointer[Breakpoint]
}

// Breakpoint stops one message, and the connection it is on.
type Breakpoint struct {
	Reached chan struct{} // closed when the message has arrived

	match   []byte
	reply   bool
	dropped chan struct{}
	once    sync.Once
}

// Drop discards the message and closes its connection.
func (b *Breakpoint) Drop() { b.once.Do(func() { close(b.dropped) }) }

// readyForQuery is the server's last message after a statement outside of a transaction, sent once it is committed.
var readyForQuery = []byte("Z\x00\x00\x00\x05I")

// NewProxy returns a proxy for the server of dsn, which must name a TCP address. It listens until the test ends.
func NewProxy(t testing.TB, dsn string) *Proxy {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, server: u.Host}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	u.Host = l.Addr().String()
	p.DSN = u.String()
	go p.serve()
	return p
}

// BreakOn stops the next message that contains match, in either direction, and everything after it on its connection.
func (p *Proxy) BreakOn(match string) *Breakpoint { return p.breakOn(match, false) }

// BreakOnReply forwards the next message that contains match and stops the server's reply, which it sends when it
// has done everything that the message asks for.
func (p *Proxy) BreakOnReply(match string) *Breakpoint { return p.breakOn(match, true) }

func (p *Proxy) breakOn(match string, reply bool) *Breakpoint {
	b := &Breakpoint{
		Reached: make(chan struct{}),
		match:   []byte(match),
		reply:   reply,
		dropped: make(chan struct{}),
	}
	p.breakpoint.Store(b)
	return b
}

func (p *Proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			client.Close()
			continue
		}
		var replies atomic.Pointer[Breakpoint] // set when a reply on this connection is to be stopped
		go p.forward(client, server, &replies)
		go p.forward(server, client, &replies)
	}
}

// forward copies until either end closes or a message is dropped.
func (p *Proxy) forward(from, to net.Conn, replies *atomic.Pointer[Breakpoint]) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		message := buf[:n]
		if b := replies.Load(); b != nil { // whatever the client still sends is discarded
			if !bytes.Contains(message, readyForQuery) {
				continue
			}
			b.wait()
			return
		}
		b := p.breakpoint.Load()
		if b != nil && bytes.Contains(message, b.match) && p.breakpoint.CompareAndSwap(b, nil) {
			if !b.reply {
				b.wait()
				return
			}
			replies.Store(b)
		}
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

// wait announces that the breakpoint is reached and returns when the message is dropped.
func (b *Breakpoint) wait() {
	close(b.Reached)
	<-b.dropped
}
