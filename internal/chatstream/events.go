package chatstream

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/adiuva/cloud-api/internal/fault"
)

// Events has what version 2 of the stream needs. The functions know the frames; this package only moves them.
type Events struct {
	// Begin returns the context of one question, with a request id of its own.
	Begin func(ctx context.Context) context.Context
	// Read says what a client's frame is.
	Read func(frame []byte) (Frame, error)
	// Answer answers one question with events, of which the last is its end. An error is reported to the client. If ctx
	// ends with ErrCancelled as its cause, Answer sends the end of a cancelled answer and returns nil.
	Answer func(ctx context.Context, token string, question []byte, out *Output) error
	// Error returns the event that reports f. id is the call that it is about, or "".
	Error func(ctx context.Context, f *fault.Error, id string) ([]byte, error)
	// Heartbeat is the time between two heartbeats of a running answer; 0 means 10 seconds.
	Heartbeat time.Duration
}

// FrameKind says what a client's frame is.
type FrameKind int

// The kinds of frames.
const (
	Question FrameKind = iota // also everything that is no other frame
	Ping
	Cancel
	ToolResult
)

// Frame is a frame of the client.
type Frame struct {
	Kind   FrameKind
	Result Result // of a ToolResult
}

// Result is what came of a call of a tool in the app: exactly one of Content, Error and Denied.
type Result struct {
	ID      string
	Content *string
	Error   *string
	Denied  bool
}

const heartbeatInterval = 10 * time.Second

// maxRefused is how many frames a client may send in vain during one answer. A client that sends more is disconnected.
const maxRefused = 100

// Frames that never change.
var (
	pongFrame      = []byte(`{"type":"pong"}`)
	heartbeatFrame = []byte(`{"type":"heartbeat"}`)
)

// Output sends the events of one answer. It is safe for concurrent use.
type Output struct {
	socket *socket
	ctx    context.Context
}

// Text sends a piece of text. Pieces that arrive together are sent together.
func (o *Output) Text(text string) error {
	if o.ctx.Err() != nil {
		return context.Cause(o.ctx)
	}
	return o.socket.writer.text(text)
}

// Event sends an event, after the text before it.
func (o *Output) Event(frame []byte) error {
	if o.ctx.Err() != nil {
		return context.Cause(o.ctx)
	}
	return o.socket.writer.event(frame)
}

// End sends the last event of the answer. The next question may arrive as soon as the client has it.
func (o *Output) End(frame []byte) error {
	if cause := context.Cause(o.ctx); cause != nil && !errors.Is(cause, ErrCancelled) {
		return cause
	}
	o.socket.endAnswer()
	o.socket.busy.Store(false)
	return o.socket.writer.last(frame)
}

// EventWriter writes events of version 2 to something else than a socket, with the same joining of text that arrives
// together. It is safe for concurrent use.
type EventWriter struct{ writer writer }

// NewEventWriter returns an EventWriter that writes events with send, one at a time, within the time given.
func NewEventWriter(send func(event []byte, within time.Duration) error) *EventWriter {
	return &EventWriter{writer{events: true, send: send}}
}

// Text writes a piece of text, now or a little later.
func (w *EventWriter) Text(text string) error { return w.writer.text(text) }

// Event writes an event after the text before it.
func (w *EventWriter) Event(event []byte) error { return w.writer.event(event) }

// End writes what is left and then the last event.
func (w *EventWriter) End(event []byte) error { return w.writer.last(event) }

// Close drops what is left. When it returns, nothing is being written, and nothing will be.
func (w *EventWriter) Close() { w.writer.close() }

// Wait returns the result of a call, or false if none came within the time or the answer has ended.
func (o *Output) Wait(id string, within time.Duration) (Result, bool) {
	return o.socket.calls.wait(o.ctx, id, within)
}

// Expect lets results of the call be taken from now on. Every call that is expected must be waited for.
func (o *Output) Expect(id string) { o.socket.calls.expect(id) }

// textEvent returns a text event. What is no UTF-8 becomes U+FFFD.
func textEvent(text []byte) []byte {
	frame, err := json.Marshal(textFrame{"text", string(text)})
	if err != nil {
		panic(err) // a struct of strings can always be encoded
	}
	return frame
}

type textFrame struct {
	Type  string `json:"type"`
	Delta string `json:"delta"`
}

// answerEvents answers one question of version 2 and returns why the socket must end, nil when it may go on.
func (s *socket) answerEvents(ctx context.Context, question []byte) error {
	start := s.handler.cfg.Now()
	events := s.handler.cfg.Events
	ctx, cancel := context.WithCancelCause(events.Begin(ctx))
	defer cancel(nil)
	s.startAnswer(ctx, cancel)
	beat := s.beat(ctx, events.Heartbeat)
	out := &Output{socket: s, ctx: ctx}
	err := events.Answer(ctx, s.token, question, out)
	beat.Stop()
	s.endAnswer()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, ErrCancelled) {
		err = cause
	}
	f := s.visible(err)
	s.handler.cfg.LogAnswer(ctx, start, f, errors.Is(err, errClientGone))
	if f == nil || f.Code.EndsSocket() {
		s.failed = ctx
		return err
	}
	s.busy.Store(false)
	return s.refuse(ctx, f, "")
}

// beat sends a heartbeat after each interval until it is stopped.
func (s *socket) beat(ctx context.Context, interval time.Duration) *time.Timer {
	if interval == 0 {
		interval = heartbeatInterval
	}
	var timer *time.Timer
	started := make(chan struct{})
	timer = time.AfterFunc(interval, func() {
		<-started
		if ctx.Err() == nil && s.writer.eventIf(s.busy.Load, heartbeatFrame) == nil {
			timer.Reset(interval)
		}
	})
	close(started)
	return timer
}

// refuse tells the client what was refused. An error is errClientGone.
func (s *socket) refuse(ctx context.Context, f *fault.Error, id string) error {
	frame, err := s.handler.cfg.Events.Error(ctx, f, id)
	if err != nil {
		return err
	}
	if s.writer.event(frame) != nil {
		return errClientGone
	}
	return nil
}

// startAnswer notes the answer that frames of the client are about.
func (s *socket) startAnswer(ctx context.Context, cancel context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answering, s.cancelAnswer, s.refused = ctx, cancel, 0
	if s.ending != nil {
		cancel(s.ending)
		s.ending = nil
	}
}

func (s *socket) endAnswer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answering, s.cancelAnswer = nil, nil
	s.calls.clear()
}

// take handles one frame of version 2. It returns the question if the frame is one that may be answered now.
func (s *socket) take(data []byte) (question []byte, err error) {
	frame, err := s.handler.cfg.Events.Read(data)
	if err != nil {
		return nil, s.reject(fault.From(err))
	}
	switch frame.Kind {
	case Ping:
		err = s.writer.event(pongFrame)
	case Cancel:
		s.endRunning(ErrCancelled)
	case ToolResult:
		if !s.calls.deliver(frame.Result) {
			err = s.refuseNow(errNoSuchCall, frame.Result.ID)
		}
	default:
		if !s.busy.CompareAndSwap(false, true) {
			return nil, s.refuseNow(errBusy, "")
		}
		return data, nil
	}
	return nil, err
}

// reject ends the running answer because of a frame that nobody can read, or refuses the frame if none is running.
func (s *socket) reject(f *fault.Error) error {
	if s.endRunning(f) {
		return nil
	}
	return s.refuseNow(f, "")
}

// endRunning ends the running answer, or the one that is about to begin, for that reason. It reports whether there is
// one.
func (s *socket) endRunning(cause error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.cancelAnswer != nil:
		s.cancelAnswer(cause)
	case s.busy.Load():
		s.ending = cause
	default:
		return false
	}
	return true
}

// refuseNow refuses a frame that came while an answer runs, or fails when there were too many.
func (s *socket) refuseNow(f *fault.Error, id string) error {
	s.mu.Lock()
	ctx := s.answering
	s.refused++
	tooMany := s.refused > maxRefused
	s.mu.Unlock()
	if tooMany {
		return errTooManyRefused
	}
	if ctx == nil {
		ctx = s.ctx
	}
	return s.refuse(ctx, f, id)
}
