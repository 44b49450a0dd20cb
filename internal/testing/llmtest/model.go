package llmtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// DefaultRoute is what a Model answers the router unless Route says otherwise.
const DefaultRoute = "task_agent"

// Turn is one scripted answer of a Model. With Err the call fails after the chunks; with Block it then waits until its
// context ends.
type Turn struct {
	Chunks    []string // the text, as it is emitted
	Calls     []ToolCall
	Truncated bool
	Err       error
	Block     bool
}

// TextTurn answers in text, emitted in these chunks.
func TextTurn(chunks ...string) Turn { return Turn{Chunks: chunks} }

// CallTurn answers with tool calls.
func CallTurn(calls ...ToolCall) Turn { return Turn{Calls: calls} }

// ErrorTurn fails.
func ErrorTurn(err error) Turn { return Turn{Err: err} }

// AnswerFunc answers one call of a Model. What it emits is the beginning of the answer's text; the text it returns is
// emitted after that, in chunks of the Model's chunk size. emit is never nil.
type AnswerFunc func(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error)

// Model is an agent.Model for tests. It answers the agents' calls from a script of turns, one a call, or with a
// function, and the router's calls with the names set by Route, unless ScriptRouter adds them to the script. It
// records every call and is safe for concurrent use.
type Model struct {
	mu           sync.Mutex
	turns        []Turn
	answer       AnswerFunc // used instead of the turns when not nil
	route        string
	scriptRouter bool
	chunkSize    int
	calls        []agent.ModelCall
	routerPrompt string
}

var _ agent.Model = (*Model)(nil)

// NewModel returns a Model that answers with these turns. A call beyond the last turn fails.
func NewModel(turns ...Turn) *Model { return &Model{turns: turns, route: DefaultRoute, chunkSize: 1} }

// NewModelFunc returns a Model that answers with a function, which may run in several goroutines at a time.
func NewModelFunc(answer AnswerFunc) *Model {
	m := NewModel()
	m.answer = answer
	return m
}

// Script appends turns.
func (m *Model) Script(turns ...Turn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turns = append(m.turns, turns...)
}

// Respond makes answer respond to the calls from now on. It is called for one call at a time.
func (m *Model) Respond(answer func(call agent.ModelCall) agent.Answer) {
	var one sync.Mutex
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer = func(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
		one.Lock()
		defer one.Unlock()
		return answer(call), nil
	}
}

// Route sets the router's answer: names of agents, separated by commas.
func (m *Model) Route(agents string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.route = agents
}

// ScriptRouter makes the router's calls take turns of the script, as the agents' calls do.
func (m *Model) ScriptRouter() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.scriptRouter = true
}

// SetChunkSize sets how many bytes of a function's text are emitted at a time; a new Model emits one.
func (m *Model) SetChunkSize(bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.chunkSize = bytes
}

// Calls returns what the model was asked so far, the router's calls included, oldest first; of very many calls, the
// newest.
func (m *Model) Calls() []agent.ModelCall {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.calls)
}

// RouterPrompt returns the prompt of the router's latest call, or "".
func (m *Model) RouterPrompt() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.routerPrompt
}

func (m *Model) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	answer, chunkSize, err := m.next(call)
	if err != nil {
		return agent.Answer{}, err
	}
	var emitted strings.Builder
	send := func(text string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		emitted.WriteString(text)
		if emit == nil || text == "" {
			return nil
		}
		return emit(text)
	}
	result, err := answer(ctx, call, send)
	if err != nil {
		return agent.Answer{}, err
	}
	for _, chunk := range Chunks(result.Text, chunkSize) {
		if err := send(chunk); err != nil {
			return agent.Answer{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	result.Text = emitted.String()
	return result, nil
}

// next records the call and returns what answers it.
func (m *Model) next(call agent.ModelCall) (answer AnswerFunc, chunkSize int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.calls) == maxRecorded {
		m.calls = slices.Clone(m.calls[maxRecorded/2:])
	}
	recorded := call
	recorded.Messages = slices.Clone(call.Messages)
	m.calls = append(m.calls, recorded)
	if call.Small {
		m.routerPrompt = TextOf(call.Messages[0])
	}
	switch {
	case call.Small && !m.scriptRouter:
		return TextTurn(m.route).Answer, 1, nil
	case m.answer != nil:
		return m.answer, m.chunkSize, nil
	case len(m.turns) == 0:
		return nil, 0, fmt.Errorf("the scripted model has no turn for call %d", len(m.calls))
	}
	turn := m.turns[0]
	m.turns = m.turns[1:]
	return turn.Answer, 1, nil
}

// Answer is the AnswerFunc of a turn.
func (turn Turn) Answer(ctx context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	for _, chunk := range turn.Chunks {
		if err := emit(chunk); err != nil {
			return agent.Answer{}, err
		}
	}
	if turn.Block {
		<-ctx.Done()
	}
	if turn.Err != nil && ctx.Err() == nil {
		return agent.Answer{}, turn.Err
	}
	answer := agent.Answer{Truncated: turn.Truncated}
	for _, c := range turn.Calls {
		answer.ToolCalls = append(answer.ToolCalls, c.langchain())
	}
	return answer, nil
}

// TextOf returns the text of a message.
func TextOf(message llms.MessageContent) string {
	var b strings.Builder
	for _, p := range message.Parts {
		if text, ok := p.(llms.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}

// Chunks cuts text into pieces of size bytes; the last one may be shorter.
func Chunks(text string, size int) (chunks []string) {
	for len(text) > size {
		chunks, text = append(chunks, text[:size]), text[size:]
	}
	return append(chunks, text)
}
