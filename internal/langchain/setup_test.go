package langchain_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"
	"go.uber.org/goleak"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/langchain"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret is in what providers write in errors, and must get nowhere.
const secret = "words-of-the-provider"

// step answers one request.
type step func(w http.ResponseWriter, r *http.Request)

// fake is a provider that answers with the steps of its script, one a request.
type fake struct {
	mu      sync.Mutex
	script  []step
	bodies  []map[string]any
	headers []http.Header
	paths   []string
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body map[string]any
	_ = json.Unmarshal(raw, &body)
	f.mu.Lock()
	f.bodies, f.headers = append(f.bodies, body), append(f.headers, r.Header.Clone())
	f.paths = append(f.paths, r.URL.Path)
	var next step
	if len(f.script) > 0 {
		next, f.script = f.script[0], f.script[1:]
	}
	f.mu.Unlock()
	if next == nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	next(w, r)
}

// send answers with the pieces, each flushed.
func send(status int, contentType string, pieces ...string) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		for _, piece := range pieces {
			_, _ = io.WriteString(w, piece)
			_ = http.NewResponseController(w).Flush() // llmtest's transport needs none
		}
	}
}

// sendAndStall is send, and then says nothing until the client leaves.
func sendAndStall(contentType string, pieces ...string) step {
	return func(w http.ResponseWriter, r *http.Request) {
		send(http.StatusOK, contentType, pieces...)(w, r)
		<-r.Context().Done()
	}
}

// sendAndCut is send, and then breaks the connection.
func sendAndCut(contentType string, pieces ...string) step {
	return func(w http.ResponseWriter, r *http.Request) {
		send(http.StatusOK, contentType, pieces...)(w, r)
		panic(http.ErrAbortHandler)
	}
}

func refuse(status int, body string, retryAfter ...string) step {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, value := range retryAfter {
			w.Header().Set("Retry-After", value)
		}
		send(status, "application/json", body)(w, r)
	}
}

type maker func(langchain.Config) (*langchain.Client, error)

// setup returns a client that does not wait before retries, and the provider that it asks.
func setup(t *testing.T, make maker, script ...step) (*langchain.Client, *fake) {
	t.Helper()
	f := &fake{script: script}
	web := httptest.NewServer(f)
	t.Cleanup(web.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return newClient(t, make, web.URL, transport), f
}

// bubble returns a client for synctest and the provider that it asks.
func bubble(t *testing.T, make maker, script ...step) (*langchain.Client, *fake) {
	t.Helper()
	f := &fake{script: script}
	return newClient(t, make, "http://provider.test", llmtest.Transport(f)), f
}

func newClient(t *testing.T, make maker, url string, transport http.RoundTripper) *langchain.Client {
	t.Helper()
	client, err := make(langchain.Config{APIKey: agent.NewKey("sk-ours"), BaseURL: url, Model: "big",
		RouterModel: "small", ContextTokens: 8000, Transport: transport,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func ask(text string) agent.ModelCall {
	return agent.ModelCall{Temperature: 0.2, MaxTokens: 50, Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, "Be kind.", " Today is Monday."),
		llms.TextParts(llms.ChatMessageTypeHuman, text),
	}}
}

func tool(name string) llms.Tool {
	return llms.Tool{Type: "function", Function: &llms.FunctionDefinition{Name: name, Description: "d",
		Parameters: json.RawMessage(`{"type":"object","properties":{"a":{"type":"integer"}}}`)}}
}

// afterCalls returns the call of a second round: the model said a text and called two tools.
func afterCalls() agent.ModelCall {
	call := ask("do it")
	call.Messages = append(call.Messages, llms.MessageContent{Role: llms.ChatMessageTypeAI, Parts: []llms.ContentPart{
		llms.TextContent{Text: "Looking."},
		llms.ToolCall{ID: "c1", Type: "function", FunctionCall: &llms.FunctionCall{Name: "f", Arguments: `{"a":1}`}},
		llms.ToolCall{ID: "c2", Type: "function", FunctionCall: &llms.FunctionCall{Name: "g", Arguments: `{"a":`}},
	}})
	for _, id := range []string{"c1", "c2"} {
		call.Messages = append(call.Messages, llms.MessageContent{Role: llms.ChatMessageTypeTool,
			Parts: []llms.ContentPart{llms.ToolCallResponse{ToolCallID: id, Name: "f", Content: "result " + id}}})
	}
	return call
}

// collect returns an Emit that appends to to.
func collect(to *[]string) agent.Emit {
	return func(text string) error {
		*to = append(*to, text)
		return nil
	}
}

// quoted returns a text as a JSON string.
func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

// wantJSON compares a member of a request with JSON.
func wantJSON(t *testing.T, what string, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal([]byte(want), &value); err != nil {
		t.Fatal(err)
	}
	if sorted, _ := json.Marshal(value); string(sorted) != string(text) {
		t.Errorf("%s: %s, want %s", what, text, sorted)
	}
}

// badAnswer is what a provider sends and what the caller gets.
type badAnswer struct {
	script   []step
	kind     agent.FailureKind
	status   int
	requests int
	emitted  []string
	check    func(f *agent.ModelFailure) bool // more about the failure; may be nil
}

func testBadAnswers(t *testing.T, make maker, cases map[string]badAnswer) {
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, f := setup(t, make, c.script...)
			var emitted []string
			answer, err := client.Generate(t.Context(), ask("hi"), collect(&emitted))
			var failure *agent.ModelFailure
			if !errors.As(err, &failure) || answer.Text != "" || answer.ToolCalls != nil {
				t.Fatalf("answer %+v, error %v", answer, err)
			}
			if failure.Kind != c.kind || failure.Status != c.status || c.check != nil && !c.check(failure) {
				t.Errorf("failure %+v", failure)
			}
			if len(f.bodies) != c.requests || !slices.Equal(emitted, c.emitted) {
				t.Errorf("%d requests, emitted %q; want %d and %q", len(f.bodies), emitted, c.requests, c.emitted)
			}
			if text := err.Error() + failure.Error(); containsAny(text, secret, "sk-ours") {
				t.Errorf("the provider's words got out: %s", text)
			}
		})
	}
}
