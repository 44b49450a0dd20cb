package chatstream

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// messageTimeout is how long a question may take to arrive completely: the first from the handshake on, the others
// from their first byte on.
const messageTimeout = 10 * time.Second

// read passes on questions until the client leaves or breaks a rule, either of which ends the running answer.
func (s *socket) read() {
	defer close(s.readEnded)
	s.conn.SetPongHandler(func(string) error { return s.extendReadDeadline() })
	s.due = time.Now().Add(messageTimeout)
	err := s.extendReadDeadline()
	for err == nil {
		var question []byte
		if question, err = s.next(); err == nil && question != nil {
			s.questions <- question // has room: busy was false, so the previous one was taken
		}
	}
	if errors.Is(err, errClientGone) {
		s.end(err)
		_ = s.conn.Close() // unblocks a pending write
		return
	}
	s.end(err)
	s.drain()
}

// next returns the next question, nil if the frame was none, a fault when the client breaks a rule, or errClientGone.
// It has set busy for a question.
func (s *socket) next() ([]byte, error) {
	kind, message, err := s.conn.NextReader()
	if err != nil {
		return nil, s.readError(err)
	}
	if kind != websocket.TextMessage {
		return nil, errBinaryFrame
	}
	if s.version == 1 && s.busy.Load() {
		return nil, errQuestionTooEarly
	}
	if s.due.IsZero() {
		s.due = time.Now().Add(messageTimeout)
	}
	if err := s.extendReadDeadline(); err != nil {
		return nil, err
	}
	question, err := io.ReadAll(io.LimitReader(message, s.handler.cfg.MaxQuestion+1))
	if err != nil {
		return nil, s.readError(err)
	}
	if int64(len(question)) > s.handler.cfg.MaxQuestion {
		return nil, errQuestionTooLarge
	}
	s.due = time.Time{}
	if s.version == 2 {
		if question, err = s.take(question); err != nil {
			return nil, err
		}
	} else {
		s.busy.Store(true)
	}
	return question, s.extendReadDeadline()
}

// extendReadDeadline sets when the next bytes must arrive: before a message that has begun is due, otherwise in time
// for the pong to the next ping.
func (s *socket) extendReadDeadline() error {
	deadline := s.due
	if deadline.IsZero() {
		deadline = time.Now().Add(s.handler.cfg.PingInterval + pongTimeout)
	}
	if s.conn.SetReadDeadline(deadline) != nil {
		return errClientGone
	}
	return nil
}

// readError tells a message that arrived too slowly from a client that is gone.
func (s *socket) readError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() && !s.due.IsZero() {
		return errNoQuestion.WithCause(err)
	}
	return errClientGone
}

// drain reads until the client answers the close frame. A connection closed with unread bytes is reset, and the
// client would lose the frames that say why.
func (s *socket) drain() {
	s.conn.SetPongHandler(nil)
	if s.conn.SetReadDeadline(time.Now().Add(writeTimeout)) != nil {
		return
	}
	for {
		if _, _, err := s.conn.NextReader(); err != nil {
			return
		}
	}
}
