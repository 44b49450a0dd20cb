package llm

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// responseBuilder builds the answer from its events and emits its text as it arrives.
type responseBuilder struct {
	emit    agent.Emit // nil if nobody wants text before the end
	onToken func()     // called for every part of the answer

	frame eventFrame
	chunk chunk // of the latest decoded event; reused

	text         strings.Builder
	joiner       utf8Joiner
	toolCalls    []*toolCall
	finishReason string
	hasChoice    bool // an event with the answer's choice has arrived, perhaps an empty one
	started      bool // a part of the answer has arrived: a retry would give a second answer
	done         bool // the upstream marked the end
}

// toolCall is a tool call whose arguments may still be arriving.
type toolCall struct {
	index    int // the upstream's, or -1
	id, name string
	args     []byte
}

// add reads one event, or a completion that is one document. Errors are *failure.
func (b *responseBuilder) add(event []byte) error {
	if text, ok := b.frame.match(event); ok {
		b.hasChoice = true
		return b.addText(text)
	}
	c := &b.chunk
	if err := decodeEvent(event, c); err != nil {
		cause := errors.New("event is not JSON of the expected shape") // err may quote the event
		return &failure{kind: protocol, started: b.started, cause: cause}
	}
	if c.isError {
		f := httpFailure(http.StatusOK, nil, event, time.Time{})
		f.started = b.started
		return f
	}
	b.frame.learn(event, c)
	for i := range c.choices {
		if err := b.addChoice(&c.choices[i]); err != nil {
			return err
		}
	}
	return nil
}

// addChoice adds the first choice. Others, which were not asked for, are ignored.
func (b *responseBuilder) addChoice(c *choice) error {
	if c.index != 0 {
		return nil
	}
	b.hasChoice = true
	for _, m := range []*message{&c.delta, &c.message} {
		if err := b.addMessage(m); err != nil {
			return err
		}
	}
	if c.finish != "" {
		b.finishReason = c.finish
	}
	return nil
}

func (b *responseBuilder) addMessage(m *message) error {
	if m.reasoning {
		b.markStarted()
	}
	for _, text := range [][]byte{m.content.bytes, m.refusal.bytes} {
		if err := b.addText(text); err != nil {
			return err
		}
	}
	for i := range m.toolCalls {
		if err := b.addToolCall(&m.toolCalls[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *responseBuilder) markStarted() {
	b.started = true
	b.onToken()
}

// addText adds a piece of text, which may begin or end inside a character.
func (b *responseBuilder) addText(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	b.markStarted()
	return b.emitText(b.joiner.add(piece))
}

// emitText adds valid UTF-8 to the answer and emits it. The emitted string shares the answer's memory, which is safe
// because a strings.Builder never changes what it has written.
func (b *responseBuilder) emitText(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	start := b.text.Len()
	b.text.Write(text)
	if b.emit == nil {
		return nil
	}
	if err := b.emit(b.text.String()[start:]); err != nil {
		return &failure{kind: sink, started: true, cause: err}
	}
	return nil
}

// addToolCall adds a part of a tool call.
func (b *responseBuilder) addToolCall(p *toolCallPart) error {
	t := b.findToolCall(p)
	if t == nil {
		if p.id == "" && p.name == "" {
			if len(p.arguments) == 0 {
				return nil // some servers end with an empty part
			}
			return &failure{kind: protocol, started: b.started, cause: errors.New("arguments without a tool call")}
		}
		t = &toolCall{index: -1, id: p.id}
		if p.hasIndex {
			t.index = p.index
		}
		b.toolCalls = append(b.toolCalls, t)
	}
	b.markStarted()
	if t.id == "" {
		t.id = p.id
	}
	if t.name == "" {
		t.name = p.name
	}
	t.args = append(t.args, p.arguments...)
	return nil
}

// findToolCall returns the call that p continues, or nil if p begins a new one. Calls are told apart by index, and by
// id as well because some servers never increase the index. A part without an index goes by its id. One without
// either continues the last call, unless that is complete.
func (b *responseBuilder) findToolCall(p *toolCallPart) *toolCall {
	for i := len(b.toolCalls) - 1; i >= 0; i-- {
		t := b.toolCalls[i]
		switch {
		case p.hasIndex && t.index != p.index:
		case p.id != "" && t.id != "" && p.id != t.id:
		case !p.hasIndex && p.id == "" && t.completeBefore(p.name):
			return nil
		default:
			return t
		}
	}
	return nil
}

// completeBefore reports whether a part that names a function must belong to a later call than t.
func (t *toolCall) completeBefore(name string) bool {
	return name != "" && t.name != "" && (name != t.name || json.Valid(t.args))
}

// answer returns the whole answer. It fails if the answer is incomplete or was withheld; errors are *failure.
func (b *responseBuilder) answer() (agent.Answer, error) {
	if !b.hasChoice || (b.finishReason == "" && !b.done) {
		return agent.Answer{}, &failure{kind: protocol, started: b.started, cause: errors.New("answer is incomplete")}
	}
	if b.finishReason == "content_filter" {
		cause := errors.New("answer withheld by the upstream's filter")
		return agent.Answer{}, &failure{kind: rejected, started: true, cause: cause}
	}
	if err := b.emitText(b.joiner.flush()); err != nil {
		return agent.Answer{}, err
	}
	answer := agent.Answer{Text: b.text.String(), Truncated: b.finishReason == "length"}
	ids := map[string]bool{}
	for _, t := range b.toolCalls {
		if t.name == "" {
			cause := errors.New("tool call without a name")
			return agent.Answer{}, &failure{kind: protocol, started: true, cause: cause}
		}
		for t.id == "" || ids[t.id] {
			t.id = "call_" + rand.Text()
		}
		ids[t.id] = true
		answer.ToolCalls = append(answer.ToolCalls, t.toLangchain())
	}
	return answer, nil
}

func (t *toolCall) toLangchain() llms.ToolCall {
	var joiner utf8Joiner
	args := string(joiner.add(t.args))
	args += string(joiner.flush())
	if args == "" {
		args = "{}"
	}
	return llms.ToolCall{ID: t.id, Type: "function", FunctionCall: &llms.FunctionCall{Name: t.name, Arguments: args}}
}
