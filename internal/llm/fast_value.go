package llm

// maxInside is how deep values may be that are passed over.
const maxInside = 6

// value passes over any value of at most that depth, without escapes in its strings.
func (s *scan) value(depth int) bool {
	s.blanks()
	if s.i == len(s.b) || depth == 0 {
		return false
	}
	switch c := s.b[s.i]; c {
	case 'n':
		return s.word("null")
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case '"':
		_, plain, ok := s.inside()
		return ok && plain
	case '{':
		return s.object(func([]byte) bool { return s.value(depth - 1) })
	case '[':
		return s.array(depth)
	}
	return s.number()
}

func (s *scan) array(depth int) bool {
	s.i++
	if s.next(']') {
		return true
	}
	for s.value(depth - 1) {
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
	return false
}

// number takes a number as RFC 8259 §6 has it.
func (s *scan) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

// take takes c, if it comes next.
func (s *scan) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

// digits takes at least one digit.
func (s *scan) digits() bool {
	from := s.i
	for s.i < len(s.b) && '0' <= s.b[s.i] && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > from
}
