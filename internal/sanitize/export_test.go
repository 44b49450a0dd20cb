package sanitize

// FirstPass reports whether a run of a secret is in the letters of text, the first of the views.
func (f *Filter) FirstPass(text string) bool {
	q := &search{Scope: f.Scope()}
	return q.matchLetters("letters", f.fold.letters(text))
}
