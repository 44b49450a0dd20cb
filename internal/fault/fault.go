// Package fault is the vocabulary of what can go wrong, in the product's words. Every error that may reach a client is a
// *fault.Error: its Code is one of the contract's catalogue, its Message tells the caller what to do, and its cause is
// for the log alone. Package httpapi turns faults into problem+json; nothing else knows about HTTP status codes.
package fault

import (
	"errors"
	"time"
)

// Kind says what sort of failure an Error is; the edge maps each Kind to one HTTP status.
type Kind uint8

// The kinds. Internal is the zero value on purpose: an error nobody classified is ours.
const (
	Internal         Kind = iota // 500: our fault, nothing the caller can do but retry later
	Unreadable                   // 400: the request cannot be read
	Unauthenticated              // 401: no valid proof of who is asking
	Forbidden                    // 403: known caller, not allowed
	Missing                      // 404: no such thing, or not yours
	MethodNotAllowed             // 405
	TimedOut                     // 408: the caller was too slow
	Conflict                     // 409: clashes with the present state
	LengthRequired               // 411
	TooLarge                     // 413: over a size or a quota
	UnsupportedMedia             // 415
	RangeUnsatisfied             // 416
	Invalid                      // 422: readable but wrong
	TooMany                      // 429: over a rate limit
	HeaderTooLarge               // 431
	BadUpstream                  // 502: a service we depend on answered wrongly
	Unavailable                  // 503: a service we depend on is away, or we are draining
	UpstreamTimeout              // 504: a service we depend on was too slow
)

// Detail points at one member of the request that is wrong. Pointer is an RFC 6901 JSON pointer into the body, or
// "/query/name", "/path/name", "/header/name" for parameters.
type Detail struct {
	Pointer string
	Message string
}

// Error is a failure with a public face. Values declared at package level are templates: the With methods copy.
type Error struct {
	Kind       Kind
	Code       string         // from the catalogue, stable: it is API
	Message    string         // public: what happened and what to do about it
	Details    []Detail       // for validation: every member that is wrong
	Extra      map[string]any // further public members of the problem document, e.g. "limit_bytes"
	RetryAfter time.Duration  // how long to wait, for TooMany and Unavailable; 0 means the edge's default
	cause      error
}

// New returns a fault with a public message. It is meant for package-level declarations.
func New(kind Kind, code, message string) *Error {
	return &Error{Kind: kind, Code: code, Message: message}
}

// Error returns the code and the cause's text, for logs; it never reaches a client.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Message
}

// Unwrap returns the hidden cause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is a fault of the same Code, so that errors.Is finds a template behind any copy of it.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Because returns a copy that carries cause, which is logged and never shown.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// WithMessage returns a copy with another public message.
func (e *Error) WithMessage(message string) *Error {
	c := *e
	c.Message = message
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

// After returns a copy that tells the caller how long to wait before trying again.
func (e *Error) After(wait time.Duration) *Error {
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
	return ErrInternal.Because(err)
}

// Faults that belong to no single noun.
var (
	ErrInternal     = New(Internal, "internal", "Something went wrong on our side. Try again; if it stays, report the request_id.")
	ErrDatabase     = New(Unavailable, "db_unavailable", "Our database is unreachable at the moment. Nothing was changed that was not acknowledged; try again shortly.")
	ErrDraining     = New(Unavailable, "draining", "This server is shutting down. Connect again; another one will answer.")
	ErrNotFound     = New(Missing, "not_found", "There is no such thing here, or it is not yours.")
	ErrValidation   = New(Invalid, "validation_failed", "The request is readable but some of its members are wrong; see errors.")
	ErrInvalidJSON  = New(Unreadable, "invalid_json", "The body is not acceptable JSON.")
	ErrTierRequired = New(Forbidden, "tier_required", "Your plan does not include this. Upgrade to use it.")
)
