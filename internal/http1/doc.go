// Package http1 is an HTTP/1.1 transport for calls that one goroutine carries from end to end: it writes the request in
// one write, waits, and reads the response through one small buffer. net/http's Transport runs two more goroutines and
// holds 20 KiB of buffers for a connection, for what a call of a language model does not need.
//
// What this transport does not do itself it leaves to a net/http Transport, whose settings it shares:
//
//	http.Request ─► Transport.RoundTrip
//	  │               a proxy, a host with only HTTP/2, a body of unknown or great length ─► net/http.Transport
//	  ▼
//	take              an idle connection that is still open, or a new one
//	  ▼
//	write             head and body in one buffer, one write
//	  ▼
//	headReader        status and headers; 1xx responses are passed over
//	  ▼
//	body              by length, in chunks or to the end of the connection, which is kept if it may be used again
//
// fasthttp's client costs as little, but it knows neither contexts nor HTTP/2, so that a call could not be given up at
// any time and a server without HTTP/1.1 could not be reached. Its streamed bodies and its requests are types of their
// own, which http.RoundTripper's users such as tracing and tests could not wrap.
//
// It never asks for compression, follows no redirect, and calls no hook of net/http/httptrace.
package http1
