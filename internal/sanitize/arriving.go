package sanitize

import (
	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// holding says when text is held back that may be the beginning of a leak.
type holding uint8

const (
	holdNever     holding = iota
	holdAlways            // whenever a match may go on
	holdUnnatural         // only where the text does not look natural
)

// input is what a view reads of a text.
type input uint8

const (
	ofLetters input = iota
	ofWords
	ofNumbers
	ofDigits
	ofCapitals
	ofSymbols
	ofSpans     // letters and look-alikes in text that does not look natural
	ofLongSpans // the same where there are leastLong of them in a row
	ofPairs     // of words, see scanner.readPairs
)

// view is a way of reading a text in which a secret may be found. Views of letters and words read it as it arrives.
type view struct {
	name    string
	seq     sequence
	hold    holding
	input   input
	readers int // how many sequences it reads at the same time
	read    func(s *scanner, r []index.Reader)
	// place returns where the latest n symbols begin.
	place func(s *scanner, reader, n int) int
}

// arriving are the views that read a text as it arrives.
var arriving = [...]view{
	{"letters", letterSeq, holdAlways, ofLetters, 1, readLetters, letterPlace},
	{"reversed", backwardSeq, holdAlways, ofSpans, 1, readSpanLetters, letterPlace},
	{"look-alike digits", leetSeq, holdAlways, ofSpans, 1, readLeet, leetPlace},
	{"consonants", consonantSeq, holdUnnatural, ofSpans, 1, readConsonants, consonantPlace},
	{"shifted", stepSeq, holdAlways, ofSpans, 2, readSteps, stepPlace},
	{"shifted, reversed", backStepSeq, holdAlways, ofSpans, 2, readSteps, stepPlace},
	{"interleaved", letterSeq, holdUnnatural, ofLongSpans, 14, readEveryNth, nthPlace},
	{"substituted", patternSeq, holdUnnatural, ofLongSpans, 1, readPattern, letterPlace},
	{"substituted, reversed", backPatternSeq, holdUnnatural, ofLongSpans, 1, readPattern, letterPlace},
	{"symbols", patternSeq, holdAlways, ofSymbols, 1, readSymbols, symbolPlace},
	{"shuffled words", letterSeq, holdNever, ofPairs, 0, nil, nil},
	{"words backwards", letterSeq, holdNever, ofPairs, 0, nil, nil},
	{"first letters", letterSeq, holdUnnatural, ofWords, 1, readFirst, wordPlace},
	{"first letters, reversed", backwardSeq, holdUnnatural, ofWords, 1, readFirst, wordPlace},
	{"last letters", letterSeq, holdUnnatural, ofWords, 1, readLast, wordPlace},
	{"first letters of some words", letterSeq, holdNever, ofWords, 20, readEveryNthFirst, nil},
	{"first letters of lines", letterSeq, holdNever, ofWords, 1, readLineFirst, nil},
	{"tokens", patternSeq, holdUnnatural, ofWords, 1, readTokens, wordPlace},
	{"places in the alphabet", stepSeq, holdNever, ofNumbers, 1, readPlaces, nil},
	{"character numbers", letterSeq, holdNever, ofNumbers, 1, readCodes, nil},
	{"capitals", letterSeq, holdNever, ofCapitals, 1, readCapitals, nil},
	{"doubled letters", singleSeq, holdUnnatural, ofSpans, 1, readSingle, letterPlace},
	{"telephone keys", keypadSeq, holdNever, ofDigits, 1, readKeys, nil},
	{"beginnings of words", beginSeq, holdNever, ofWords, 1, readBeginnings, nil},
	{"second letters", letterSeq, holdNever, ofWords, 1, readSecond, nil},
	{"last letters of lines", letterSeq, holdNever, ofWords, 1, readLineLast, nil},
	{"shifted by 2 turns", lagSeq, holdAlways, ofLongSpans, 2, readLag, lagPlace},
	{"shifted by 3 turns", lagSeq + 1, holdAlways, ofLongSpans, 2, readLag, lagPlace},
	{"shifted by 4 turns", lagSeq + 2, holdAlways, ofLongSpans, 2, readLag, lagPlace},
	{"shifted by 5 turns", lagSeq + 3, holdAlways, ofLongSpans, 2, readLag, lagPlace},
	{"shifted by 6 turns", lagSeq + 4, holdAlways, ofLongSpans, 2, readLag, lagPlace},
	{"shifted by 7 turns", lagSeq + 5, holdAlways, ofLongSpans, 2, readLag, lagPlace},
	{"shifted by 8 turns", lagSeq + 6, holdAlways, ofLongSpans, 2, readLag, lagPlace},
}

// doubtful reports whether a view reads only text that does not look natural.
func (v *view) doubtful() bool { return v.input == ofSpans || v.input == ofLongSpans }

// viewsOf has the numbers of the views that read each kind of input.
var viewsOf = func() (list [ofPairs + 1][]int) {
	for i, v := range arriving {
		list[v.input] = append(list[v.input], i)
	}
	return list
}()

// How many readers the views have that read all text, and those that read spans.
const (
	allReaders  = 34
	spanReaders = 38
)

// firstReader has the number of the first reader of each view, among those of the views that read the same.
var firstReader = func() (list [len(arriving)]int) {
	all, ofSpans := 0, 0
	for i, v := range arriving {
		n := &all
		if v.doubtful() {
			n = &ofSpans
		}
		list[i] = *n
		*n += v.readers
	}
	if all != allReaders || ofSpans != spanReaders {
		panic("sanitize: another number of readers")
	}
	return list
}()

// Views with a number that others need.
const (
	substituted    = 7
	shuffledWords  = 10
	wordsBackwards = 11
)

func letterPlace(s *scanner, _, n int) int { return s.reader.letters.back(n) }

// stepPlace returns the place of the letter before the latest n steps.
func stepPlace(s *scanner, _, n int) int { return s.reader.letters.back(n + 1) }

func readLetters(s *scanner, r []index.Reader) { r[0].Read(s.x, s.reader.chunk.letters, s.ended) }

func readSpanLetters(s *scanner, r []index.Reader) { r[0].Read(s.x, s.spans.letters, s.ended) }

func readLeet(s *scanner, r []index.Reader) { r[0].Read(s.x, s.spans.leets, s.ended) }

// leetPlace is after every place if the symbols are letters alone, since another view follows those.
func leetPlace(s *scanner, _, n int) int {
	if at := s.reader.leet.back(n); at <= s.reader.leetAt {
		return at
	}
	return noPlace
}

func readConsonants(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, c := range s.spans.letters {
		if !fold.IsVowel(c) {
			s.buf = append(s.buf, c)
		}
	}
	r[0].Read(s.x, s.buf, s.ended)
}

// consonantPlace takes half of the letters for vowels.
func consonantPlace(s *scanner, _, n int) int { return s.reader.letters.back(2 * n) }

func readSteps(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	last := s.spans.lastLetter
	for _, c := range s.spans.letters {
		if last != 0 {
			s.buf = append(s.buf, index.Step(last, c))
		}
		last = c
	}
	r[0].Read(s.x, s.buf, s.ended)
	for i, step := range s.buf {
		s.buf[i] = mirrored(step)
	}
	r[1].Read(s.x, s.buf, s.ended)
}

// readLag reads differences of letters at a distance, as after shifts that take turns, and those of the mirrored
// alphabet.
func readLag(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	lag, before, letters := s.seq.lag(), s.spans.before, s.spans.letters
	for i := max(0, lag-len(before)); i < min(lag, len(letters)); i++ {
		s.buf = append(s.buf, index.Step(before[len(before)+i-lag], letters[i]))
	}
	for i := lag; i < len(letters); i++ {
		s.buf = append(s.buf, index.Step(letters[i-lag], letters[i]))
	}
	r[0].Read(s.x, s.buf, s.ended)
	for i, step := range s.buf {
		s.buf[i] = mirrored(step)
	}
	r[1].Read(s.x, s.buf, s.ended)
}

// lagPlace returns the place of the first letter of the latest n differences.
func lagPlace(s *scanner, _, n int) int { return s.reader.letters.back(n + maxLag) }

// readSingle leaves out letters that follow an equal one.
func readSingle(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	last := s.spans.lastLetter
	for _, c := range s.spans.letters {
		if c != last {
			s.buf = append(s.buf, c)
		}
		last = c
	}
	r[0].Read(s.x, s.buf, s.ended)
}

func readKeys(s *scanner, r []index.Reader) { r[0].Read(s.x, s.reader.chunk.digits, s.ended) }

func readBeginnings(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, w := range s.reader.chunk.words {
		s.buf = append(s.buf, s.reader.chunk.wordLetters[w.from:min(w.to, w.from+beginning)]...)
	}
	r[0].Read(s.x, s.buf, s.ended)
}

func readSecond(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, w := range s.reader.chunk.words {
		if w.to-w.from > 1 {
			s.buf = append(s.buf, s.reader.chunk.wordLetters[w.from+1])
		}
	}
	r[0].Read(s.x, s.buf, s.ended)
}

func readLineLast(s *scanner, r []index.Reader) {
	for _, w := range s.reader.chunk.words {
		if w.newLine && s.lastEnd != 0 {
			r[0].Add(s.x, s.lastEnd, s.ended)
		}
		s.lastEnd = s.reader.chunk.wordLetters[w.to-1]
	}
}

func readCapitals(s *scanner, r []index.Reader) { r[0].Read(s.x, s.reader.chunk.capitals, s.ended) }

// readEveryNth reads every second to fifth letter, from every offset.
func readEveryNth(s *scanner, r []index.Reader) {
	for n := 2; n <= 5; n++ {
		index.ReadEvery(s.x, r[:n], s.spans.from%n, s.spans.letters, s.ended)
		r = r[n:]
	}
}

func nthPlace(s *scanner, reader, n int) int {
	step := 2
	for reader >= step {
		reader -= step
		step++
	}
	return s.reader.letters.back(n * step)
}

func readPattern(s *scanner, r []index.Reader) {
	if s.seq == patternSeq {
		s.pattern = s.pattern[:0]
		for _, c := range s.spans.letters {
			s.pattern = append(s.pattern, s.spans.pattern.add(uint32(c)))
		}
	}
	r[0].Read(s.x, s.pattern, s.ended)
}

func readSymbols(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, symbol := range s.reader.chunk.symbols {
		s.buf = append(s.buf, s.reader.symbols.pattern.add(symbol))
	}
	r[0].Read(s.x, s.buf, s.ended)
}

func symbolPlace(s *scanner, _, n int) int {
	if s.reader.symbols == nil {
		return noPlace
	}
	return s.reader.symbols.back(n)
}

func wordPlace(s *scanner, _, n int) int {
	if s.reader.wordLen > 0 {
		return min(s.reader.wordAt, s.reader.words.back(n))
	}
	return s.reader.words.back(n)
}

func readFirst(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, w := range s.reader.chunk.words {
		s.buf = append(s.buf, s.reader.chunk.wordLetters[w.from])
	}
	r[0].Read(s.x, s.buf, s.ended)
}

func readLast(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, w := range s.reader.chunk.words {
		s.buf = append(s.buf, s.reader.chunk.wordLetters[w.to-1])
	}
	r[0].Read(s.x, s.buf, s.ended)
}

// readEveryNthFirst reads the first letter of every second to sixth word, from every offset.
func readEveryNthFirst(s *scanner, r []index.Reader) {
	first := s.reader.words.n - len(s.reader.chunk.words)
	s.buf = s.buf[:0]
	for _, w := range s.reader.chunk.words {
		s.buf = append(s.buf, s.reader.chunk.wordLetters[w.from])
	}
	for n := 2; n <= 6; n++ {
		index.ReadEvery(s.x, r[:n], first%n, s.buf, s.ended)
		r = r[n:]
	}
}

func readLineFirst(s *scanner, r []index.Reader) {
	for _, w := range s.reader.chunk.words {
		if w.newLine {
			r[0].Add(s.x, s.reader.chunk.wordLetters[w.from], s.ended)
		}
	}
}

// readTokens takes each word for a letter.
func readTokens(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, w := range s.reader.chunk.words {
		s.buf = append(s.buf, s.tokenPattern.add(w.key))
	}
	r[0].Read(s.x, s.buf, s.ended)
}

// readPlaces takes numbers for places of letters in an alphabet that may begin anywhere.
func readPlaces(s *scanner, r []index.Reader) {
	for _, v := range s.reader.chunk.numbers {
		if v <= 26 {
			if s.lastPlace != 0 {
				r[0].Add(s.x, index.Step(s.lastPlace, uint8(v)), s.ended)
			}
			s.lastPlace = uint8(v)
		}
	}
}

// readCodes takes numbers for characters.
func readCodes(s *scanner, r []index.Reader) {
	for _, v := range s.reader.chunk.numbers {
		if c := s.filter.fold.Code(v); c != 0 {
			r[0].Add(s.x, c, s.ended)
		}
	}
}
