package devstripe

import (
	"io"
	"net/http"
)

// Fault is what goes wrong with a call.
type Fault int

// What can go wrong.
const (
	None        Fault = iota
	ServerError       // 500, nothing done; the idempotency key repeats it
	RateLimited       // 429
	LoseAnswer        // all is done, and the connection is cut before the answer
	Hang              // no answer until the caller leaves
	Garbage           // 200 with something that is no JSON
)

func noFault(*http.Request) Fault { return None }

// Script lets calls go wrong as choose says, until the next Script; nil ends it.
func (s *Server) Script(choose func(r *http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault = choose; choose == nil {
		s.fault = noFault
	}
}

// before lets go wrong what goes wrong before the work; it reports whether the call is over.
func (f Fault) before(w http.ResponseWriter, r *http.Request) bool {
	switch f {
	case RateLimited:
		answer(w, nil, &refusal{http.StatusTooManyRequests, "invalid_request_error", "rate_limit", "Too many requests."})
	case Hang:
		<-r.Context().Done()
	case Garbage:
		_, _ = io.WriteString(w, "<html>it works!</html>") // to whoever is left
	default:
		return false
	}
	return true
}
