package llmtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Step answers one request.
type Step func(x *Exchange)

// Exchange is one request being answered. Its methods write what a server of the field would, and flush.
type Exchange struct {
	Request Request
	handler *Handler
	w       http.ResponseWriter
	ctx     context.Context
	begun   bool
}

// Context ends when the client has left.
func (x *Exchange) Context() context.Context { return x.ctx }

// Header is the answer's header, to be set before anything is written.
func (x *Exchange) Header() http.Header { return x.w.Header() }

// Head sends the status and the content type.
func (x *Exchange) Head(status int, contentType string) {
	x.begun = true
	x.w.Header().Set("Content-Type", contentType)
	x.w.WriteHeader(status)
	x.flush()
}

// Raw sends bytes as they are, as a stream's when nothing was sent before.
func (x *Exchange) Raw(chunks ...string) {
	if !x.begun {
		x.Head(http.StatusOK, "text/event-stream")
	}
	for _, c := range chunks {
		_, _ = io.WriteString(x.w, c) // a client that left is seen by its context
		x.flush()
	}
}

func (x *Exchange) flush() {
	if f, ok := x.w.(http.Flusher); ok {
		f.Flush()
	}
}

// Event sends one event of a stream.
func (x *Exchange) Event(data string) { x.Raw("data: " + data + "\n\n") }

// Delta sends one event whose choice carries this delta, given as JSON.
func (x *Exchange) Delta(delta string) {
	x.Event(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake","choices":[{"index":0,"delta":` +
		delta + `,"finish_reason":null}]}`)
}

// Role sends the event that OpenAI begins a stream with: a role and no text.
func (x *Exchange) Role() { x.Delta(`{"role":"assistant","content":""}`) }

// Text sends one event for each part.
func (x *Exchange) Text(parts ...string) {
	for _, p := range parts {
		x.Delta(`{"content":` + quoted(p) + `}`)
	}
}

// Calls sends events with these tool call parts, given as JSON, one event each.
func (x *Exchange) Calls(parts ...string) {
	for _, p := range parts {
		x.Delta(`{"tool_calls":[` + p + `]}`)
	}
}

// Finish sends the finish reason, the usage and [DONE].
func (x *Exchange) Finish(reason string) {
	x.Event(`{"id":"chatcmpl-1","choices":[{"index":0,"delta":{},"finish_reason":` + quoted(reason) + `}]}`)
	x.Event(`{"id":"chatcmpl-1","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":7,"total_tokens":18}}`)
	x.Event("[DONE]")
}

// Whole answers with one JSON document, streamed or not asked for.
func (x *Exchange) Whole(text, reason string, calls ...ToolCall) {
	content := quoted(text)
	if text == "" && len(calls) > 0 {
		content = "null"
	}
	list, err := json.Marshal(calls)
	if err != nil || len(calls) == 0 {
		list = []byte("null")
	}
	x.Head(http.StatusOK, "application/json")
	x.Raw(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",`+
		`"content":%s,"tool_calls":%s},"finish_reason":%s}],"usage":{"total_tokens":18}}`, content, list, quoted(reason)))
}

// Refuse answers with an error as OpenAI words it.
func (x *Exchange) Refuse(status int, kind, code string) {
	x.Head(status, "application/json")
	x.Raw(fmt.Sprintf(`{"error":{"message":%s,"type":%s,"param":null,"code":%s}}`, quoted(Secret), quoted(kind), quoted(code)))
}

// Hold says nothing more until the client leaves.
func (x *Exchange) Hold() {
	signal(x.handler.holding)
	<-x.ctx.Done()
}

// Cut resets the connection.
func (x *Exchange) Cut() {
	if hj, ok := x.w.(http.Hijacker); ok {
		if conn, _, err := hj.Hijack(); err == nil {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // so that Close resets
			}
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}
