package llm

import "bytes"

// eventFrame finds the text of an event without decoding it, if all else in the event equals an earlier one. That
// holds for most of the hundreds of events of a stream. OpenAI pads each event with a random string, which may differ
// as well.
type eventFrame struct {
	head    []byte // up to and including the text's opening quote; empty until an event was learned
	padding []byte // from the text's closing quote to the padding's opening quote; empty without padding
	tail    []byte // after the closing quote of the last of the two
	buf     []byte // for text that had escapes
}

// match returns the text of event. It returns false if more than the text and the padding differ from the frame, or
// if either is not valid JSON. The text is valid until the next call, and may begin or end inside a character.
func (f *eventFrame) match(event []byte) (text []byte, ok bool) {
	if len(f.head) == 0 {
		return nil, false
	}
	rest, ok := bytes.CutPrefix(event, f.head)
	if !ok {
		return nil, false
	}
	text, rest, escaped, ok := cutString(rest)
	if !ok {
		return nil, false
	}
	if len(f.padding) > 0 {
		if rest, ok = bytes.CutPrefix(rest, f.padding); !ok {
			return nil, false
		}
		var escapes bool
		if _, rest, escapes, ok = cutString(rest); !ok || escapes {
			return nil, false
		}
	}
	if !bytes.Equal(rest, f.tail) {
		return nil, false
	}
	if escaped {
		f.buf, ok = unquote(f.buf[:0], text)
		text = f.buf
	}
	return text, ok
}

// learn sets the frame to that of event, from which c was decoded, if c holds nothing but one text.
func (f *eventFrame) learn(event []byte, c *chunk) {
	s, ok := c.onlyText()
	if !ok {
		return
	}
	rest := event[s.end+1:]
	f.padding = f.padding[:0]
	if p := c.padding; p.start > s.end {
		f.padding = append(f.padding, event[s.end+1:p.start]...)
		rest = event[p.end+1:]
	}
	f.head = append(f.head[:0], event[:s.start]...)
	f.tail = append(f.tail[:0], rest...)
}

// onlyText returns where in its event the text of c is. It returns false if c holds anything else.
func (c *chunk) onlyText() (span, bool) {
	if c.isError || len(c.choices) != 1 || c.choices[0].index != 0 || c.choices[0].finish != "" {
		return span{}, false
	}
	var found span
	for _, m := range []*message{&c.choices[0].delta, &c.choices[0].message} {
		if m.reasoning || len(m.thoughts) > 0 || len(m.toolCalls) > 0 || len(m.refusal.bytes) > 0 {
			return span{}, false
		}
		if m.content.span == (span{}) {
			if len(m.content.bytes) > 0 {
				return span{}, false
			}
			continue
		}
		if found != (span{}) {
			return span{}, false
		}
		found = m.content.span
	}
	return found, found != (span{})
}

// cutString splits b, which begins inside a JSON string, around the closing quote. It does not check escapes.
func cutString(b []byte) (inside, rest []byte, escaped, ok bool) {
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			return b[:i], b[i+1:], escaped, true
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			return nil, nil, false, false
		}
	}
	return nil, nil, false, false
}
