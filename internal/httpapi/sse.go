package httpapi

import (
	"bytes"
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/chatstream"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

// eventStream is the media type of server-sent events.
const eventStream = "text/event-stream"

// sessionCheck is how often an answer over HTTP checks that the caller's session has not ended.
const sessionCheck = 3 * time.Second

// commentInterval is how long an answer is silent before a comment shows that it goes on.
const commentInterval = 10 * time.Second

// prefersEvents reports whether the Accept header prefers server-sent events to JSON. They have to be named: a
// wildcard means JSON.
func prefersEvents(h http.Header) bool {
	events, json := -1.0, -1.0
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q, err := strconv.ParseFloat(params["q"], 64)
		if err != nil {
			q = 1
		}
		switch media {
		case eventStream:
			events = max(events, q)
		case "application/json":
			json = max(json, q)
		}
	}
	return events > 0 && events >= json
}

// eventAnswer is an answer as server-sent events. An error before the first event is returned, to be answered as a
// problem.
type eventAnswer struct {
	server *Server
	ctx    context.Context
	user   identity.User
	asked  chat.Request
}

// VisitChatResponse implements api.ChatResponseObject.
func (a eventAnswer) VisitChatResponse(w http.ResponseWriter) error {
	aborted, leave, err := a.server.stream.Join()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithCancelCause(a.ctx)
	defer context.AfterFunc(aborted, func() { cancel(fault.ErrDraining) })()
	out := newEventResponse(w)
	var watching sync.WaitGroup
	watching.Go(func() { a.watch(ctx, cancel, out) })
	defer watching.Wait()
	defer cancel(nil)
	last, err := a.server.answerWithEvents(ctx, question{a.user, a.asked, func(error) {}}, out)
	if cause := context.Cause(ctx); cause != nil && a.ctx.Err() == nil {
		err = cause
	}
	if err == nil {
		return out.End(last)
	}
	if !out.begun() || a.ctx.Err() != nil {
		return err
	}
	f := toFault(err)
	info := requestInfoFrom(ctx)
	info.failure, info.cause, info.code = f, err, f.Code
	event, err := errorEvent(ctx, f, "")
	if err != nil {
		return err
	}
	return out.End(event)
}

// watch ends the answer when the caller's session ends, and sends comments.
func (a eventAnswer) watch(ctx context.Context, cancel context.CancelCauseFunc, out *eventResponse) {
	check := time.NewTicker(sessionCheck)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-check.C:
		}
		limited, done := context.WithTimeout(ctx, sessionCheck/2)
		ended := a.server.sessionEnded(limited, a.user)
		done()
		if ended {
			cancel(errTokenInvalid)
			return
		}
		if err := out.comment(); err != nil {
			cancel(err)
			return
		}
	}
}

// eventResponse writes events to a response, which begins with the first of them. It is safe for concurrent use.
type eventResponse struct {
	*chatstream.EventWriter
	mu      sync.Mutex
	w       http.ResponseWriter
	control *http.ResponseController
	started bool
	written time.Time
	buffer  bytes.Buffer
}

func newEventResponse(w http.ResponseWriter) *eventResponse {
	out := &eventResponse{w: w, control: http.NewResponseController(w)}
	out.EventWriter = chatstream.NewEventWriter(out.send)
	return out
}

// begun reports whether there was an event.
func (r *eventResponse) begun() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started
}

// send writes one event with its type as its name.
func (r *eventResponse) send(event []byte, within time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		r.started = true
		h := r.w.Header()
		h.Set("Content-Type", eventStream)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Accel-Buffering", "no") // nginx passes events on as they come
		r.w.WriteHeader(http.StatusOK)
	}
	r.buffer.Reset()
	r.buffer.WriteString("event: ")
	r.buffer.Write(typeOf(event))
	r.buffer.WriteString("\ndata: ")
	r.buffer.Write(event)
	r.buffer.WriteString("\n\n")
	return r.flush(within)
}

// comment writes a comment if nothing was written for a while.
func (r *eventResponse) comment() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started || time.Since(r.written) < commentInterval-sessionCheck {
		return nil
	}
	r.buffer.Reset()
	r.buffer.WriteString(": the answer goes on\n\n")
	return r.flush(commentInterval)
}

// flush writes the buffer to the connection.
func (r *eventResponse) flush(within time.Duration) error {
	r.written = time.Now()
	if err := r.control.SetWriteDeadline(r.written.Add(within)); err != nil {
		return err
	}
	if _, err := r.w.Write(r.buffer.Bytes()); err != nil {
		return err
	}
	return r.control.Flush()
}

// typeOf returns the type of an event that we have encoded: `{"type":"…` or, where another member comes first, the one
// after `"type":"`.
func typeOf(event []byte) []byte {
	_, rest, _ := bytes.Cut(event, []byte(`"type":"`))
	name, _, _ := bytes.Cut(rest, []byte{'"'})
	return name
}
