package langchain

import (
	"crypto/rand"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/thought"
)

// maxParts bounds the parts of an answer: texts and tool calls.
const maxParts = 1000

// answerBuilder builds the answer from its events and emits its text as it arrives.
type answerBuilder struct {
	emit    agent.Emit // nil if nobody wants text before the end
	onToken func()     // called for every part of the answer

	text    strings.Builder
	thought thought.Filter
	calls   []*toolCall
	usage   agent.Usage
	ending  ending
	started bool // a part of the answer has arrived: a retry would give a second answer
	done    bool // the provider marked the end
}

// ending says how the answer ended.
type ending uint8

const (
	unfinished ending = iota
	finished
	truncated
	withheld
)

// toolCall is a tool call whose arguments may still be arriving.
type toolCall struct {
	index    int // the provider's
	id, name string
	args     strings.Builder
}

// markStarted notes a part of the answer that is not text.
func (b *answerBuilder) markStarted() {
	b.started = true
	b.onToken()
}

// addText adds a piece of text and emits it. Thoughts are left out, and U+0000, which no store of ours takes.
func (b *answerBuilder) addText(text string) error {
	if text = strings.ReplaceAll(text, "\x00", ""); text == "" {
		return nil
	}
	b.markStarted()
	return b.add(b.thought.Add(text))
}

func (b *answerBuilder) add(text string) error {
	b.text.WriteString(text)
	if b.emit == nil || text == "" {
		return nil
	}
	if err := b.emit(text); err != nil {
		return &agent.ModelFailure{Kind: agent.FailureEmit, Started: true, Cause: err}
	}
	return nil
}

// addCall begins a tool call.
func (b *answerBuilder) addCall(index int, id, name string) (*toolCall, error) {
	if name == "" || len(b.calls) == maxParts {
		return nil, protocolFailure("a tool call without a name, or too many of them", b.started)
	}
	b.markStarted()
	t := &toolCall{index: index, id: id, name: name}
	b.calls = append(b.calls, t)
	return t, nil
}

// call returns the latest call with the index, or nil.
func (b *answerBuilder) call(index int) *toolCall {
	for i := len(b.calls) - 1; i >= 0; i-- {
		if b.calls[i].index == index {
			return b.calls[i]
		}
	}
	return nil
}

// whole returns the whole answer. It fails if the answer is incomplete or was withheld.
func (b *answerBuilder) whole() (agent.Answer, error) {
	switch b.ending {
	case unfinished:
		return agent.Answer{}, protocolFailure("answer is incomplete", b.started)
	case withheld:
		f := protocolFailure("answer withheld by the provider's filter", true)
		f.Kind = agent.FailureRejected
		return agent.Answer{}, f
	}
	if err := b.add(b.thought.Flush()); err != nil {
		return agent.Answer{}, err
	}
	answer := agent.Answer{Text: b.text.String(), Truncated: b.ending == truncated, Usage: b.usage}
	answer.Usage.ModelCalls = 1
	answer.Usage.Estimated = b.usage.InputTokens == 0 && b.usage.OutputTokens == 0
	ids := map[string]bool{}
	for _, t := range b.calls {
		for t.id == "" || ids[t.id] {
			t.id = "call_" + rand.Text()
		}
		ids[t.id] = true
		args := strings.ReplaceAll(t.args.String(), "\x00", "")
		if args == "" {
			args = "{}"
		}
		answer.ToolCalls = append(answer.ToolCalls, llms.ToolCall{ID: t.id, Type: "function",
			FunctionCall: &llms.FunctionCall{Name: t.name, Arguments: args}})
	}
	return answer, nil
}
