package llm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

// kind is the sort of a failed call.
type kind uint8

const (
	internal kind = iota // the request could not be built: ours
	auth                 // refused key or spent quota: an operator must act
	busy                 // 429, 5xx
	network              // refused, reset, cut
	protocol             // an answer that is not one
	refused              // any other 3xx or 4xx
	timeout              // first token, idle or total
	canceled             // the caller went away
	sink                 // the caller's own emit failed
)

var (
	errFirst = errors.New("no first token in time")
	errIdle  = errors.New("no further token in time")
	errTotal = errors.New("no end in time")
)

// failure is why a call failed. Its text is for the log and holds none of the upstream's words.
type failure struct {
	kind       kind
	status     int
	retryAfter time.Duration
	begun      bool // something of the answer had arrived
	cause      error
}

// Error implements error.
func (f *failure) Error() string {
	if f.status == 0 {
		return "model call failed: " + f.cause.Error()
	}
	return fmt.Sprintf("model call failed: status %d: %v", f.status, f.cause)
}

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.cause }

func (f *failure) retryable() bool { return !f.begun && (f.kind == busy || f.kind == network) }

// countsAgainst reports whether err says that the model is unwell: not our own mistakes, nor callers who left.
func countsAgainst(err error) bool {
	var f *failure
	if !errors.As(err, &f) {
		return false
	}
	return f.kind != canceled && f.kind != sink && f.kind != refused && f.kind != internal
}

// fault turns err into what the caller may know, and alerts the operator when only they can help.
func (c *Client) fault(ctx context.Context, err error) error {
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return ErrUnavailable.WithCause(err).WithRetryAfter(breakerPause)
	}
	var f *failure
	if !errors.As(err, &f) {
		return fault.ErrInternal.WithCause(err)
	}
	switch f.kind {
	case canceled, sink:
		return fmt.Errorf("model call stopped: %w", f.cause)
	case auth:
		c.alarm.raise(ctx, f.status)
		return ErrUnavailable.WithCause(err).WithRetryAfter(time.Minute)
	case busy, network:
		return ErrUnavailable.WithCause(err).WithRetryAfter(max(time.Second, min(f.retryAfter, time.Minute)))
	case timeout:
		return agent.ErrModelTimeout.WithCause(err)
	case internal:
		return fault.ErrInternal.WithCause(err)
	}
	return ErrBadAnswer.WithCause(err)
}

// contextKind tells a deadline of ours from a caller who left.
func contextKind(ctx context.Context) kind {
	cause := context.Cause(ctx)
	if errors.Is(cause, errFirst) || errors.Is(cause, errIdle) || errors.Is(cause, errTotal) ||
		errors.Is(cause, context.DeadlineExceeded) {
		return timeout
	}
	return canceled
}

// broken classifies an I/O error of an exchange running under ctx.
func broken(ctx context.Context, err error, begun bool) *failure {
	if ctx.Err() == nil {
		return &failure{kind: network, begun: begun, cause: plain(err)}
	}
	f := &failure{kind: contextKind(ctx), begun: begun, cause: context.Cause(ctx)}
	if f.kind == canceled {
		f.cause = context.Canceled
	}
	return f
}

// plain returns what of err may be logged: net/http quotes the bytes it could not read.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var far net.Error
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &far) || errors.As(err, &certificate) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return errors.New("broken HTTP exchange")
}

// refusal classifies an error answer by its status and error code; the upstream's message is not kept.
func refusal(status int, header http.Header, body []byte, now time.Time) *failure {
	f := &failure{status: status, cause: errors.New("upstream error answer"), retryAfter: retryAfter(header, now)}
	var w struct {
		Error struct {
			Type string          `json:"type"`
			Code json.RawMessage `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &w) // an unreadable body leaves the status to decide
	code := string(w.Error.Code)
	if n, err := strconv.Atoi(code); err == nil && status == http.StatusOK {
		f.status = n
	}
	switch inStream := status == http.StatusOK && f.status == http.StatusOK; {
	case w.Error.Type == "insufficient_quota", code == `"insufficient_quota"`, f.status == 401, f.status == 402, f.status == 403,
		inStream && code == `"invalid_api_key"`:
		f.kind = auth
	case inStream && w.Error.Type == "invalid_request_error":
		f.kind = refused
	case f.status == 429, f.status >= 500, f.status == 408, inStream:
		f.kind = busy
	default:
		f.kind = refused
	}
	return f
}

// retryAfter reads Retry-After (RFC 9110 §10.2.3); 0 when it is absent or unreadable.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 1<<20 {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
