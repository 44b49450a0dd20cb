package llm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
)

// kind says what went wrong.
type kind uint8

const (
	internal kind = iota // the request could not be encoded
	auth                 // the key is refused or the quota spent: an operator must act
	busy                 // 408, 429, 5xx
	network              // connection refused, reset or cut
	protocol             // the response is malformed or incomplete
	rejected             // any other 3xx or 4xx, or an answer withheld by the content filter
	timeout              // first token, idle or total
	canceled             // the caller's context ended
	sink                 // the caller's emit failed
)

// Causes of an exchange's context. Operators read them in the log.
var (
	errFirstTokenTimeout = errors.New("no first token in time")
	errIdleTimeout       = errors.New("no further token in time")
	errTotalTimeout      = errors.New("no end in time")
)

// failure is why a call failed. Its text may be logged: it holds nothing that the upstream wrote.
type failure struct {
	kind       kind
	status     int           // the upstream's HTTP status, 0 if there was none
	retryAfter time.Duration // what the upstream asked for, or 0
	started    bool          // a part of the answer had arrived
	quota      bool          // of kind auth: the quota is spent
	model      bool          // of kind auth: the key may not use this model
	cause      error
}

func (f *failure) Error() string {
	if f.status == 0 {
		return "model call failed: " + f.cause.Error()
	}
	return fmt.Sprintf("model call failed: status %d: %v", f.status, f.cause)
}

func (f *failure) Unwrap() error { return f.cause }

// refusesKey reports whether the upstream would refuse every other call too, whatever its model.
func (f *failure) refusesKey() bool { return f.kind == auth && !f.model }

// Is makes a refusal of the key or the quota agent.ErrModelRefused.
func (f *failure) Is(target error) bool { return target == agent.ErrModelRefused && f.refusesKey() }

func (f *failure) retryable() bool { return !f.started && (f.kind == busy || f.kind == network) }

// countsAgainstBreaker reports whether err shows that the upstream is in trouble. Our own mistakes and callers that
// leave do not.
func countsAgainstBreaker(err error) bool {
	var f *failure
	if !errors.As(err, &f) {
		return false
	}
	return f.kind != canceled && f.kind != sink && f.kind != rejected && f.kind != internal
}

// fault returns the error for the caller, and alerts the operator if only they can help.
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
		c.alerter.notify(ctx, f)
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

// contextKind returns timeout if ctx ended by one of our deadlines or the caller's, else canceled.
func contextKind(ctx context.Context) kind {
	cause := context.Cause(ctx)
	for _, deadline := range []error{errFirstTokenTimeout, errIdleTimeout, errTotalTimeout, context.DeadlineExceeded} {
		if errors.Is(cause, deadline) {
			return timeout
		}
	}
	return canceled
}

// ioFailure classifies err, an I/O error of an exchange that runs under ctx.
func ioFailure(ctx context.Context, err error, started bool) *failure {
	if ctx.Err() == nil {
		return &failure{kind: network, started: started, cause: redact(err)}
	}
	f := &failure{kind: contextKind(ctx), started: started, cause: context.Cause(ctx)}
	if f.kind == canceled {
		f.cause = context.Canceled
	}
	return f
}

// redact returns err if its text may be logged, else an error without details: net/http quotes bytes that it cannot
// parse.
func redact(err error) error {
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		err = urlErr.Err
	}
	var netErr net.Error
	var certErr *tls.CertificateVerificationError
	if errors.As(err, &netErr) || errors.As(err, &certErr) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	return errors.New("broken HTTP exchange")
}

// httpFailure classifies an error response by its status and error code. A status of 200 means that the error came in
// the stream or instead of an answer.
func httpFailure(status int, header http.Header, body []byte, now time.Time) *failure {
	f := &failure{status: status, cause: errors.New("upstream error answer"), retryAfter: retryAfter(header, now)}
	var response struct {
		Error struct {
			Type string          `json:"type"`
			Code json.RawMessage `json:"code"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &response) // without a readable body the status decides
	code := string(response.Error.Code)
	if n, err := strconv.Atoi(code); err == nil && status == http.StatusOK {
		f.status = n // some servers put the status there
	}
	inStream := status == http.StatusOK && f.status == http.StatusOK
	switch {
	case response.Error.Type == "insufficient_quota", code == `"insufficient_quota"`,
		f.status == 401, f.status == 402, f.status == 403, inStream && code == `"invalid_api_key"`:
		f.kind = auth
		f.quota = response.Error.Type == "insufficient_quota" || code == `"insufficient_quota"` || f.status == 402
		f.model = f.status == 403 && code == `"model_not_found"`
	case inStream && response.Error.Type == "invalid_request_error":
		f.kind = rejected
	case f.status == 429, f.status >= 500, f.status == 408, inStream:
		f.kind = busy
	default:
		f.kind = rejected
	}
	noteTooLong(f, body)
	return f
}

// retryAfter returns the Retry-After header (RFC 9110 §10.2.3), or 0 if it is absent or malformed.
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

// alerter logs what only an operator can repair, at most once per alertInterval and cause: a refused key fails every
// request.
type alerter struct {
	log  *slog.Logger
	now  func() time.Time
	mu   sync.Mutex
	last map[string]time.Time // of the latest alert, by cause
}

const alertInterval = time.Minute

// notify logs what the upstream refused: our key, our quota or the model.
func (a *alerter) notify(ctx context.Context, f *failure) {
	cause := "key"
	switch {
	case f.quota:
		cause = "quota"
	case f.model:
		cause = "model"
	}
	a.mu.Lock()
	now := a.now()
	last, alerted := a.last[cause]
	due := !alerted || now.Sub(last) >= alertInterval
	if due {
		a.last[cause] = now
	}
	a.mu.Unlock()
	if due {
		a.log.ErrorContext(ctx, "the language model refuses our key or quota; an operator must act",
			slog.Int("status", f.status), slog.String("refused", cause))
	}
}
