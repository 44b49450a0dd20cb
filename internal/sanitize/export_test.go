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

// Symbols are a sequence of a secret as its index has it, and of a text as the views read it.
type Symbols struct{ Secret, Text []uint8 }

// Sequences returns the sequences that are made from the letters of secret number i and of a text.
func Sequences(f *Filter, i int, text string) map[int]Symbols {
	out := map[int]Symbols{}
	for s, x := range f.indexes {
		if sequence(s).rule().Symbol == nil {
			continue
		}
		var list Symbols
		from, to := x.Bounds(i)
		for p := from; p < to; p++ {
			list.Secret = append(list.Secret, x.At(p))
		}
		switch s := sequence(s); s {
		case patternSeq, backPatternSeq:
			var p pattern
			for _, c := range s.of(symbolsOf(f.fold, f.language, text, 0)) {
				list.Text = append(list.Text, p.add(uint32(c)))
			}
		case keypadSeq:
			for _, c := range f.fold.Letters(text) {
				list.Text = append(list.Text, keys[c-1]-'0')
			}
		default:
			list.Text = s.of(symbolsOf(f.fold, f.language, text, 0))
		}
		out[s] = list
	}
	return out
}
