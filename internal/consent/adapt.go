package consent

import "strings"

// adapt divides words that the language writes together: a verb and its pronoun ("spostalo"), a word and the noun of a
// table ("Zahnarzttermin").
func (l *language) adapt(toks []token) []token {
	list := make([]token, 0, len(toks))
	for _, t := range toks {
		first, second, ok := l.divide(t)
		if !ok {
			list = append(list, t)
			continue
		}
		a, b := t, t
		a.word, b.word, b.before = first, second, ""
		list = append(list, a, b)
	}
	return list
}

func (l *language) divide(t token) (first, second string, ok bool) {
	w := t.word
	if t.quoted || l.known[w] || len(w) < 5 {
		return "", "", false
	}
	for _, ending := range l.endings {
		stem, found := strings.CutSuffix(w, ending)
		if !found || len(stem) < 3 {
			continue
		}
		for _, form := range []string{stem, stem + "e"} {
			if _, isVerb := l.verbAt([]token{{word: form}}, 0); isVerb && l.known[form] {
				return form, ending, true
			}
		}
	}
	if l.verbLast {
		for _, noun := range l.suffixes {
			if stem, found := strings.CutSuffix(w, noun); found && len(stem) >= 3 {
				return strings.TrimSuffix(stem, "s"), noun, true
			}
		}
	}
	return "", "", false
}
