package sanitize

import "slices"

// maxDepth bounds how many encodings one inside another are undone.
const maxDepth = 3

// search is one reading of one text. Each of its methods reports whether it has found something, which ends the search.
type search struct {
	*Scope
	depth  int
	budget *int // bytes that decoders may still produce
	hit    *Hit
}

// views reads text in every way the filter knows and returns the first thing found.
func (s *Scope) views(text string, final bool) *Hit {
	budget := 8*len(text) + 1<<17
	q := &search{Scope: s, budget: &budget}
	_ = q.everything(text) || final && q.whole(text)
	return q.hit
}

func (q *search) everything(text string) bool {
	letters := q.filter.fold.letters(text)
	shape := shapeOf(text)
	shape.prose = q.filter.prose.mostly(text)
	return q.letters("letters", letters) || q.ciphers(text, letters, shape) || q.byWord(text, shape) ||
		q.gapped(letters, shape) || q.decoders(text, shape)
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
	backwards := reversed(letters)
	if q.letters("reversed", backwards) || q.in(skeleton, "consonants", consonants(letters)) ||
		q.in(shifts, "shifted", steps(letters, false)) || q.in(shifts, "mirrored", steps(letters, true)) ||
		q.in(shifts, "shifted, reversed", steps(backwards, false)) ||
		q.in(shifts, "mirrored, reversed", steps(backwards, true)) ||
		q.in(leet, "look-alike digits", q.filter.fold.leetLetters(text)) {
		return true
	}
	if q.in(isomorph, "substituted", repeats(letters)) || q.in(isomorph, "substituted, reversed", repeats(backwards)) {
		return true
	}
	if shape.ascii < len(text) && q.in(isomorph, "symbols", repeats(q.filter.fold.symbols(text))) {
		return true
	}
	return q.strided(text, letters)
}

// strided looks at every second to fifth letter, and at every second to fifth character that is a letter or a digit.
func (q *search) strided(text string, letters []byte) bool {
	signs := letters
	if withDigits := alphanumerics(q.filter.fold, text); len(withDigits) != len(letters) {
		signs = withDigits
	}
	part := make([]byte, 0, len(signs)/2+1)
	for step := 2; step <= 5; step++ {
		for offset := 0; offset < step; offset++ {
			part = part[:0]
			for i := offset; i < len(signs); i += step {
				if signs[i] <= 26 {
					part = append(part, signs[i])
				}
			}
			if q.letters("interleaved", part) {
				return true
			}
			if len(signs) == len(letters) {
				continue
			}
			part = part[:0]
			for i := offset; i < len(letters); i += step {
				part = append(part, letters[i])
			}
			if q.letters("interleaved", part) {
				return true
			}
		}
	}
	return false
}

// alphanumerics is letters with every digit kept as 27.
func alphanumerics(fold *folding, text string) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if code := fold.rune(r); code != 0 {
			out = append(out, code)
		} else if r >= '0' && r <= '9' {
			out = append(out, 27)
		}
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

// whole applies what needs a whole answer: letters in another order.
func (q *search) whole(text string) bool {
	letters := q.filter.fold.letters(text)
	if len(letters) < 40 || len(letters) > 1<<14 {
		return false
	}
	for rails := 2; rails <= 8; rails++ {
		if q.letters("rail fence", unrail(letters, rails)) || q.letters("rail fence", unrail([]byte(text), rails, q.filter.fold)) {
			return true
		}
	}
	for width := 2; width <= 12; width++ {
		if q.letters("columns", columns(letters, width)) || q.letters("columns", columns(letters, (len(letters)+width-1)/width)) {
			return true
		}
	}
	return q.sameLetters(text)
}

// unrail undoes a rail fence over the letters, or over all bytes when a folding turns them into letters afterwards.
func unrail(text []byte, rails int, fold ...*folding) []byte {
	order := make([]int, 0, len(text))
	period := 2*rails - 2
	for rail := 0; rail < rails; rail++ {
		for i := 0; i < len(text); i++ {
			if at := i % period; at == rail || period-at == rail {
				order = append(order, i)
			}
		}
	}
	out := make([]byte, len(text))
	for from, to := range order {
		out[to] = text[from]
	}
	if len(fold) > 0 {
		return fold[0].letters(string(out))
	}
	return out
}

// columns reads letters laid in rows of width from top to bottom.
func columns(letters []byte, width int) []byte {
	out := make([]byte, 0, len(letters))
	for c := 0; c < width; c++ {
		for i := c; i < len(letters); i += width {
			out = append(out, letters[i])
		}
	}
	return out
}

// sameLetters looks for a stretch of a secret with exactly the letters of the text or of one of its paragraphs, in
// whatever order.
func (q *search) sameLetters(text string) bool {
	parts := append(paragraphs(text), text)
	for _, part := range slices.Compact(parts[max(0, len(parts)-6):]) {
		letters := q.filter.fold.letters(part)
		if len(letters) < 40 {
			continue
		}
		var want, have uint64
		for _, c := range letters {
			want += letterWeight[c]
		}
		x := q.filter.by[plain]
		begin := 0
		for i, c := range x.text {
			if c == 0 {
				have, begin = 0, i+1
				continue
			}
			have += letterWeight[c]
			if i-begin >= len(letters) {
				have -= letterWeight[x.text[i-len(letters)]]
			}
			if i-begin+1 >= len(letters) && have == want && q.leaked(x, i-len(letters)+1, len(letters)) {
				return q.found("same letters", x.owner(i))
			}
		}
	}
	return false
}

// letterWeight gives each letter a number such that sums of a few thousand tell their letters apart.
var letterWeight = func() (w [27]uint64) {
	v := uint64(0x9E3779B97F4A7C15)
	for i := range w {
		v ^= v << 13
		v ^= v >> 7
		v ^= v << 17
		w[i] = v
	}
	return w
}()
