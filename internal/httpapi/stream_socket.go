package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/oapi-codegen/runtime"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

const (
	// pingInterval is how often the server pings where the configuration does not say.
	pingInterval = 30 * time.Second
	// pongTime is how long the client may take to answer a ping.
	pongTime = 10 * time.Second
	// sessionInterval is how often a socket that answers asks whether its session still lives.
	sessionInterval = 3 * time.Second
	// closeTime is how long the error frame may take, and how long the client may take to answer the close frame.
	closeTime = time.Second
)

// errGone ends a socket whose client is away: there is nobody to tell.
var errGone = errors.New("the client is gone")

var errSessionEnded = errTokenInvalid.WithMessage("The session has ended. Log in again.")

// socket is one WebSocket: a goroutine reads, one watches, and the handler's own answers.
type socket struct {
	server    *Server
	request   *http.Request
	conn      *websocket.Conn
	token     string
	writer    writer
	questions chan []byte
	busy      atomic.Bool // from a question's arrival until its last frame leaves
	cancel    context.CancelCauseFunc
	due       time.Time // when the message being read must be whole; zero between messages; the reader's own
	running   sync.WaitGroup
	readEnded chan struct{} // nil until serve reads
}

func (s *Server) newSocket(r *http.Request, conn *websocket.Conn, token string) *socket {
	return &socket{server: s, request: r, conn: conn, token: token, writer: writer{conn: conn}, questions: make(chan []byte, 1)}
}

// serve answers questions until the socket must end, and returns why.
func (k *socket) serve(ctx context.Context, user identity.User) error {
	ctx, k.cancel = context.WithCancelCause(ctx)
	k.readEnded = make(chan struct{})
	k.writer.lost = func() { k.cancel(errGone) }
	k.running.Go(k.read)
	k.running.Go(func() { k.watch(ctx, user) })
	defer context.AfterFunc(k.server.sockets.cut, func() { k.end(fault.ErrDraining) })()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-k.server.sockets.stopping:
			return fault.ErrDraining
		case question := <-k.questions:
			if err := k.answer(ctx, question); err != nil {
				return err
			}
		}
	}
}

// end makes the running answer stop for that reason. A write that blocks is not waited for.
func (k *socket) end(cause error) {
	k.cancel(cause)
	_ = k.conn.NetConn().SetWriteDeadline(time.Now().Add(closeTime)) // fails on a closed connection alone
}

// watch pings the client, and ends the socket when the session does.
func (k *socket) watch(ctx context.Context, user identity.User) {
	pings, sessions := time.NewTicker(k.server.cfg.WSPingInterval), time.NewTicker(sessionInterval)
	defer pings.Stop()
	defer sessions.Stop()
	for {
		check := false
		select {
		case <-ctx.Done():
			return
		case <-pings.C:
			// A failure shows where the pong is awaited.
			_ = k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(pongTime))
			check = !k.busy.Load()
		case <-sessions.C:
			check = k.busy.Load()
		}
		if check && k.sessionEnded(ctx, user) {
			k.end(errSessionEnded)
			return
		}
	}
}

// sessionEnded reports whether the database says so; the token's own expiry ends no answer, nor does an outage.
func (k *socket) sessionEnded(ctx context.Context, user identity.User) bool {
	limited, cancel := context.WithTimeout(ctx, sessionInterval/2)
	defer cancel()
	live, err := k.server.cfg.Auth.Sessions(limited, user)
	return err == nil && !slices.ContainsFunc(live, func(s auth.Session) bool { return s.ID == user.Session })
}

// answer answers one question and returns why the socket must end, nil when it may go on.
func (k *socket) answer(ctx context.Context, question []byte) error {
	start := k.server.cfg.Now()
	reply, err := k.reply(ctx, question)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		err = k.finish(reply)
	}
	k.log(ctx, err, start)
	return err
}

// reply takes the question through the same steps as POST /chat: authenticate, throttle, validate, run.
func (k *socket) reply(ctx context.Context, question []byte) (reply chat.Reply, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fault.ErrInternal.WithCause(fmt.Errorf("panic of type %T\n%s", v, debug.Stack()))
		}
	}()
	user, err := k.server.cfg.Auth.Authenticate(ctx, k.token)
	if err != nil {
		return chat.Reply{}, err
	}
	refund, err := k.take(ctx, user)
	if err != nil {
		return chat.Reply{}, err
	}
	value, err := checkJSON(question, k.server.chatSchema)
	if err != nil {
		return chat.Reply{}, err
	}
	var body api.ChatRequest
	if err := runtime.BindJSONValue(value, &body); err != nil {
		return chat.Reply{}, fault.ErrValidation.WithCause(err)
	}
	reply, err = k.server.cfg.Chat.Run(ctx, user, fromAPIChat(body), func(text string) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return k.writer.text(text)
	})
	if err != nil && ctx.Err() == nil && faultOf(err).Code.Status() >= http.StatusInternalServerError {
		refund()
	}
	return reply, err
}

// take counts the question against the user's limit and returns what gives it back.
func (k *socket) take(ctx context.Context, user identity.User) (refund func(), err error) {
	limiter := k.server.cfg.Limiter
	if limiter == nil {
		return func() {}, nil
	}
	b := k.server.bucketOf(operation{}, k.request.WithContext(identity.ToContext(ctx, user)))
	d, err := limiter.Take(ctx, b.key, b.limit, b.window)
	if err != nil {
		return nil, err
	}
	if !d.Allowed {
		return nil, errRateLimited.WithRetryAfter(max(d.Reset, time.Second))
	}
	return func() { limiter.Refund(context.WithoutCancel(ctx), b.key, b.limit, b.window) }, nil
}

// finish sends the last frame. The next question may arrive as soon as the client has it.
func (k *socket) finish(reply chat.Reply) error {
	frame, err := lastFrame(reply)
	if err != nil {
		return err
	}
	k.busy.Store(false)
	if err := k.writer.finish(frame); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// log writes the question's one line.
func (k *socket) log(ctx context.Context, err error, start time.Time) {
	rec := recordOf(ctx)
	attrs := []slog.Attr{slog.String("request_id", rec.id), slog.String("route", rec.route),
		slog.Duration("duration", k.server.cfg.Now().Sub(start))}
	if rec.user != uuid.Nil {
		attrs = append(attrs, slog.String("user_id", rec.user.String()))
	}
	if errors.Is(err, errGone) {
		attrs = append(attrs, slog.Bool("client_gone", true))
	}
	level := slog.LevelInfo
	if f := k.faultOf(err); f != nil {
		attrs = append(attrs, slog.String("code", string(f.Code)))
		if f.Code.Status() >= http.StatusInternalServerError && f.Code != fault.Draining {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", f.Error()))
		}
	}
	k.server.cfg.Log.LogAttrs(ctx, level, "answer", attrs...)
}

// faultOf is what the client is told, nil when there is nothing to tell or nobody to tell it to.
func (k *socket) faultOf(err error) *fault.Error {
	if err == nil || errors.Is(err, errGone) || k.writer.failed() {
		return nil
	}
	return faultOf(err)
}

// close tells the client why, waits a moment for it to read that, and closes the connection. When it returns, no
// goroutine of the socket is left. It returns what the client was told.
func (k *socket) close(reason error) *fault.Error {
	f := k.faultOf(reason)
	if k.cancel != nil {
		k.cancel(errGone)
	} else {
		k.readEnded = make(chan struct{})
		k.running.Go(func() {
			defer close(k.readEnded)
			k.discard()
		})
	}
	if f != nil {
		k.tell(f)
		late := time.NewTimer(closeTime)
		defer late.Stop()
		select {
		case <-k.readEnded:
		case <-late.C:
		}
	}
	_ = k.conn.Close() // there is nothing to do about a connection that does not close
	k.running.Wait()
	return f
}

// tell sends the error frame and the close frame, as far as they still get through.
func (k *socket) tell(f *fault.Error) {
	frame, err := errorFrame(f, recordOf(k.request.Context()).id)
	if err != nil || k.writer.abort(frame) != nil {
		return
	}
	closing := websocket.FormatCloseMessage(f.Code.Close(), string(f.Code))
	_ = k.conn.WriteControl(websocket.CloseMessage, closing, time.Now().Add(closeTime))
}
