package devstripe

import (
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
