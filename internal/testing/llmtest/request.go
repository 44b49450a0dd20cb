package llmtest

import (
	"encoding/json"
	"net/http"

	"github.com/tmc/langchaingo/llms"
)

// Request is one decoded chat completion request.
type Request struct {
	Path     string
	Header   http.Header
	Body     json.RawMessage // as it was received
	Model    string          `json:"model"`
	Stream   bool            `json:"stream"`
	Messages []Message       `json:"messages"`
	Tools    []Tool          `json:"tools"`
	// ToolChoice is "none", an object or absent.
	ToolChoice json.RawMessage `json:"tool_choice"`
}

// Message is one message of a request.
type Message struct {
	Role       string     `json:"role"`
	Content    Content    `json:"content"`
	ToolCalls  []ToolCall `json:"tool_calls"`
	ToolCallID string     `json:"tool_call_id"`
}

// Content is the text of a message, which is sent as a string, as null or as text parts.
type Content string

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

// ToolCall is a tool call as requests and responses have it.
type ToolCall struct {
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type,omitempty"`
	Function Function `json:"function"`
}

// Function is the name of a tool and its arguments, which are JSON inside a string.
type Function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Call returns the tool call with this id of the named tool.
func Call(id, name, arguments string) ToolCall {
	return ToolCall{ID: id, Type: "function", Function: Function{Name: name, Arguments: arguments}}
}

// langchain returns the call as agents have it.
func (c ToolCall) langchain() llms.ToolCall {
	return llms.ToolCall{ID: c.ID, Type: "function",
		FunctionCall: &llms.FunctionCall{Name: c.Function.Name, Arguments: c.Function.Arguments}}
}
