package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

const (
	// maxBodyBytes bounds the requests that are copied into one buffer.
	maxBodyBytes = 8 << 20
	// defaultHeadBytes bounds the head of a response, and its trailer, where the settings do not.
	defaultHeadBytes = 1 << 20
	// maxHTTP2Hosts bounds how many hosts are remembered to speak only HTTP/2.
	maxHTTP2Hosts = 256
)

// Transport is an http.RoundTripper. It is safe for concurrent use.
//
// A request that met a connection which the server had closed meanwhile is sent once more on a new one, whatever its
// method, if it can be sent again and no byte of a response was read. Callers must not mind that a request may then
// have been carried out twice.
type Transport struct {
	base      *http.Transport
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	tls       *tls.Config
	headBytes int
	pool      pool

	mu        sync.Mutex
	onlyHTTP2 map[host]bool // hosts whose requests base takes
}

var _ http.RoundTripper = (*Transport)(nil)

// New returns a transport with the settings of base, which also takes what the transport leaves. Of the settings it
// uses Proxy, DialContext, TLSClientConfig, TLSHandshakeTimeout, DisableKeepAlives, MaxIdleConnsPerHost,
// IdleConnTimeout and MaxResponseHeaderBytes. TLS sessions are resumed. base belongs to the transport from then on.
func New(base *http.Transport) *Transport {
	t := &Transport{base: base, dial: base.DialContext, headBytes: defaultHeadBytes, onlyHTTP2: map[host]bool{},
		pool: pool{perHost: base.MaxIdleConnsPerHost, timeout: base.IdleConnTimeout, idle: map[host][]*conn{}}}
	if t.dial == nil {
		t.dial = (&net.Dialer{}).DialContext
	}
	if t.tls = base.TLSClientConfig.Clone(); t.tls == nil {
		t.tls = &tls.Config{}
	}
	if t.tls.ClientSessionCache == nil { // many connections to few servers: later handshakes are cheap
		t.tls.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	t.tls.NextProtos = []string{"http/1.1"}
	t.tls.DynamicRecordSizingDisabled = true // a request leaves in as few writes as may be
	if n := base.MaxResponseHeaderBytes; n > 0 {
		t.headBytes = int(n)
	}
	switch {
	case base.DisableKeepAlives:
		t.pool.perHost = 0
	case t.pool.perHost == 0:
		t.pool.perHost = http.DefaultMaxIdleConnsPerHost
	}
	return t
}

// CloseIdleConnections closes the connections that are not in use. Those in use are closed after their call, unless
// another call begins before.
func (t *Transport) CloseIdleConnections() {
	t.pool.closeIdle()
	t.base.CloseIdleConnections()
}

// RoundTrip implements http.RoundTripper. When the request's context ends, it and every read of the body return the
// context's cause. A server that neither reads a large request nor closes the connection is waited for until then, even
// if it has responded.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !t.takes(req) {
		return t.base.RoundTrip(req)
	}
	if err := validate(req); err != nil {
		closeBody(req.Body)
		return nil, err
	}
	h := hostOf(req.URL)
	resp, again, err := t.attempt(req, h, false)
	if err != nil && again {
		if req, err = resend(req); err == nil {
			resp, _, err = t.attempt(req, h, true)
		}
	}
	if errors.Is(err, errOnlyHTTP2) {
		t.mu.Lock()
		if len(t.onlyHTTP2) < maxHTTP2Hosts {
			t.onlyHTTP2[h] = true
		}
		t.mu.Unlock()
		return t.base.RoundTrip(req)
	}
	if err != nil {
		closeBody(req.Body)
	}
	return resp, err
}

// takes reports whether the transport carries the request itself.
func (t *Transport) takes(req *http.Request) bool {
	if req.URL == nil || req.URL.Host == "" || req.URL.Scheme != "http" && req.URL.Scheme != "https" ||
		strings.ContainsFunc(req.URL.Host, func(r rune) bool { return r == '%' || r >= utf8.RuneSelf }) ||
		req.Method == http.MethodConnect || len(req.TransferEncoding) > 0 || len(req.Trailer) > 0 ||
		req.Header["Upgrade"] != nil || req.Header["Expect"] != nil || req.ContentLength > maxBodyBytes ||
		req.Body != nil && req.Body != http.NoBody && req.ContentLength <= 0 {
		return false
	}
	if t.base.Proxy != nil {
		if proxy, err := t.base.Proxy(req); proxy != nil || err != nil {
			return false
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.onlyHTTP2[hostOf(req.URL)]
}

// attempt sends the request once, on a new connection if fresh is set. It reports whether the failure is that of a
// connection which the server closed while it was idle, so that the request can be sent again.
func (t *Transport) attempt(req *http.Request, h host, fresh bool) (_ *http.Response, again bool, _ error) {
	ctx := req.Context()
	var c *conn
	if !fresh {
		c = t.pool.take(h)
	}
	reused := c != nil
	if c == nil {
		var err error
		if c, err = t.connect(ctx, h, req.URL.Hostname()); err != nil {
			return nil, false, cause(ctx, err)
		}
	}
	call := &call{transport: t, conn: c, host: h, req: req}
	call.stop = context.AfterFunc(ctx, c.interrupt)
	resp, err := call.do()
	if err != nil {
		call.abandon()
		again = reused && !call.answered && !call.unsent && isClosed(err) && ctx.Err() == nil && canResend(req)
		return nil, again, cause(ctx, err)
	}
	return resp, false, nil
}

// connect opens a connection.
func (t *Transport) connect(ctx context.Context, h host, name string) (*conn, error) {
	network, err := t.dial(ctx, "tcp", h.address)
	if err != nil {
		return nil, err
	}
	c := newConn(network)
	if h.scheme == "http" {
		return c, nil
	}
	cfg := t.tls
	if cfg.ServerName == "" {
		cfg = cfg.Clone()
		cfg.ServerName = name
	}
	if limit := t.base.TLSHandshakeTimeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	secure := tls.Client(network, cfg)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = network.Close()
		if refusedProtocol(err) {
			err = errOnlyHTTP2
		}
		return nil, err
	}
	state := secure.ConnectionState()
	c.Conn, c.tls = secure, &state
	return c, nil
}

var errOnlyHTTP2 = errors.New("the server does not speak HTTP/1.1")

// refusedProtocol reports whether a handshake failed because the server has none of the protocols that it was offered.
// The alert's type is not exported.
func refusedProtocol(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error" &&
		remote.Err.Error() == tls.AlertError(120).Error() // no_application_protocol, RFC 7301 §3.2
}

// isClosed reports whether err says that the server closed the connection.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// cause returns the cause of ctx if that has ended, else err.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func canResend(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// resend returns the request with its body from the beginning.
func resend(req *http.Request) (*http.Request, error) {
	if req.GetBody == nil {
		return req, nil
	}
	body, err := req.GetBody()
	if err != nil {
		return req, err
	}
	again := *req
	again.Body = body
	return &again, nil
}

func closeBody(body io.ReadCloser) {
	if body != nil {
		_ = body.Close()
	}
}

// keepsAlive reports whether a list of the Connection header leaves the connection open.
func keepsAlive(header http.Header, minor int) bool {
	if httpguts.HeaderValuesContainsToken(header["Connection"], "close") {
		return false
	}
	return minor > 0 || httpguts.HeaderValuesContainsToken(header["Connection"], "keep-alive")
}
