// Package httpapi is the HTTP edge. It implements the contract's generated server interface, guards every operation
// as the contract says, turns every failure into problem+json in one place, and translates between the wire and the
// product's own types. It decides nothing about the product itself.
//
//	listener ─ connections, deadlines, refusals                         package listener
//	   │
//	request ─ request id, log line ─ panics ─ header size ─ CORS        request.go, cors.go
//	   │
//	 router ─ tagOperation ─ limitBody ─ requireUser ─ throttle ─ validate   middleware.go
//	   │         (operations.go reads what each does from the contract: security, schemas, x-adiuva)
//	   │
//	 handler ─ one call into a domain package ─ answer      auth.go, chat.go, plans.go, backup.go, billing.go
//	   │
//	 problem.go   every error ends here
//
// GET /chat/stream is answered by package chatstream, whose questions go through the same steps: both call the
// functions in chain.go.
package httpapi
