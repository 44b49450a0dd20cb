// Package fault defines the errors that may reach a client and the catalogue of their codes. Every such error is a
// *fault.Error: its Code is an entry of the catalogue, its Message says what to do, and its cause is for the log alone.
// Package httpapi turns faults into problem+json and the stream into close frames; both read the catalogue.
package fault

import (
	"errors"
	"time"
)

// Detail points at one member of the request that is wrong. Pointer is an RFC 6901 JSON pointer into the body, or
// "/query/name", "/path/name", "/header/name" for parameters.
type Detail struct {
	Pointer string
	Message string
}

// Error is an error that is safe to return to clients. Values declared at package level are templates: the With
// methods copy.
type Error struct {
	Code       Code           // from the catalogue
	Message    string         // public: what happened and what to do about it
	Details    []Detail       // for validation: every member that is wrong
	Extra      map[string]any // further public members of the problem document, e.g. "limit_bytes"
	RetryAfter time.Duration  // how long to wait, for status 429 and 503; 0 means the edge's default
	RetryHint  string         // public: points at the Retry-After header; the stream, which has none, leaves it out
	cause      error
}

// New returns a fault with a public message. It is meant for package-level declarations.
func New(code Code, message string) *Error {
	return &Error{Code: code, Message: message}
}

// Error returns the code and the cause's text, for logs; it never reaches a client.
func (e *Error) Error() string {
	if e.cause != nil {
		return string(e.Code) + ": " + e.cause.Error()
	}
	return string(e.Code) + ": " + e.Message
}

// Unwrap returns the hidden cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault of the same Code, so that errors.Is finds a template behind any copy of it.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// WithCause returns a copy with a cause, which is logged and never shown.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// WithMessage returns a copy with another public message and no retry hint.
func (e *Error) WithMessage(message string) *Error {
	c := *e
	c.Message, c.RetryHint = message, ""
	return &c
}

// WithDetails returns a copy that names the members that are wrong.
func (e *Error) WithDetails(details ...Detail) *Error {
	c := *e
	c.Details = append(append([]Detail(nil), e.Details...), details...)
	return &c
}

// WithExtra returns a copy with one more public member in the problem document.
func (e *Error) WithExtra(member string, value any) *Error {
	c := *e
	c.Extra = make(map[string]any, len(e.Extra)+1)
	for k, v := range e.Extra {
		c.Extra[k] = v
	}
	c.Extra[member] = value
	return &c
}

// WithRetryHint returns a copy whose problem document ends its detail with hint.
func (e *Error) WithRetryHint(hint string) *Error {
	c := *e
	c.RetryHint = hint
	return &c
}

// WithRetryAfter returns a copy that says how long to wait before trying again.
func (e *Error) WithRetryAfter(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// From returns the fault inside err, or ErrInternal carrying err when there is none. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return ErrInternal.WithCause(err)
}

// Faults that several packages use.
var (
	ErrInternal = New(Internal, "Something went wrong on our side. Try again; if it stays, report the request_id.")
	ErrDatabase = New(
		DBUnavailable,
		"Our database is unreachable at the moment. Nothing was changed that was not acknowledged; try again shortly.",
	)
	ErrDraining     = New(Draining, "This server is shutting down. Connect again; another one will answer.")
	ErrNotFound     = New(NotFound, "There is no such thing here, or it is not yours.")
	ErrValidation   = New(ValidationFailed, "The request is readable but some of its members are wrong; see errors.")
	ErrInvalidJSON  = New(InvalidJSON, "The body is not acceptable JSON.")
	ErrTierRequired = New(TierRequired, "Your plan does not include this. Upgrade to use it.")
)
