package llm

import "encoding/json"

// FastText is the text that the short way finds in an event.
func FastText(event []byte) (text string, ok bool) {
	var t texts
	b, ok := t.of(event)
	return string(b), ok
}

// NextText is FastText for the event after another.
func NextText(event, next []byte) (text string, ok bool) {
	var t texts
	t.of(event)
	b, ok := t.of(next)
	return string(b), ok
}

// SlowText is the text that encoding/json finds in an event; plain when it holds nothing else that an answer is made of.
func SlowText(event []byte) (text string, plain bool) {
	var c chunk
	if json.Unmarshal(event, &c) != nil || len(c.Error) > 0 || len(c.Choices) != 1 {
		return "", false
	}
	ch := c.Choices[0]
	d := ch.Delta
	plain = ch.Index == 0 && ch.Finish == "" && len(d.Refusal) == 0 && len(d.ToolCalls) == 0 && !bool(d.Reasoning) &&
		!bool(d.Reasoning2) && len(ch.Message.Content) == 0 && len(ch.Message.ToolCalls) == 0
	return string(d.Content), plain
}

// Characters puts pieces together and returns what came out for each, and at the end.
func Characters(pieces ...[]byte) (out []string) {
	var c characters
	for _, p := range pieces {
		out = append(out, string(c.add(p)))
	}
	return append(out, string(c.end()))
}
