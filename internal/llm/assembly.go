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
	texts  texts
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
	if piece, reason, ok := a.texts.of(data); ok {
		a.seen = true
		if reason != "" {
			a.reason = reason
		}
		return a.say(piece)
	}
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return &failure{kind: protocol, begun: a.some, cause: errors.New("event is not JSON of the shape agreed")}
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		f := refusal(http.StatusOK, nil, data, time.Time{})
		f.begun = a.some
		return f
	}
	for i := range c.Choices {
		ch := &c.Choices[i]
		if ch.Index != 0 {
			continue
		}
		a.seen = true
		for _, m := range []*message{&ch.Delta, &ch.Message} {
			if err := a.message(m); err != nil {
				return err
			}
		}
		if ch.Finish != "" {
			a.reason = ch.Finish
		}
	}
	return nil
}

func (a *assembly) message(m *message) error {
	if m.Reasoning || m.Reasoning2 {
		a.part()
	}
	for _, piece := range []text{m.Content, m.Refusal} {
		if err := a.say(piece); err != nil {
			return err
		}
	}
	for _, p := range m.ToolCalls {
		if err := a.tool(p); err != nil {
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
func (a *assembly) tool(p toolPart) error {
	t := a.find(p)
	if t == nil {
		if p.ID == "" && p.Function.Name == "" {
			if len(p.Function.Arguments) == 0 {
				return nil // some servers end with an empty part
			}
			return &failure{kind: protocol, begun: a.some, cause: errors.New("arguments of no tool call")}
		}
		t = &tool{index: -1, id: p.ID}
		if p.Index != nil {
			t.index = *p.Index
		}
		a.tools = append(a.tools, t)
	}
	a.part()
	if t.id == "" {
		t.id = p.ID
	}
	if t.name == "" {
		t.name = p.Function.Name
	}
	t.args = append(t.args, p.Function.Arguments...)
	return nil
}

// find returns the call that p goes on with, nil for a new one. The index tells calls apart, except with servers that
// never move it and send another id; without an index the id does; without either, a part goes on with the last call
// until that has ended.
func (a *assembly) find(p toolPart) *tool {
	for i := len(a.tools) - 1; i >= 0; i-- {
		t := a.tools[i]
		switch {
		case p.Index != nil && t.index != *p.Index:
		case p.ID != "" && t.id != "" && p.ID != t.id:
		case p.Index == nil && p.ID == "" && t.ended(p.Function.Name):
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
