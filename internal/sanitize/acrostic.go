package sanitize

// initials looks at the first and the last letters of words.
func (q *search) initials(words []word) bool {
	if len(words) < 16 {
		return false
	}
	first, last := sized(q.room.one, len(words)), sized(q.room.two, len(words))
	for i, w := range words {
		first[i], last[i] = w.letters[0], w.letters[len(w.letters)-1]
	}
	return q.letters("first letters", first) || q.letters("last letters", last) || q.letters("first letters, reversed", reversed(q.room.two, first)) ||
		q.someInitials(first, q.room.two)
}

// someInitials looks at every second to sixth word's first letter, as of lines that lost their breaks.
func (q *search) someInitials(first, part []byte) bool {
	for step := 2; step <= 6; step++ {
		for offset := 0; offset < step; offset++ {
			n := 0
			for i := offset; i < len(first); i += step {
				part[n] = first[i]
				n++
			}
			if q.letters("first letters of some words", part[:n]) {
				return true
			}
		}
	}
	return false
}
