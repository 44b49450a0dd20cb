package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
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

// commentInterval is how often a comment shows that an answer goes on.
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
	defer out.Close() // before the response is given back
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
	interval := commentInterval
	if a.server.cfg.Heartbeat > 0 {
		interval = a.server.cfg.Heartbeat
	}
	checks, comments := time.NewTicker(sessionCheck), time.NewTicker(interval)
	defer checks.Stop()
	defer comments.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-comments.C:
			if err := out.comment(); err != nil {
				cancel(err)
				return
			}
		case <-checks.C:
			limited, done := context.WithTimeout(ctx, sessionCheck/2)
			ended := a.server.sessionEnded(limited, a.user)
			done()
			if ended {
				cancel(errTokenInvalid)
				return
			}
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
	r.buffer.WriteString(typeOf(event))
	r.buffer.WriteString("\ndata: ")
	r.buffer.Write(event)
	r.buffer.WriteString("\n\n")
	return r.flush(within)
}

// comment writes a comment, unless nothing was written yet.
func (r *eventResponse) comment() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		return nil
	}
	r.buffer.Reset()
	r.buffer.WriteString(": the answer goes on\n\n")
	return r.flush(commentInterval)
}

// flush writes the buffer to the connection.
func (r *eventResponse) flush(within time.Duration) error {
	if err := r.control.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if _, err := r.w.Write(r.buffer.Bytes()); err != nil {
		return err
	}
	return r.control.Flush()
}

// typeOf returns the type of an event. Text, of which there is most, has it in front.
func typeOf(event []byte) string {
	if rest, ok := bytes.CutPrefix(event, []byte(`{"type":"text"`)); ok && len(rest) > 0 {
		return "text"
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(event, &head); err != nil {
		return "message" // as for events without a name; ours are valid
	}
	return head.Type
}
