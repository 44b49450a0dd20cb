package llm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// requestEncoder writes calls as JSON. It is safe for concurrent use.
type requestEncoder struct {
	escapes *lru.Cache[string, string]
	// strict has the strict form of schemas, nil for those that have none. Without strict mode it is nil.
	strict *lru.Cache[string, json.RawMessage]
}

// maxEscapes bounds how many texts are kept in escaped form: the prompts and tool descriptions of some forty agents.
const maxEscapes = 512

// newRequestEncoder returns an encoder. With strict, schemas of tools and answers are sent for the upstream to enforce;
// otherwise those of tools are sent as a description, and those of answers not at all.
func newRequestEncoder(strict bool) (*requestEncoder, error) {
	escapes, err := lru.New[string, string](maxEscapes)
	e := &requestEncoder{escapes: escapes}
	if err == nil && strict {
		e.strict, err = lru.New[string, json.RawMessage](maxEscapes)
	}
	return e, err
}

// strictSchema returns the schema in the form of strict mode, or nil if there is none or strict mode is off.
func (e *requestEncoder) strictSchema(schema json.RawMessage) json.RawMessage {
	if e.strict == nil || len(schema) == 0 {
		return nil
	}
	strict, ok := e.strict.Get(string(schema))
	if !ok {
		strict = strictSchema(schema)
		e.strict.Add(string(schema), strict)
	}
	return strict
}

// encode returns the body of a chat completions request for call. It is the request that langchaingo's own client would
// send, as a test checks, written in one pass: reflection and a second encoding of kilobytes of prompt and tool schemas
// would be a fifth of what an answer costs. The upstream is told to store nothing.
func (e *requestEncoder) encode(model string, call agent.ModelCall, stream bool) ([]byte, error) {
	family := familyOf(model)
	b := make([]byte, 0, sizeOf(call))
	b = appendString(append(b, `{"model":`...), model)
	b, err := e.appendMessages(append(b, `,"messages":[`...), call.Messages, family)
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
	if b, err = e.appendTools(b, call.Tools); err != nil {
		return nil, err
	}
	if schema := e.strictSchema(call.Schema); schema != nil {
		b = append(b, `,"response_format":{"type":"json_schema","json_schema":`...)
		b = append(b, `{"name":"answer","strict":true,"schema":`...)
		b = append(append(b, schema...), `}}`...)
	}
	if stream {
		b = append(b, `,"stream":true`...)
	}
	return append(b, `,"store":false}`...), nil
}

// appendFixed is appendEscaped for a text that calls repeat: it is escaped once and copied from then on. Nothing that a
// person wrote may come here, as the encoder keeps it.
func (e *requestEncoder) appendFixed(b []byte, s string) []byte {
	escaped, ok := e.escapes.Get(s)
	if !ok {
		escaped = string(appendEscaped(nil, s))
		e.escapes.Add(s, escaped)
	}
	return append(b, escaped...)
}

// family is what a model's name says about the requests it accepts.
type family struct{ system, temperature bool }

// familyOf knows OpenAI's reasoning models, none of which take a temperature, and the first of which take no system
// message.
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

// sizeOf estimates the length of the request in bytes.
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

// appendMessages writes the conversation. For a model that takes no system message, the system prompt is put at the
// beginning of the first user message.
func (e *requestEncoder) appendMessages(b []byte, messages []llms.MessageContent, family family) ([]byte, error) {
	system, first := "", true
	for _, m := range messages {
		flat, err := flatten(m)
		if err != nil {
			return nil, err
		}
		isSystem := m.Role == llms.ChatMessageTypeSystem
		if isSystem && !family.system {
			system += strings.Join(flat.texts, "") + "\n\n"
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(append(b, `{"role":`...), roleOf(m.Role))
		b = append(b, `,"content":"`...)
		if m.Role == llms.ChatMessageTypeHuman {
			b, system = appendEscaped(b, system), ""
		}
		for i, text := range flat.texts {
			if isSystem && i == 0 { // the agent's prompt; later parts vary, e.g. with the time
				b = e.appendFixed(b, text)
			} else {
				b = appendEscaped(b, text)
			}
		}
		b = append(b, '"')
		if flat.toolCallID != "" {
			b = appendString(append(b, `,"tool_call_id":`...), flat.toolCallID)
		}
		b = append(appendCalls(b, flat.calls), '}')
	}
	return b, nil
}

// flatMessage is a message whose parts are sorted by their types.
type flatMessage struct {
	texts      []string
	toolCallID string // of the tool call that the message is the result of
	calls      []llms.ToolCall
}

func flatten(m llms.MessageContent) (flat flatMessage, err error) {
	if roleOf(m.Role) == "" {
		return flat, fmt.Errorf("no role %q", m.Role)
	}
	for _, p := range m.Parts {
		switch part := p.(type) {
		case llms.TextContent:
			flat.texts = append(flat.texts, part.Text)
		case llms.ToolCall:
			flat.calls = append(flat.calls, part)
		case llms.ToolCallResponse:
			flat.texts, flat.toolCallID = append(flat.texts, part.Content), part.ToolCallID
		default:
			return flat, fmt.Errorf("no part of type %T", p)
		}
	}
	return flat, nil
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

// appendTools writes the tools' definitions. Agents give their schemas as JSON already.
func (e *requestEncoder) appendTools(b []byte, tools []llms.Tool) ([]byte, error) {
	for i, t := range tools {
		if i == 0 {
			b = append(b, `,"tools":[`...)
		} else {
			b = append(b, ',')
		}
		schema, isJSON := t.Function.Parameters.(json.RawMessage)
		if !isJSON {
			var err error
			if schema, err = json.Marshal(t.Function.Parameters); err != nil {
				return nil, fmt.Errorf("tool %s: %w", t.Function.Name, err)
			}
		}
		b = appendString(append(b, `{"type":"function","function":{"name":`...), t.Function.Name)
		b = e.appendFixed(append(b, `,"description":"`...), t.Function.Description)
		b = append(b, '"')
		if strict := e.strictSchema(schema); strict != nil {
			schema = strict
			b = append(b, `,"strict":true`...)
		}
		b = append(append(append(b, `,"parameters":`...), schema...), `}}`...)
	}
	if len(tools) > 0 {
		b = append(b, ']')
	}
	return b, nil
}

const hexDigits = "0123456789abcdef"

// appendString writes s as a JSON string. Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	return append(appendEscaped(append(b, '"'), s), '"')
}

// appendEscaped writes the inside of a JSON string, between the quotes.
func appendEscaped(b []byte, s string) []byte {
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
