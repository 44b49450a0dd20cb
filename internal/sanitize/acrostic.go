package sanitize

// initials looks at the first and the last letters of words, and at the first ones of every second to sixth word, as of lines
// that lost their breaks.
func (q *search) initials(words []word) bool {
	if len(words) < 16 {
		return false
	}
	first, last := sized(q.room.two, len(words)), sized(q.room.one, len(words))
	for i, w := range words {
		first[i], last[i] = w.letters[0], w.letters[len(w.letters)-1]
	}
	return q.letters("first letters", first) || q.letters("last letters", last) ||
		q.letters("first letters, reversed", reversed(q.room.one, first)) || q.every("first letters of some words", 6, first)
}
