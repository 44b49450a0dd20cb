package llm

import (
	"encoding/json"
	"errors"
)

// chunk is what we read of a streamed event, or of a whole completion (message instead of delta).
type chunk struct {
	Error   json.RawMessage `json:"error"`
	Choices []struct {
		Index   int     `json:"index"`
		Delta   message `json:"delta"`
		Message message `json:"message"`
		Finish  string  `json:"finish_reason"`
	} `json:"choices"`
}

type message struct {
	Content   text       `json:"content"`
	Refusal   text       `json:"refusal"`
	ToolCalls []toolPart `json:"tool_calls"`
	// Servers name the model's reasoning in two ways. It is no part of the answer, only a sign of life.
	Reasoning  presence `json:"reasoning"`
	Reasoning2 presence `json:"reasoning_content"`
}

type toolPart struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string    `json:"name"`
		Arguments arguments `json:"arguments"`
	} `json:"function"`
}

var errShape = errors.New("member of another shape")

// text is text, null, or an array of text parts, as servers have it. Its bytes may begin or end inside a character.
type text []byte

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	*t = nil
	switch {
	case string(b) == "null":
		return nil
	case b[0] == '"':
		*t, _ = unquote(nil, b[1:len(b)-1]) // encoding/json has checked it
		return nil
	case b[0] != '[':
		return errShape
	}
	var parts []struct {
		Text text `json:"text"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		*t = append(*t, p.Text...)
	}
	return nil
}

// arguments are JSON inside a string, or, from some servers, the object itself.
type arguments []byte

// UnmarshalJSON implements json.Unmarshaler.
func (a *arguments) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*a = nil
	case b[0] == '"':
		*a, _ = unquote(nil, b[1:len(b)-1])
	case b[0] == '{':
		*a = append((*a)[:0], b...)
	default:
		return errShape
	}
	return nil
}

// presence is whether a member holds anything.
type presence bool

// UnmarshalJSON implements json.Unmarshaler.
func (p *presence) UnmarshalJSON(b []byte) error {
	*p = string(b) != "null" && string(b) != `""` && string(b) != "[]" && string(b) != "{}"
	return nil
}
