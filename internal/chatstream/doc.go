// Package chatstream answers questions over a WebSocket: the transport of GET /chat/stream, described by
// openapi/asyncapi.yaml. It handles frames, deadlines, pings, close codes and the limit of sockets per account. Config
// supplies the functions that authenticate a token, answer a question and write the log line; the HTTP edge shares them
// with its REST chain.
//
//	handshake ── token, sub-protocol, socket limit ── upgrade
//	                                                     │
//	     ┌──────────────── socket ───────────────────────┤
//	     │ read    frames → questions, deadlines, pongs  │
//	     │ serve   Config.Answer → text frames → last frame, then the next question
//	     │ timers  pings; end the socket when the user's session ends
//	     └─ close ── error frame, close frame, wait for all of them
//
// A socket has two goroutines, which read and serve. net/http's own, which began with the handshake, has ended by then,
// and its buffers are free.
//
// It stores nothing of what passes through it, and never decodes a question or an answer.
package chatstream
