package httpapi

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
)

// requestInfo is what the edge learns of one request while it answers it, for the request's log line.
type requestInfo struct {
	id        string
	client    netip.Addr // whose request it is
	languages string     // the Accept-Language header
	hidden    string     // the name of a client behind it, or empty: forwarded.Origin
	https     bool       // whether the client used HTTPS
	// userAgent is as the client sent it. It is not logged.
	userAgent string
	route     string // operationId, or the route's pattern
	user      uuid.UUID
	key       uuid.UUID // the API key that the request came with
	code      fault.Code
	cause     error
	// bodyRead is set once the whole body was read, so that a refusal can keep the connection.
	bodyRead   bool
	unlogged   bool // the request has no log line
	status     int  // of the response, once it is written
	clientGone bool // the client did not wait for the answer
	droppedNUL int  // how many U+0000 were left out of the body

	events   bool              // the caller asked for server-sent events
	failure  *fault.Error      // what ended an answer after its first event
	items    []json.RawMessage // of a batch, as they were sent
	question *questionBody     // the body of POST /chat
	baseURL  string            // of this server, as the caller reached it; set for a batch
	host     string            // the Host header
	cookies  http.Header       // with the Cookie header alone

	// finish ends the request and writes its line. It is called when the handler returns, or by detach.
	finish   func(sent)
	detached bool
}

// base returns this server's origin as the caller reached it.
func (i *requestInfo) base() string { return originOf(i.https, i.host) }

// cookie returns the value of the caller's cookie of that name, "" for none.
func (i *requestInfo) cookie(name string) string {
	cookie, err := (&http.Request{Header: i.cookies}).Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

type requestInfoKey struct{}

// requestInfoFrom returns the info of the request that ctx belongs to. Outside a request it returns one that nobody
// reads.
func requestInfoFrom(ctx context.Context) *requestInfo {
	if info, ok := ctx.Value(requestInfoKey{}).(*requestInfo); ok {
		return info
	}
	return &requestInfo{}
}

// withRequestInfo gives the request its id and writes its log line when it is answered. Paths are logged as routes,
// never with query strings.
func (s *Server) withRequestInfo(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, origin := s.cfg.Now(), s.origins.Origin(r)
		info := &requestInfo{
			id: requestID(r.Header.Values("X-Request-Id")), client: origin.Client, hidden: origin.Hidden,
			https: origin.HTTPS, userAgent: r.UserAgent(), languages: r.Header.Get("Accept-Language"), route: "none",
			host: r.Host, cookies: http.Header{"Cookie": r.Header["Cookie"]},
		}
		ctx, traced := s.startTrace(context.WithValue(r.Context(), requestInfoKey{}, info), r)
		cw := &countingWriter{ResponseWriter: w, sent: sent{status: http.StatusOK}}
		method := knownMethod(r.Method)
		info.finish = func(w sent) {
			s.logRequest(ctx, info, w, method, start)
			endTrace(traced, method, info)
		}
		defer func() {
			if !info.detached {
				info.finish(cw.sent)
			}
		}()
		h := w.Header()
		h["X-Request-Id"] = []string{info.id}
		s.headers.set(h, origin.HTTPS)
		if len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			// net/http drops a Content-Length beside Transfer-Encoding, and a Transfer-Encoding in HTTP/1.0, so neither
			// can be refused here. What follows such a request on its connection must not be taken for another request
			// (RFC 9112, 6.1).
			h.Set("Connection", "close")
		}
		s.cfg.Metrics.Active(1)
		next.ServeHTTP(cw, r.WithContext(ctx))
	})
}

// statusClientGone is the status in the log where the client left before there was one, as nginx writes it.
const statusClientGone = 499

// detach goes on with a request whose connection was taken over, on a goroutine of its own, so that the handler's stack
// and buffers are free. The request ends when do returns, and its context never.
func detach(ctx context.Context, do func(ctx context.Context)) {
	info := requestInfoFrom(ctx)
	info.detached = true
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer info.finish(sent{status: http.StatusSwitchingProtocols, wrote: true})
		err := safely(func() error {
			do(ctx)
			return nil
		})
		if err != nil {
			info.failure, info.cause = fault.From(err), err
		}
	}()
}

// logRequest writes the one line of a request.
func (s *Server) logRequest(ctx context.Context, info *requestInfo, w sent, method string, start time.Time) {
	status, cause := w.status, info.cause
	if info.clientGone && !w.wrote {
		status = statusClientGone
	}
	s.cfg.Metrics.Active(-1)
	info.status = status
	if status != http.StatusSwitchingProtocols { // the questions on a socket count, and not the socket
		s.cfg.Metrics.Request(info.route, status, s.cfg.Now().Sub(start))
	}
	if info.unlogged {
		return
	}
	outcome := status
	if info.failure != nil {
		outcome = info.failure.Code.Status()
	}
	if outcome < http.StatusInternalServerError || info.code == fault.NotSupported {
		cause = nil // nothing of ours failed
	}
	attrs := []slog.Attr{slog.String("method", method), slog.Int("status", status),
		slog.Int64("bytes", w.bytes)}
	if info.clientGone {
		attrs = append(attrs, slog.Bool("client_gone", true))
	}
	s.logLine(ctx, "request", info, start, cause, attrs...)
}

// logAnswer writes the one line of a question on the chat stream. f is nil where no error was sent.
func (s *Server) logAnswer(ctx context.Context, start time.Time, f *fault.Error, clientGone bool) {
	info := *requestInfoFrom(ctx)
	info.code = ""
	requestInfoFrom(ctx).droppedNUL = 0
	var cause error
	if f != nil {
		info.code = f.Code
		if f.Code.Status() >= http.StatusInternalServerError {
			cause = f
		}
	}
	if clientGone {
		s.cfg.Metrics.Request(info.route, statusClientGone, s.cfg.Now().Sub(start))
		s.logLine(ctx, "answer", &info, start, cause, slog.Bool("client_gone", true))
		return
	}
	status := http.StatusOK
	if f != nil {
		status = f.Code.Status()
	}
	s.cfg.Metrics.Request(info.route, status, s.cfg.Now().Sub(start))
	s.logLine(ctx, "answer", &info, start, cause)
}

// logLine writes what every line has, and more. With a cause it is an error line, except while draining.
func (s *Server) logLine(
	ctx context.Context, message string, info *requestInfo, start time.Time, cause error, more ...slog.Attr,
) {
	attrs := make([]slog.Attr, 0, 6+len(more))
	attrs = append(attrs, slog.String("request_id", info.id), slog.String("route", info.route))
	attrs = append(attrs, more...)
	attrs = append(attrs, slog.Float64("duration_ms", float64(s.cfg.Now().Sub(start).Microseconds())/1000))
	if info.user != uuid.Nil {
		attrs = append(attrs, slog.String("user_id", info.user.String()))
	}
	if info.key != uuid.Nil {
		attrs = append(attrs, slog.String("key_id", info.key.String()))
	}
	if info.code != "" {
		attrs = append(attrs, slog.String("code", string(info.code)))
	}
	if info.droppedNUL > 0 {
		attrs = append(attrs, slog.Int("dropped_nul", info.droppedNUL))
	}
	level := slog.LevelInfo
	if cause != nil && info.code != fault.Draining {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", cause.Error()))
	}
	s.cfg.Log.LogAttrs(ctx, level, message, attrs...)
}

// knownMethod returns "other" for methods that HTTP does not define, so that the log does not repeat them.
func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return m
	}
	return "other"
}

// maxRequestID bounds an inbound request id.
const maxRequestID = 64

// requestID keeps a single valid inbound id and otherwise makes one.
func requestID(inbound []string) string {
	if len(inbound) == 1 && validRequestID(inbound[0]) {
		return inbound[0]
	}
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	return hex.EncodeToString(id[:])
}

func validRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, b := range []byte(id) {
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_') {
			return false
		}
	}
	return true
}

// recoverPanics answers a panic with 500 and keeps the process alive. Where the answer has begun, it cuts the
// connection.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := safely(func() error {
			next.ServeHTTP(w, r)
			return nil
		})
		if err == nil {
			return
		}
		if cw, ok := w.(*countingWriter); ok && cw.wrote {
			requestInfoFrom(r.Context()).cause = err
			panic(http.ErrAbortHandler)
		}
		s.problem(w, r, fault.From(err))
	})
}

// limitHeaders refuses headers beyond the contract's 32 KiB.
func (s *Server) limitHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size := len(r.RequestURI)
		for name, values := range r.Header {
			for _, v := range values {
				size += len(name) + len(v) + len(": \r\n")
			}
		}
		if size > maxHeaderBytes {
			s.problem(w, r, errHeaderTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// sent is what of an answer was written.
type sent struct {
	status int
	bytes  int64
	wrote  bool
}

// countingWriter remembers the status and counts the bytes of an answer.
type countingWriter struct {
	http.ResponseWriter
	sent
}

// Unwrap lets http.ResponseController reach the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader records the status.
func (w *countingWriter) WriteHeader(code int) {
	if !w.wrote && code >= http.StatusOK {
		w.status, w.wrote = code, true
	}
	w.ResponseWriter.WriteHeader(code)
}

// Write counts the bytes.
func (w *countingWriter) Write(p []byte) (int, error) {
	w.wrote = true
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Hijack gives up the connection to a WebSocket.
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status, w.wrote = http.StatusSwitchingProtocols, true
	}
	return conn, rw, err
}
