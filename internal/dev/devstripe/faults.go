package devstripe

import (
	"cmp"
	"io"
	"net/http"
)

// Fault is a way in which a request can fail.
type Fault int

// The faults that InjectFaults can cause.
const (
	None         Fault = iota
	ServerError        // 500 without effect; repeated for its idempotency key
	RateLimited        // 429 without effect
	DropResponse       // the request takes effect, and the connection closes without a response
	Hang               // no response until the client gives up
	Garbage            // 200 with a body that is not JSON
)

func noFault(*http.Request) Fault { return None }

// Error is an answer by which Stripe refuses a request.
type Error struct {
	Status            int
	Type, Code, Param string
}

// Refuse makes each request for which choose returns an Error fail with it, without effect, until the next call of
// Refuse. Nil stops it.
func (s *Server) Refuse(choose func(r *http.Request) *Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = choose
}

// Before calls hook before each request takes effect, without holding a lock, until the next call of Before. Nil stops
// it.
func (s *Server) Before(hook func(r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = hook
}

// interfere calls the hook and returns the error with which to refuse the request, or nil.
func (s *Server) interfere(r *http.Request) *apiError {
	s.mu.Lock()
	hook, refuse := s.before, s.refuse
	s.mu.Unlock()
	if hook != nil {
		hook(r)
	}
	if refuse == nil {
		return nil
	}
	e := refuse(r)
	if e == nil {
		return nil
	}
	return &apiError{status: e.Status, kind: cmp.Or(e.Type, "invalid_request_error"), code: e.Code, param: e.Param,
		message: "The request was refused."}
}

// InjectFaults makes each request fail as choose returns, until the next call of InjectFaults. Nil stops it.
func (s *Server) InjectFaults(choose func(r *http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault = choose; choose == nil {
		s.fault = noFault
	}
}

// failEarly applies a fault that prevents the request from taking effect. It reports whether it did.
func (f Fault) failEarly(w http.ResponseWriter, r *http.Request) bool {
	switch f {
	case RateLimited:
		writeError(w, errRateLimited)
	case Hang:
		<-r.Context().Done()
	case Garbage:
		_, _ = io.WriteString(w, "<html>it works!</html>") // the client may be gone
	default:
		return false
	}
	return true
}
