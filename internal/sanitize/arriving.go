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

// view is a way of reading a text in which a secret may be found. Views of letters and words read it as it arrives.
type view struct {
	name     string
	seq      sequence
	hold     holding
	doubtful bool // whether only text is read that does not look natural
	readers  int  // how many sequences it reads at the same time
	read     func(s *scanner, r []index.Reader)
	// place returns where the latest n symbols begin.
	place func(s *scanner, reader, n int) int
}

// arriving are the views that read a text as it arrives.
var arriving = [...]view{
	{"letters", letterSeq, holdAlways, false, 1, readLetters, letterPlace},
	{"reversed", backwardSeq, holdAlways, true, 1, readSpanLetters, letterPlace},
	{"look-alike digits", leetSeq, holdAlways, true, 1, readLeet, leetPlace},
	{"consonants", consonantSeq, holdUnnatural, true, 1, readConsonants, consonantPlace},
	{"shifted", stepSeq, holdAlways, true, 2, readSteps, stepPlace},
	{"shifted, reversed", backStepSeq, holdAlways, true, 2, readSteps, stepPlace},
	{"interleaved", letterSeq, holdUnnatural, true, 14, readEveryNth, nthPlace},
	{"substituted", patternSeq, holdUnnatural, true, 1, readPattern, letterPlace},
	{"substituted, reversed", backPatternSeq, holdUnnatural, true, 1, readPattern, letterPlace},
	{"symbols", patternSeq, holdAlways, false, 1, readSymbols, symbolPlace},
	{"shuffled words", letterSeq, holdNever, false, 0, readNothing, nil},
	{"words backwards", letterSeq, holdNever, false, 0, readNothing, nil},
	{"first letters", letterSeq, holdUnnatural, false, 1, readFirst, wordPlace},
	{"first letters, reversed", backwardSeq, holdUnnatural, false, 1, readFirst, wordPlace},
	{"last letters", letterSeq, holdUnnatural, false, 1, readLast, wordPlace},
	{"first letters of some words", letterSeq, holdNever, false, 20, readEveryNthFirst, nil},
	{"first letters of lines", letterSeq, holdNever, false, 1, readLineFirst, nil},
	{"tokens", patternSeq, holdUnnatural, false, 1, readTokens, wordPlace},
	{"places in the alphabet", stepSeq, holdNever, false, 1, readPlaces, nil},
	{"character numbers", letterSeq, holdNever, false, 1, readCodes, nil},
	{"capitals", letterSeq, holdNever, false, 1, readCapitals, nil},
	{"doubled letters", singleSeq, holdUnnatural, true, 1, readSingle, letterPlace},
	{"telephone keys", keypadSeq, holdNever, false, 1, readKeys, nil},
	{"beginnings of words", beginSeq, holdNever, false, 1, readBeginnings, nil},
	{"second letters", letterSeq, holdNever, false, 1, readSecond, nil},
	{"last letters of lines", letterSeq, holdNever, false, 1, readLineLast, nil},
	{"shifted by 2 turns", lagSeq, holdAlways, true, 2, readLag, lagPlace},
	{"shifted by 3 turns", lagSeq + 1, holdAlways, true, 2, readLag, lagPlace},
	{"shifted by 4 turns", lagSeq + 2, holdAlways, true, 2, readLag, lagPlace},
	{"shifted by 5 turns", lagSeq + 3, holdAlways, true, 2, readLag, lagPlace},
	{"shifted by 6 turns", lagSeq + 4, holdAlways, true, 2, readLag, lagPlace},
	{"shifted by 7 turns", lagSeq + 5, holdAlways, true, 2, readLag, lagPlace},
	{"shifted by 8 turns", lagSeq + 6, holdAlways, true, 2, readLag, lagPlace},
}

// firstReader has the number of the first reader of each view, and of all together.
var firstReader = func() (list []int) {
	n := 0
	for _, v := range arriving {
		list = append(list, n)
		n += v.readers
	}
	return append(list, n)
}()

// Views with a number that others need.
const (
	substituted    = 7
	shuffledWords  = 10
	wordsBackwards = 11
)

// readNothing is for views that read pairs of words, see scanner.readPairs.
func readNothing(*scanner, []index.Reader) {}

func letterPlace(s *scanner, _, n int) int { return s.reader.letters.back(n) }

// stepPlace returns the place of the letter before the latest n steps.
func stepPlace(s *scanner, _, n int) int { return s.reader.letters.back(n + 1) }

func readLetters(s *scanner, r []index.Reader) { r[0].Read(s.x, s.reader.chunk.letters, s.ended) }

func readSpanLetters(s *scanner, r []index.Reader) { r[0].Read(s.x, s.letters, s.ended) }

func readLeet(s *scanner, r []index.Reader) { r[0].Read(s.x, s.leets, s.ended) }

// leetPlace is after every place if the symbols are letters alone, since another view follows those.
func leetPlace(s *scanner, _, n int) int {
	if at := s.reader.leet.back(n); at <= s.reader.leetAt {
		return at
	}
	return noPlace
}

func readConsonants(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, c := range s.letters {
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
	last := s.lastLetter
	for _, c := range s.letters {
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
	all := append(s.before[:len(s.before):len(s.before)], s.letters...)
	lag := s.seq.lag()
	for i := max(lag, len(s.before)); i < len(all); i++ {
		s.buf = append(s.buf, index.Step(all[i-lag], all[i]))
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
	last := s.lastLetter
	for _, c := range s.letters {
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
		index.ReadEvery(s.x, r[:n], s.spanFrom%n, s.letters, s.ended)
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
		for _, c := range s.letters {
			s.pattern = append(s.pattern, s.letterPattern.add(uint32(c)))
		}
	}
	r[0].Read(s.x, s.pattern, s.ended)
}

func readSymbols(s *scanner, r []index.Reader) {
	s.buf = s.buf[:0]
	for _, symbol := range s.reader.chunk.symbols {
		s.buf = append(s.buf, s.symbolPattern.add(symbol))
	}
	r[0].Read(s.x, s.buf, s.ended)
}

func symbolPlace(s *scanner, _, n int) int { return s.reader.symbols.back(n) }

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
