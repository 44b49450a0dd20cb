package llmtest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Request is one decoded chat completion request.
type Request struct {
	Path     string
	Header   http.Header
	Body     json.RawMessage // as it came
	Model    string          `json:"model"`
	Stream   bool            `json:"stream"`
	Messages []Message       `json:"messages"`
	Tools    []Tool          `json:"tools"`
}

// Message is one message of the conversation sent.
type Message struct {
	Role       string     `json:"role"`
	Content    Content    `json:"content"`
	ToolCalls  []ToolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
}

// Content is a message's text, sent as text, null or text parts.
type Content string

// UnmarshalJSON reads each of the three forms.
func (c *Content) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*string)(c))
	}
	var parts []struct{ Text string }
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		*c += Content(p.Text)
	}
	return nil
}

// Tool is one tool offered to the model.
type Tool struct {
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// ToolCall is a tool call on the wire, in requests and answers.
type ToolCall struct {
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type,omitempty"`
	Function Function `json:"function"`
}

// Function names a tool and carries its arguments, which are JSON inside a string.
type Function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Call returns the tool call with this id of the named tool.
func Call(id, name, arguments string) ToolCall {
	return ToolCall{ID: id, Type: "function", Function: Function{Name: name, Arguments: arguments}}
}

// offers reports whether the request offers the named tool.
func (r Request) offers(name string) bool {
	for _, t := range r.Tools {
		if t.Function.Name == name {
			return true
		}
	}
	return false
}

// said returns the text of the last message of that role, "" when there is none.
func (r Request) said(role string) string {
	for i := len(r.Messages) - 1; i >= 0; i-- {
		if r.Messages[i].Role == role {
			return string(r.Messages[i].Content)
		}
	}
	return ""
}

// system returns all system messages joined.
func (r Request) system() string {
	var list []string
	for _, m := range r.Messages {
		if m.Role == "system" || m.Role == "developer" {
			list = append(list, string(m.Content))
		}
	}
	return strings.Join(list, "\n")
}
