package llm

import "github.com/adiuva/cloud-api/internal/agent"

// Event is what decodeEvent finds in an event, in a form that compares. Texts may begin or end inside a character.
type Event struct {
	IsError bool
	Choices []EventChoice
}

// EventChoice is one choice of an Event.
type EventChoice struct {
	Index          int
	Delta, Message EventMessage
	Finish         string
}

// EventMessage is the message of an EventChoice.
type EventMessage struct {
	Content, Refusal string
	Reasoning        bool
	ToolCalls        []EventToolCall
}

// EventToolCall is a part of a tool call. Index is -1 if the event has none.
type EventToolCall struct {
	Index               int
	ID, Name, Arguments string
}

// DecodeEvent decodes one event.
func DecodeEvent(event []byte) (Event, error) {
	var c chunk
	if err := decodeEvent(event, &c); err != nil {
		return Event{}, err
	}
	out := Event{IsError: c.isError}
	for _, ch := range c.choices {
		out.Choices = append(out.Choices, EventChoice{Index: ch.index, Finish: ch.finish,
			Delta: exportMessage(ch.delta), Message: exportMessage(ch.message)})
	}
	return out, nil
}

func exportMessage(m message) EventMessage {
	out := EventMessage{Content: string(m.content.bytes), Refusal: string(m.refusal.bytes), Reasoning: m.reasoning}
	for _, p := range m.toolCalls {
		index := -1
		if p.hasIndex {
			index = p.index
		}
		out.ToolCalls = append(out.ToolCalls,
			EventToolCall{Index: index, ID: p.id, Name: p.name, Arguments: string(p.arguments)})
	}
	return out
}

// MatchFrame matches next against the frame of event. It returns the text of next, and false if the frame does not
// fit.
func MatchFrame(event, next []byte) (string, bool) {
	var c chunk
	var f eventFrame
	if err := decodeEvent(event, &c); err == nil {
		f.learn(event, &c)
	}
	text, ok := f.match(next)
	return string(text), ok
}

// Unquote returns the text inside a JSON string, which is given without its quotes.
func Unquote(inside []byte) string {
	text, _ := unquote(nil, inside)
	return string(text)
}

// JoinUTF8 joins pieces. It returns what it got for each, and at the end.
func JoinUTF8(pieces ...[]byte) (out []string) {
	var j utf8Joiner
	for _, p := range pieces {
		out = append(out, string(j.add(p)))
	}
	return append(out, string(j.flush()))
}

// EncodeTwice encodes call twice with one encoder. It returns both requests and the texts that the encoder has kept.
func EncodeTwice(model string, call agent.ModelCall) (first, second []byte, kept []string, err error) {
	e, err := newRequestEncoder(false)
	if err != nil {
		return nil, nil, nil, err
	}
	r := request{model: model, call: call, stream: true, dialect: dialect{maxTokens: maxTokens}, limit: 1}
	if first, _, err = e.encode(nil, r); err != nil {
		return nil, nil, nil, err
	}
	second, _, err = e.encode(nil, r)
	return first, second, e.escapes.Keys(), err
}
