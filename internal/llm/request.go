package llm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// requestOf returns the JSON of a call to the model of that name. It says what langchaingo's own client would, to which a
// test holds it, in one pass over the text: every call carries kilobytes of prompts and tool schemas, which reflection and
// a second encoding made a fifth of an answer's cost. Nothing said here may be stored upstream.
func requestOf(model string, call agent.ModelCall, stream bool) ([]byte, error) {
	family := familyOf(model)
	b := make([]byte, 0, sizeOf(call))
	b = appendString(append(b, `{"model":`...), model)
	b, err := appendMessages(append(b, `,"messages":[`...), call.Messages, family)
	if err != nil {
		return nil, err
	}
	b = append(b, ']')
	if family.temperature {
		b = strconv.AppendFloat(append(b, `,"temperature":`...), call.Temperature, 'g', -1, 64)
	}
	if call.MaxTokens > 0 {
		b = strconv.AppendInt(append(b, `,"max_completion_tokens":`...), int64(call.MaxTokens), 10)
	}
	if b, err = appendTools(b, call.Tools); err != nil {
		return nil, err
	}
	if stream {
		b = append(b, `,"stream":true`...)
	}
	return append(b, `,"store":false}`...), nil
}

// family is what a model's name says of the requests it refuses.
type family struct{ system, temperature bool }

// familyOf knows OpenAI's reasoning models, which take no temperature, and the first of them, which take no system message.
func familyOf(model string) family {
	name := strings.ToLower(model)
	f := family{system: true, temperature: true}
	for _, reasoning := range []string{"o1", "o3", "o4", "gpt-5"} {
		if rest, ok := strings.CutPrefix(name, reasoning); ok && (rest == "" || rest[0] == '-' || rest[0] == '.') {
			f.temperature = false
		}
	}
	f.system = !slices.Contains([]string{"o1", "o1-mini", "o1-preview", "o3", "o3-mini", "o3-preview"}, name)
	return f
}

// sizeOf is about how long the request will be.
func sizeOf(call agent.ModelCall) int {
	n := 512
	for _, m := range call.Messages {
		for _, p := range m.Parts {
			switch part := p.(type) {
			case llms.TextContent:
				n += len(part.Text) + len(part.Text)/16
			case llms.ToolCallResponse:
				n += len(part.Content) + len(part.Content)/8
			}
		}
		n += 128
	}
	for _, t := range call.Tools {
		schema, _ := t.Function.Parameters.(json.RawMessage)
		n += len(schema) + len(t.Function.Description) + 128
	}
	return n
}

// roleOf returns OpenAI's name of a role, or "".
func roleOf(t llms.ChatMessageType) string {
	switch t {
	case llms.ChatMessageTypeSystem:
		return "system"
	case llms.ChatMessageTypeHuman:
		return "user"
	case llms.ChatMessageTypeAI:
		return "assistant"
	case llms.ChatMessageTypeTool:
		return "tool"
	}
	return ""
}

// appendMessages writes the conversation. Where a model takes no system message, the first message of a person begins
// with it.
func appendMessages(b []byte, messages []llms.MessageContent, family family) ([]byte, error) {
	system, first := "", true
	for _, m := range messages {
		said, err := read(m)
		if err != nil {
			return nil, err
		}
		if m.Role == llms.ChatMessageTypeSystem && !family.system {
			system += strings.Join(said.texts, "") + "\n\n"
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(append(b, `{"role":`...), roleOf(m.Role))
		b = append(b, `,"content":"`...)
		if m.Role == llms.ChatMessageTypeHuman {
			b, system = appendInside(b, system), ""
		}
		for _, text := range said.texts {
			b = appendInside(b, text)
		}
		b = append(b, '"')
		if said.answers != "" {
			b = appendString(append(b, `,"tool_call_id":`...), said.answers)
		}
		b = append(appendCalls(b, said.calls), '}')
	}
	return b, nil
}

// conversed is one message of a conversation, read.
type conversed struct {
	texts   []string
	answers string // the tool call it is the result of
	calls   []llms.ToolCall
}

func read(m llms.MessageContent) (c conversed, err error) {
	if roleOf(m.Role) == "" {
		return c, fmt.Errorf("no role %q", m.Role)
	}
	for _, p := range m.Parts {
		switch part := p.(type) {
		case llms.TextContent:
			c.texts = append(c.texts, part.Text)
		case llms.ToolCall:
			c.calls = append(c.calls, part)
		case llms.ToolCallResponse:
			c.texts, c.answers = append(c.texts, part.Content), part.ToolCallID
		default:
			return c, fmt.Errorf("no part of type %T", p)
		}
	}
	return c, nil
}

func appendCalls(b []byte, calls []llms.ToolCall) []byte {
	for i, call := range calls {
		if i == 0 {
			b = append(b, `,"tool_calls":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendString(append(b, `{"type":"function","id":`...), call.ID)
		b = appendString(append(b, `,"function":{"name":`...), call.FunctionCall.Name)
		b = append(appendString(append(b, `,"arguments":`...), call.FunctionCall.Arguments), `}}`...)
	}
	if len(calls) > 0 {
		b = append(b, ']')
	}
	return b
}

func appendTools(b []byte, tools []llms.Tool) ([]byte, error) {
	for i, t := range tools {
		if i == 0 {
			b = append(b, `,"tools":[`...)
		} else {
			b = append(b, ',')
		}
		schema, ready := t.Function.Parameters.(json.RawMessage)
		if !ready {
			var err error
			if schema, err = json.Marshal(t.Function.Parameters); err != nil {
				return nil, fmt.Errorf("tool %s: %w", t.Function.Name, err)
			}
		}
		b = appendString(append(b, `{"type":"function","function":{"name":`...), t.Function.Name)
		b = appendString(append(b, `,"description":`...), t.Function.Description)
		b = append(append(append(b, `,"parameters":`...), schema...), `}}`...)
	}
	if len(tools) > 0 {
		b = append(b, ']')
	}
	return b, nil
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string; bytes that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	return append(appendInside(append(b, '"'), s), '"')
}

// appendInside writes what stands between a JSON string's quotes.
func appendInside(b []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		b = append(b, s[from:i]...)
		switch {
		case c >= utf8.RuneSelf:
			b = append(b, `\ufffd`...)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
		i += size
		from = i
	}
	return append(b, s[from:]...)
}
