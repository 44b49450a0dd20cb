package httpapi

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/fault"
)

// messageTime is how long a question may take to arrive whole: the first from the handshake on, the others from their
// first byte on.
const messageTime = 10 * time.Second

var (
	errNoQuestion    = errTooSlow.WithMessage("No whole question arrived within 10 seconds.")
	errLargeQuestion = errTooLarge.WithMessage("A question may have 1 MiB.")
	errBinary        = errMediaType.WithMessage("Send questions as text frames.")
	errEarlyQuestion = fault.ErrValidation.WithMessage("Wait for the last frame of an answer before you ask again.")
)

// read hands on questions until the client leaves or breaks a rule, which ends the running answer.
func (k *socket) read() {
	defer close(k.readEnded)
	k.conn.SetPongHandler(func(string) error { return k.await() })
	k.due = time.Now().Add(messageTime)
	err := k.await()
	for err == nil {
		var question []byte
		if question, err = k.next(); err == nil {
			k.busy.Store(true)
			k.questions <- question // has room: busy was false, so the one before was taken
		}
	}
	if errors.Is(err, errGone) {
		k.end(err)
		_ = k.conn.Close() // frees a write that blocks
		return
	}
	k.end(err)
	k.discard()
}

// next returns the next question, a fault when the client breaks a rule, or errGone.
func (k *socket) next() ([]byte, error) {
	kind, message, err := k.conn.NextReader()
	if err != nil {
		return nil, k.readFailure(err)
	}
	if kind != websocket.TextMessage {
		return nil, errBinary
	}
	if k.busy.Load() {
		return nil, errEarlyQuestion
	}
	if k.due.IsZero() {
		k.due = time.Now().Add(messageTime)
	}
	if err := k.await(); err != nil {
		return nil, err
	}
	question, err := io.ReadAll(io.LimitReader(message, maxJSONBody+1))
	if err != nil {
		return nil, k.readFailure(err)
	}
	if len(question) > maxJSONBody {
		return nil, errLargeQuestion
	}
	k.due = time.Time{}
	return question, k.await()
}

// await sets how long the next bytes may take: a message that began until it is due, otherwise until the pong to the
// next ping.
func (k *socket) await() error {
	deadline := k.due
	if deadline.IsZero() {
		deadline = time.Now().Add(k.server.cfg.WSPingInterval + pongTime)
	}
	if k.conn.SetReadDeadline(deadline) != nil {
		return errGone
	}
	return nil
}

// readFailure tells a message that came too slowly from a client that is away.
func (k *socket) readFailure(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() && !k.due.IsZero() {
		return errNoQuestion.WithCause(err)
	}
	return errGone
}

// discard reads on until the client answers the close frame, because a connection that is closed with bytes unread is
// reset, and the client loses the frames that say why.
func (k *socket) discard() {
	k.conn.SetPongHandler(nil)
	if k.conn.SetReadDeadline(time.Now().Add(writeTime)) != nil {
		return
	}
	for {
		if _, _, err := k.conn.NextReader(); err != nil {
			return
		}
	}
}
