package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/adiuva/cloud-api/internal/fault"
)

// Errors of Model.Generate besides ErrModelTimeout.
var (
	// ErrModelUnavailable is returned when the provider refuses, fails or cannot be reached. RetryAfter says for how
	// long.
	ErrModelUnavailable = fault.New(fault.LLMUnavailable,
		"The language model is unavailable at the moment. Try again shortly.")
	// ErrModelAnswer is returned when the provider rejects the request, or when its answer is malformed, incomplete or
	// withheld by its content filter.
	ErrModelAnswer = fault.New(fault.LLMError,
		"The language model gave no usable answer. Try again, or put it differently.")
)

// ErrNoTools is the cause of a failure of Generate if the model cannot call tools, and the call offered some.
var ErrNoTools = errors.New("the model cannot call tools")

// FailureKind says what made a call of a model fail.
type FailureKind uint8

// The kinds of ModelFailure.
const (
	FailureInternal FailureKind = iota // the request could not be encoded
	FailureRefused                     // the key is refused or the quota is spent
	FailureBusy                        // the provider answers 408, 429 or 5xx
	FailureNetwork                     // the connection is refused, reset or cut
	FailureProtocol                    // the answer is malformed or incomplete
	FailureRejected                    // the provider rejects this request, or its filter withholds the answer
	FailureTimeout                     // no first token, no further token or no end in time
	FailureCanceled                    // the caller's context ended
	FailureEmit                        // the caller's Emit failed
)

// ModelFailure is why a call failed. The errors of adapters hold one, for errors.As. Its text may be logged: nothing in
// it is the provider's.
type ModelFailure struct {
	Kind       FailureKind
	Status     int           // the provider's HTTP status, 0 if there was none
	RetryAfter time.Duration // what the provider asked for, or 0
	Started    bool          // a part of the answer had arrived
	Quota      bool          // of FailureRefused: the quota is spent
	Model      bool          // of FailureRefused: the key may not use this model
	Unclear    bool          // of FailureRefused: perhaps a gateway's refusal of what one person wrote
	Cause      error
}

// Error describes the failure for the log.
func (f *ModelFailure) Error() string {
	if f.Status == 0 {
		return fmt.Sprintf("model call failed: %v", f.Cause)
	}
	return fmt.Sprintf("model call failed: status %d: %v", f.Status, f.Cause)
}

// Unwrap returns the cause.
func (f *ModelFailure) Unwrap() error { return f.Cause }

// RefusesKey reports whether the provider would refuse every other call with this key too, whatever its model.
func (f *ModelFailure) RefusesKey() bool { return f.Kind == FailureRefused && !f.Model }

// Is makes a refusal of the key or the quota ErrModelRefused.
func (f *ModelFailure) Is(target error) bool { return target == ErrModelRefused && f.RefusesKey() }

// maxRetryAfter bounds how long callers are told to wait.
const maxRetryAfter = time.Minute

// Err returns the error of Generate for f, which holds f.
func (f *ModelFailure) Err() error {
	switch f.Kind {
	case FailureCanceled, FailureEmit:
		return fmt.Errorf("model call stopped: %w", f)
	case FailureRefused:
		return ErrModelUnavailable.WithCause(f).WithRetryAfter(maxRetryAfter)
	case FailureBusy, FailureNetwork:
		return ErrModelUnavailable.WithCause(f).WithRetryAfter(max(time.Second, min(f.RetryAfter, maxRetryAfter)))
	case FailureTimeout:
		return ErrModelTimeout.WithCause(f)
	case FailureInternal:
		return fault.ErrInternal.WithCause(f)
	}
	return ErrModelAnswer.WithCause(f)
}
