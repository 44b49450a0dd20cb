package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/fault"
)

// record is what the edge learns of one request while it is answered, for its one log line.
type record struct {
	id    string
	route string // operationId, or the route's pattern
	user  uuid.UUID
	code  string
	cause error
	// bodyRead is set once the whole body was read, so that a refusal can keep the connection.
	bodyRead bool
}

type recordKey struct{}

// recordOf returns the request's record; outside a request it is one that nobody reads.
func recordOf(ctx context.Context) *record {
	if rec, ok := ctx.Value(recordKey{}).(*record); ok {
		return rec
	}
	return &record{}
}

// accept gives the request its id and writes its one log line when it is answered. Paths are logged as routes, never
// with query strings.
func (s *Server) accept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.cfg.Now()
		rec := &record{id: requestID(r.Header.Values("X-Request-Id")), route: "none"}
		ctx := context.WithValue(r.Context(), recordKey{}, rec)
		cw := &countingWriter{ResponseWriter: w, status: http.StatusOK}
		h := w.Header()
		h.Set("X-Request-Id", rec.id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if len(r.TransferEncoding) > 0 {
			// The library drops a Content-Length that came beside it, so it cannot be refused here; what follows such a
			// request on its connection must not be taken for another one (RFC 9112, 6.1).
			h.Set("Connection", "close")
		}
		defer s.log(ctx, rec, cw, r, start)
		next.ServeHTTP(cw, r.WithContext(ctx))
	})
}

func (s *Server) log(ctx context.Context, rec *record, w *countingWriter, r *http.Request, start time.Time) {
	attrs := []slog.Attr{
		slog.String("request_id", rec.id), slog.String("method", knownMethod(r.Method)), slog.String("route", rec.route),
		slog.Int("status", w.status), slog.Duration("duration", s.cfg.Now().Sub(start)), slog.Int64("bytes", w.bytes),
	}
	if rec.user != uuid.Nil {
		attrs = append(attrs, slog.String("user_id", rec.user.String()))
	}
	level := slog.LevelInfo
	if rec.code != "" {
		attrs = append(attrs, slog.String("code", rec.code))
	}
	if w.status >= http.StatusInternalServerError && rec.cause != nil {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", rec.cause.Error()))
	}
	s.cfg.Log.LogAttrs(ctx, level, "request", attrs...)
}

// knownMethod keeps invented methods out of the log.
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

// requestID keeps a single sane inbound id and otherwise draws one.
func requestID(inbound []string) string {
	if len(inbound) == 1 && sane(inbound[0]) {
		return inbound[0]
	}
	id, err := uuid.NewV7()
	if err != nil {
		id = uuid.New()
	}
	return strings.ReplaceAll(id.String(), "-", "")
}

func sane(id string) bool {
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

// recover answers a panic with 500 and keeps the process alive. An aborted answer stays aborted.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			// The value may quote what a user said; its type and the stack do not.
			f := fault.ErrInternal.WithCause(fmt.Errorf("panic of type %T\n%s", v, debug.Stack()))
			if cw, ok := w.(*countingWriter); ok && cw.wrote {
				recordOf(r.Context()).cause = f
				panic(http.ErrAbortHandler)
			}
			s.problem(w, r, f)
		}()
		next.ServeHTTP(w, r)
	})
}

// boundHeader refuses headers beyond the contract's 32 KiB.
func (s *Server) boundHeader(next http.Handler) http.Handler {
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

// fromTrustedProxy reports whether the peer may speak for others.
func (s *Server) fromTrustedProxy(r *http.Request) bool { return s.trusted(peer(r)) }

func (s *Server) trusted(addr netip.Addr) bool {
	for _, p := range s.cfg.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// clientIP is the nearest address that no trusted proxy owns; IPv6 clients count by their /64.
func (s *Server) clientIP(r *http.Request) string {
	addr := peer(r)
	var hops []string
	if s.trusted(addr) {
		hops = strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	}
	for i := len(hops) - 1; i >= 0 && s.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	if addr.Is6() {
		if prefix, err := addr.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return addr.String()
}

// countingWriter remembers the status and counts the bytes of an answer.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
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

// Write counts.
func (w *countingWriter) Write(p []byte) (int, error) {
	w.wrote = true
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}
