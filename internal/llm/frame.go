package llm

import "bytes"

// eventFrame reads an event that differs from an earlier one only in its text, without decoding it. A stream has hundreds
// of events, and most are like that. OpenAI also pads each with a random string, which may differ as well.
type eventFrame struct {
	head    []byte // up to the text, with its opening quote; empty until a frame is known
	padding []byte // from the end of the text to the padding's opening quote; empty without padding
	tail    []byte // what follows the last of the two
	buf     []byte // for text with escapes
}

// match returns the text of event, and false if anything but the text and the padding is new, or if either is not valid.
// The text is valid until the next call and may begin or end inside a character.
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

// learn keeps the frame of event, from which c was decoded, if all that it says is one text.
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

// onlyText returns where the text of c is, and false if c says anything else.
func (c *chunk) onlyText() (span, bool) {
	if c.isError || len(c.choices) != 1 || c.choices[0].index != 0 || c.choices[0].finish != "" {
		return span{}, false
	}
	var found span
	for _, m := range []*message{&c.choices[0].delta, &c.choices[0].message} {
		if m.reasoning || len(m.toolCalls) > 0 || len(m.refusal.bytes) > 0 {
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

// cutString splits b, which begins inside a JSON string, into the rest of the string and what follows its closing quote.
// Escapes are not checked.
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
