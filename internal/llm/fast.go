package llm

import (
	"bytes"
	"strings"
)

// texts reads the commonest events, one choice with nothing but text, and completions of the same kind, without building a
// document: a stream has hundreds of events, and most differ in their text alone.
type texts struct {
	head, tail []byte // what stood around the latest event's text, its quotes included
	buf        []byte // for unescaping
}

// of returns the event's text, and why the answer ended, "" where it has not. ok is false for every event of another kind,
// which encoding/json then reads; where ok is true it would have found the same. The text is valid until the next call and
// may begin or end inside a character.
func (t *texts) of(event []byte) (text []byte, reason string, ok bool) {
	if n := len(t.head); n > 0 && len(event) >= n+len(t.tail) && bytes.HasPrefix(event, t.head) && bytes.HasSuffix(event, t.tail) {
		s := scan{b: event, i: n, buf: &t.buf}
		if b, plain, ok := s.rest(); ok && s.i == len(event)-len(t.tail)+1 {
			text, ok = s.said(b, plain)
			return text, "", ok
		}
	}
	s := scan{b: event, buf: &t.buf}
	if ok = s.event(); ok && s.from > 0 && s.reason == "" {
		t.head, t.tail = append(t.head[:0], event[:s.from]...), append(t.tail[:0], event[s.to:]...)
	}
	return s.text, s.reason, ok
}

func (s *scan) event() bool {
	ok := s.object(func(key []byte) bool {
		switch string(key) {
		case "choices":
			return s.once(seenChoices) && s.next('[') && s.object(s.choice) && s.next(']')
		case "id", "object", "created", "model", "system_fingerprint", "service_tier", "obfuscation", "usage", "provider":
			return s.value(maxInside)
		}
		return false
	})
	s.blanks()
	return ok && s.i == len(s.b) && s.seen&seenText != 0
}

const (
	seenChoices = 1 << iota
	seenText
	seenContent
	seenReason
)

// scan is a place in one event. It knows a subset of JSON and gives up on the rest.
type scan struct {
	b, text  []byte
	buf      *[]byte
	i        int
	from, to int // where text stands in b
	reason   string
	seen     uint8
}

func (s *scan) choice(key []byte) bool {
	switch string(key) {
	case "delta", "message":
		return s.once(seenText) && s.object(s.message)
	case "index":
		return s.next('0')
	case "logprobs":
		return s.value(maxInside)
	case "finish_reason":
		return s.once(seenReason) && s.finish()
	}
	return false
}

func (s *scan) message(key []byte) bool {
	switch string(key) {
	case "content":
		return s.once(seenContent) && s.content()
	case "role", "annotations":
		return s.value(maxInside)
	case "refusal", "tool_calls", "function_call", "reasoning", "reasoning_content":
		return s.null()
	}
	return false
}

// once gives up on a member that comes twice, as the later one would count.
func (s *scan) once(what uint8) bool {
	was := s.seen & what
	s.seen |= what
	return was == 0
}

func (s *scan) blanks() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\t' || s.b[s.i] == '\r') {
		s.i++
	}
}

// next takes c, with blanks before it.
func (s *scan) next(c byte) bool {
	s.blanks()
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *scan) null() bool {
	s.blanks()
	return s.word("null")
}

func (s *scan) word(w string) bool {
	ok := len(s.b)-s.i >= len(w) && string(s.b[s.i:s.i+len(w)]) == w
	if ok {
		s.i += len(w)
	}
	return ok
}

func (s *scan) finish() bool {
	if s.blanks(); s.i < len(s.b) && s.b[s.i] == 'n' {
		return s.null()
	}
	b, plain, ok := s.inside()
	s.reason = string(b)
	return ok && plain && strings.Trim(s.reason, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// object takes an object.
func (s *scan) object(member func(key []byte) bool) bool {
	if !s.next('{') {
		return false
	}
	if s.next('}') {
		return true
	}
	for {
		key, plain, ok := s.inside()
		if !ok || !plain || !s.next(':') || !member(key) {
			return false
		}
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// inside takes a string and returns what stands between its quotes; plain when it has no escapes.
func (s *scan) inside() (b []byte, plain, ok bool) {
	if !s.next('"') {
		return nil, false, false
	}
	return s.rest()
}

// rest is inside after the first quote.
func (s *scan) rest() (b []byte, plain, ok bool) {
	from := s.i
	plain = true
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return s.b[from : s.i-1], plain, true
		case c == '\\':
			plain = false
			s.i++
		case c < ' ':
			return nil, false, false
		}
	}
	return nil, false, false
}

func (s *scan) content() bool {
	if s.blanks(); s.i < len(s.b) && s.b[s.i] == 'n' {
		return s.null()
	}
	b, plain, ok := s.inside()
	if !ok {
		return false
	}
	s.from, s.to = s.i-1-len(b), s.i-1
	s.text, ok = s.said(b, plain)
	return ok
}

// said returns what stands in a string.
func (s *scan) said(b []byte, plain bool) (text []byte, ok bool) {
	if plain {
		return b, true
	}
	*s.buf, ok = unquote((*s.buf)[:0], b)
	return *s.buf, ok
}
