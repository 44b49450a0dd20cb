//go:build unix

package bench_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeModel is the upstream: it answers the router with the task agent and every other call with modelAnswer. All
// responses are encoded beforehand.
type fakeModel struct {
	*httptest.Server
	router, answer []byte // 1.3 KB each
	events         []byte
	first          int // length of the events that are sent first
	paced          pacedStreams
}

// startModel starts the upstream. It streams at URL when asked to, at whole never, and at URL/paced at a fixed rate. At
// URL/calling it calls a tool of the app.
func startModel(b *testing.B) *fakeModel {
	m := &fakeModel{router: wholeCompletion("task_agent"), answer: wholeCompletion(modelAnswer)}
	for i, token := range answerTokens() {
		m.events = append(m.events, event(token)...)
		if i == 20 {
			m.first = len(m.events)
		}
	}
	m.events = append(m.events, lastEvents...)
	mux := http.NewServeMux()
	mux.HandleFunc("/whole/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, m.json) })
	mux.HandleFunc("/v1/chat/completions", func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, m.burst) })
	mux.HandleFunc("/paced/v1/chat/completions",
		func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, m.paced.stream) })
	mux.HandleFunc("/calling/v1/chat/completions",
		func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, callApp) })
	m.Server = httptest.NewServer(mux)
	b.Cleanup(m.Close)
	return m
}

func (m *fakeModel) whole() string { return m.URL + "/whole" }

// serve answers requests for a stream with streamed, and others with JSON.
func (m *fakeModel) serve(w http.ResponseWriter, r *http.Request, streamed http.HandlerFunc) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch {
	case bytes.Contains(body, []byte(`"stream":true`)):
		streamed(w, r)
	case bytes.Contains(body, []byte(`"gpt-4o-nano"`)):
		send(w, "application/json", m.router)
	default:
		m.json(w, r)
	}
}

func (m *fakeModel) json(w http.ResponseWriter, _ *http.Request) {
	send(w, "application/json", m.answer)
}

// burst streams the whole answer at once.
func (m *fakeModel) burst(w http.ResponseWriter, _ *http.Request) {
	send(w, "text/event-stream", m.events[:m.first])
	w.(http.Flusher).Flush()
	_, _ = w.Write(m.events[m.first:])
}

// callApp answers with a call of query_rows.
func callApp(w http.ResponseWriter, _ *http.Request) {
	send(w, "text/event-stream", []byte(`data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c1",`+
		`"type":"function","function":{"name":"query_rows","arguments":"{\"table\":\"invoices\"}"}}]},`+
		`"finish_reason":"tool_calls"}]}`+"\n\ndata: [DONE]\n\n"))
}

// send sends a response. Errors are noticed at the client.
func send(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body)
}

// wholeCompletion returns a completion padded to the size of modelAnswer.
func wholeCompletion(text string) []byte {
	quoted, _ := json.Marshal(text) // a string
	return fmt.Appendf(nil, `{"id":"chatcmpl-abc123","object":"chat.completion","created":1699896916,`+
		`"model":"gpt-4o-mini",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":%s},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":13,"completion_tokens":200,"total_tokens":213},`+
		`"system_fingerprint":"fp_44709d6fcb%s"}`,
		quoted, strings.Repeat("0", len(modelAnswer)-len(text)))
}

// answerTokens returns modelAnswer in tokens of a typical size.
func answerTokens() []string {
	var list []string
	for word := range strings.SplitAfterSeq(modelAnswer, " ") {
		if half := len(word) / 2; len(word) > 8 {
			list = append(list, word[:half])
			word = word[half:]
		}
		list = append(list, word)
	}
	return list
}

// event returns the event of one token.
func event(token string) string {
	return `data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1699896916,` +
		`"model":"gpt-4o-mini",` +
		`"choices":[{"index":0,"delta":{"content":"` + token + `"},"finish_reason":null}]}` + "\n\n"
}

const lastEvents = `data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1699896916,` +
	`"model":"gpt-4o-mini",` +
	`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"

// pacedStreams streams the first tokens at once, waits until it is released, and then sends tokens at a fixed rate.
type pacedStreams struct {
	mu     sync.Mutex
	tokens chan struct{}
	opened int // since tokens was set
}

// hold makes new streams wait until the returned channel is closed.
func (p *pacedStreams) hold() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens, p.opened = make(chan struct{}), 0
	return p.tokens
}

func (p *pacedStreams) stream(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	tokens, turn := p.tokens, p.opened
	p.opened++
	p.mu.Unlock()
	list := answerTokens()
	flush := w.(http.Flusher).Flush
	send(w, "text/event-stream", []byte(event(strings.Join(list[:leadTokens], ""))))
	flush()
	select {
	case <-tokens:
	case <-r.Context().Done():
		return
	}
	// so that streams do not send at the same moment
	<-time.After(tokenInterval * time.Duration(turn%streamCount) / streamCount)
	pace := time.NewTicker(tokenInterval)
	defer pace.Stop()
	for i := range countedTokens {
		<-pace.C
		_, _ = w.Write([]byte(event(list[leadTokens+i])))
		flush()
	}
	_, _ = w.Write([]byte(lastEvents))
}
