package pgtest

import (
	"bytes"
	"net"
	"net/url"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
)

// Proxy forwards connections to a PostgreSQL server, notes which statements pass, and can stop at one message, so that
// a test can kill either end at exactly that moment. The message at a breakpoint is never delivered.
type Proxy struct {
	DSN string // of the server through the proxy

	listener   net.Listener
	server     string
	breakpoint atomic.Pointer[Breakpoint]

	mu         sync.Mutex
	statements []string
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

// statementName matches the name that sqlc writes before a statement.
var statementName = regexp.MustCompile(`-- name: (\w+)`)

// Statements returns the names of the statements of sql/queries that clients have sent since the last call, in their
// order. A client sends the text of each statement only with default_query_exec_mode=exec in its DSN.
func (p *Proxy) Statements() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.statements
	p.statements = nil
	return list
}

func (p *Proxy) noteStatements(message []byte) {
	for _, m := range statementName.FindAllSubmatch(message, -1) {
		p.mu.Lock()
		p.statements = append(p.statements, string(m[1]))
		p.mu.Unlock()
	}
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
		go p.forward(client, server, &replies, p.noteStatements)
		go p.forward(server, client, &replies, func([]byte) {})
	}
}

// forward copies until either end closes or a message is dropped. It calls note for each message.
func (p *Proxy) forward(from, to net.Conn, replies *atomic.Pointer[Breakpoint], note func([]byte)) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		message := buf[:n]
		note(message)
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
