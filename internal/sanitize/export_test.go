package sanitize

import "github.com/adiuva/cloud-api/internal/sanitize/index"

// FirstPass reports whether a run of a secret is in the letters of text, the first of the views.
func (f *Filter) FirstPass(text string) bool {
	var r index.Reader
	found := false
	r.Read(f.indexes[letterSeq], f.fold.Letters(text), func(m index.Match) { found = found || m.Len >= 28 })
	return found
}

// Steps returns how many steps of work a text costs.
func Steps(s *Scope, text string) int {
	_, steps, _ := Measure(s, len(text)+1, text)
	return steps
}

// Measure streams text in pieces of size bytes. It returns the hit, the steps of work, and how many letters of the
// secrets, about, the text has in pieces.
func Measure(s *Scope, size int, text string) (hit *Hit, steps, letters int) {
	st := s.Stream(func(string) error { return nil })
	for ; len(text) > size; text = text[size:] {
		_ = st.Write(text[:size])
	}
	_ = st.Write(text)
	_ = st.Close()
	return st.Hit(), st.tally.work.steps, st.tally.covered.Len(0, s.filter.indexes[letterSeq].Len())
}

// WordsIn adds words that begin at places to the set of words, and returns how many of it are in a part of the text.
func WordsIn(places []int, from, to int) int {
	var set wordSet
	for _, place := range places {
		set.add(place)
	}
	return set.count(span{from, to})
}
