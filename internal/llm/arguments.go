package llm

import (
	"encoding/json"
	"strings"
)

// repairArguments returns the arguments of a tool call as a JSON object where the model's intent is plain: they may be
// empty, a string that holds the object, in a code fence, after an empty object, or, if they were not cut, lack
// brackets at their end. Others are returned as they are, and the tool answers them with an error. U+0000 is left
// out of texts.
func repairArguments(args string, isWhole bool) string {
	args = withoutNUL(args)
	text := strings.TrimSpace(args)
	if text == "" || text == "null" || text == `""` {
		return "{}"
	}
	if isObject(text) {
		return args
	}
	var inner string
	if text[0] == '"' && json.Unmarshal([]byte(text), &inner) == nil {
		if inner = withoutNUL(inner); strings.TrimSpace(inner) == "" {
			return "{}"
		} else if isObject(inner) {
			return inner
		}
	}
	if fenced := withoutFence(text); isObject(fenced) {
		return fenced
	}
	if rest, ok := strings.CutPrefix(text, "{}"); ok && isObject(rest) {
		return rest
	}
	if closed := closeBrackets(text); isWhole && isObject(closed) {
		return closed
	}
	return args
}

// withoutNUL leaves out U+0000, itself and as an escape in JSON.
func withoutNUL(text string) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if !strings.Contains(text, `\u0000`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], `\u0000`):
			i += len(`\u0000`)
		case text[i] == '\\' && i+1 < len(text):
			b.WriteString(text[i : i+2])
			i += 2
		default:
			b.WriteByte(text[i])
			i++
		}
	}
	return b.String()
}

// withoutFence returns what is between the marks of a code block, if text is one.
func withoutFence(text string) string {
	inside, ok := strings.CutPrefix(strings.TrimSpace(text), "```")
	if !ok {
		return text
	}
	inside, ok = strings.CutSuffix(inside, "```")
	if !ok {
		return text
	}
	if at := strings.IndexAny(inside, "{[\n"); at >= 0 { // after the name of a language
		inside = inside[at:]
	}
	return strings.TrimSpace(inside)
}

// maxMissing is how many brackets may be missing.
const maxMissing = 8

// closeBrackets adds the brackets that are missing at the end of text. It adds none within a string, which was cut.
func closeBrackets(text string) string {
	var open []byte
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{':
			open = append(open, '}')
		case c == '[':
			open = append(open, ']')
		case (c == '}' || c == ']') && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if inString || len(open) > maxMissing {
		return text
	}
	text = strings.TrimRight(text, ", \t\r\n")
	for len(open) > 0 {
		text += string(open[len(open)-1])
		open = open[:len(open)-1]
	}
	return text
}
