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

// assembly builds the answer from its events and passes its text on as it comes.
type assembly struct {
	emit   agent.Emit
	begun  func() // called for every part of an answer
	text   strings.Builder
	chars  characters
	frame  eventFrame
	chunk  chunk // the latest event's
	tools  []*tool
	reason string
	seen   bool // a choice has been seen
	some   bool // a part of the answer has been seen: a retry would be a second answer
	done   bool // the upstream said that this is all
}

// tool is a tool call in the making.
type tool struct {
	index    int
	id, name string
	args     []byte
}

// add takes one event's JSON.
func (a *assembly) add(data []byte) error {
	if piece, ok := a.frame.match(data); ok {
		a.seen = true
		return a.say(piece)
	}
	c := &a.chunk
	if err := decodeEvent(data, c); err != nil {
		return &failure{kind: protocol, begun: a.some, cause: errors.New("event is not JSON of the shape agreed")}
	}
	if c.isError {
		f := refusal(http.StatusOK, nil, data, time.Time{})
		f.begun = a.some
		return f
	}
	a.frame.learn(data, c)
	for i := range c.choices {
		ch := &c.choices[i]
		if ch.index != 0 {
			continue
		}
		a.seen = true
		for _, m := range []*message{&ch.delta, &ch.message} {
			if err := a.message(m); err != nil {
				return err
			}
		}
		if ch.finish != "" {
			a.reason = ch.finish
		}
	}
	return nil
}

func (a *assembly) message(m *message) error {
	if m.reasoning {
		a.part()
	}
	for _, piece := range [][]byte{m.content.bytes, m.refusal.bytes} {
		if err := a.say(piece); err != nil {
			return err
		}
	}
	for i := range m.toolCalls {
		if err := a.tool(&m.toolCalls[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembly) part() {
	a.some = true
	a.begun()
}

// say adds a piece of text, which may begin or end inside a character.
func (a *assembly) say(piece []byte) error {
	if len(piece) == 0 {
		return nil
	}
	a.part()
	return a.write(a.chars.add(piece))
}

// write adds whole characters. What is emitted shares the answer's memory: nothing in a strings.Builder ever changes.
func (a *assembly) write(characters []byte) error {
	if len(characters) == 0 {
		return nil
	}
	from := a.text.Len()
	a.text.Write(characters)
	if a.emit == nil {
		return nil
	}
	if err := a.emit(a.text.String()[from:]); err != nil {
		return &failure{kind: sink, begun: true, cause: err}
	}
	return nil
}

// tool adds a part of a tool call.
func (a *assembly) tool(p *toolCallPart) error {
	t := a.find(p)
	if t == nil {
		if p.id == "" && p.name == "" {
			if len(p.arguments) == 0 {
				return nil // some servers end with an empty part
			}
			return &failure{kind: protocol, begun: a.some, cause: errors.New("arguments of no tool call")}
		}
		t = &tool{index: -1, id: p.id}
		if p.hasIndex {
			t.index = p.index
		}
		a.tools = append(a.tools, t)
	}
	a.part()
	if t.id == "" {
		t.id = p.id
	}
	if t.name == "" {
		t.name = p.name
	}
	t.args = append(t.args, p.arguments...)
	return nil
}

// find returns the call that p goes on with, nil for a new one. The index tells calls apart, except with servers that
// never move it and send another id; without an index the id does; without either, a part goes on with the last call
// until that has ended.
func (a *assembly) find(p *toolCallPart) *tool {
	for i := len(a.tools) - 1; i >= 0; i-- {
		t := a.tools[i]
		switch {
		case p.hasIndex && t.index != p.index:
		case p.id != "" && t.id != "" && p.id != t.id:
		case !p.hasIndex && p.id == "" && t.ended(p.name):
			return nil
		default:
			return t
		}
	}
	return nil
}

// ended reports whether a function named next must be another call.
func (t *tool) ended(next string) bool {
	return next != "" && t.name != "" && (next != t.name || json.Valid(t.args))
}

// answer returns the whole answer, or why there is none.
func (a *assembly) answer() (agent.Answer, error) {
	if !a.seen || (a.reason == "" && !a.done) {
		return agent.Answer{}, &failure{kind: protocol, begun: a.some, cause: errors.New("answer ended before its end")}
	}
	if a.reason == "content_filter" {
		return agent.Answer{}, &failure{kind: refused, begun: true, cause: errors.New("answer withheld by the upstream's filter")}
	}
	if err := a.write(a.chars.end()); err != nil {
		return agent.Answer{}, err
	}
	answer := agent.Answer{Text: a.text.String(), Truncated: a.reason == "length"}
	ids := map[string]bool{}
	for _, t := range a.tools {
		if t.name == "" {
			return agent.Answer{}, &failure{kind: protocol, begun: true, cause: errors.New("tool call without a name")}
		}
		for t.id == "" || ids[t.id] {
			t.id = "call_" + rand.Text()
		}
		ids[t.id] = true
		answer.ToolCalls = append(answer.ToolCalls, t.call())
	}
	return answer, nil
}

func (t *tool) call() llms.ToolCall {
	var chars characters
	args := string(chars.add(t.args))
	args += string(chars.end())
	if args == "" {
		args = "{}"
	}
	return llms.ToolCall{ID: t.id, Type: "function", FunctionCall: &llms.FunctionCall{Name: t.name, Arguments: args}}
}
