//go:build linux

package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeModel is the upstream of every gateway. It answers the router with the task agent and every other call as it is
// told to. Its responses are encoded beforehand, and it notes when calls came and when they were answered.
type fakeModel struct {
	address string
	mode    atomic.Pointer[modelMode]

	mu    sync.Mutex
	calls []modelCall // since the last call of take
}

// modelMode is how calls that are not the router's are answered.
type modelMode struct {
	whole  []byte // a response of one document, or nil
	stream []byte // a response of events, or nil: then pace serves
	pace   *pace
}

// modelCall is one call, whose times are known where it was answered at once.
type modelCall struct {
	body              []byte
	arrived, answered time.Time
}

func startModel(b *testing.B) *fakeModel {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(b, err)
	b.Cleanup(func() { _ = l.Close() })
	m := &fakeModel{address: l.Addr().String()}
	m.answerWhole(prose)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(conn)
		}
	}()
	return m
}

// answerWhole makes the model send text as one document, whatever it is asked for.
func (m *fakeModel) answerWhole(text string) { m.mode.Store(&modelMode{whole: document(text)}) }

// answerStreamed makes the model stream text at once where it is asked to.
func (m *fakeModel) answerStreamed(text string) {
	var events []byte
	for _, token := range tokensOf(text) {
		events = append(events, event(token)...)
	}
	m.mode.Store(&modelMode{stream: streamed(append(events, lastEvents...))})
}

// callApp makes the model call a tool of the app.
func (m *fakeModel) callApp() {
	m.mode.Store(&modelMode{stream: streamed([]byte(`data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,` +
		`"id":"c1","type":"function","function":{"name":"query_rows","arguments":"{\"table\":\"invoices\"}"}}]},` +
		`"finish_reason":"tool_calls"}]}` + "\n\ndata: [DONE]\n\n"))})
}

// take returns the calls since the last take.
func (m *fakeModel) take() []modelCall {
	m.mu.Lock()
	defer m.mu.Unlock()
	calls := m.calls
	m.calls = nil
	return calls
}

const keptCalls = 8 // at most, until take

func (m *fakeModel) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 32<<10)
	var body []byte
	for {
		length, err := readHead(in, "")
		if err != nil || length < 0 {
			return
		}
		body = append(body[:0], make([]byte, length)...)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		call := modelCall{arrived: time.Now()}
		mode := m.mode.Load()
		response := mode.whole
		asksForStream := bytes.Contains(body, []byte(`"stream":true`)) || bytes.Contains(body, []byte(`"stream": true`))
		switch {
		case bytes.Contains(body, []byte(routerModel)) && !asksForStream:
			response = routed
		case response == nil && !asksForStream:
			response = wholeProse
		case response == nil:
			response = mode.stream
		}
		if response == nil {
			mode.pace.serve(conn, numberIn(body))
			continue
		}
		call.answered = time.Now()
		m.mu.Lock()
		if len(m.calls) < keptCalls {
			call.body = bytes.Clone(body)
			m.calls = append(m.calls, call)
		}
		m.mu.Unlock()
		if _, err := conn.Write(response); err != nil {
			return
		}
	}
}

// numberIn returns the number that stands after numberMark in a question.
func numberIn(body []byte) int {
	at := bytes.LastIndex(body, []byte(numberMark))
	if at < 0 || at+len(numberMark)+4 > len(body) {
		return 0
	}
	n, _ := strconv.Atoi(string(body[at+len(numberMark):][:4])) // 0 if there is none
	return n
}

const (
	agentModel  = "gpt-4o-mini"
	routerModel = "gpt-4o-nano"
	numberMark  = "this week? " // ends a question; the number of its stream follows
)

// pace makes streams send a first part, wait until they are released, and then send tokens at a fixed rate.
type pace struct {
	lead     []byte
	tokens   [][]byte
	tail     []byte
	released chan struct{}
	streams  int
	sent     [][]time.Time // of each stream, of each token after the lead
}

const (
	leadTokens    = 60                    // that are sent before the release
	countedTokens = 100                   // that are sent after it
	tokenInterval = 20 * time.Millisecond // between two tokens
)

// hold makes the model's streams wait for the returned pace's released channel to be closed.
func (m *fakeModel) hold(streams int) *pace {
	list := tokensOf(prose)
	p := &pace{released: make(chan struct{}), streams: streams, sent: make([][]time.Time, streams)}
	p.lead = append([]byte(eventsHead), chunk(event(strings.Join(list[:leadTokens], "")))...)
	for i := range countedTokens {
		p.tokens = append(p.tokens, chunk(event(list[leadTokens+i])))
	}
	p.tail = append(chunk(lastEvents), lastChunk...)
	for i := range p.sent {
		p.sent[i] = make([]time.Time, countedTokens)
	}
	m.mode.Store(&modelMode{pace: p})
	return p
}

func (p *pace) serve(conn net.Conn, number int) {
	if _, err := conn.Write(p.lead); err != nil {
		return
	}
	<-p.released
	number %= p.streams
	// so that streams do not send at the same moment
	next := time.Now().Add(tokenInterval * time.Duration(number) / time.Duration(p.streams))
	for i, token := range p.tokens {
		time.Sleep(time.Until(next))
		next = next.Add(tokenInterval)
		p.sent[number][i] = time.Now()
		if _, err := conn.Write(token); err != nil {
			return
		}
	}
	_, _ = conn.Write(p.tail)
}

const (
	eventsHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nDate: Mon, 05 Jan 2026 00:00:00 GMT\r\n" +
		"Transfer-Encoding: chunked\r\n\r\n"
	lastChunk  = "0\r\n\r\n"
	lastEvents = `data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1699896916,` +
		`"model":"gpt-4o-mini","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` +
		"\n\ndata: [DONE]\n\n"
)

var (
	routed     = document("task_agent")
	wholeProse = document(prose)
)

func chunk(text string) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(text), text) }

// streamed is a response of events in one chunk.
func streamed(events []byte) []byte {
	return append(append([]byte(eventsHead), chunk(string(events))...), lastChunk...)
}

// document is a response with one completion, of the size of one with the prose where text is shorter.
func document(text string) []byte {
	quoted, _ := json.Marshal(text) // a string
	body := fmt.Sprintf(`{"id":"chatcmpl-abc123","object":"chat.completion","created":1699896916,`+
		`"model":"gpt-4o-mini","choices":[{"index":0,`+
		`"message":{"role":"assistant","content":%s},"logprobs":null,"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":13,"completion_tokens":200,"total_tokens":213},`+
		`"system_fingerprint":"fp_44709d6fcb%s"}`,
		quoted, strings.Repeat("0", max(len(prose)-len(text), 0)))
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"+
		"Date: Mon, 05 Jan 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// tokensOf cuts text into tokens of a typical size.
func tokensOf(text string) (list []string) {
	for word := range strings.SplitAfterSeq(text, " ") {
		if half := len(word) / 2; len(word) > 8 {
			list = append(list, word[:half])
			word = word[half:]
		}
		list = append(list, word)
	}
	return list
}

// event is the event of one token.
func event(token string) string {
	quoted, _ := json.Marshal(token) // a string
	return `data: {"id":"chatcmpl-abc123","object":"chat.completion.chunk","created":1699896916,` +
		`"model":"gpt-4o-mini","choices":[{"index":0,"delta":{"content":` + string(quoted) +
		`},"finish_reason":null}]}` + "\n\n"
}
