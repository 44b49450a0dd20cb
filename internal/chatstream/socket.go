package chatstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

const (
	// pongTimeout is how long the client may take to answer a ping.
	pongTimeout = 10 * time.Second
	// sessionCheckInterval is how often a socket checks during an answer that the user's session has not ended.
	sessionCheckInterval = 3 * time.Second
	// idleChecks is how many of these intervals pass between two checks of an idle socket: a session that has ended
	// must end all its streams within ten seconds.
	idleChecks = 2
	// closeTimeout is how long the error frame may take, and how long the client may take to answer the close frame.
	closeTimeout = time.Second
)

// socket is one WebSocket. One goroutine reads, and the one that serves it answers. Timers do the rest.
type socket struct {
	handler   *Handler
	ctx       context.Context // of the request, which never ends
	conn      *websocket.Conn
	token     string
	writer    writer
	questions chan []byte
	busy      atomic.Bool // from a question's arrival until its last frame is sent
	cancel    context.CancelCauseFunc
	due       time.Time // when the message being read must be complete; zero between messages; used by read alone
	running   sync.WaitGroup
	readEnded chan struct{} // nil until serve reads
	timers    []*repeater
	version   int

	// Of version 2.
	calls        calls
	mu           sync.Mutex
	answering    context.Context // of the running answer, nil if there is none
	cancelAnswer context.CancelCauseFunc
	ending       error           // why the answer that is about to begin has to end
	refused      int             // frames sent in vain during the running answer
	failed       context.Context // of the answer whose error ends the socket, nil if it ends otherwise
}

func newSocket(h *Handler, ctx context.Context, conn *websocket.Conn, token string, version int) *socket {
	return &socket{handler: h, ctx: ctx, conn: conn, token: token, version: version, questions: make(chan []byte, 1),
		writer: writer{events: version == 2, send: func(frame []byte, within time.Duration) error {
			if err := conn.SetWriteDeadline(time.Now().Add(within)); err != nil {
				return err
			}
			return conn.WriteMessage(websocket.TextMessage, frame)
		}}}
}

// serve answers questions until the socket must end, and returns why.
func (s *socket) serve(ctx context.Context, user identity.User) error {
	s.handler.cfg.Count(Idle, 1)
	defer s.handler.cfg.Count(Idle, -1)
	ctx, s.cancel = context.WithCancelCause(ctx)
	s.readEnded = make(chan struct{})
	s.writer.onError = func() { s.cancel(errClientGone) }
	s.running.Go(s.read)
	s.watch(ctx, user)
	defer context.AfterFunc(s.handler.sockets.aborted, func() { s.end(fault.ErrDraining) })()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.handler.sockets.stopping:
			return fault.ErrDraining
		case question := <-s.questions:
			if err := s.answerCounted(ctx, question); err != nil {
				return err
			}
		}
	}
}

// answerCounted answers one question in the socket's version. The socket counts as answering meanwhile.
func (s *socket) answerCounted(ctx context.Context, question []byte) error {
	count := s.handler.cfg.Count
	count(Idle, -1)
	count(Answering, 1)
	defer count(Idle, 1)
	defer count(Answering, -1)
	if s.version == 2 {
		return s.answerEvents(ctx, question)
	}
	return s.answer(ctx, question)
}

// end stops the running answer for that reason. It does not wait for a write that blocks.
func (s *socket) end(cause error) {
	s.cancel(cause)
	_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(closeTimeout)) // fails only on a closed connection
}

// watch lets timers ping the client, and end the socket when the user's session ends.
func (s *socket) watch(ctx context.Context, user identity.User) {
	ping := repeat(s.handler.cfg.PingInterval, func() {
		// A failure shows when no pong arrives.
		_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(pongTimeout))
	})
	intervals := 0
	check := repeat(sessionCheckInterval, func() {
		intervals++
		if ctx.Err() == nil && (s.busy.Load() || intervals%idleChecks == 0) && s.sessionEnded(ctx, user) {
			s.end(ended(user))
		}
	})
	s.timers = []*repeater{ping, check}
}

func (s *socket) sessionEnded(ctx context.Context, user identity.User) bool {
	limited, cancel := context.WithTimeout(ctx, sessionCheckInterval/2)
	defer cancel()
	return s.handler.cfg.SessionEnded(limited, user)
}

// answer answers one question and returns why the socket must end, nil when it may go on.
func (s *socket) answer(ctx context.Context, question []byte) error {
	start := s.handler.cfg.Now()
	last, err := s.handler.cfg.Answer(ctx, s.token, question, func(text string) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return s.writer.text(text)
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		err = s.sendLast(last)
	}
	s.handler.cfg.LogAnswer(ctx, start, s.visible(err), errors.Is(err, errClientGone))
	return err
}

// sendLast sends the last frame of an answer. The next question may arrive as soon as the client has it.
func (s *socket) sendLast(frame []byte) error {
	s.busy.Store(false)
	if err := s.writer.last(frame); err != nil {
		return fmt.Errorf("%w: %w", errClientGone, err)
	}
	return nil
}

// visible returns the fault to send to the client, nil when there is none or the client is gone.
func (s *socket) visible(err error) *fault.Error {
	if err == nil || errors.Is(err, errClientGone) || s.writer.failed() {
		return nil
	}
	return fault.From(err)
}

// close sends the client the reason, gives it a moment to read it, and closes the connection. When it returns, no
// goroutine of the socket is left. It returns the fault that was sent.
func (s *socket) close(reason error) *fault.Error {
	f := s.visible(reason)
	if s.cancel != nil {
		s.cancel(errClientGone)
	} else {
		s.readEnded = make(chan struct{})
		s.running.Go(func() {
			defer close(s.readEnded)
			s.drain()
		})
	}
	if f != nil {
		s.sendError(f)
		timeout := time.NewTimer(closeTimeout)
		defer timeout.Stop()
		select {
		case <-s.readEnded:
		case <-timeout.C:
		}
	}
	_ = s.conn.Close() // there is nothing to do about a connection that does not close
	for _, timer := range s.timers {
		timer.stop()
	}
	s.running.Wait()
	return f
}

// failedContext returns the context of the request that the last error is about.
func (s *socket) failedContext() context.Context {
	if s.failed != nil {
		return s.failed
	}
	return s.ctx
}

// sendError sends the error frame and the close frame, as far as they still get through.
func (s *socket) sendError(f *fault.Error) {
	var frame []byte
	var err error
	if s.version == 2 {
		frame, err = s.handler.cfg.Events.Error(s.failedContext(), f, "")
	} else {
		frame, err = s.handler.cfg.ErrorFrame(s.ctx, f)
	}
	if err != nil || s.writer.only(frame) != nil {
		return
	}
	closing := websocket.FormatCloseMessage(f.Code.CloseCode(), string(f.Code))
	_ = s.conn.WriteControl(websocket.CloseMessage, closing, time.Now().Add(closeTimeout))
}
