// Package chatstream answers questions over a WebSocket: the transport of GET /chat/stream, described by
// openapi/asyncapi.yaml. It knows frames, deadlines, pings, close codes and how many sockets an account may have.
// What a question means, whom a token speaks for and what a log line looks like, it is told by its Config, whose
// functions the HTTP edge shares with its REST chain.
//
//	handshake ── token, sub-protocol, socket limit ── upgrade
//	                                                     │
//	     ┌─────────────── session ───────────────────────┤
//	     │ read    frames → questions, deadlines, pongs  │
//	     │ watch   pings; ends the socket with the login │
//	     │ serve   Config.Answer → text frames → last frame, then the next question
//	     └─ close ── error frame, close frame, wait for all three
//
// It keeps nothing of what passes through it, and never decodes a question or an answer.
package chatstream
