package sanitize

import (
	"slices"
	"unicode/utf8"
)

// maxDepth bounds how many encodings one inside another are undone.
const maxDepth = 3

// search is one reading of one text. Each of its methods reports whether it has found something, which ends the search.
type search struct {
	*Scope
	depth  int
	budget *int // bytes that decoders may still produce
	room   *room
	hit    *Hit
}

// views reads text in every way the filter knows and returns the first thing found.
func (s *Scope) views(text string, final bool) *Hit {
	budget := 8*len(text) + 1<<17
	q := &search{Scope: s, budget: &budget}
	_ = q.everything(text, final)
	return q.hit
}

// room is memory for one reading at a time.
type room struct {
	letters, one, two []byte
	words             []word
}

// maxRoom bounds the text whose room is kept for the next reading.
const maxRoom = 64 << 10

// everything reads text through every view; final adds those that need a whole answer.
func (q *search) everything(text string, final bool) bool {
	kept, ok := q.filter.rooms.Get().(*room)
	if !ok {
		kept = &room{}
	}
	kept.one, kept.two = sized(kept.one, len(text)+1), sized(kept.two, len(text)+1)
	q.room = kept
	letters, words := q.filter.splitWords(text, kept)
	shape := shapeOf(text)
	shape.prose = q.filter.prose.mostly(text)
	found := q.letters("letters", letters) || q.ciphers(text, letters, shape) || q.byWord(text, words, shape) ||
		q.gapped(letters, shape) || q.decoders(text, shape) || final && q.whole(text, letters, words, shape)
	if len(text) <= maxRoom {
		q.filter.rooms.Put(kept)
	}
	return found
}

func (q *search) found(view string, secret int) bool {
	if secret < 0 {
		return false
	}
	q.hit = &Hit{SecretID: q.filter.secrets[secret].ID, View: view}
	return true
}

func (q *search) in(k kind, view string, seq []byte) bool {
	return len(q.filter.by[k].text) > 0 && q.found(view, q.filter.by[k].find(seq, q.leaked))
}

// letters looks for runs and markers in letters as they stand.
func (q *search) letters(view string, seq []byte) bool {
	return q.in(plain, view, seq) || q.in(canary, view, seq)
}

// ciphers looks through what is done to an alphabet or to the order of letters.
func (q *search) ciphers(text string, letters []byte, shape shape) bool {
	if q.letters("reversed", reversed(q.room.one, letters)) ||
		q.in(skeleton, "consonants", consonants(q.room.one, letters)) || q.caesars(letters) ||
		q.in(leet, "look-alike digits", q.filter.fold.leetLetters(q.room.one, text)) {
		return true
	}
	onward, back := letterRepeats(q.room.one, q.room.two, letters)
	if q.in(isomorph, "substituted", onward) || q.in(isomorph, "substituted, reversed", back) {
		return true
	}
	if shape.wide > 0 && q.in(isomorph, "symbols", repeats(q.filter.fold.symbols(text))) {
		return true
	}
	return q.strided(text, letters, shape)
}

// caesars looks through every shift of the alphabet, as it stands and mirrored.
func (q *search) caesars(letters []byte) bool {
	shifted := steps(q.room.one, letters)
	opposite := mirrored(q.room.two, shifted)
	if q.in(shifts, "shifted", shifted) || q.in(shifts, "mirrored", opposite) {
		return true
	}
	slices.Reverse(shifted)
	slices.Reverse(opposite)
	return q.in(shifts, "shifted, reversed", opposite) || q.in(shifts, "mirrored, reversed", shifted)
}

// strided looks at every second to fifth letter, character that can be seen, and character that is a letter or a digit.
func (q *search) strided(text string, letters []byte, shape shape) bool {
	fold := q.filter.fold
	return q.every("interleaved", 5, letters) ||
		!shape.prose && q.every("interleaved", 5, visible(fold, q.room.two[:0], text)) ||
		shape.digits*16 > len(letters) && q.every("interleaved", 5, alphanumerics(fold, q.room.two[:0], text))
}

// every looks at every second to most-th of the signs, from any beginning. Signs above 26 are places that hold no letter.
func (q *search) every(view string, most int, signs []byte) bool {
	part := q.room.one[:cap(q.room.one)]
	for step := 2; step <= most; step++ {
		for offset := 0; offset < step; offset++ {
			n := 0
			for i := offset; i < len(signs); i += step {
				part[n] = signs[i]
				n += btoi(signs[i] <= 26)
			}
			if q.letters(view, part[:n]) {
				return true
			}
		}
	}
	return false
}

// visible is letters with every other character that can be seen kept as 27.
func visible(fold *folding, out []byte, text string) []byte {
	for _, r := range text {
		if r == ' ' || r == '\n' || r == '\t' {
			continue
		}
		code := fold.rune(r)
		if code == 0 {
			code = 27
		}
		out = append(out, code)
	}
	return out
}

// alphanumerics is letters with every digit kept as 27.
func alphanumerics(fold *folding, out []byte, text string) []byte {
	for i := 0; i < len(text); {
		code, size := uint8(0), 1
		if c := text[i]; c < utf8.RuneSelf {
			if code = fold.ascii[c]; c >= '0' && c <= '9' {
				code = 27
			}
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			code = fold.pages[r]
		}
		if code != 0 {
			out = append(out, code)
		}
		i += size
	}
	return out
}

// gapped looks for 48 letters of a secret, in order, within 84 letters of text: what is left when letters are strewn in.
func (q *search) gapped(letters []byte, shape shape) bool {
	if shape.prose {
		return false
	}
	x := q.filter.by[plain]
	for i := 0; i+7 <= len(letters); i++ {
		for p := q.filter.words.seed(letters[i : i+7]); p >= 0; p = q.filter.words.nextSeed(p) {
			got, j := 0, int(p)
			for k := i; k < len(letters) && k < i+84 && j < len(x.text) && x.text[j] != 0; k++ {
				if letters[k] == x.text[j] {
					got, j = got+1, j+1
				}
			}
			if got >= 48 && q.leaked(x, int(p), got) {
				return q.found("strewn letters", x.owner(int(p)))
			}
		}
	}
	return false
}

// whole applies what needs a whole answer: letters in another order. Laid in columns or along rails nothing still looks
// like natural language.
func (q *search) whole(text string, letters []byte, words []word, shape shape) bool {
	if len(letters) < 40 || len(letters) > 1<<14 {
		return false
	}
	return !shape.prose && (q.railed(text, letters) || q.laid(letters)) || q.sameLetters(text, words, shape)
}

func (q *search) railed(text string, letters []byte) bool {
	for rails := 2; rails <= 8; rails++ {
		if q.letters("rail fence", unrail(q.room.one, letters, rails)) || q.letters("rail fence", q.filter.fold.letters(string(unrail(q.room.two, []byte(text), rails)))) {
			return true
		}
	}
	return false
}

// laid reads letters laid in rows of 2 to 12, or in as many rows, from top to bottom.
func (q *search) laid(letters []byte) bool {
	for width := 2; width <= 12; width++ {
		if q.letters("columns", columns(q.room.one, letters, width)) || q.letters("columns", columns(q.room.one, letters, (len(letters)+width-1)/width)) {
			return true
		}
	}
	return false
}

// unrail undoes a rail fence.
func unrail(out, text []byte, rails int) []byte {
	out = sized(out, len(text))
	from, period := 0, 2*rails-2
	for rail := 0; rail < rails; rail++ {
		down, up := period-2*rail, 2*rail // how far the next character of the rail is, by turns
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

// columns reads letters laid in rows of width from top to bottom.
func columns(out, letters []byte, width int) []byte {
	out = sized(out, len(letters))
	n := 0
	for c := 0; c < width; c++ {
		for i := c; i < len(letters); i += width {
			out[n] = letters[i]
			n++
		}
	}
	return out[:n]
}
