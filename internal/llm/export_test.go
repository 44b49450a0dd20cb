package llm

import "encoding/json"

// FastText is the text that the short way finds in an event, and why the answer ended.
func FastText(event []byte) (text, reason string, ok bool) {
	var t texts
	b, reason, ok := t.of(event)
	return string(b), reason, ok
}

// NextText is FastText for the event after another.
func NextText(event, next []byte) (text, reason string, ok bool) {
	var t texts
	t.of(event)
	b, reason, ok := t.of(next)
	return string(b), reason, ok
}

// SlowText is what encoding/json finds in an event; plain when it holds nothing else that an answer is made of.
func SlowText(event []byte) (text, reason string, plain bool) {
	var c chunk
	if json.Unmarshal(event, &c) != nil || len(c.Error) > 0 || len(c.Choices) != 1 {
		return "", "", false
	}
	ch := c.Choices[0]
	plain = ch.Index == 0 && (len(ch.Delta.Content) == 0 || len(ch.Message.Content) == 0)
	for _, m := range []message{ch.Delta, ch.Message} {
		plain = plain && len(m.Refusal) == 0 && len(m.ToolCalls) == 0 && !bool(m.Reasoning) && !bool(m.Reasoning2)
		text += string(m.Content)
	}
	return text, ch.Finish, plain
}

// Characters puts pieces together and returns what came out for each, and at the end.
func Characters(pieces ...[]byte) (out []string) {
	var c characters
	for _, p := range pieces {
		out = append(out, string(c.add(p)))
	}
	return append(out, string(c.end()))
}
