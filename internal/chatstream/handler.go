package chatstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

// Browsers cannot set Authorization, so they offer two sub-protocols: one of a version, which the answer names, and the
// token.
const (
	subprotocolV1 = "adiuva.chat.v1"
	subprotocolV2 = "adiuva.chat.v2"
	bearerPrefix  = "bearer."
)

// version is the version of the WebSocket protocol, the only one that was ever released.
const version = "13"

// Emit receives the text of an answer as it is produced. Its error ends the answer.
type Emit = func(text string) error

// Config is what a Handler needs. Every function but Hold is required; each may be called from several sockets at once.
type Config struct {
	// BearerToken returns the token of the Authorization header, or token_missing or token_invalid.
	BearerToken func(r *http.Request) (string, error)
	// Authenticate returns the token's user.
	Authenticate func(ctx context.Context, token string) (identity.User, error)
	// SessionEnded reports whether the user's session has ended. It is asked every few seconds and must not block for
	// long.
	SessionEnded func(ctx context.Context, user identity.User) bool
	// Hold counts the users' sockets over all servers; nil counts only those of this one.
	Hold Hold
	// Answer answers one question of version 1 and returns the last frame. Text goes to emit as it is produced.
	Answer func(ctx context.Context, token string, question []byte, emit Emit) (last []byte, err error)
	// ErrorFrame returns the last frame of version 1 that reports f to the client.
	ErrorFrame func(ctx context.Context, f *fault.Error) ([]byte, error)
	// Events has what version 2 needs besides.
	Events Events
	// LogAnswer writes the log line of one question. f is nil where no error was sent.
	LogAnswer func(ctx context.Context, start time.Time, f *fault.Error, clientGone bool)

	// Count adds to the open sockets of a state, Idle or Answering. Nil counts nothing.
	Count func(state string, change int)

	MaxQuestion  int64 // bytes
	PingInterval time.Duration
	Now          func() time.Time
}

// States of sockets.
const (
	Idle      = "idle"
	Answering = "answering"
)

// Handler serves the chat stream. It is safe for concurrent use.
type Handler struct {
	cfg      Config
	sockets  *registry
	draining atomic.Bool
}

// New returns a handler without open sockets.
func New(cfg Config) *Handler {
	if cfg.Count == nil {
		cfg.Count = func(string, int) {}
	}
	return &Handler{cfg: cfg, sockets: newRegistry(cfg.Hold)}
}

// Drain refuses new sockets from now on.
func (h *Handler) Drain() { h.draining.Store(true) }

// Shutdown refuses new sockets, closes idle ones, lets running answers finish until ctx ends, and cuts the rest with
// an error frame. It returns when every socket is closed, at most three seconds after ctx ended. http.Server.Shutdown
// does not know hijacked connections and is called beside it.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.Drain()
	return h.sockets.shutdown(ctx)
}

// Join counts an answer that is streamed over HTTP. Shutdown waits for it until leave is called, and cancels the
// context when its time is over. It returns draining once Shutdown has begun.
func (h *Handler) Join() (aborted context.Context, leave func(), err error) {
	leave, err = h.sockets.join()
	return h.sockets.aborted, leave, err
}

// Open makes a connection a WebSocket. It returns the function that answers questions on it until either side closes
// it, which must be called, or nil where the connection is closed already. That function keeps nothing of the request
// and the response, so that it can be called when the handler has returned; ctx is the request's without its end. It
// returns the code that the client was told when the socket ended, "" where it was told none.
//
// A failure before the upgrade is returned as an error to be answered as a problem document. Where the client offers
// the sub-protocol it is sent as an error frame instead, because browsers cannot see a refused handshake.
func (h *Handler) Open(w http.ResponseWriter, r *http.Request) (func(ctx context.Context) fault.Code, error) {
	if tokenInURL(r.URL.RawQuery) {
		return nil, errTokenInURL
	}
	if h.draining.Load() {
		return nil, fault.ErrDraining
	}
	chosen, wrongVersion := choose(r)
	token, user, err := h.authenticate(r, chosen)
	if err == nil && wrongVersion != nil {
		return nil, wrongVersion
	}
	release := func() {}
	if err == nil {
		if release, err = h.sockets.acquire(r.Context(), user.ID); err != nil {
			release = func() {}
		}
	}
	if err != nil && (chosen.offered == "" || errors.Is(err, fault.ErrDraining)) {
		return nil, err
	}
	if err := checkUpgrade(w.Header(), r); err != nil {
		release()
		return nil, err
	}
	conn, upgradeErr := upgrade(w, r, chosen.offered)
	if conn == nil {
		release()
		return nil, upgradeErr
	}
	token, refused := strings.Clone(token), err // the token without the headers around it
	return func(ctx context.Context) fault.Code {
		defer release()
		return h.serve(ctx, conn, token, chosen.version, user, refused)
	}, nil
}

// serve answers questions on a socket until it ends, or only says why the handshake failed.
func (h *Handler) serve(
	ctx context.Context, conn *websocket.Conn, token string, version int, user identity.User, refused error,
) fault.Code {
	defer conn.Close() // also after a panic
	s := newSocket(h, ctx, conn, token, version)
	err := refused
	if err == nil {
		err = s.serve(identity.ToContext(ctx, user), user)
	}
	if f := s.close(err); f != nil {
		return f.Code
	}
	return ""
}

// choice is the version of the stream that a client gets.
type choice struct {
	version int    // 1 or 2
	offered string // the sub-protocol that says so, "" if none was offered
}

// choose returns the version for a handshake: 2 where it is offered, otherwise 1, or where no sub-protocol is offered
// what the query says.
func choose(r *http.Request) (choice, error) {
	query := r.URL.Query()
	protocols := subprotocols(r.Header)
	switch {
	case slices.Contains(protocols, subprotocolV2):
		return choice{2, subprotocolV2}, nil
	case slices.Contains(protocols, subprotocolV1):
		if query.Get("v") == "2" {
			return choice{1, subprotocolV1}, errVersionsDiffer
		}
		return choice{1, subprotocolV1}, nil
	case len(query["v"]) > 1 || query.Has("v") && query.Get("v") != "1" && query.Get("v") != "2":
		return choice{version: 1}, errVersionQuery
	case query.Get("v") == "2":
		return choice{version: 2}, nil
	}
	return choice{version: 1}, nil
}

// authenticate returns the caller's token and the user whom it speaks for. The token comes from the Authorization
// header or, where there is none and a sub-protocol is offered, from the sub-protocols.
func (h *Handler) authenticate(r *http.Request, c choice) (token string, user identity.User, err error) {
	if len(r.Header.Values("Authorization")) > 0 || c.offered == "" {
		token, err = h.cfg.BearerToken(r)
	} else {
		token, err = offeredToken(subprotocols(r.Header), c)
	}
	if err == nil {
		user, err = h.cfg.Authenticate(r.Context(), token)
	}
	return token, user, err
}

// subprotocols lists what the client offers, over all headers.
func subprotocols(h http.Header) []string {
	list := strings.Split(strings.Join(h.Values("Sec-Websocket-Protocol"), ","), ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// offeredToken returns the one token among the sub-protocols.
func offeredToken(protocols []string, c choice) (string, error) {
	var tokens []string
	for _, p := range protocols {
		if token, ok := strings.CutPrefix(p, bearerPrefix); ok {
			tokens = append(tokens, token)
		}
	}
	switch len(tokens) {
	case 0:
		return "", errNoTokenOffered.WithMessage("Offer the sub-protocols " + c.offered + " and bearer.<access token>.")
	case 1:
		return tokens[0], nil
	}
	return "", errManyTokensOffered
}

// isTokenName reports whether clients send tokens in this query parameter by mistake. Case and the choice of - or _
// do not matter.
func isTokenName(name string) bool {
	switch strings.ReplaceAll(strings.ToLower(name), "-", "_") {
	case "access_token", "token", "bearer", "bearer_token", "auth", "auth_token", "authorization", "jwt", "id_token",
		"refresh_token", "api_key", "apikey", "key":
		return true
	}
	return false
}

// tokenInURL reports whether a query contains a token, by name or by look. It also reads pairs that net/url would drop.
func tokenInURL(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		if isTokenName(name) || strings.Contains(value, "eyJ") && strings.Count(value, ".") >= 2 {
			return true
		}
	}
	return false
}

// checkUpgrade returns upgrade_required where the request does not ask for a WebSocket of the version that the server
// knows (RFC 9110, 15.5.22 and RFC 6455, 4.4). It sets the headers of the response that say what to ask for.
func checkUpgrade(response http.Header, r *http.Request) error {
	asked := r.Method == http.MethodGet && r.ProtoAtLeast(1, 1) && websocket.IsWebSocketUpgrade(r)
	if asked && r.Header.Get("Sec-Websocket-Version") == version {
		return nil
	}
	response.Set("Upgrade", "websocket")
	response.Set("Connection", "Upgrade")
	response.Set("Sec-Websocket-Version", version)
	if asked {
		return errVersion
	}
	return errNoUpgrade
}

// upgrade makes the connection a WebSocket. Where it returns none, the error is to be answered; without an error the
// connection is closed already. The edge has checked the origin.
func upgrade(w http.ResponseWriter, r *http.Request, offered string) (*websocket.Conn, error) {
	headers := w.Header().Clone()
	if offered != "" {
		headers.Set("Sec-Websocket-Protocol", offered)
	}
	up := websocket.Upgrader{
		CheckOrigin:      func(*http.Request) bool { return true },
		Error:            func(http.ResponseWriter, *http.Request, int, error) {},
		HandshakeTimeout: closeTimeout,
		ReadBufferSize:   bufferSize,
		WriteBufferSize:  bufferSize,
	}
	conn, err := up.Upgrade(hijacker{w}, r, headers)
	var refused websocket.HandshakeError
	if errors.As(err, &refused) {
		return nil, fault.ErrValidation.WithCause(err).WithDetails(fault.Detail{Pointer: "/header/Sec-WebSocket-Key",
			Message: "must be 16 bytes in base64"})
	}
	if err != nil {
		return nil, nil
	}
	if buffered, ok := conn.NetConn().(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = buffered.SetWriteBuffer(kernelBuffer) // fails only on a closed connection, which the first read notices
	}
	return conn, nil
}
