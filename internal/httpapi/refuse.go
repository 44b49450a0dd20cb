package httpapi

import (
	"net/http"

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
