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
	st := s.Stream(func(string) error { return nil })
	_ = st.Write(text)
	_ = st.Close()
	return st.tally.work.steps
}
