package sanitize

import "github.com/adiuva/cloud-api/internal/sanitize/language"

// alnumRun is a row of letters and digits.
type alnumRun struct {
	at      int   // its place
	len     int32 // characters
	digits  int32
	binary  int32 // digits that are 0 or 1
	foreign int32 // letters of other scripts
	strange int32 // letters in another form, such as mathematical or circled
	rises   int32 // upper-case letters after lower-case ones
	upper   bool
}

func (a *alnumRun) begin(at int) {
	if a.len == 0 {
		a.at = at
	}
	a.len++
}

func (a *alnumRun) addLetter(at int, upper bool) {
	a.begin(at)
	if upper && !a.upper && a.len > 1 {
		a.rises++
	}
	a.upper = upper
}

func (a *alnumRun) addDigit(at int, b byte) {
	a.begin(at)
	a.digits++
	if b <= '1' {
		a.binary++
	}
	a.upper = true
}

func (a *alnumRun) addForeign(at int, r rune) {
	a.begin(at)
	a.foreign++
	if r >= 0x1D00 && r < 0x1F00 || r >= 0x2070 && r < 0x2C00 || r >= 0xFF00 {
		a.strange++
	}
}

// kind judges the run, which has just ended, with the word that r has read last.
func (a *alnumRun) kind(r *reader) language.Kind {
	letters := a.len - a.digits - a.foreign
	switch {
	case a.foreign > 0 && letters > 0, a.strange > 0:
		return language.Odd
	case a.foreign > 0:
		return language.Sure
	case letters == 0 && (a.digits > 16 || a.binary == a.digits && a.digits > 8):
		return language.Odd
	case letters == 0 && a.binary == a.digits && a.digits > 3:
		return language.Short
	case letters == 0:
		return number
	case a.digits > 0:
		if letters >= 2 && a.digits >= 2 && a.len >= 6 || a.len > 20 {
			return language.Odd
		}
		return language.Short
	case a.rises > 2 && a.rises*5 > letters || a.len > maxWord, r.nature.mixedCase(a.rises > 0):
		return language.Odd
	}
	w := r.chunk.words[len(r.chunk.words)-1]
	word := r.chunk.wordLetters[w.from:w.to]
	kind := r.lang.Kind(word)
	if kind == language.Sure {
		r.sure += len(word)
	}
	if from, ok := r.recent.repeats(w.key, word, a.at); ok && len(word) > 2 && !r.lang.IsStopWord(word) {
		r.nature.doubt = min(r.nature.doubt, from)
		return language.Odd
	}
	return kind
}

// Words in mixed case that make a text odd, where any other word makes up for one.
const maxMixed = 6

// mixedCase adds a word, which may be in mixed case, and reports whether there were too many.
func (n *nature) mixedCase(mixed bool) bool {
	if !mixed {
		n.mixed = max(n.mixed-1, 0)
		return false
	}
	n.mixed = min(n.mixed+2, 2*maxMixed)
	return n.mixed >= maxMixed
}

// number is the kind of a decimal number, which says nothing.
const number = language.Sure + 1

const (
	naturalPoints = 3  // of words in a row that make a text natural: two for a Sure one, one for a Likely one
	shortWords    = 10 // in a row that make a text odd
)

// nature watches how natural a text looks. Places are in bytes.
type nature struct {
	points  int // of the words since the latest odd one
	shorts  int // words in a row that are too short to tell
	short   int // place of the first of them; noPlace if there is none
	odd     int // place where the text began to be odd; noPlace if it is not
	oddEnd  int // where the latest odd word ended
	doubt   int // place of the first word that may be odd; noPlace if there is none
	token   token
	mixed   int    // words in mixed case, twice, less other words
	numbers int    // in a row
	signs   int    // symbols in a row
	sign    int    // place of the first of them
	next    int    // place at which odd text is searched
	ended   bool   // whether odd text has ended
	never   bool   // whether odd text is never searched
	span    int    // place where a span begins that has not ended; noPlace if there is none
	spanEnd int    // place where the latest span ended
	spans   []span // that have ended
}

// span is a stretch of text that does not look natural.
type span struct{ from, to int }

func newNature() nature {
	return nature{odd: noPlace, short: noPlace, doubt: 0, span: 0}
}

// note begins or ends a span at the end of a word.
func (n *nature) note(end int) {
	from := min(n.odd, n.short, n.doubt)
	switch {
	case from != noPlace:
		n.beginSpan(from, end)
	case n.span != noPlace:
		n.spans = append(n.spans, span{n.span, end})
		n.span, n.spanEnd = noPlace, end
	}
}

// spanBack is how many bytes a span begins before the place at which it turns out to begin, at most. The rings know
// the symbols of as many before the chunk.
const spanBack = ringSize - chunkSize

// beginSpan begins a span unless one has begun. A part of it may have been read already when the text turns out, at
// end, to be odd from an earlier place on.
func (n *nature) beginSpan(from, end int) {
	if n.span == noPlace {
		n.span = max(from, n.spanEnd, end-spanBack)
	}
}

// due reports whether the odd text up to pos must be searched.
func (n *nature) due(pos int) bool {
	return !n.never && (n.ended || n.odd != noPlace && pos >= n.next)
}

// natural reports whether the latest words look natural.
func (n *nature) natural() bool { return n.points >= naturalPoints }

// from returns the place after which the text may be anything.
func (n *nature) from() int { return min(n.odd, n.short) }

// token is what stands between two spaces.
type token struct {
	at      int
	len     int
	words   int
	class   uint8 // of the latest character
	changes int32 // of the class of character
}

// recent has the latest words.
type recent struct {
	keys    [8]uint32
	endings [8]uint16
	at      [8]int32
	n       int
}

// repeats adds a word and reports whether it is one of three that are equal, or of four with the same ending, among the
// latest eight. It returns the place of the word before the first of those.
func (r *recent) repeats(key uint32, letters []uint8, at int) (from int, ok bool) {
	ending := uint16(letters[len(letters)-1])
	if len(letters) > 1 {
		ending |= uint16(letters[len(letters)-2]) << 8
	}
	same, sameEnding := 1, 1
	from = at
	for i := max(0, r.n-8); i < r.n; i++ {
		equal, ends := r.keys[i%8] == key, r.endings[i%8] == ending
		if equal {
			same++
		}
		if ends {
			sameEnding++
		}
		if equal || ends {
			from = min(from, int(r.at[max(0, i-1, r.n-8)%8]))
		}
	}
	r.keys[r.n%8], r.endings[r.n%8], r.at[r.n%8] = key, ending, int32(at)
	r.n++
	return from, same >= 3 || sameEnding >= 4
}

// character adds a visible character of a class: 0 lower-case, 1 upper-case, 2 digit, 3 symbol.
func (n *nature) character(class uint8, at int) {
	t := &n.token
	if t.len == 0 {
		t.at = at
	} else if class != t.class {
		t.changes++
	}
	t.class = class
	if t.len++; t.len >= 16 && t.len%8 == 0 && int(t.changes)*2 >= t.len {
		n.addOdd(t.at, at+1)
	}
}

// space ends a token.
func (n *nature) space() {
	if t := &n.token; t.len > 0 && t.words == 0 {
		n.addShort(t.at, t.at+t.len)
	}
	n.token = token{}
}

// word adds a word of this kind.
func (n *nature) word(kind language.Kind, at, end int) {
	n.signs = 0
	n.token.words++
	if kind == number {
		if n.numbers++; n.numbers > 1 {
			kind = language.Short
		} else if n.short == noPlace {
			n.short = at
		}
	} else {
		n.numbers = 0
	}
	switch kind {
	case language.Odd:
		n.addOdd(at, end)
	case language.Short:
		n.addShort(at, end)
	case language.Likely, language.Sure:
		n.points = min(n.points+int(kind-language.Short), naturalPoints)
		n.short, n.shorts = noPlace, 0
		n.ended = n.odd != noPlace && n.points == naturalPoints
	}
	if n.natural() {
		n.doubt = noPlace
	} else if n.doubt == noPlace {
		n.doubt = at
	}
	n.note(end)
}

func (n *nature) addOdd(at, end int) {
	if n.odd == noPlace {
		n.odd = min(n.short, n.doubt, at)
		if at < opening {
			n.odd = 0 // nothing was sent yet
		}
		n.next = n.odd + searchEvery
	}
	n.points, n.oddEnd = 0, end
	n.short, n.shorts = noPlace, 0
	n.beginSpan(n.odd, end)
}

func (n *nature) addShort(at, end int) {
	if n.short == noPlace {
		n.short = at
	}
	n.beginSpan(n.short, end)
	if n.shorts++; n.shorts >= shortWords {
		n.addOdd(n.short, end)
	} else if n.odd != noPlace && n.points < naturalPoints {
		n.oddEnd = end
	}
}

// symbol adds a visible ASCII character that is no letter or digit.
func (n *nature) symbol(b byte, at int) {
	if n.signs++; n.signs == 1 {
		n.sign = at
	}
	if b == '\\' || b == '%' || n.signs%6 == 0 && b != '-' && b != '=' && b != '*' && b != '_' && b != '#' && b != '.' {
		n.addShort(n.sign, at+1)
	}
}

// mark adds a combining mark.
func (n *nature) mark(at int) { n.addShort(at, at+2) }

// invisible adds an invisible character.
func (n *nature) invisible(at int) { n.addOdd(at, at+1) }

// picture adds a symbol that is not ASCII.
func (n *nature) picture(at int, r rune) {
	if r > 0x2100 {
		n.addShort(at, at+3)
	}
}
