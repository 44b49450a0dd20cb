package sanitize

import (
	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// scanner reads one text through the views that read it as it arrives.
type scanner struct {
	filter     *Filter
	tally      *tally // what the answer has of the secrets so far
	depth      int    // how many decoders the text went through
	text       []byte
	odd        []byte // the latest text that does not look natural
	decoded    int    // bytes of text of which the odd ones are in odd
	oddBytes   int    // of the text
	row        int    // characters of odd that may be encoded, since the latest word of a language
	rowNumbers int    // digits of numbers that row leaves out
	longRow    int    // oddBytes at the end of the latest long row
	searched   int    // oddBytes at the latest search
	fresh      int    // bytes of odd that were not searched yet
	freshAll   int    // bytes of odd that were not searched together with all others
	reader     reader
	readers    []index.Reader // of the views that read all text

	view                        int          // the view that is reading
	seq                         sequence     // what it reads
	x                           *index.Index // its index
	ended                       func(index.Match)
	buf, pattern, plain         []uint8
	spans                       spans
	lastPlace                   uint8
	lastEnd                     uint8 // the last letter of the latest word
	rewritten                   bool  // whether a decoder reads what another has rewritten
	tokenPattern                pattern
	near                        int // where odd text begins in which there is nearly a leak
	nearUntil                   int // place up to which it is held back
	forward                     index.WordReader
	backward                    index.WordReader
	forwardWords, backwardWords int           // in their matches
	latestWords                 [3]uint32     // keys, the latest last
	seenPairs                   [64]uint32    // the latest pairs of words that secrets have as well
	unknown                     wordSet       // words before maxOrdered that no secret has
	matches                     []index.Match // of plain letters that ended in the chunk
	trails                      index.Trails
	backTrails                  index.Trails // of pairs of words in the opposite order
}

// newScanner returns a scanner for a text that went through depth decoders. Its memory may be that of one that was
// freed.
func newScanner(f *Filter, t *tally, depth int) *scanner {
	s, ok := f.scanners.Get().(*scanner)
	if !ok {
		s = &scanner{readers: make([]index.Reader, allReaders)}
	}
	s.filter, s.tally, s.depth = f, t, depth
	s.reader = newReader(f.fold, f.language, s.reader.chunk)
	s.ended = s.add
	s.backward.Backwards = true
	return s
}

// maxPooled is the size in bytes of the longest text whose scanner is used again.
const maxPooled = 64 << 10

// free keeps the memory of a scanner for the next one, without anything of the text or the request.
func (s *scanner) free() {
	f, c := s.filter, s.reader.chunk
	if cap(s.text) > maxPooled {
		return
	}
	for _, b := range [...][]uint8{
		s.text, s.odd, s.buf, s.pattern, s.plain, s.spans.letters, s.spans.leets, s.spans.before, c.letters, c.leet,
		c.wordLetters, c.capitals, c.digits,
	} {
		clear(b[:cap(b)])
	}
	clear(c.symbols[:cap(c.symbols)])
	clear(c.numbers[:cap(c.numbers)])
	clear(c.words[:cap(c.words)])
	clear(s.readers)
	s.freeSpanReaders()
	s.trails.Reset()
	s.backTrails.Reset()
	*s = scanner{
		reader: reader{chunk: c}, readers: s.readers, text: s.text[:0], odd: s.odd[:0], buf: s.buf[:0],
		pattern: s.pattern[:0], plain: s.plain[:0], spans: s.spans.empty(), unknown: s.unknown[:0],
		matches: s.matches[:0], trails: s.trails, backTrails: s.backTrails,
	}
	f.scanners.Put(s)
}

// Bytes that are read at once: at most, and at least while more may follow.
const (
	chunkSize = 160 // less than a ring has
	stepSize  = 8
)

// leastRoom is for how many more bytes room is made at least when a text grows.
const leastRoom = 64

// write adds text, which may end inside a character; with final it is the end of the text.
func (s *scanner) write(text string, final bool) {
	if n := len(s.text) + len(text); n > cap(s.text) {
		s.text = append(make([]byte, 0, n+n/8+leastRoom), s.text...) // append would make room for twice as much
	}
	s.text = append(s.text, text...)
	limit := len(s.text)
	if !final {
		limit -= limit % stepSize
	}
	for s.reader.pos < limit && !s.tally.leaked() {
		pos := s.reader.pos
		end := min(pos+chunkSize, limit)
		n := s.reader.read(s.text[pos:end], false)
		if n == 0 {
			break
		}
		s.readChunk(n)
		if s.reader.nature.due(s.reader.pos) {
			s.decode(false)
		}
	}
	if final && !s.tally.leaked() {
		s.readChunk(s.reader.read(s.text[s.reader.pos:], true))
		s.finish()
		s.decode(true)
		if s.depth == 0 && !s.tally.leaked() {
			s.readOrders()
		}
	}
}

// readChunk passes the chunk, which was read from n bytes, to all views.
func (s *scanner) readChunk(n int) {
	if s.depth == 0 {
		s.tally.work.bytes += n
	}
	if !s.tally.spend(8*(len(s.reader.chunk.leet)+len(s.reader.chunk.words)) + n) {
		return
	}
	c := &s.reader.chunk
	for in, n := range [...]int{
		ofLetters: len(c.letters), ofWords: len(c.words), ofNumbers: len(c.numbers), ofDigits: len(c.digits),
		ofCapitals: len(c.capitals), ofSymbols: len(c.symbols),
	} {
		if n > 0 {
			s.readViews(input(in))
		}
	}
	s.readPairs()
	nature := &s.reader.nature
	for _, sp := range nature.spans {
		s.readSpan(sp)
	}
	nature.spans = nature.spans[:0]
	if nature.span != noPlace {
		s.readSpan(span{nature.span, s.reader.pos})
	} else if s.spans.readers != nil && s.reader.letters.before(s.reader.pos-spanBack) > s.spans.to {
		s.endSpans() // no other stretch will follow it immediately
	}
}

// readViews passes what was read to the views that read it.
func (s *scanner) readViews(in input) {
	for _, i := range viewsOf[in] {
		v := &arriving[i]
		s.view, s.seq, s.x = i, v.seq, s.filter.indexes[v.seq]
		readers := s.readersOf(i)
		v.read(s, readers)
		for j := range readers {
			if readers[j].Len() >= canaryRun-2 {
				s.tally.check(i, v.seq, readers[j].Open())
			}
		}
	}
}

// readersOf returns the readers of a view, or none if it reads spans and there is none.
func (s *scanner) readersOf(view int) []index.Reader {
	list := s.readers
	if arriving[view].doubtful() {
		if s.spans.readers == nil {
			return nil
		}
		list = s.spans.readers[:]
	}
	return list[firstReader[view] : firstReader[view]+arriving[view].readers]
}

// finish ends all matches.
func (s *scanner) finish() {
	for i := range arriving {
		s.view = i
		for _, r := range s.readersOf(i) {
			if m := r.Open(); m.Len > 0 {
				m.End = len(s.reader.chunk.letters)
				s.add(m)
			}
		}
	}
	s.addMatches(noPlace)
}

// add adds a match of the current view that has ended.
func (s *scanner) add(m index.Match) {
	v := &arriving[s.view]
	s.tally.check(s.view, v.seq, m)
	if s.view == 0 && m.Len >= minPiece {
		m.End += s.reader.letters.n - len(s.reader.chunk.letters)
		s.matches = append(s.matches, m)
	} else if v.seq == letterSeq && m.Len >= minPieceElsewhere {
		s.tally.cover(m.From, m.Len)
	}
}

// addMatches adds those matches of plain letters to the trails that ended before letter number end. What trails find
// depends on the order of their pieces, which must be that of the text and not depend on where a chunk ends.
func (s *scanner) addMatches(end int) {
	n := 0
	for _, m := range s.matches {
		if m.End >= end {
			break
		}
		s.trails.Add(index.Piece{From: int32(m.From), Len: int32(m.Len), At: int32(m.End), Bits: int32(2 * (m.Len - 7)),
			Place: s.placeBefore(m.End - m.Len)}, s.count)
		n++
	}
	s.matches = append(s.matches[:0], s.matches[n:]...)
}

const (
	minPiece          = 9  // letters of a piece of a text in plain letters
	minPieceElsewhere = 16 // letters of a piece found in another view
)

// count adds n letters of a secret that are certainly or probably no chance. What the caller sent need not be certain.
func (s *scanner) count(from, n int, certain bool) {
	if certain || s.tally.learn != nil {
		s.tally.cover(from, n)
	} else {
		s.tally.note(from, n)
	}
}

// countBack is count for trails in which the secrets go backwards.
func (s *scanner) countBack(from, n int, certain bool) {
	s.count(s.filter.indexes[letterSeq].Len()-from-n, n, certain)
}

// readPairs looks for pairs of words that a secret has as well, at most two words apart.
func (s *scanner) readPairs() {
	for i := range s.reader.chunk.words {
		w := &s.reader.chunk.words[i]
		s.addMatches(int(w.end))
		s.correct(w)
		if !w.known {
			if w.place < maxOrdered {
				s.unknown.add(int(w.place))
			}
			s.forward.Reset()
			s.backward.Reset()
			s.forwardWords, s.backwardWords = 0, 0
			s.latestWords[0], s.latestWords[1], s.latestWords[2] = s.latestWords[1], s.latestWords[2], 0
			continue
		}
		s.addWordRun(shuffledWords, &s.forward, w)
		s.addWordRun(wordsBackwards, &s.backward, w)
		for d := 1; d <= 3; d++ {
			before := s.latestWords[3-d]
			if before == 0 {
				continue
			}
			if s.filter.words.MayFind(before, w.secret) {
				s.addPairs(&s.trails, before, w.secret, w.at, s.count)
			}
			if d == 1 && s.filter.words.MayFind(w.secret, before) {
				s.addPairs(&s.backTrails, w.secret, before, w.at, s.countBack)
			}
		}
		s.latestWords[0], s.latestWords[1], s.latestWords[2] = s.latestWords[1], s.latestWords[2], w.secret
	}
	s.addMatches(noPlace)
}

// addPairs adds the words with the keys a and b to trails, at all places where a secret has them in this order. In
// backTrails places are counted from the end.
func (s *scanner) addPairs(t *index.Trails, a, b uint32, at int32, count func(from, n int, certain bool)) {
	var list [index.MaxPairs]index.Pair
	pairs := s.filter.words.Find(a, b, list[:0])
	if len(pairs) == 0 || !s.tally.spend(8*len(pairs)) {
		return
	}
	bits := int32(0)
	key := a*31 + b
	if slot := &s.seenPairs[key*0x9E3779B1>>26]; *slot != key {
		*slot = key
		bits = pairs[0].Bits(len(pairs)) // a pair that the text had before says nothing
	}
	place := s.placeBefore(int(at) - int(pairs[0].First.Len))
	end := int32(s.filter.indexes[letterSeq].Len())
	for _, p := range pairs {
		first := index.Piece{From: p.First.From, Len: int32(p.First.Len), At: at, Place: place}
		second := index.Piece{From: p.Second.From, Len: int32(p.Second.Len), At: at, Place: place}
		if t == &s.backTrails {
			first.From, second.From = end-second.From-second.Len, end-first.From-first.Len
			first.Len, second.Len = second.Len, first.Len
		}
		first.Bits = bits
		if first.From+first.Len == second.From {
			first.Len += second.Len
			t.Add(first, count)
		} else {
			t.Add(first, count)
			t.Add(second, count)
		}
	}
}

// beforePiece is how many letters before a piece of a secret are held back with it, since they may belong to it as
// well.
const beforePiece = 20

// placeBefore returns the place from which to hold back a piece that begins with letter number first.
func (s *scanner) placeBefore(first int) int32 {
	if place := s.reader.letters.back(s.reader.letters.n - first + beforePiece); place != noPlace {
		return int32(place)
	}
	return 0
}

// minWordRun is how many words in a row make a leak when each has the letters of a secret's word in any order.
const minWordRun = 6

// addWordRun reads a word of a run of words.
func (s *scanner) addWordRun(view int, r *index.WordReader, w *word) {
	words, letters, last := r.Add(s.filter.words, w.secret)
	if r.Backwards {
		s.backwardWords = words
	} else {
		s.forwardWords = words
	}
	if words < minWordRun {
		return
	}
	m := index.Match{From: int(last.From), Len: letters}
	if !r.Backwards {
		m.From += int(last.Len) - letters
	}
	s.tally.check(view, letterSeq, m)
}

// correct sets whether a secret has a word, and the key of the secrets' word that it is made from: the same word, or
// one without the ending of Pig Latin or one letter.
func (s *scanner) correct(w *word) {
	w.secret = w.key
	if w.known = s.filter.words.Has(w.key); w.known {
		return
	}
	letters := s.reader.chunk.wordLetters[w.from:w.to]
	n := len(letters)
	if n < 4 {
		return
	}
	weight := weigh(letters)
	if letters[n-1] == 25 && letters[n-2] == 1 {
		for _, ending := range [...]int{2, 3} {
			if s.correctTo(w, keyOf(weight-weigh(letters[n-ending:]))) {
				return
			}
		}
	}
	if n >= 5 {
		for _, c := range letters {
			if s.correctTo(w, keyOf(weight-fold.Weight(c))) {
				return
			}
		}
	}
}

// correctTo takes a word for the one with this key if a secret has it.
func (s *scanner) correctTo(w *word, key uint32) bool {
	if !s.filter.words.Has(key) {
		return false
	}
	w.secret, w.known = key, true
	return true
}

// opening is how many bytes of an answer are read before its nature is known.
const opening = 80

// held returns the place from which text must be held back, because it may be the beginning of a leak.
func (s *scanner) held() int {
	place := min(s.reader.pos, max(s.reader.nature.from(), s.reader.pos-oddHold))
	natural := s.reader.nature.natural()
	if s.reader.run.len > 0 {
		place = min(place, s.reader.run.at)
	}
	n := max(s.backwardWords, s.forwardWords)
	if s.latestWords[len(s.latestWords)-1] != 0 {
		n = max(n, 1) // the latest word may begin a run
	}
	if n > 0 {
		place = min(place, s.reader.words.back(n))
	}
	read := s.reader.letters.n
	place = max(s.trails.Suspect(read, place), min(place, s.reader.pos-oddHold))
	place = max(s.backTrails.Suspect(read, place), min(place, s.reader.pos-oddHold))
	if s.reader.pos < s.nearUntil {
		place = min(place, max(s.near, s.reader.pos-oddHold))
	}
	if s.reader.pos < opening {
		place = 0
	}
	if s.reader.nature.span != noPlace {
		place = min(place, s.spans.unread(&s.reader))
	}
	for i := range arriving {
		v := &arriving[i]
		if v.hold == holdNever || v.doubtful() && s.reader.nature.span == noPlace {
			continue
		}
		x, readers := s.filter.indexes[v.seq], s.readersOf(i)
		for j := range readers {
			r := &readers[j]
			n := r.Alive(x)
			if v.hold == holdUnnatural && natural && r.Len() < sequenceTable[v.seq].leak/2 {
				continue
			}
			if n > 0 || v.place != nil {
				if r.Len() >= sequenceTable[v.seq].leak && !s.tally.leaked() {
					n = x.Reach() // what was sent before is the caller's own
				}
				place = min(place, v.place(s, j, n))
			}
		}
	}
	return place
}
