package llm

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
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
	unclear    bool          // of kind auth: perhaps a gateway's refusal of what one person wrote
	cause      error

	// What the upstream complained of, and which members the request had, for another attempt. complaint is cleared
	// before the failure leaves the exchange.
	complaint complaint
	sent      member
}

func (f *failure) Error() string {
	if f.status == 0 {
		return "model call failed: " + f.cause.Error()
	}
	return fmt.Sprintf("model call failed: status %d: %v", f.status, f.cause)
}

func (f *failure) Unwrap() error { return f.cause }

func (f *failure) retryable() bool { return !f.started && (f.kind == busy || f.kind == network) }

// exported returns the error of Client.Generate for err.
func exported(err error) error {
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{kind: internal, cause: err}
	}
	kinds := [...]agent.FailureKind{internal: agent.FailureInternal, auth: agent.FailureRefused,
		busy: agent.FailureBusy, network: agent.FailureNetwork, protocol: agent.FailureProtocol,
		rejected: agent.FailureRejected, timeout: agent.FailureTimeout, canceled: agent.FailureCanceled,
		sink: agent.FailureEmit}
	out := &agent.ModelFailure{Kind: kinds[f.kind], Status: f.status, RetryAfter: f.retryAfter, Started: f.started,
		Quota: f.quota, Model: f.model, Unclear: f.unclear, Cause: f.cause}
	return out.Err()
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
