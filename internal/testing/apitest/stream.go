package apitest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// StreamPath is the path of the chat stream.
const StreamPath = "/api/v1/chat/stream"

// Stream is a client of the chat stream.
type Stream struct {
	T    *testing.T
	Conn *websocket.Conn
	Resp *http.Response
}

// Frame is the last frame of an answer: a response, a plan or an error.
type Frame struct {
	Done      bool             `json:"done"`
	Kind      string           `json:"kind"`
	Response  *string          `json:"response"`
	Actions   []map[string]any `json:"actions"`
	Truncated bool             `json:"truncated"`
	Replaced  bool             `json:"replaced"`
	Upgrade   map[string]any   `json:"upgrade"`
	Usage     map[string]any   `json:"usage"`
	Context   map[string]any   `json:"context"`
	Agent     string           `json:"agent"`
	Steps     []map[string]any `json:"steps"`
	Error     *Failure         `json:"error"`
}

// Failure says why an answer failed.
type Failure struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

// Handshake tries to open a socket. If the server refuses, the socket is nil and the response has the reason.
func (a *API) Handshake(query string, headers Header, protocols ...string) (*Stream, Response) {
	a.T.Helper()
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	dialer := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: time.Minute, EnableCompression: true}
	conn, resp, err := dialer.DialContext(a.T.Context(), "ws"+strings.TrimPrefix(a.URL, "http")+StreamPath+query, h)
	if err != nil {
		if !errors.Is(err, websocket.ErrBadHandshake) {
			a.T.Fatal(err)
		}
		body := make([]byte, 4096)
		n, _ := resp.Body.Read(body)
		return nil, Response{resp.StatusCode, resp.Header, body[:n]}
	}
	a.T.Cleanup(func() { _ = conn.Close() })
	s := &Stream{T: a.T, Conn: conn, Resp: resp}
	s.expectWithin(answerTimeout)
	return s, Response{Status: resp.StatusCode, Header: resp.Header}
}

// answerTimeout is how long a test waits for what comes over a socket.
const answerTimeout = time.Minute

// expectWithin limits how long the next reads may take together.
func (s *Stream) expectWithin(limit time.Duration) {
	s.T.Helper()
	check(s.T, s.Conn.SetReadDeadline(time.Now().Add(limit)))
}

// Dial opens a socket, and fails the test if it is refused.
func (a *API) Dial(headers Header) *Stream {
	a.T.Helper()
	s, refused := a.Handshake("", headers)
	if s == nil {
		a.T.Fatalf("handshake: %d %s", refused.Status, refused.Body)
	}
	return s
}

// Send sends one text frame.
func (s *Stream) Send(text string) {
	s.T.Helper()
	check(s.T, s.Conn.WriteMessage(websocket.TextMessage, []byte(text)))
}

// Ask sends a chat request with this message.
func (s *Stream) Ask(message string) {
	s.T.Helper()
	s.Send(`{"message":` + Quote(message) + `}`)
}

// Quote returns s as a JSON string.
func Quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Next reads one frame: a token, or the last frame of an answer.
func (s *Stream) Next() (token string, last *Frame) {
	s.T.Helper()
	kind, data, err := s.Conn.ReadMessage()
	check(s.T, err)
	if kind != websocket.TextMessage || !utf8.Valid(data) {
		s.T.Fatalf("frame of kind %d, valid UTF-8 %v: %q", kind, utf8.Valid(data), data)
	}
	var object map[string]any
	if json.Unmarshal(data, &object) != nil || object == nil { // null is no object
		return string(data), nil
	}
	last = &Frame{}
	check(s.T, json.Unmarshal(data, last))
	if !last.Done || last.Error != nil && (last.Response != nil || last.Actions != nil || last.Steps != nil) {
		s.T.Fatalf("not a last frame: %s", data)
	}
	return "", last
}

// Answer reads the tokens and the last frame of an answer.
func (s *Stream) Answer() (tokens []string, last *Frame) {
	s.T.Helper()
	for {
		token, last := s.Next()
		if last != nil {
			return tokens, last
		}
		tokens = append(tokens, token)
	}
}

// ExpectClose reads to the error frame with this code and to the close frame that follows it.
func (s *Stream) ExpectClose(code string, closeCode int) {
	s.T.Helper()
	_, last := s.Answer()
	if last.Error == nil {
		s.T.Fatalf("got %+v, want an error frame", last)
	}
	if last.Error.Code != code || last.Error.Message == "" ||
		last.Error.RequestID != s.Resp.Header.Get("X-Request-Id") {
		s.T.Errorf("error frame %+v, want %s of request %s", *last.Error, code, s.Resp.Header.Get("X-Request-Id"))
	}
	_, data, err := s.Conn.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != closeCode {
		s.T.Errorf("%s: after the error frame: %q, %v; want close code %d", code, data, err, closeCode)
	}
}
