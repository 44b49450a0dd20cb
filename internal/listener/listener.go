// Package listener bounds the connections of an http.Server: how many there are, and how long each may be silent.
// net/http itself bounds only the header of a request and the time between two requests, because its timeouts for
// bodies and answers are for whole requests and would cut uploads, downloads and streams.
//
//	phase                          ends after               set by
//	header                         Timeouts.Header          net/http
//	body                           Timeouts.Body            StateActive; lifted at the end of the body, and moved by
//	                                                        handlers that set read deadlines of their own
//	answer, each write             Timeouts.Write           conn.Write, unless the writer has set a deadline
//	rest of a body nobody read     Timeouts.Drain           when the handler returns
//	between two requests           Timeouts.Idle            net/http
//
// It also answers with problem documents where net/http would answer a request by itself in plain text.
package listener

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// Timeouts bound the phases of a request. A zero value stands for the default.
type Timeouts struct {
	Header time.Duration // for the header, from its first byte; default 5 s
	Body   time.Duration // for a body to arrive; default 16 s, which is a megabyte at 64 KiB/s
	Write  time.Duration // for a client to receive 64 KiB of an answer; default 30 s
	Drain  time.Duration // for the rest of a body that the handler did not read; default 1 s
	Idle   time.Duration // between two requests; default 620 s, longer than load balancers keep connections
}

// WithDefaults returns the timeouts with every zero replaced.
func (t Timeouts) WithDefaults() Timeouts {
	for _, one := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{
		{&t.Header, 5 * time.Second}, {&t.Body, 16 * time.Second}, {&t.Write, 30 * time.Second},
		{&t.Drain, time.Second}, {&t.Idle, 620 * time.Second},
	} {
		if *one.value <= 0 {
			*one.value = one.otherwise
		}
	}
	return t
}

// Config is what Connections need. Only Log is required.
type Config struct {
	Timeouts Timeouts
	// Max is how many connections may be open; 0 means DefaultMax. A new connection beyond it takes the place of one
	// that waits for a request. Where there is none, it is refused.
	Max int
	// Shared reports whether many callers share an address, as behind a proxy. From any other network only a quarter
	// of Max may be connections that have not finished a request. Nil means that no address is shared.
	Shared func(addr netip.Addr) bool
	// Refuse writes the answer to a request that no handler sees. r has what could be read of the header. The status
	// is the one that net/http chose, or 429 where a connection is refused. When Refuse returns false it has written
	// nothing, and net/http's plain text is sent. Nil leaves every answer to net/http.
	Refuse func(w http.ResponseWriter, r *http.Request, status int) bool
	Log    *slog.Logger
}

// Connections are the connections of one server. They are safe for concurrent use.
type Connections struct {
	cfg      Config
	registry *registry
}

// New returns Connections without any connection.
func New(cfg Config) *Connections {
	cfg.Timeouts = cfg.Timeouts.WithDefaults()
	if cfg.Max <= 0 {
		cfg.Max = DefaultMax()
	}
	return &Connections{cfg: cfg, registry: newRegistry(cfg.Max)}
}

// maxHeaderBytes is net/http's bound. It answers in few words, so handlers check a lower bound of their own.
const maxHeaderBytes = 64 << 10

// Server returns a server for h. It has to serve a listener that Listener returned.
func (cs *Connections) Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           cs.bound(h),
		ReadHeaderTimeout: cs.cfg.Timeouts.Header, IdleTimeout: cs.cfg.Timeouts.Idle, MaxHeaderBytes: maxHeaderBytes,
		DisableGeneralOptionsHandler: true, // it would read a body without a deadline
		ConnState:                    cs.changed,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
		ErrorLog: slog.NewLogLogger(cs.cfg.Log.Handler(), slog.LevelDebug),
	}
}

type connKey struct{}

// bound sets the deadlines around h.
func (cs *Connections) bound(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(connKey{}).(*conn)
		if !ok {
			h.ServeHTTP(w, r)
			return
		}
		c.startAnswer()
		if r.Body == nil || r.Body == http.NoBody {
			_ = c.SetReadDeadline(time.Time{}) // fails only on a closed connection, as do all below
			h.ServeHTTP(w, r)
			return
		}
		b := &body{ReadCloser: r.Body, conn: c}
		defer b.handlerDone()
		with := *r
		with.Body = b
		h.ServeHTTP(w, &with)
	})
}

// changed is called by the server when a connection enters another state.
func (cs *Connections) changed(nc net.Conn, state http.ConnState) {
	c, ok := nc.(*conn)
	if !ok {
		return
	}
	switch state {
	case http.StateActive:
		cs.registry.busy(c)
		_ = c.SetReadDeadline(time.Now().Add(cs.cfg.Timeouts.Body))
	case http.StateIdle:
		c.endAnswer()
		cs.registry.wait(c)
	case http.StateHijacked:
		cs.registry.hijacked(c)
	}
}

// body lifts the read deadline at its end: from there on the server only waits for the client to go away.
type body struct {
	io.ReadCloser
	conn *conn
	read bool // to its end
}

// Read reads from the request's body.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF && !b.read {
		b.read = true
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// handlerDone bounds how long the server waits for a rest that the handler did not read.
func (b *body) handlerDone() {
	if !b.read {
		_ = b.conn.SetReadDeadline(time.Now().Add(b.conn.cs.cfg.Timeouts.Drain))
	}
}
