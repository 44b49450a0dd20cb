package sanitize

import (
	"sort"
	"unicode"
	"unicode/utf8"

	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
	"github.com/adiuva/cloud-api/internal/sanitize/language"
)

// ringSize is how many of the latest symbols of a sequence have a known place in the text.
const ringSize = 256

// ring has the latest symbols of a sequence and their places.
type ring struct {
	list   [ringSize]uint32 // the lowest bits of each place, and the symbol in the last symbolBits
	latest int              // place
	n      int
}

// symbolBits has room for a symbol. What is left for a place is four times maxText.
const symbolBits = 8

func (r *ring) push(at int, symbol uint8) {
	r.list[r.n%ringSize] = uint32(at)<<symbolBits | uint32(symbol)
	r.latest = at
	r.n++
}

// place returns the place of symbol number n, which is one of the latest.
func (r *ring) place(n int) int {
	return r.latest - int((uint32(r.latest)<<symbolBits-r.list[n%ringSize]&^(1<<symbolBits-1))>>symbolBits)
}

// before returns how many symbols are before a place, if it is not too long ago.
func (r *ring) before(place int) int {
	oldest := max(0, r.n-ringSize)
	return oldest + sort.Search(r.n-oldest, func(i int) bool { return r.place(oldest+i) >= place })
}

// slice appends the symbols from number from to number to.
func (r *ring) slice(out []uint8, from, to int) []uint8 {
	for i := max(from, r.n-ringSize); i < to; i++ {
		out = append(out, uint8(r.list[i%ringSize]))
	}
	return out
}

// wordPlaces are the places of the latest words.
type wordPlaces struct {
	at [64]int32
	n  int
}

func (w *wordPlaces) push(at int) {
	w.at[w.n%len(w.at)] = int32(at)
	w.n++
}

// back returns the place of the word that is n words before the end, or that of the oldest one known.
func (w *wordPlaces) back(n int) int {
	if n = min(n, w.n, len(w.at)); n <= 0 {
		return noPlace
	}
	return int(w.at[(w.n-n)%len(w.at)])
}

// symbols are letters and signs of any script, each of which may stand for a letter.
type symbols struct {
	ring
	pattern pattern
}

// noPlace is after every place.
const noPlace = 1 << 30

// back returns the place of the symbol that is n symbols before the end, or that of the oldest one known.
func (r *ring) back(n int) int {
	if n = min(n, r.n, ringSize); n <= 0 {
		return noPlace
	}
	return r.place(r.n - n)
}

// word is a word that has ended. Its letters are letters[from:to] of the chunk's wordLetters.
type word struct {
	from, to int32
	key      uint32
	at       int32 // how many letters of the text are before it
	end      int32 // how many letters of the text are before what follows it
	place    int32
	secret   uint32 // key of the secrets' word that it is, or is made from; see scanner.correct
	known    bool   // whether there is one
	newLine  bool
}

// chunk is what was read from a piece of text. Its memory is used again for the next piece.
type chunk struct {
	letters     []uint8
	capitals    []uint8 // letters in upper case
	digits      []uint8 // from 2 to 9
	leet        []uint8
	symbols     []uint32 // letters and signs of any script, once there was one that is no Latin letter
	numbers     []rune   // values of the numbers that ended
	words       []word
	wordLetters []uint8
}

// longRun is how many letters and digits in a row are odd before their end is known.
const longRun = 24

// maxWord is how many letters of a word are read. The rest of a longer one belongs to no word.
const maxWord = 32

// reader reads a text into chunks and watches how natural it looks.
type reader struct {
	fold    *fold.Table
	lang    *language.Words
	pos     int  // bytes read
	letters ring // places of letters
	leet    ring // places of letters and look-alikes
	words   wordPlaces
	symbols *symbols // nil before there is a sign that is no Latin letter
	signs   bool     // whether there was a sign that is no Latin letter
	leetAt  int      // place of the latest digit or symbol that resembles a letter
	chunk   chunk

	word    [maxWord]uint8 // the word being read
	wordLen int
	wordAt  int // its place
	before  int // letters of the text before it
	newLine bool
	escape  byte // that has begun: % or \\, 1 after the first digit, or 0
	number  rune // the number being read; -1 if there is none
	run     alnumRun
	recent  recent
	nature  nature
	sure    int // letters of words that are certainly of a language
}

func newReader(t *fold.Table, l *language.Words, memory chunk) reader {
	return reader{chunk: memory, fold: t, lang: l, leetAt: -1, number: -1, newLine: true, nature: newNature()}
}

// read reads text, which follows what was read before, up to its last whole character, and returns how many bytes it
// read. With final a character that is not complete counts as read.
func (r *reader) read(text []byte, final bool) int {
	c := &r.chunk
	c.letters, c.numbers, c.symbols = c.letters[:0], c.numbers[:0], c.symbols[:0]
	c.leet, c.capitals, c.digits = c.leet[:0], c.capitals[:0], c.digits[:0]
	c.words, c.wordLetters = c.words[:0], c.wordLetters[:0]
	i := 0
	for i < len(text) && (i == 0 || !r.nature.due(r.pos)) {
		b := text[i]
		if n := r.lowerCase(text[i:]); n > 0 {
			i += n
			continue
		}
		if b < utf8.RuneSelf {
			r.ascii(b)
			i++
			r.pos++
			continue
		}
		if !final && !utf8.FullRune(text[i:]) {
			break
		}
		ch, size := utf8.DecodeRune(text[i:])
		r.wide(ch)
		i += size
		r.pos += size
	}
	if final {
		r.endWord()
		r.endRun()
	}
	return i
}

// lowerCase reads the lower-case letters that text begins with, the usual case, in the way that ascii reads them one by
// one, and returns how many it read. It reads none where more has to be watched than the letters.
func (r *reader) lowerCase(text []byte) int {
	n := 0
	for n < len(text) && text[n]-'a' < 26 {
		n++
	}
	t := &r.nature.token
	if n == 0 || r.escape != 0 || r.signs || int(r.run.len)+n >= longRun || t.changes >= 6 ||
		r.nature.odd != noPlace && r.pos+n > r.nature.next {
		return 0
	}
	if r.wordLen == 0 {
		r.wordAt, r.before = r.pos, r.letters.n
	}
	if t.len == 0 {
		t.at = r.pos
	} else if t.class != 0 {
		t.changes++
	}
	if r.run.len == 0 {
		r.run.at = r.pos
	}
	t.class = 0
	t.len += n
	r.run.len += int32(n)
	r.run.upper = false
	c := &r.chunk
	for i, b := range text[:n] {
		code, leet := b-'a'+1, r.fold.Leet[b]
		c.letters, c.leet = append(c.letters, code), append(c.leet, leet)
		r.letters.push(r.pos+i, code)
		r.leet.push(r.pos+i, leet)
		if r.wordLen < maxWord {
			r.word[r.wordLen] = code
			r.wordLen++
		}
	}
	r.pos += n
	return n
}

// ascii reads an ASCII character.
func (r *reader) ascii(b byte) {
	if r.escape != 0 && r.isEscape(b) {
		r.nature.character(3, r.pos)
		return
	}
	if code := r.fold.ASCII[b]; code != 0 {
		r.letter(code)
		if b < 'a' {
			r.chunk.capitals = append(r.chunk.capitals, code)
		}
		if r.signs {
			r.symbol(uint32(code))
		}
		r.run.addLetter(r.pos, b < 'a')
		r.nature.character((b>>5&1)^1, r.pos)
		if r.run.len == longRun {
			r.nature.addOdd(r.run.at, r.pos+1)
		}
		r.lookalike(r.fold.Leet[b], false)
		return
	}
	r.endWord()
	if b == '%' || b == '\\' {
		r.escape = b
	}
	if leet := r.fold.Leet[b]; leet != 0 {
		r.lookalike(leet, true)
	}
	if b >= '0' && b <= '9' {
		r.digit(rune(b - '0'))
		if b > '1' {
			r.chunk.digits = append(r.chunk.digits, b-'0')
		}
		r.run.addDigit(r.pos, b)
		r.nature.character(2, r.pos)
		if r.run.len == longRun {
			r.nature.addOdd(r.run.at, r.pos+1)
		}
		return
	}
	r.endRun()
	switch b {
	case '\n':
		r.newLine = true
		r.nature.space()
	case ' ', '\t', '\r':
		r.nature.space()
	default:
		r.nature.character(3, r.pos)
		r.nature.symbol(b, r.pos)
	}
}

// isEscape reports whether b belongs to the escape that has begun: two digits of a percent encoding, or the letter of a
// line break or tab in a string.
func (r *reader) isEscape(b byte) bool {
	switch r.escape {
	case '\\':
		r.escape = 0
		return b == 'n' || b == 't' || b == 'r'
	case '%':
		r.escape = 1
	default:
		r.escape = 0
	}
	if b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' {
		return true
	}
	r.escape = 0
	return false
}

// wide reads a character that is not ASCII.
func (r *reader) wide(ch rune) {
	if ch >= 0x370 && (unicode.IsLetter(ch) || unicode.Is(unicode.So, ch)) {
		r.signs = true
		r.symbol(uint32(unicode.ToLower(ch)))
	} else if code := r.fold.Code(ch); code != 0 && r.signs {
		r.symbol(uint32(code))
	}
	if code := r.fold.Code(ch); code != 0 {
		r.letter(code)
		r.lookalike(r.fold.LeetCode(ch), false)
		if ch < 0x250 {
			r.run.addLetter(r.pos, unicode.IsUpper(ch))
		} else {
			r.run.addForeign(r.pos, ch)
		}
		return
	}
	switch {
	case unicode.IsLetter(ch):
		r.endWord()
		r.run.addForeign(r.pos, ch)
	case unicode.Is(unicode.Mn, ch):
		r.nature.mark(r.pos)
	case ch == utf8.RuneError || unicode.Is(unicode.Cf, ch) || ch >= 0xE0000 || ch == 0x3164 || ch == 0x115F:
		r.nature.invisible(r.pos)
	default:
		r.endWord()
		r.endRun()
		if !unicode.IsSpace(ch) {
			r.nature.picture(r.pos, ch)
		}
	}
}

// symbol adds a letter or a sign of any script.
func (r *reader) symbol(id uint32) {
	r.chunk.symbols = append(r.chunk.symbols, id)
	if r.symbols == nil {
		r.symbols = new(symbols)
	}
	r.symbols.push(r.pos, 0)
}

func (r *reader) letter(code uint8) {
	r.chunk.letters = append(r.chunk.letters, code)
	if r.wordLen == 0 {
		r.wordAt, r.before = r.pos, r.letters.n
	}
	if r.wordLen < maxWord {
		r.word[r.wordLen] = code
		r.wordLen++
	}
	r.letters.push(r.pos, code)
}

func (r *reader) lookalike(code uint8, disguised bool) {
	r.chunk.leet = append(r.chunk.leet, code)
	r.leet.push(r.pos, code)
	if disguised {
		r.leetAt = r.pos
	}
}

func (r *reader) digit(value rune) {
	if r.number < 0 {
		r.number = 0
	}
	r.number = min(r.number*10+value, unicode.MaxRune)
}

func (r *reader) endWord() {
	if r.wordLen == 0 {
		return
	}
	c := &r.chunk
	from := len(c.wordLetters)
	c.wordLetters = append(c.wordLetters, r.word[:r.wordLen]...)
	c.words = append(c.words, word{from: int32(from), to: int32(len(c.wordLetters)), key: wordKey(r.word[:r.wordLen]),
		at: int32(r.before), end: int32(r.letters.n), place: int32(r.wordAt), newLine: r.newLine})
	r.words.push(r.wordAt)
	r.wordLen, r.newLine = 0, false
}

// wordKey returns a number that is the same for words of the same letters in any order.
func wordKey(letters []uint8) uint32 { return keyOf(weigh(letters)) }

func weigh(letters []uint8) (sum uint64) {
	for _, c := range letters {
		sum += fold.Weight(c)
	}
	return sum
}

func keyOf(weight uint64) uint32 { return uint32((weight * 0x9E3779B97F4A7C15) >> 32) }

// endRun ends the letters and digits in a row.
func (r *reader) endRun() {
	if r.number >= 0 {
		r.chunk.numbers = append(r.chunk.numbers, r.number)
		r.number = -1
	}
	if r.run.len == 0 {
		return
	}
	r.nature.word(r.run.kind(r), r.run.at, r.pos)
	r.run = alnumRun{}
}

// symbolsOf returns text as it is written, with places counted from the position first of an index.
func symbolsOf(t *fold.Table, l *language.Words, text string, first int) written {
	r := newReader(t, l, chunk{})
	r.nature.never = true
	r.read([]byte(text), true)
	out := written{letters: r.chunk.letters, leet: r.chunk.leet, first: first}
	for _, w := range r.chunk.words {
		word := index.Word{Key: w.key, From: int32(first) + w.at, Len: uint16(w.to - w.from)}
		switch letters := r.chunk.wordLetters[w.from:w.to]; {
		case l.IsCommon(letters):
		case l.IsFrequent(letters):
			word.Bits = 1
		default:
			word.Bits = uint16(min(len(letters), maxWordBits))
		}
		out.words = append(out.words, word)
	}
	return out
}

// maxWordBits is how much a word tells about where a text comes from, at most. One that is in every text tells nothing.
const maxWordBits = 5
