package llm

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/thought"
)

// responseBuilder builds the answer from its events and emits its text as it arrives.
type responseBuilder struct {
	emit    agent.Emit // nil if nobody wants text before the end
	onToken func()     // called for every part of the answer

	frame eventFrame
	chunk chunk // of the latest decoded event; reused

	text      strings.Builder
	joiner    utf8Joiner
	thoughts  thought.Filter
	textCalls textCalls
	toolCalls []*toolCall
	state     stateBuilder
	usage     usage
	ending    ending
	hasChoice bool // an event with the answer's choice has arrived, perhaps an empty one
	started   bool // a part of the answer has arrived: a retry would give a second answer
	done      bool // the upstream marked the end
}

// toolCall is a tool call whose arguments may still be arriving.
type toolCall struct {
	index    int // the upstream's, or -1
	id, name string
	args     []byte
	extras   callExtras
}

// maxToolCalls bounds the tool calls of one answer. Agents accept fewer.
const maxToolCalls = 128

// add reads one event, or a completion that is one document. Errors are *failure.
func (b *responseBuilder) add(event []byte) error {
	if text, ok := b.frame.match(event); ok {
		b.hasChoice = true
		return b.addText(text)
	}
	c := &b.chunk
	if event[0] == '[' { // an error of Google's
		c.isError = true
	} else if err := decodeEvent(event, c); err != nil {
		cause := errors.New("event is not JSON of the expected shape") // err may quote the event
		return &failure{kind: protocol, started: b.started, cause: cause}
	}
	if c.isError {
		return b.errorEvent(event)
	}
	b.frame.learn(event, c)
	b.usage.merge(c.usage)
	for i := range c.choices {
		if err := b.addChoice(&c.choices[i]); err != nil {
			return err
		}
	}
	return nil
}

// errorEvent returns the failure that an event reports.
func (b *responseBuilder) errorEvent(event []byte) error {
	f := httpFailure(http.StatusOK, nil, event, time.Time{})
	f.started = b.started
	return f
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
		b.ending = endingOf(c.finish)
	}
	return nil
}

// merge takes the counts that a later event reports. They are those of the whole answer so far.
func (u *usage) merge(later usage) {
	u.input = max(u.input, later.input)
	u.output = max(u.output, later.output)
	u.total = max(u.total, later.total)
}

// of returns the usage of one call of the model. Servers differ in whether the output has the tokens of the reasoning,
// which the total always has.
func (u usage) of(model string) agent.Usage {
	return agent.Usage{InputTokens: u.input, OutputTokens: max(u.output, u.total-u.input), ModelCalls: 1, Model: model,
		Estimated: u.input == 0 && u.total == 0}
}

func (b *responseBuilder) addMessage(m *message) error {
	if m.reasoning {
		b.markStarted()
	}
	b.state.addThoughts(m.thoughts)
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
	return b.answerText(b.joiner.add(piece))
}

// answerText emits valid UTF-8 unless it is a thought or may be a tool call. U+0000 is left out, as no client may send
// it back.
func (b *responseBuilder) answerText(text []byte) error {
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	if !b.thoughts.Answering() && !b.thoughts.BeginsAnswer(text) {
		text = []byte(b.thoughts.Add(string(text)))
	}
	if b.textCalls.undecided() {
		text = b.textCalls.add(text)
	}
	return b.emitText(text)
}

// flushText emits the text that was held back.
func (b *responseBuilder) flushText() error {
	if err := b.answerText(b.joiner.flush()); err != nil {
		return err
	}
	text := []byte(b.thoughts.Flush())
	if b.textCalls.undecided() {
		text = append(b.textCalls.add(text), b.textCalls.flush(len(b.toolCalls) == 0)...)
	}
	return b.emitText(text)
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
		if len(b.toolCalls) == maxToolCalls {
			return &failure{kind: protocol, started: true, cause: errors.New("too many tool calls")}
		}
		b.toolCalls = append(b.toolCalls, t)
	}
	b.markStarted()
	b.state.addExtras(&t.extras, p.extras)
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
// id as well because some servers never increase the index. A part without an id that names a function begins a new
// call once the last one is complete or has another name: some servers send every call whole, with index 0 or none.
func (b *responseBuilder) findToolCall(p *toolCallPart) *toolCall {
	for i := len(b.toolCalls) - 1; i >= 0; i-- {
		t := b.toolCalls[i]
		switch {
		case p.hasIndex && t.index != p.index:
		case p.id != "" && t.id != "" && p.id != t.id:
		case p.id == "" && t.completeBefore(p):
			return nil
		default:
			return t
		}
	}
	return nil
}

// completeBefore reports whether p, which has no id, must belong to a later call than t.
func (t *toolCall) completeBefore(p *toolCallPart) bool {
	if t.name == "" || p.name == "" {
		return false
	}
	return p.name != t.name || len(p.arguments) > 0 && len(t.args) > 0 && json.Valid(t.args)
}

// answer returns the whole answer. It fails if the answer is incomplete or was withheld; errors are *failure.
func (b *responseBuilder) answer(r request) (agent.Answer, error) {
	switch {
	case !b.hasChoice || b.ending == noEnding && !b.done:
		return agent.Answer{}, &failure{kind: protocol, started: b.started, cause: errors.New("answer is incomplete")}
	case b.ending == filtered:
		cause := errors.New("answer withheld by the upstream's filter")
		return agent.Answer{}, &failure{kind: rejected, started: true, cause: cause}
	case b.ending == cutOff:
		return agent.Answer{}, &failure{kind: network, started: b.started, cause: errors.New("answer was cut off")}
	}
	if err := b.flushText(); err != nil {
		return agent.Answer{}, err
	}
	answer := agent.Answer{Text: b.text.String(), Truncated: b.ending == lengthLimit, Usage: b.usage.of(r.model)}
	state := &answerState{owner: r.owner, model: r.model, thoughts: b.state.thoughts, calls: map[string]callExtras{}}
	for _, c := range b.textCalls.calls {
		b.toolCalls = append(b.toolCalls, &toolCall{name: c.name, args: c.args})
	}
	ids := map[string]bool{}
	for _, t := range b.toolCalls {
		if t.name == "" {
			cause := errors.New("tool call without a name")
			return agent.Answer{}, &failure{kind: protocol, started: true, cause: cause}
		}
		for t.id == "" || ids[t.id] {
			t.id = rand.Text()[:shortID]
		}
		ids[t.id] = true
		answer.ToolCalls = append(answer.ToolCalls, t.toLangchain(b.ending != lengthLimit))
		if len(t.extras.call)+len(t.extras.function) > 0 {
			state.calls[t.id] = t.extras
		}
	}
	if len(answer.ToolCalls) > 0 && len(state.thoughts)+len(state.calls) > 0 {
		answer.State = state
	}
	return answer, nil
}

// toLangchain returns the call. isWhole is false if its arguments may have been cut.
func (t *toolCall) toLangchain(isWhole bool) llms.ToolCall {
	var joiner utf8Joiner
	args := string(joiner.add(t.args))
	args += string(joiner.flush())
	return llms.ToolCall{ID: t.id, Type: "function",
		FunctionCall: &llms.FunctionCall{Name: t.name, Arguments: repairArguments(args, isWhole)}}
}
