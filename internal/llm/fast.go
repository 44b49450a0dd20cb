package llm

import "bytes"

// texts reads the commonest event, one choice with nothing but a text delta, without building a document: a stream has
// hundreds of them, and most differ in their text alone.
type texts struct {
	head, tail []byte // what stood around the latest event's text, its quotes included
	buf        []byte // for unescaping
}

// of returns the event's text. ok is false for every event of another kind, which encoding/json then reads; where ok is
// true it would have found the same. The text is valid until the next call and may begin or end inside a character.
func (t *texts) of(event []byte) (text []byte, ok bool) {
	if n := len(t.head); n > 0 && len(event) >= n+len(t.tail) && bytes.HasPrefix(event, t.head) && bytes.HasSuffix(event, t.tail) {
		s := scan{b: event, i: n, buf: &t.buf}
		if b, plain, ok := s.rest(); ok && s.i == len(event)-len(t.tail)+1 {
			return s.said(b, plain)
		}
	}
	s := scan{b: event, buf: &t.buf}
	if ok = s.event(); ok && s.from > 0 {
		t.head, t.tail = append(t.head[:0], event[:s.from]...), append(t.tail[:0], event[s.to:]...)
	}
	return s.text, ok
}

func (s *scan) event() bool {
	ok := s.object(func(key []byte) bool {
		switch string(key) {
		case "choices":
			return s.once(seenChoices) && s.next('[') && s.object(s.choice) && s.next(']')
		case "id", "object", "created", "model", "system_fingerprint", "service_tier", "obfuscation", "usage", "provider":
			return s.scalar()
		}
		return false
	})
	s.blanks()
	return ok && s.i == len(s.b) && s.seen&seenDelta != 0
}

const (
	seenChoices = 1 << iota
	seenDelta
	seenContent
)

// scan is a place in one event. It knows a subset of JSON and gives up on the rest.
type scan struct {
	b, text  []byte
	buf      *[]byte
	i        int
	from, to int // where text stands in b
	seen     uint8
}

func (s *scan) choice(key []byte) bool {
	switch string(key) {
	case "delta":
		return s.once(seenDelta) && s.object(s.delta)
	case "index":
		return s.next('0')
	case "logprobs", "finish_reason":
		return s.null()
	}
	return false
}

func (s *scan) delta(key []byte) bool {
	switch string(key) {
	case "content":
		return s.once(seenContent) && s.content()
	case "role":
		return s.scalar()
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
	for s.i < len(s.b) && s.b[s.i] == ' ' {
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
	ok := bytes.HasPrefix(s.b[s.i:], []byte("null"))
	if ok {
		s.i += len("null")
	}
	return ok
}

// object takes an object of at least one member.
func (s *scan) object(member func(key []byte) bool) bool {
	if !s.next('{') {
		return false
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

// scalar takes null, a natural number or a string without escapes.
func (s *scan) scalar() bool {
	s.blanks()
	if s.i == len(s.b) {
		return false
	}
	switch c := s.b[s.i]; {
	case c == 'n':
		return s.null()
	case '1' <= c && c <= '9':
		for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
			s.i++
		}
		return true
	case c == '0':
		s.i++
		return true
	}
	_, plain, ok := s.inside()
	return ok && plain
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
