package sanitize

// FirstPass reads text as it stands, without any other view, and reports whether a secret's run is in it.
func (f *Filter) FirstPass(text string) bool {
	q := &search{Scope: f.Scope()}
	return q.matchLetters("letters", f.fold.letters(text))
}
