package httpapi

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

// The sub-protocols of browsers, which cannot set Authorization: they offer both, the answer names the first alone.
const (
	subprotocol  = "adiuva.chat.v1"
	bearerPrefix = "bearer."
)

// streamChat answers messages over a WebSocket, until either side closes it. What is wrong before the upgrade is a
// problem document, or, where the sub-protocol is offered, an error frame, because browsers cannot see a refused
// handshake.
func (s *Server) streamChat(c *echo.Context) error {
	r := c.Request()
	rec := recordOf(r.Context())
	rec.route = "streamChat"
	if tokenInURL(r.URL.RawQuery) {
		return errTokenInURL
	}
	if s.draining.Load() {
		return fault.ErrDraining
	}
	token, offered, user, err := s.admit(r)
	if err == nil {
		rec.user = user.ID
		var leave func()
		if leave, err = s.sockets.enter(user.ID); err == nil {
			defer leave()
		}
	}
	if err != nil && (!offered || errors.Is(err, fault.ErrDraining)) {
		return err
	}
	conn, upgradeErr := s.upgrade(c, offered)
	if conn == nil {
		return upgradeErr
	}
	k := s.newSocket(r, conn, token)
	if err == nil {
		err = k.serve(identity.ToContext(r.Context(), user), user)
	}
	if f := k.close(err); f != nil {
		rec.code = string(f.Code)
	}
	return nil
}

// admit returns the caller's access token, whether the sub-protocol is offered, and who the token speaks for. The token
// comes from the Authorization header, or, where there is none, from the sub-protocols.
func (s *Server) admit(r *http.Request) (token string, offered bool, user identity.User, err error) {
	protocols := subprotocols(r.Header)
	offered = slices.Contains(protocols, subprotocol)
	if len(r.Header.Values("Authorization")) > 0 || !offered {
		token, err = bearer(r)
	} else {
		token, err = offeredToken(protocols)
	}
	if err == nil {
		user, err = s.cfg.Auth.Authenticate(r.Context(), token)
	}
	return token, offered, user, err
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
func offeredToken(protocols []string) (string, error) {
	var tokens []string
	for _, p := range protocols {
		if token, ok := strings.CutPrefix(p, bearerPrefix); ok {
			tokens = append(tokens, token)
		}
	}
	switch len(tokens) {
	case 0:
		return "", errTokenMissing.WithMessage("Offer the sub-protocols adiuva.chat.v1 and bearer.<access token>.")
	case 1:
		return tokens[0], nil
	}
	return "", errTokenInvalid.WithMessage("Offer exactly one sub-protocol bearer.<access token>.")
}

// isTokenName reports whether clients send tokens in this query parameter by mistake. Case does not matter, - is _.
func isTokenName(name string) bool {
	switch strings.ReplaceAll(strings.ToLower(name), "-", "_") {
	case "access_token", "token", "bearer", "bearer_token", "auth", "auth_token", "authorization", "jwt", "id_token",
		"refresh_token", "api_key", "apikey", "key":
		return true
	}
	return false
}

// tokenInURL reports whether a query carries a token, by name or by look. It also reads what net/url would drop.
func tokenInURL(query string) bool {
	for pair := range strings.FieldsFuncSeq(query, func(r rune) bool { return r == '&' || r == ';' }) {
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		if isTokenName(name) || strings.Contains(value, "eyJ") && strings.Count(value, ".") >= 2 {
			return true
		}
	}
	return false
}

// upgrade makes the connection a WebSocket. Without one, the error is the answer, nil where there is nobody to answer.
// The origin was checked for every route.
func (s *Server) upgrade(c *echo.Context, offered bool) (*websocket.Conn, error) {
	headers := c.Response().Header().Clone()
	if offered {
		headers.Set("Sec-Websocket-Protocol", subprotocol)
	}
	up := websocket.Upgrader{
		CheckOrigin:      func(*http.Request) bool { return true },
		Error:            func(http.ResponseWriter, *http.Request, int, error) {},
		HandshakeTimeout: closeTime,
	}
	conn, err := up.Upgrade(c.Response(), c.Request(), headers)
	var refused websocket.HandshakeError
	if errors.As(err, &refused) {
		return nil, fault.ErrValidation.WithCause(err).WithDetails(fault.Detail{Pointer: "/header/Upgrade",
			Message: "this path answers WebSocket handshakes of version 13 only"})
	}
	if err != nil {
		return nil, nil // the connection is closed
	}
	if tcp, ok := conn.NetConn().(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(kernelBuffer) // fails on a closed connection alone, which the first read tells
	}
	return conn, nil
}

// Hijack gives up the connection to a WebSocket.
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status, w.wrote = http.StatusSwitchingProtocols, true
	}
	return conn, rw, err
}

// Shutdown refuses new sockets, closes idle ones, lets running answers end until ctx does, and cuts the rest with an
// error frame. It returns when every socket is closed, at most three seconds after ctx ended; http.Server.Shutdown knows
// nothing of them and is called beside it.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Drain()
	return s.sockets.shutdown(ctx)
}
