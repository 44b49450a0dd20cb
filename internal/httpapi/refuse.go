package httpapi

import (
	"net/http"
	"strings"

	"github.com/adiuva/cloud-api/internal/fault"
)

// Faults of requests that reach no handler.
var (
	errExpectation = fault.New(fault.ExpectationFailed,
		"This server knows only Expect: 100-continue. Leave the Expect header out.")
	errTransferCoding = fault.New(fault.NotSupported,
		"This server knows only Transfer-Encoding: chunked. Send the body with Content-Length or in chunks.")
	errTooManyConnections = fault.New(fault.RateLimited, "This server has as many connections as it takes.").
				WithRetryHint("Wait as long as Retry-After says.")
)

// Refuse answers a request that net/http or the listener turned away, and reports whether it did. r has what could be
// read of the header. A malformed request stays with net/http's plain text: no code of the catalogue is for it.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, status int) bool {
	var f *fault.Error
	switch status {
	case http.StatusExpectationFailed:
		f = errExpectation
	case http.StatusRequestHeaderFieldsTooLarge:
		f = errHeaderTooLarge
	case http.StatusNotImplemented:
		f = errTransferCoding
	case http.StatusTooManyRequests:
		f = errTooManyConnections
	default:
		return false
	}
	s.withRequestInfo(s.recoverPanics(s.cors(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestInfoFrom(r.Context()).unlogged = f == errTooManyConnections // the listener says so, once
		s.problem(w, r, f)
	})))).ServeHTTP(w, r)
	return true
}

// checkExpect refuses an Expect header that names more than 100-continue. net/http reads the first of several headers,
// and looks for 100-continue among its members.
func (s *Server) checkExpect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for member := range strings.SplitSeq(strings.Join(r.Header.Values("Expect"), ","), ",") {
			if member = strings.TrimSpace(member); member != "" && !strings.EqualFold(member, "100-continue") {
				s.problem(w, r, errExpectation)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// answerAsterisk answers OPTIONS *, which asks about the server as a whole and serves as a ping (RFC 9110, 9.3.7).
func answerAsterisk(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions || r.RequestURI != "*" {
			next.ServeHTTP(w, r)
			return
		}
		requestInfoFrom(r.Context()).route = "*"
		w.Header().Set("Allow", http.MethodOptions+", "+corsMethods)
		w.WriteHeader(http.StatusNoContent)
	})
}
