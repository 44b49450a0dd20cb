package golden_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	streamPath  = basePath + "/chat/stream"
	subprotocol = "adiuva.chat.v1"
)

// socket is a WebSocket to the chat stream.
type socket struct {
	conn *websocket.Conn
	resp response
}

// dial opens a socket; conn is nil where the handshake was refused.
func (s *service) dial(t *testing.T, query string, headers header, protocols ...string) socket {
	t.Helper()
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	dialer := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: time.Minute}
	conn, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.base, "http")+streamPath+query, h)
	if err != nil && !errors.Is(err, websocket.ErrBadHandshake) {
		t.Fatal(err)
	}
	found := socket{conn: conn, resp: response{status: resp.StatusCode, header: resp.Header}}
	if conn == nil {
		found.resp.body, err = io.ReadAll(resp.Body)
		check(t, err)
		return found
	}
	found.resp.header.Del("Sec-Websocket-Accept") // follows from the client's random key
	t.Cleanup(func() { _ = conn.Close() })        // closed already in most tests
	check(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	return found
}

// read returns the frames up to an answer's last one or the close frame. Token frames are joined into one.
func (k socket) read() string {
	var b, tokens strings.Builder
	flush := func() {
		if tokens.Len() > 0 {
			fmt.Fprintf(&b, "token frames: %q\n", tokens.String())
			tokens.Reset()
		}
	}
	for {
		kind, data, err := k.conn.ReadMessage()
		if err != nil {
			flush()
			fmt.Fprintf(&b, "%v\n", err) // the close code and its reason
			return b.String()
		}
		if last := isLastFrame(data); kind != websocket.TextMessage || last {
			flush()
			fmt.Fprintf(&b, "frame of kind %d: %s\n", kind, data)
			if last && !strings.Contains(string(data), `"error":`) {
				return b.String()
			}
			continue
		}
		tokens.Write(data)
	}
}

func isLastFrame(data []byte) bool {
	var frame struct{ Done bool }
	return json.Unmarshal(data, &frame) == nil && frame.Done
}

func (k socket) handshake() string {
	return fmt.Sprintf("--> %d\n%s%s", k.resp.status, k.resp.headerText(false), k.resp.bodyText())
}

// conversation is one socket and what is sent on it, frame by frame.
type conversation struct {
	title     string
	query     string
	headers   header
	protocols []string
	frames    []string
	binary    bool
}

// recordStream records handshakes, answers, and how sockets are closed.
func recordStream(t *testing.T, s *service, r *recording) {
	w := newWalk(t, s, r)
	w.clients = 20_000
	a := w.register("stream", "power")
	expired := w.expired(a)
	bearer := []string{subprotocol, "bearer." + a.access}
	hello := question("list my open tasks", "", workContext(w, today()))
	create := question("create a task 'Call Anna' for tomorrow", "", "")
	plan := question("create tasks from my notes", "plan", workContext(w, today()))
	for _, c := range []conversation{
		{title: "a question", headers: a.bearer(), frames: []string{hello}},
		{title: "two questions", headers: a.bearer(), frames: []string{hello, create}},
		{title: "plan mode", headers: a.bearer(), frames: []string{plan}},
		{title: "a question by sub-protocol", protocols: bearer, frames: []string{hello}},
		{title: "no token"},
		{title: "a bad token", headers: header{"Authorization": "Bearer not-a-token"}},
		{title: "an expired token", headers: header{"Authorization": "Bearer " + expired}},
		{title: "sub-protocol with a bad token", protocols: []string{subprotocol, "bearer.not-a-token"}},
		{title: "sub-protocol with an expired token", protocols: []string{subprotocol, "bearer." + expired}},
		{title: "sub-protocol without a token", protocols: []string{subprotocol}},
		{title: "sub-protocol with two tokens", protocols: append(bearer[:2:2], "bearer.x")},
		{title: "token without the sub-protocol", protocols: bearer[1:]},
		{title: "another sub-protocol", headers: a.bearer(), protocols: []string{"graphql-ws"}, frames: []string{`{}`}},
		{title: "token in the URL", query: "?access_token=" + a.access},
		{title: "token in the URL and the header", query: "?token=x", headers: a.bearer()},
		{title: "a forbidden origin", headers: a.bearer().with(header{"Origin": "https://evil.example"})},
		{title: "the app's origin", headers: a.bearer().with(header{"Origin": "app://adiuva"}),
			frames: []string{hello}},
		{title: "a binary frame", headers: a.bearer(), binary: true, frames: []string{hello}},
		{title: "invalid JSON", headers: a.bearer(), frames: []string{`{"message":`}},
		{title: "an array", headers: a.bearer(), frames: []string{`[]`}},
		{title: "an empty frame", headers: a.bearer(), frames: []string{``}},
		{title: "an empty message", headers: a.bearer(), frames: []string{`{"message":""}`}},
		{title: "several wrong members", headers: a.bearer(),
			frames: []string{`{"message":1,"execution_mode":"dream",` +
				`"context":{"recent_tasks":[{"id":1}],"timezone":2}}`}},
		{title: "too large a frame", headers: a.bearer(), frames: []string{create + strings.Repeat(" ", 1<<20)}},
		{title: "wrong after right", headers: a.bearer(), frames: []string{hello, `{}`}},
	} {
		w.converse(c)
	}
	w.get("stream: no handshake", streamPath, a)
	w.socketLimit()
	w.questionLimit()
}

// converse records one conversation.
func (w *walk) converse(c conversation) {
	w.t.Helper()
	c.headers = c.headers.with(header{"X-Forwarded-For": w.newAddress()})
	k := w.s.dial(w.t, c.query, c.headers, c.protocols...)
	text := k.handshake()
	if k.conn != nil {
		for _, frame := range c.frames {
			kind := websocket.TextMessage
			if c.binary {
				kind = websocket.BinaryMessage
			}
			text += "sent: " + shorten([]byte(frame)) + "\n"
			if err := k.conn.WriteMessage(kind, []byte(frame)); err != nil {
				w.t.Errorf("%s: %v", c.title, err)
			}
			text += k.read()
		}
		if len(c.frames) == 0 {
			text += k.read()
		}
		_ = k.conn.Close() // the server has closed it where it said so
	}
	w.r.add("stream: "+c.title, text)
}

// expired returns the account's access token as it will be when it has expired.
func (w *walk) expired(a account) string {
	w.t.Helper()
	head, rest, _ := strings.Cut(a.access, ".")
	claims := claimsOf(w.t, head+"."+rest)
	claims["exp"] = time.Now().Add(-time.Hour).Unix()
	payload, err := json.Marshal(claims)
	check(w.t, err)
	return w.s.signToken(head, payload)
}

// socketLimit records the sixth socket of an account.
func (w *walk) socketLimit() {
	a := w.register("sockets", "pro")
	var open []socket
	for range 5 {
		open = append(open, w.s.dial(w.t, "", a.bearer()))
	}
	w.r.add("stream: a sixth socket", w.s.dial(w.t, "", a.bearer()).handshake())
	k := w.s.dial(w.t, "", nil, subprotocol, "bearer."+a.access)
	w.r.add("stream: a sixth socket by sub-protocol", k.handshake()+k.read())
	for _, k := range open {
		check(w.t, k.conn.Close())
	}
}

// questionLimit records the first question beyond the free plan's requests a minute.
func (w *walk) questionLimit() {
	a := w.register("questions", "free")
	k := w.s.dial(w.t, "", a.bearer())
	for range 20 {
		check(w.t, k.conn.WriteMessage(websocket.TextMessage, []byte(`{"message":"hello"}`)))
		k.read()
	}
	check(w.t, k.conn.WriteMessage(websocket.TextMessage, []byte(`{"message":"hello"}`)))
	w.r.add("stream: a question beyond the rate limit", k.read())
}

// silentSocket waits until the server closes the socket of a client that asks nothing.
type silentSocket struct{ text chan string }

func (s *service) openSilentSocket(t *testing.T) silentSocket {
	t.Helper()
	w := newWalk(t, s, nil)
	w.clients = 30_000
	a := w.register("silent", "free")
	k := s.dial(t, "", a.bearer())
	silent := silentSocket{make(chan string, 1)}
	go func() { silent.text <- k.read() }()
	return silent
}

func (k silentSocket) record(r *recording) { r.add("stream: no question within 10 seconds", <-k.text) }

// recordDrain stops the service and records the responses meanwhile.
func recordDrain(t *testing.T, s *service, r *recording) {
	w := newWalk(t, s, r)
	w.clients = 40_000
	a := w.register("drain", "free")
	idle := s.dial(t, "", a.bearer())
	check(t, idle.conn.WriteMessage(websocket.TextMessage, []byte(`{"message":"hello"}`)))
	idle.read()
	s.stop()
	ready := request{method: "GET", path: "/readyz"}
	eventually(t, "the service drains", func() bool { return w.send(ready).status == http.StatusServiceUnavailable })
	w.do("draining: readyz", ready)
	w.do("draining: livez", request{method: "GET", path: "/livez"})
	w.get("draining: a request is still answered", basePath+"/auth/me", a)
	r.add("draining: a new socket", s.dial(t, "", a.bearer()).handshake())
	k := s.dial(t, "", nil, subprotocol, "bearer."+a.access)
	text := k.handshake()
	if k.conn != nil {
		text += k.read()
	}
	r.add("draining: a new socket by sub-protocol", text)
	r.add("draining: an idle socket", idle.read())
	check(t, s.wait())
}
