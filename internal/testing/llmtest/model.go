package llmtest

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

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

// Model is an agent.Model that answers from a script and keeps what it was asked. It is safe for concurrent use.
type Model struct {
	mu    sync.Mutex
	turns []Turn
	calls []agent.ModelCall
}

var _ agent.Model = (*Model)(nil)

// NewModel returns a Model that answers with these turns, one a call.
func NewModel(turns ...Turn) *Model { return &Model{turns: turns} }

// Script appends turns.
func (m *Model) Script(turns ...Turn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turns = append(m.turns, turns...)
}

// Calls returns what the model was asked so far, oldest first.
func (m *Model) Calls() []agent.ModelCall {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]agent.ModelCall(nil), m.calls...)
}

// Generate implements agent.Model. A call beyond the script fails.
func (m *Model) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	turn, err := m.next(call)
	if err != nil {
		return agent.Answer{}, err
	}
	for _, c := range turn.Chunks {
		if err := ctx.Err(); err != nil {
			return agent.Answer{}, err
		}
		if emit == nil || c == "" {
			continue
		}
		if err := emit(c); err != nil {
			return agent.Answer{}, err
		}
	}
	if turn.Block {
		<-ctx.Done()
	}
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	if turn.Err != nil {
		return agent.Answer{}, turn.Err
	}
	answer := agent.Answer{Text: strings.Join(turn.Chunks, ""), Truncated: turn.Truncated}
	for _, c := range turn.Calls {
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: c.ID, Type: "function",
			FunctionCall: &llms.FunctionCall{Name: c.Function.Name, Arguments: c.Function.Arguments}})
	}
	return answer, nil
}

func (m *Model) next(call agent.ModelCall) (Turn, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	call.Messages = append([]llms.MessageContent(nil), call.Messages...)
	m.calls = append(m.calls, call)
	if len(m.turns) == 0 {
		return Turn{}, fmt.Errorf("the scripted model has no turn for call %d", len(m.calls))
	}
	turn := m.turns[0]
	m.turns = m.turns[1:]
	return turn, nil
}

// Chunks cuts text into pieces of size bytes; the last one may be shorter.
func Chunks(text string, size int) (chunks []string) {
	for len(text) > size {
		chunks, text = append(chunks, text[:size]), text[size:]
	}
	return append(chunks, text)
}
