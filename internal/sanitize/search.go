package sanitize

import (
	"slices"
	"unicode/utf8"
)

// maxDepth is how many nested encodings are decoded.
const maxDepth = 3

// search looks for secrets in one text. Each of its methods that returns a bool reports whether it found one, in
// which case hit is set and the search ends.
type search struct {
	*Scope
	depth        int
	decodeBudget *int // bytes that decoders may still produce, shared with nested searches
	scratch      *scratch
	hit          *Hit
}

// search searches text through every view and returns the first hit or nil.
func (s *Scope) search(text string, final bool) *Hit {
	budget := 8*len(text) + 1<<17
	q := &search{Scope: s, decodeBudget: &budget}
	_ = q.run(text, final)
	return q.hit
}

// scratch is memory for one search at a time. A view that puts its symbols in bufA or bufB overwrites those of the
// view before it.
type scratch struct {
	letters, bufA, bufB []byte
	words               []word
}

// maxPooledText is the size in bytes of the largest text whose scratch memory is reused.
const maxPooledText = 64 << 10

// run searches text through every view; those that need a whole answer only with final.
func (q *search) run(text string, final bool) bool {
	pooled, ok := q.filter.scratch.Get().(*scratch)
	if !ok {
		pooled = &scratch{}
	}
	pooled.bufA = resize(pooled.bufA, len(text)+1)
	pooled.bufB = resize(pooled.bufB, len(text)+1)
	q.scratch = pooled
	letters, words := q.filter.splitWords(text, pooled)
	shape := shapeOf(text)
	shape.natural = q.filter.language.mostlyNatural(text)
	found := q.matchLetters("letters", letters) ||
		q.letterViews(text, letters, shape) ||
		q.wordViews(text, words, shape) ||
		q.interspersed(letters, shape) ||
		q.encodings(text, shape) ||
		final && q.transpositions(text, letters, words, shape)
	if len(text) <= maxPooledText {
		q.filter.scratch.Put(pooled)
	}
	return found
}

// report sets the hit, unless secret is negative.
func (q *search) report(view string, secret int) bool {
	if secret < 0 {
		return false
	}
	q.hit = &Hit{SecretID: q.filter.secrets[secret].ID, View: view}
	return true
}

// match looks for runs of a secret in seq, which is written in the alphabet a.
func (q *search) match(a alphabet, view string, seq []byte) bool {
	x := q.filter.indexes[a]
	return len(x.text) > 0 && q.report(view, x.find(seq, q.leaked))
}

// matchLetters looks for runs of a secret and for canaries in letter codes.
func (q *search) matchLetters(view string, seq []byte) bool {
	return q.match(letterAlphabet, view, seq) || q.match(canaryAlphabet, view, seq)
}

// letterViews looks for letters that were replaced, reversed, left out or interleaved with others.
func (q *search) letterViews(text string, letters []byte, shape shape) bool {
	if q.matchLetters("reversed", reversed(q.scratch.bufA, letters)) ||
		q.match(consonantAlphabet, "consonants", consonants(q.scratch.bufA, letters)) ||
		q.caesarAndAtbash(letters) ||
		q.match(leetAlphabet, "look-alike digits", q.filter.fold.leetLetters(q.scratch.bufA, text)) {
		return true
	}
	forward, backward := letterPatterns(q.scratch.bufA, q.scratch.bufB, letters)
	if q.match(patternAlphabet, "substituted", forward) ||
		q.match(patternAlphabet, "substituted, reversed", backward) {
		return true
	}
	if shape.wide > 0 && q.match(patternAlphabet, "symbols", repeatPattern(q.filter.fold.lettersAndPictures(text))) {
		return true
	}
	return q.interleaved(text, letters, shape)
}

// caesarAndAtbash looks for letters shifted along the alphabet or the reversed alphabet.
func (q *search) caesarAndAtbash(letters []byte) bool {
	caesar := letterSteps(q.scratch.bufA, letters)
	atbash := atbashSteps(q.scratch.bufB, caesar)
	if q.match(stepAlphabet, "shifted", caesar) || q.match(stepAlphabet, "mirrored", atbash) {
		return true
	}
	slices.Reverse(caesar)
	slices.Reverse(atbash)
	return q.match(stepAlphabet, "shifted, reversed", atbash) ||
		q.match(stepAlphabet, "mirrored, reversed", caesar)
}

// interleaved looks at every second to fifth letter, visible character, and alphanumeric character.
func (q *search) interleaved(text string, letters []byte, shape shape) bool {
	const view = "interleaved"
	fold, buf := q.filter.fold, q.scratch.bufB[:0]
	return q.everyNth(view, 5, letters) ||
		!shape.natural && q.everyNth(view, 5, visibleSymbols(fold, buf, text)) ||
		shape.digits*16 > len(letters) && q.everyNth(view, 5, alphanumericSymbols(fold, buf, text))
}

// everyNth looks at every nth symbol for n from 2 to maxStep, from every offset. Symbols above 26 take a place but
// are no letters.
func (q *search) everyNth(view string, maxStep int, symbols []byte) bool {
	part := q.scratch.bufA[:cap(q.scratch.bufA)]
	for step := 2; step <= maxStep; step++ {
		for offset := 0; offset < step; offset++ {
			n := 0
			for i := offset; i < len(symbols); i += step {
				part[n] = symbols[i]
				n += btoi(symbols[i] <= 26)
			}
			if q.matchLetters(view, part[:n]) {
				return true
			}
		}
	}
	return false
}

// visibleSymbols returns the letter codes of text, and 27 for every other visible character.
func visibleSymbols(fold *foldTable, out []byte, text string) []byte {
	for _, r := range text {
		if r == ' ' || r == '\n' || r == '\t' {
			continue
		}
		code := fold.code(r)
		if code == 0 {
			code = 27
		}
		out = append(out, code)
	}
	return out
}

// alphanumericSymbols returns the letter codes of text, and 27 for every digit.
func alphanumericSymbols(fold *foldTable, out []byte, text string) []byte {
	for i := 0; i < len(text); {
		code, size := uint8(0), 1
		if c := text[i]; c < utf8.RuneSelf {
			if code = fold.ascii[c]; c >= '0' && c <= '9' {
				code = 27
			}
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			code = fold.nonASCII[r]
		}
		if code != 0 {
			out = append(out, code)
		}
		i += size
	}
	return out
}

// interspersed looks for 48 letters of a secret, in order, within 84 letters of text: a secret with letters inserted.
func (q *search) interspersed(letters []byte, shape shape) bool {
	if shape.natural {
		return false
	}
	x := q.filter.indexes[letterAlphabet]
	for i := 0; i+7 <= len(letters); i++ {
		for p := q.filter.words.firstPosition(letters[i : i+7]); p >= 0; p = q.filter.words.nextPosition(p) {
			matched, j := 0, int(p)
			for k := i; k < len(letters) && k < i+84 && j < len(x.text) && x.text[j] != 0; k++ {
				if letters[k] == x.text[j] {
					matched++
					j++
				}
			}
			if matched >= 48 && q.leaked(x, int(p), matched) {
				return q.report("strewn letters", x.owner(int(p)))
			}
		}
	}
	return false
}

// transpositions looks for letters in another order, which needs the whole answer. Text written in columns or along
// rails does not look like natural language; an anagram may.
func (q *search) transpositions(text string, letters []byte, words []word, shape shape) bool {
	if len(letters) < 40 || len(letters) > 1<<14 {
		return false
	}
	return !shape.natural && (q.railFence(text, letters) || q.columnar(letters)) || q.anagram(text, words, shape)
}

func (q *search) railFence(text string, letters []byte) bool {
	for rails := 2; rails <= 8; rails++ {
		if q.matchLetters("rail fence", undoRailFence(q.scratch.bufA, letters, rails)) {
			return true
		}
		undone := string(undoRailFence(q.scratch.bufB, []byte(text), rails))
		if q.matchLetters("rail fence", q.filter.fold.letters(undone)) {
			return true
		}
	}
	return false
}

// columnar reads letters written in 2 to 12 columns, or in as many rows, from top to bottom.
func (q *search) columnar(letters []byte) bool {
	for width := 2; width <= 12; width++ {
		rows := (len(letters) + width - 1) / width
		if q.matchLetters("columns", readColumns(q.scratch.bufA, letters, width)) ||
			q.matchLetters("columns", readColumns(q.scratch.bufA, letters, rows)) {
			return true
		}
	}
	return false
}

// undoRailFence returns text, which was written along rails, in its original order.
func undoRailFence(out, text []byte, rails int) []byte {
	out = resize(out, len(text))
	from, period := 0, 2*rails-2
	for rail := 0; rail < rails; rail++ {
		down, up := period-2*rail, 2*rail // distances to the next character on the rail, alternating
		if down == 0 {
			down, up = up, down
		}
		for to := rail; to < len(text); from++ {
			out[to] = text[from]
			if to += down; up != 0 {
				down, up = up, down
			}
		}
	}
	return out
}

// readColumns reads letters written in rows of width column by column.
func readColumns(out, letters []byte, width int) []byte {
	out = resize(out, len(letters))
	n := 0
	for c := 0; c < width; c++ {
		for i := c; i < len(letters); i += width {
			out[n] = letters[i]
			n++
		}
	}
	return out[:n]
}
