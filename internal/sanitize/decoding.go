package sanitize

import (
	"github.com/adiuva/cloud-api/internal/sanitize/decode"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
	"github.com/adiuva/cloud-api/internal/sanitize/language"
)

const (
	oddHold     = 1024 // bytes of odd text that are held back at most
	searchEvery = 768  // bytes of odd text between two searches
	oddWindow   = 1280 // bytes of odd text that are searched together
	leastWindow = 96   // bytes that are searched at least, if there are as many
	nearFor     = 200  // bytes for which odd text is held back that nearly was a leak
	minFresh    = 28   // bytes of odd text in a row that are worth a search
	minPieces   = 96   // bytes of odd text in shorter pieces that are worth one
	maxDepth    = 3    // decoders that a text may have gone through
)

// decode searches the text that does not look natural through the decoders, if there is enough of it.
func (s *scanner) decode(final bool) {
	n := &s.reader.nature
	pos := s.reader.pos
	from := n.odd
	row := 0
	if n.odd != noPlace {
		end := pos
		if n.ended {
			end = n.oddEnd
		}
		if from = max(n.odd, s.decoded); from < end {
			s.addOdd(s.text[from:end])
			row = end - from
			s.fresh += row
			s.decoded = end
		}
		n.next = pos + searchEvery
		if n.ended {
			s.odd = append(s.odd, '\n')
			n.odd = noPlace
		}
	}
	n.ended = false
	if over := len(s.odd) - oddWindow; over > 0 {
		s.odd = append(s.odd[:0], s.odd[over:]...)
	}
	if window := s.window(row, final); window > 0 {
		s.fresh, s.freshAll = 0, s.freshAll+s.fresh
		if window == len(s.odd) {
			s.freshAll = 0
		}
		s.tally.near = false
		longRow := s.longRow > s.searched
		s.searched = s.oddBytes
		s.searchDecoded(string(s.odd[len(s.odd)-window:]), longRow)
		if s.tally.near && from != noPlace {
			if pos >= s.nearUntil {
				s.near = from
			}
			s.nearUntil = pos + nearFor
		}
	}
}

// addOdd adds odd text, and notes where it has minFresh characters in a row that may be encoded, without a word of a
// language.
func (s *scanner) addOdd(text []byte) {
	s.odd = append(s.odd, text...)
	var t oddToken
	for _, c := range text {
		s.oddBytes++
		if c >= '0' && c <= '9' {
			t.endWord(s)
			if t.digits++; t.digits == 1 {
				t.before = t.last
			}
			s.row++
		} else if (c == 'T' || c == 'Z') && t.digits > 0 && !t.mixed {
			t.endNumber(s, c) // as in 2026-04-13T09:00:00Z
		} else if code := s.filter.fold.ASCII[c]; code != 0 {
			if t.n > 0 && c < 'a' && t.last >= 'a' {
				t.endWord(s) // as in camelCase
			}
			t.addLetter(code, c < 'a')
			s.row++
		} else {
			t.endWord(s)
			t.endNumber(s, c)
			if c > ' ' && c != t.last && !isStructure(c) {
				s.row++
			}
		}
		t.last = c
		if s.row-t.pending() >= minFresh || s.row >= 2*minFresh {
			s.longRow = s.oddBytes
		}
	}
	t.endWord(s)
	t.endNumber(s, ' ')
}

// isStructure reports whether c usually stands between values, as in JSON, code and tables.
func isStructure(c byte) bool {
	switch c {
	case '"', '{', '}', '[', ']', '(', ')', ':', ';', ',', '|':
		return true
	}
	return false
}

// oddToken is a word or a number in odd text.
type oddToken struct {
	word   [maxWord]uint8
	n      int  // letters
	upper  bool // whether there are upper-case letters after the first
	digits int
	mixed  bool // whether the digits are next to letters
	before byte // the character before the digits
	last   byte // the latest character
}

// pending returns how many of the latest characters may turn out to be no part of encoded text.
func (t *oddToken) pending() int {
	if !t.mixed && t.digits <= shortNumber {
		return t.n + t.digits
	}
	return t.n
}

func (t *oddToken) addLetter(code uint8, upper bool) {
	t.mixed = t.mixed || t.digits > 0
	if t.n < maxWord {
		t.upper = t.upper || t.n > 0 && upper
		t.word[t.n] = code
		t.n++
	}
}

// endWord ends the letters in a row. A word of a language ends the row.
func (t *oddToken) endWord(s *scanner) {
	if t.n >= 4 && t.n < maxWord && !t.upper && s.filter.language.Kind(t.word[:t.n]) >= language.Likely {
		s.row, s.rowNumbers = 0, 0
	}
	t.mixed = t.mixed || t.n > 0
	t.n, t.upper = 0, false
}

const (
	shortNumber = 4  // digits of a number that is no part of encoded text, as in dates and times
	rowNumbers  = 16 // digits of such numbers in a row; more may be encoded text
)

// endNumber ends the letters and digits in a row before the character next.
func (t *oddToken) endNumber(s *scanner, next byte) {
	alone := t.before <= ' ' && next <= ' '
	if t.digits <= shortNumber && !t.mixed && !alone && s.rowNumbers+t.digits <= rowNumbers {
		s.row = max(0, s.row-t.digits)
		s.rowNumbers += t.digits
	}
	t.digits, t.mixed = 0, false
}

// window returns how many of the latest odd bytes are to be searched now, of which row new ones are in a row, or 0. All
// are searched once half of them are new and in the end, and a part of them before, so that short pieces cost little.
func (s *scanner) window(row int, final bool) int {
	n := len(s.odd)
	if row < minFresh && s.fresh < minPieces && !final || n < minFresh || s.fresh+s.freshAll == 0 {
		return 0
	}
	if final || (s.fresh+s.freshAll)*2 >= n {
		return n
	}
	return min(n, max(leastWindow, s.fresh*2))
}

// searchDecoded searches every reading of text that the decoders give. Without a long row, text has words of a language
// everywhere, and only those decoders are asked that it may come from.
func (s *scanner) searchDecoded(text string, longRow bool) {
	if s.depth >= maxDepth {
		return
	}
	in := decode.NewInput(text)
	for i := range s.filter.decoders {
		d := &s.filter.decoders[i]
		if !longRow && !d.Words {
			continue
		}
		if s.depth > 0 && d.Kind != decode.Encoding && (d.Kind != decode.Rewrite || s.depth > 1) {
			continue // what was encoded is text or encoded once more
		}
		if !s.decodeWith(d, in) {
			return
		}
	}
}

// decodeWith searches every reading of text that one decoder gives, and reports whether to go on with the next one.
func (s *scanner) decodeWith(d *decode.Decoder, in *decode.Input) bool {
	if !s.tally.spend(len(in.Text)) {
		return false
	}
	view := s.tally.view
	d.Decode(in, func(out decode.Output) bool {
		s.tally.view = view + d.Name + " > "
		if out.Packed != nil {
			if out.Text = s.filter.inflater.Unpack(out.Packed); out.Text == "" {
				return true
			}
		}
		switch {
		case out.Signs != nil && s.rewritten:
		case out.Signs != nil:
			s.readSigns(out.Signs)
		case d.Kind == decode.Final || s.depth+1 == maxDepth:
			s.readPlain(out.Text)
		case d.Kind == decode.Growing:
			s.readGrowing(out.Text)
		case d.Kind == decode.Rewrite:
			s.readPlain(out.Text)
			rewritten := decode.NewInput(out.Text)
			s.rewritten = true // signs have the same pattern as before
			for i := range s.filter.decoders {
				if e := &s.filter.decoders[i]; e.After(d) && !s.decodeWith(e, rewritten) {
					break
				}
			}
			s.rewritten = false
		default:
			inner := newScanner(s.filter, s.tally, s.depth+1)
			inner.write(out.Text, true)
			inner.free()
		}
		return !s.tally.leaked()
	})
	s.tally.view = view
	return !s.tally.leaked()
}

// readPlain looks for letters of a secret in text, forwards and backwards.
func (s *scanner) readPlain(text string) {
	s.plain = s.filter.fold.AppendLetters(s.plain[:0], text)
	s.readLetters(s.plain)
}

// readLetters looks for a secret in letters, forwards and backwards, and reports whether to go on.
func (s *scanner) readLetters(letters []uint8) bool {
	if !s.tally.spend(len(letters) / 8) {
		return false
	}
	sieve := s.filter.sieve
	for end := sieve.Next(letters, 0, leastNoted); end > 0; {
		end = sieve.Next(letters, s.readAround(letters, end), leastNoted)
	}
	return !s.tally.leaked()
}

const (
	leastNoted = 12 // letters of a match that may count for anything
	around     = 24 // letters before and after a place that are read with it
)

// readAround reads letters around a place, as long as a match goes on. It returns the place up to which no other match
// remains to be found.
func (s *scanner) readAround(letters []uint8, place int) int {
	var r [2]index.Reader
	from, to := max(0, place-around), min(place+around, len(letters))
	for {
		for i, seq := range [2]sequence{letterSeq, backwardSeq} {
			r[i].Read(s.filter.indexes[seq], letters[from:to], func(m index.Match) { s.addPlain(i, seq, m) })
		}
		if to == len(letters) || r[0].Len()+r[1].Len() == 0 {
			break
		}
		from, to = to, min(to+around, len(letters))
	}
	for i, seq := range [2]sequence{letterSeq, backwardSeq} {
		if m := r[i].Open(); m.Len > 0 {
			s.addPlain(i, seq, m)
		}
	}
	return max(place, to-leastNoted)
}

// addPlain adds a match of a sequence that was read by view number view.
func (s *scanner) addPlain(view int, seq sequence, m index.Match) {
	s.tally.check(view, seq, m)
	if seq == letterSeq && m.Len >= minPieceElsewhere {
		s.tally.cover(m.From, m.Len)
	}
}

// growth is how much a shift may grow from letter to letter.
const growth = 3

// readGrowing looks for letters of a secret that were shifted along the alphabet, by a shift that grows.
func (s *scanner) readGrowing(text string) {
	letters := s.filter.fold.Letters(text)
	x := s.filter.indexes[stepSeq]
	for grow := -growth; grow <= growth; grow++ {
		if grow == 0 {
			continue
		}
		var r index.Reader
		check := func(m index.Match) { s.tally.checkNamed("shifted", stepSeq, m) }
		for i := 1; i < len(letters); i++ {
			step := (int(index.Step(letters[i-1], letters[i])) - 1 + 26 + grow) % 26
			r.Add(x, uint8(step+1), check)
		}
		if m := r.Open(); m.Len > 0 {
			check(m)
		}
	}
}

// readSigns looks for the pattern of a secret in signs, each of which may stand for any letter, forwards and backwards.
func (s *scanner) readSigns(signs []uint32) {
	if !s.tally.spend(len(signs)) {
		return
	}
	var p pattern
	s.pattern = s.pattern[:0]
	for _, sign := range signs {
		s.pattern = append(s.pattern, p.add(sign))
	}
	for _, seq := range [2]sequence{patternSeq, backPatternSeq} {
		var r index.Reader
		check := func(m index.Match) { s.tally.check(substituted, seq, m) }
		r.Read(s.filter.indexes[seq], s.pattern, check)
		if m := r.Open(); m.Len > 0 {
			check(m)
		}
	}
}
