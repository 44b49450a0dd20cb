package llm

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/tmc/langchaingo/llms"
)

// textCalls recognizes an answer that is a call of an offered tool written as text, as small models write it: a JSON
// object, bare, in a code block or between tags. Text that may become one is held back; any other text is not.
type textCalls struct {
	offered map[string]bool // the names of the tools that may be called; nil if none
	held    []byte
	certain bool // held begins like a call, so that only the end of the answer can tell
	over    bool // the text is no call
	calls   []textCall
}

type textCall struct {
	name string
	args []byte // a JSON object
}

// maxTextCall bounds what is held back, in bytes. A longer text is no call.
const maxTextCall = 64 << 10

func newTextCalls(tools []llms.Tool, textOnly bool) textCalls {
	if textOnly || len(tools) == 0 {
		return textCalls{}
	}
	offered := make(map[string]bool, len(tools))
	for _, t := range tools {
		offered[t.Function.Name] = true
	}
	return textCalls{offered: offered}
}

// undecided reports whether the text so far may become a call.
func (c *textCalls) undecided() bool { return c.offered != nil && !c.over }

// add returns the text that is known to be none of a call with the next piece.
func (c *textCalls) add(piece []byte) []byte {
	if len(c.held) == 0 {
		if possible, _ := beginsCall(piece); !possible {
			c.over = true
			return piece
		}
	}
	c.held = append(c.held, piece...)
	if !c.certain {
		var possible bool
		if possible, c.certain = beginsCall(c.held); !possible {
			return c.release()
		}
	}
	if len(c.held) > maxTextCall {
		return c.release()
	}
	return nil
}

func (c *textCalls) release() []byte {
	held := c.held
	c.over, c.held = true, nil
	return held
}

// flush returns the text that was held back at the end of the answer, or nothing if it is one or more calls. alone is
// whether the answer has no other calls.
func (c *textCalls) flush(alone bool) []byte {
	text := c.release()
	if !alone {
		return text
	}
	if calls, ok := parseTextCalls(strings.TrimSpace(string(text)), c.offered); ok {
		c.calls = calls
		return nil
	}
	return text
}

// callMarks are the texts that a call may begin with.
var callMarks = [...]string{"<tool_call>", "<|tool_call|>", "<toolcall>", "<function_call>", "<function=",
	"[TOOL_CALLS]",
	"<|python_tag|>"}

// callMembers are the first members of an object that may be a call.
var callMembers = [...]string{"name", "function", "tool", "tool_name", "type", "parameters", "arguments", "id",
	"tool_calls",
	"function_call"}

// beginsCall reports whether text may be the beginning of a call, and whether it certainly begins like one.
func beginsCall(text []byte) (possible, certain bool) {
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	if len(trimmed) == 0 {
		return len(text) < 256, false
	}
	if strings.IndexByte("<[{`", trimmed[0]) < 0 {
		return false, false
	}
	rest := string(trimmed)
	for _, mark := range callMarks {
		if strings.HasPrefix(rest, mark) {
			return true, true
		}
		possible = possible || strings.HasPrefix(mark, rest)
	}
	if possible || strings.HasPrefix("```", rest) {
		return true, false
	}
	if inside, ok := strings.CutPrefix(rest, "```"); ok {
		rest = strings.TrimLeft(inside, "abcdefghijklmnopqrstuvwxyz_ \t\r\n")
		if rest == "" {
			return len(inside) < 64, false
		}
	}
	if inside, ok := strings.CutPrefix(rest, "["); ok {
		if rest = strings.TrimLeft(inside, " \t\r\n"); rest == "" {
			return len(inside) < 64, false
		}
	}
	inside, ok := strings.CutPrefix(rest, "{")
	if !ok {
		return false, false
	}
	member := strings.TrimLeft(inside, " \t\r\n")
	if member == "" {
		return len(inside) < 64, false
	}
	for _, name := range callMembers {
		if strings.HasPrefix(member, `"`+name+`"`) {
			return true, true
		}
		possible = possible || strings.HasPrefix(`"`+name+`"`, member)
	}
	return possible, false
}

// parseTextCalls returns the calls that text is, if it is nothing else and all are of offered tools.
func parseTextCalls(text string, offered map[string]bool) (calls []textCall, ok bool) {
	switch {
	case strings.HasPrefix(text, "[TOOL_CALLS]"):
		text = strings.TrimSpace(strings.TrimPrefix(text, "[TOOL_CALLS]"))
		if name, args, found := strings.Cut(text, "{"); found && offered[nameBefore(name)] {
			return oneTextCall(nameBefore(name), "{"+args)
		}
	case strings.HasPrefix(text, "<|python_tag|>"):
		text = strings.TrimPrefix(text, "<|python_tag|>")
	case strings.HasPrefix(text, "<"):
		return parseTaggedCalls(text, offered)
	case strings.HasPrefix(text, "```"):
		text = withoutFence(text)
	}
	return parseJSONCalls(text, offered)
}

// nameBefore returns the name of a function that stands before its arguments.
func nameBefore(text string) string { return strings.TrimSpace(strings.TrimSuffix(text, "[ARGS]")) }

func oneTextCall(name, args string) ([]textCall, bool) {
	args = strings.TrimSpace(args)
	if !isObject(args) {
		return nil, false
	}
	return []textCall{{name, []byte(args)}}, true
}

// parseTaggedCalls reads calls between tags, one after the other. The last closing tag may be missing.
func parseTaggedCalls(text string, offered map[string]bool) (calls []textCall, ok bool) {
	for text != "" && len(calls) < maxToolCalls {
		tag, rest, found := strings.Cut(text, ">")
		if !found || tag[0] != '<' {
			return nil, false
		}
		name, isFunction := strings.CutPrefix(tag, "<function=")
		closing := "</" + strings.Trim(tag, "<|") + ">"
		if isFunction {
			closing = "</function>"
		}
		inside, after, _ := strings.Cut(rest, closing)
		if strings.HasPrefix(tag, "<|") {
			inside, after, _ = strings.Cut(rest, "<|/tool_call|>")
		}
		inside = strings.TrimSpace(inside)
		var list []textCall
		switch {
		case isFunction && offered[name]:
			list, ok = oneTextCall(name, parametersIn(inside))
		case strings.HasPrefix(inside, "<function="):
			list, ok = parseTaggedCalls(inside, offered)
		case !isFunction:
			list, ok = parseJSONCalls(inside, offered)
		}
		if !ok {
			return nil, false
		}
		calls = append(calls, list...)
		text, ok = strings.TrimSpace(after), false
	}
	return calls, len(calls) > 0 && text == ""
}

// parametersIn returns the object of arguments of a function in tags: JSON, or <parameter=name>value</parameter>.
func parametersIn(text string) string {
	if !strings.HasPrefix(text, "<parameter=") {
		return text
	}
	args := map[string]any{}
	for part := range strings.SplitSeq(text, "</parameter>") {
		part, ok := strings.CutPrefix(strings.TrimSpace(part), "<parameter=")
		if !ok {
			continue
		}
		name, value, _ := strings.Cut(part, ">")
		value = strings.TrimSpace(value)
		args[name] = value
		if json.Valid([]byte(value)) {
			args[name] = json.RawMessage(value)
		}
	}
	object, err := json.Marshal(args)
	if err != nil {
		return ""
	}
	return string(object)
}

// parseJSONCalls reads one call, or a list of calls.
func parseJSONCalls(text string, offered map[string]bool) (calls []textCall, ok bool) {
	var list []map[string]json.RawMessage
	if strings.HasPrefix(text, "{") {
		list = make([]map[string]json.RawMessage, 1)
		if json.Unmarshal([]byte(text), &list[0]) != nil {
			return nil, false
		}
		if inner, isList := list[0]["tool_calls"]; isList {
			return parseJSONCalls(string(inner), offered)
		}
	} else if json.Unmarshal([]byte(text), &list) != nil {
		return nil, false
	}
	if len(list) > maxToolCalls {
		return nil, false
	}
	for _, object := range list {
		call, ok := callOf(object)
		if !ok || !offered[call.name] {
			return nil, false
		}
		calls = append(calls, call)
	}
	return calls, len(calls) > 0
}

// callOf returns the call that an object describes.
func callOf(object map[string]json.RawMessage) (call textCall, ok bool) {
	for _, name := range []string{"function", "function_call"} {
		var inner map[string]json.RawMessage
		if json.Unmarshal(object[name], &inner) == nil && inner != nil {
			return callOf(inner)
		}
	}
	for _, name := range []string{"name", "tool", "tool_name", "function"} {
		if call.name == "" {
			_ = json.Unmarshal(object[name], &call.name) // anything but a string names no function
		}
	}
	for _, name := range []string{"arguments", "parameters", "args", "tool_input", "input"} {
		value, present := object[name]
		if !present {
			continue
		}
		args := repairArguments(string(value), true)
		if !isObject(args) {
			return textCall{}, false
		}
		call.args = []byte(args)
		return call, call.name != ""
	}
	return textCall{}, false
}
