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

// Exchange is one request being answered. Its methods write parts of a response as OpenAI-compatible servers do, and
// flush.
type Exchange struct {
	Request Request
	handler *Handler
	w       http.ResponseWriter
	ctx     context.Context
	started bool // the status was sent
}

// Context ends when the client disconnects.
func (x *Exchange) Context() context.Context { return x.ctx }

// Header returns the response's header, to be set before anything is written.
func (x *Exchange) Header() http.Header { return x.w.Header() }

// Head sends the status and the content type.
func (x *Exchange) Head(status int, contentType string) {
	x.started = true
	x.w.Header().Set("Content-Type", contentType)
	x.w.WriteHeader(status)
	x.flush()
}

// Raw sends bytes as they are, after the headers of an event stream when nothing was sent before.
func (x *Exchange) Raw(chunks ...string) {
	if !x.started {
		x.Head(http.StatusOK, "text/event-stream")
	}
	for _, c := range chunks {
		_, _ = io.WriteString(x.w, c) // a disconnected client ends the context
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

// Delta sends one event whose choice has this delta, given as JSON.
func (x *Exchange) Delta(delta string) {
	x.Event(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"fake",` +
		`"choices":[{"index":0,"delta":` + delta + `,"finish_reason":null}]}`)
}

// Role sends the first event of an OpenAI stream: a role and no text.
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

// Whole sends the response as one JSON document, whether or not a stream was asked for.
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
	x.Raw(fmt.Sprintf(`{"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,`+
		`"message":{"role":"assistant","content":%s,"tool_calls":%s},"finish_reason":%s}],"usage":{"total_tokens":18}}`,
		content, list, quoted(reason)))
}

// Refuse sends an error in the form OpenAI uses. Its message is Secret.
func (x *Exchange) Refuse(status int, kind, code string) {
	x.Head(status, "application/json")
	x.Raw(fmt.Sprintf(`{"error":{"message":%s,"type":%s,"param":null,"code":%s}}`,
		quoted(Secret), quoted(kind), quoted(code)))
}

// Stall sends nothing more and returns when the client disconnects.
func (x *Exchange) Stall() {
	signal(x.handler.stalled)
	<-x.ctx.Done()
}

// Reset resets the connection.
func (x *Exchange) Reset() {
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
