package llm

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
)

// turnBreak stands between texts that are sent as one turn: an empty line, a rule and an empty line, as JSON.
const turnBreak = `\n\n---\n\n`

// messageWriter writes a conversation as JSON. Turns of one role that follow each other become one, and empty turns
// are left out, because the templates of many models demand that user and assistant alternate.
type messageWriter struct {
	encoder *requestEncoder
	dialect dialect
	model   string
	owner   *exchange
	b       []byte
	sent    member
	called  bool // the conversation has tool calls

	open   flatMessage // the message whose content is not closed yet
	isOpen bool
	first  bool   // a message that is not the system's has been written
	system string // the system prompt, while it waits for the first user message
}

// flatMessage is a message whose parts are sorted by their types.
type flatMessage struct {
	role       llms.ChatMessageType
	texts      []string
	toolCallID string // of the tool call that the message is the result of
	calls      []llms.ToolCall
	state      *answerState // what the provider wants back with the calls; nil if nothing
}

func (w *messageWriter) write(messages []llms.MessageContent) error {
	for _, m := range messages {
		flat, err := w.flatten(m)
		if err != nil {
			return err
		}
		switch {
		case flat.role == llms.ChatMessageTypeSystem && !w.dialect.takes(memberSystem):
			w.system += strings.Join(flat.texts, "") + "\n\n"
		case flat.isEmpty():
		case w.isOpen && w.open.joins(flat):
			w.b = append(w.b, turnBreak...)
			w.content(flat)
			w.open.calls, w.open.state = flat.calls, flat.state
		default:
			w.start(flat)
		}
	}
	if w.system != "" {
		w.start(flatMessage{role: llms.ChatMessageTypeHuman})
	}
	w.close()
	return nil
}

func (w *messageWriter) flatten(m llms.MessageContent) (flat flatMessage, err error) {
	flat.role = m.Role
	if roleOf(m.Role) == "" {
		return flat, fmt.Errorf("no role %q", m.Role)
	}
	for _, p := range m.Parts {
		switch part := p.(type) {
		case llms.TextContent:
			flat.texts = append(flat.texts, part.Text)
		case llms.ToolCall:
			if part.FunctionCall == nil {
				return flat, fmt.Errorf("a tool call without a function")
			}
			flat.calls = append(flat.calls, part)
		case llms.ToolCallResponse:
			flat.texts, flat.toolCallID = append(flat.texts, part.Content), part.ToolCallID
		case agent.ModelState:
			flat.state = w.stateFor(part.Value)
		default:
			return flat, fmt.Errorf("no part of type %T", p)
		}
	}
	return flat, nil
}

// isEmpty reports whether the message says nothing. A tool's result is never empty: its call needs one.
func (m flatMessage) isEmpty() bool {
	if len(m.calls) > 0 || m.role == llms.ChatMessageTypeTool {
		return false
	}
	for _, text := range m.texts {
		if strings.TrimSpace(text) != "" {
			return false
		}
	}
	return true
}

// joins reports whether next continues m as one turn.
func (m flatMessage) joins(next flatMessage) bool {
	if m.role != next.role {
		return false
	}
	return m.role == llms.ChatMessageTypeHuman || m.role == llms.ChatMessageTypeAI && len(m.calls) == 0
}

// start begins a message and writes its content.
func (w *messageWriter) start(m flatMessage) {
	isSystem := m.role == llms.ChatMessageTypeSystem
	if w.dialect.userFirst && !w.first && !isSystem && m.role != llms.ChatMessageTypeHuman {
		w.start(flatMessage{role: llms.ChatMessageTypeHuman, texts: []string{"…"}})
	}
	w.close()
	w.first = w.first || !isSystem
	if w.b[len(w.b)-1] != '[' {
		w.b = append(w.b, ',')
	}
	w.b = appendString(append(w.b, `{"role":`...), roleOf(m.role))
	w.b = append(w.b, `,"content":"`...)
	w.open, w.isOpen = m, true
	w.content(m)
}

func (w *messageWriter) content(m flatMessage) {
	if m.role == llms.ChatMessageTypeHuman {
		w.b, w.system = appendEscaped(w.b, w.system), ""
	}
	for i, text := range m.texts {
		if m.role == llms.ChatMessageTypeSystem && i == 0 { // the agent's prompt; later parts vary, e.g. with the time
			w.b = w.encoder.appendFixed(w.b, text)
		} else {
			w.b = appendEscaped(w.b, text)
		}
	}
}

// close ends the message that is open.
func (w *messageWriter) close() {
	if !w.isOpen {
		return
	}
	m := w.open
	w.isOpen = false
	w.b = append(w.b, '"')
	if m.toolCallID != "" {
		w.b = appendString(append(w.b, `,"tool_call_id":`...), w.callID(m.toolCallID))
	}
	if len(m.calls) > 0 {
		w.called = true
		w.thoughts(m.state)
	}
	w.calls(m)
	w.b = append(w.b, '}')
}

// thoughts writes what the server sent as the model's reasoning before it called tools.
func (w *messageWriter) thoughts(s *answerState) {
	given := false
	if s != nil && w.dialect.takes(memberThoughts) {
		for _, t := range s.thoughts {
			w.sent |= memberThoughts
			given = given || t.name == reasoningContent
			w.b = appendMember(w.b, t)
		}
	}
	if !given && w.dialect.emptyThoughts {
		w.b = appendMember(w.b, rawMember{reasoningContent, []byte(`""`)})
	}
}

func appendMember(b []byte, m rawMember) []byte {
	return append(append(appendString(append(b, ','), m.name), ':'), m.value...)
}

// calls writes the tool calls. Arguments that are no JSON object, which the tool has answered with an error, are left
// out, because servers that parse them would refuse the whole conversation.
func (w *messageWriter) calls(m flatMessage) {
	for i, call := range m.calls {
		if i == 0 {
			w.b = append(w.b, `,"tool_calls":[`...)
		} else {
			w.b = append(w.b, ',')
		}
		arguments := call.FunctionCall.Arguments
		if !isObject(arguments) {
			arguments = "{}"
		}
		var extras callExtras
		if m.state != nil && w.dialect.takes(memberExtras) {
			extras = m.state.calls[call.ID]
		}
		w.b = appendString(append(w.b, `{"type":"function","id":`...), w.callID(call.ID))
		w.b = appendString(append(w.b, `,"function":{"name":`...), call.FunctionCall.Name)
		w.b = appendString(append(w.b, `,"arguments":`...), arguments)
		for _, extra := range extras.function {
			w.b = appendMember(w.b, extra)
		}
		w.b = append(w.b, '}')
		for _, extra := range extras.call {
			w.b = appendMember(w.b, extra)
		}
		w.b = append(w.b, '}')
		if len(extras.call)+len(extras.function) > 0 {
			w.sent |= memberExtras
		}
	}
	if len(m.calls) > 0 {
		w.b = append(w.b, ']')
	}
}

// shortID is the length of the ids that Mistral's models accept.
const shortID = 9

// callID returns the id of a tool call as the server accepts it.
func (w *messageWriter) callID(id string) string {
	if !w.dialect.shortIDs || len(id) == shortID {
		return id
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(id)) // never fails
	text := strconv.FormatUint(hash.Sum64(), 36) + strings.Repeat("0", shortID)
	return text[:shortID]
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

// isObject reports whether text is a JSON object.
func isObject(text string) bool {
	text = strings.TrimLeft(text, " \t\r\n")
	return strings.HasPrefix(text, "{") && json.Valid([]byte(text))
}
