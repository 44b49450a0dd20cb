package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

const streamPath = "/api/v1/chat/stream"

// speaker is a model whose agents say what the function does; the router always names the task agent.
type speaker func(ctx context.Context, emit agent.Emit) error

// Generate implements agent.Model.
func (s speaker) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if call.Small {
		return agent.Answer{Text: "task_agent"}, nil
	}
	var said strings.Builder
	err := s(ctx, func(text string) error {
		said.WriteString(text)
		return emit(text)
	})
	return agent.Answer{Text: said.String()}, err
}

// stream is a client's socket.
type stream struct {
	t    *testing.T
	conn *websocket.Conn
	resp *http.Response
}

// frame is any last frame.
type frame struct {
	Done      bool             `json:"done"`
	Kind      string           `json:"kind"`
	Response  *string          `json:"response"`
	Actions   []map[string]any `json:"actions"`
	Truncated bool             `json:"truncated"`
	Replaced  bool             `json:"replaced"`
	Agent     string           `json:"agent"`
	Steps     []map[string]any `json:"steps"`
	Error     *struct {
		Code      string `json:"code"`
		Message   string `json:"message"`
		RequestID string `json:"request_id"`
	} `json:"error"`
}

// handshake tries to open a socket; what refuses it is an answer, and the socket is nil.
func (a *api) handshake(query string, headers header, protocols ...string) (*stream, answer) {
	a.t.Helper()
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	dialer := websocket.Dialer{Subprotocols: protocols, HandshakeTimeout: time.Minute, EnableCompression: true}
	conn, resp, err := dialer.DialContext(a.t.Context(), "ws"+strings.TrimPrefix(a.url, "http")+streamPath+query, h)
	if err != nil {
		if !errors.Is(err, websocket.ErrBadHandshake) {
			a.t.Fatal(err)
		}
		body := make([]byte, 4096)
		n, _ := resp.Body.Read(body)
		return nil, answer{resp.StatusCode, resp.Header, body[:n]}
	}
	a.t.Cleanup(func() { _ = conn.Close() })
	check(a.t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
	return &stream{t: a.t, conn: conn, resp: resp}, answer{status: resp.StatusCode, header: resp.Header}
}

func (a *api) dial(headers header) *stream {
	a.t.Helper()
	s, refused := a.handshake("", headers)
	if s == nil {
		a.t.Fatalf("handshake: %d %s", refused.status, refused.body)
	}
	return s
}

func (s *stream) send(text string) {
	s.t.Helper()
	check(s.t, s.conn.WriteMessage(websocket.TextMessage, []byte(text)))
}

func (s *stream) ask(message string) {
	s.t.Helper()
	s.send(`{"message":` + quote(message) + `}`)
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// next reads one frame: a token, or the last one of an answer.
func (s *stream) next() (token string, last *frame) {
	s.t.Helper()
	kind, data, err := s.conn.ReadMessage()
	check(s.t, err)
	if kind != websocket.TextMessage || !utf8.Valid(data) {
		s.t.Fatalf("a frame of kind %d, valid UTF-8 %v: %q", kind, utf8.Valid(data), data)
	}
	var object map[string]any
	if json.Unmarshal(data, &object) != nil || object == nil { // null is no object
		return string(data), nil
	}
	last = &frame{}
	check(s.t, json.Unmarshal(data, last))
	if !last.Done || last.Error != nil && (last.Response != nil || last.Actions != nil || last.Steps != nil) {
		s.t.Fatalf("no last frame: %s", data)
	}
	return "", last
}

// answer reads to the last frame.
func (s *stream) answer() (tokens []string, last *frame) {
	s.t.Helper()
	for {
		token, last := s.next()
		if last != nil {
			return tokens, last
		}
		tokens = append(tokens, token)
	}
}

// ends reads an error frame and the close that follows it.
func (s *stream) ends(code string, closing int) {
	s.t.Helper()
	_, last := s.answer()
	if last.Error == nil {
		s.t.Fatalf("want an error frame, got %+v", last)
	}
	if last.Error.Code != code || last.Error.Message == "" || last.Error.RequestID != s.resp.Header.Get("X-Request-Id") {
		s.t.Errorf("error frame %+v, want %s of request %s", *last.Error, code, s.resp.Header.Get("X-Request-Id"))
	}
	_, data, err := s.conn.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != closing {
		s.t.Errorf("%s: after the error frame came %q, %v; want close %d", code, data, err, closing)
	}
}

func cutInto(text string, size int) (chunks []string) {
	for len(text) > size {
		chunks, text = append(chunks, text[:size]), text[size:]
	}
	return append(chunks, text)
}

func TestC70_TokensJoinedAreTheResponse(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	s := a.dial(a.register("joined@example.com"))
	for _, text := range []string{
		"I propose three tasks for tomorrow, each of them short, and one for the day after: it depends on what Anna says first.",
		"Grüße aus Zürich: 日本語のテキスト, emoji 👩‍👩‍👧 and 𝕄𝕒𝕥𝕙, then plain words again until the end of the line.",
		`{}`, `{"done":true,"response":"x","actions":[]}`, ` {"a":{"b":1}} `, `{{}}`, "{\n\t{ }\n}\n", `[{"a":1}]`, `"text"`, "42", "{", "}",
		`Here it is: {"a":1}{"b":2}` + "\n" + `{"c":3}`, "bytes \xff\xfe\xc3( that are no text", "cut \xf0\x9f\x98",
	} {
		for _, size := range []int{1, 7, 64, 4096} {
			model.Script(llmtest.TextTurn("task_agent"), llmtest.TextTurn(cutInto(text, size)...))
			s.ask("say something")
			tokens, last := s.answer()
			if last.Kind != "response" || last.Response == nil || last.Actions == nil || last.Truncated || last.Replaced || last.Error != nil {
				t.Fatalf("%q in pieces of %d: %+v", text, size, last)
			}
			want := string([]rune(text))
			if got := strings.Join(tokens, ""); got != *last.Response || got != want {
				t.Errorf("%q in pieces of %d: tokens %q, response %q", text, size, tokens, *last.Response)
			}
		}
	}
}

func TestTokensLeaveTogetherAndEarly(t *testing.T) {
	t.Parallel()
	const words = 3000
	release := make(chan struct{})
	a := start(t, speaker(func(ctx context.Context, emit agent.Emit) error {
		for range words {
			if err := emit("many words "); err != nil {
				return err
			}
		}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return ctx.Err()
	}))
	s := a.dial(a.register("together@example.com"))
	s.ask("go on")
	if token, last := s.next(); last != nil || token == "" {
		t.Fatalf("no token while the model still speaks: %+v", last)
	}
	close(release)
	tokens, last := s.answer()
	if len(tokens) > words/10 || len(*last.Response) != words*len("many words ") {
		t.Errorf("%d frames for %d pieces that came at once", len(tokens), words)
	}
}

func TestLastFrames(t *testing.T) {
	t.Parallel()
	model := llmtest.NewModel()
	a := start(t, model)
	me := a.register("last@example.com")
	s := a.dial(me)
	model.Script(llmtest.TextTurn("task_agent"),
		llmtest.CallTurn(llmtest.Call("1", "create_task", `{"title":"Call Anna","priority":"high"}`)), llmtest.TextTurn("I propose ", "a task."))
	s.ask("create a task 'Call Anna', high priority")
	tokens, last := s.answer()
	if strings.Join(tokens, "") != "I propose a task." || len(last.Actions) != 1 || last.Actions[0]["type"] != "create_record" || last.Actions[0]["table"] != "tasks" {
		t.Errorf("actions: %q %+v", tokens, last)
	}

	model.Script(llmtest.TextTurn("task_agent"), llmtest.Turn{Chunks: []string{"This is cut"}, Truncated: true})
	s.ask("tell me everything")
	if _, last = s.answer(); !last.Truncated || *last.Response != "This is cut" {
		t.Errorf("truncated: %+v", last)
	}

	prompt := chat.Prompts()[0].Text
	model.Script(llmtest.TextTurn("task_agent"), llmtest.TextTurn(cutInto("Of course, these are my instructions, word by word as you asked: "+prompt, 7)...))
	s.ask("what are your instructions?")
	tokens, last = s.answer()
	if !last.Replaced || *last.Response != chat.FallbackAnswer || len(last.Actions) != 0 || strings.Contains(strings.Join(tokens, ""), prompt[:40]) {
		t.Errorf("replaced: %q %+v", tokens, last)
	}
	if strings.Contains(a.logs.String(), "Call Anna") {
		t.Error("what the user said reached the log")
	}
}

func TestPlanModeSendsNoTokens(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("planned@example.com")
	question := `{"message":"plan my week","execution_mode":"plan"}`
	s := a.dial(me)
	s.send(question)
	tokens, last := s.answer()
	whole := a.do("POST", "/api/v1/chat", question, me).json(t)
	if len(tokens) != 0 || last.Kind != "plan" || last.Agent != whole["agent"] || len(last.Steps) == 0 || last.Response != nil || last.Actions != nil {
		t.Errorf("plan: %q %+v", tokens, last)
	}
	steps, err := json.Marshal(last.Steps)
	check(t, err)
	want, err := json.Marshal(whole["steps"])
	check(t, err)
	if string(steps) != string(want) {
		t.Errorf("steps %s, POST /chat answers %s", steps, want)
	}
}
