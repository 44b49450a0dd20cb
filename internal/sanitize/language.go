package sanitize

import (
	_ "embed"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed language_sample.txt
var sampleText string

// langDetector distinguishes natural language from other text by its letter pairs and stop words. It is trained on a
// sample of several European languages.
type langDetector struct {
	fold       *foldTable
	class      [256]uint8    // of bytes, see classes
	pairScores [32][32]int32 // log2 of the frequency with which one letter follows another, in units of 1/scoreUnit
	stopWords  [512]uint32   // a hash table by stopWordSlot; a word has five bits per letter
}

// stopWordList has frequent words of English, Italian, German, French, Spanish, Portuguese and Dutch.
const stopWordList = "a i the to of and in is on for with that this you your it are was have has be at as by or " +
	"we can will not no from an my if do so they there which what when all but been also only " +
	"il lo la le gli un una di che e è per con non sono del della nel alla si ho ha da al dei " +
	"der die das und ist ein eine zu den dem des mit für auf von ich nicht sie es im sind wird hat haben wurde " +
	"les une des et est pour dans que qui avec sur pas vous ce au du ont été je en " +
	"el los las y es por con para del se su al más como hay " +
	"os um uma do da em não no na dos o de het een van voor zijn dat te niet er op"

func newLangDetector(fold *foldTable) *langDetector {
	d := &langDetector{fold: fold, class: classes(fold)}
	for _, w := range strings.Fields(stopWordList) {
		d.addStopWord(fold.letters(w))
	}
	var count [27][27]float64
	var total [27]float64
	last := byte(0)
	for _, r := range sampleText {
		code := fold.code(r)
		if code == 0 && last == 0 {
			continue
		}
		count[last][code]++
		total[last]++
		last = code
	}
	for a := range count {
		for b := range count[a] {
			d.pairScores[a][b] = int32(math.Round(scoreUnit * math.Log2((count[a][b]+0.3)/(total[a]+8))))
		}
	}
	return d
}

// Natural language has at least this mean score of a letter pair, in units of 1/scoreUnit.
const (
	scoreUnit             = 1000
	minPairScore          = -4200
	minPairScoreStopWords = -4300 // with two or more stop words
)

// shape counts what a text consists of, so that expensive views are applied only where they can find something.
type shape struct {
	visible    int // bytes that are not white space
	longestRun int // bytes without white space
	digits     int
	escapes    int // characters that introduce escapes
	braces     int // opening brackets of JSON
	invisible  int // zero-width characters
	wide       int // characters of other scripts, and pictures
	natural    bool
}

// shapeOf returns the shape of text without natural.
func shapeOf(text string) (s shape) {
	run, spaces := 0, 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 0xC4 {
			s.wide++
		}
		if c >= 0xC0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			if unicode.Is(unicode.Cf, r) || r == 0x3164 || r == 0x115F || r >= 0xE0000 {
				s.invisible++
			}
		}
		switch {
		case c == ' ' || c == '\n' || c == '\t':
			spaces++
			run = -1
		case c|0x20 >= 'a' && c|0x20 <= 'z': // first, as most bytes are letters
		case c >= '0' && c <= '9':
			s.digits++
		case c == '\\' || c == '%' || c == '=' || c == '&' || c == '+':
			s.escapes++
		case c == '{' || c == '[':
			s.braces++
		}
		run++
		s.longestRun = max(s.longestRun, run)
	}
	s.visible = len(text) - spaces
	return s
}

// mostlyNatural reports whether at least six in seven samples of text look like natural language.
func (d *langDetector) mostlyNatural(text string) bool {
	seen, good := 0, 0
	for i := 0; i+sampleSize <= len(text) || i == 0; i += 2 * sampleSize {
		seen++
		good += btoi(d.isNatural([]byte(text[i:min(len(text), i+sampleSize)])))
	}
	return good*7 >= seen*6
}

// langSample counts what a short piece of text consists of.
type langSample struct {
	letters, vowels, digits, punctuation int
	otherScript                          int // letters of other scripts
	unusual                              int // combining marks, format characters, pictures
	words, stopWords                     int
	caseSwitches                         int // upper-case letters after lower-case ones
	pairs                                int // letter pairs in score
	run, longestRun                      int // characters without a space
	score                                int32
	lastLetter                           uint8
	afterLower                           bool   // the previous character is a lower-case letter
	word                                 uint64 // the last twelve letters of the word being read
	wordLength                           int
	longWords                            [sampleSize / 2]uint64 // words of three letters and more
	longWordCount                        int
}

// isNatural reports whether a short piece of text looks like natural language. Bytes that are not UTF-8 are skipped.
func (d *langDetector) isNatural(text []byte) bool {
	var s langSample
	for i := s.addASCII(d, text); i < len(text); i += s.addASCII(d, text[i:]) {
		r, size := utf8.DecodeRune(text[i:])
		if r != utf8.RuneError || size > 1 {
			s.addRune(d, r)
		}
		i += size
	}
	s.endWord(d)
	return s.isNatural()
}

// The class of a letter is its code, plus upperCase. These are the classes of other bytes.
const (
	upperCase  = 32
	classSpace = 64 + iota
	classDigit
	classPunctuation
	classControl
	classNonASCII
)

func classes(fold *foldTable) (class [256]uint8) {
	for c := range class {
		switch code := fold.ascii[c]; {
		case c >= utf8.RuneSelf:
			class[c] = classNonASCII
		case code != 0 && c <= 'Z':
			class[c] = code | upperCase
		case code != 0:
			class[c] = code
		case c == ' ' || c == '\n':
			class[c] = classSpace
		case c >= '0' && c <= '9':
			class[c] = classDigit
		case c > ' ':
			class[c] = classPunctuation
		default:
			class[c] = classControl
		}
	}
	return class
}

// addASCII reads the ASCII characters at the beginning of text and returns how many there are. It keeps the state
// in local variables, as it runs for every streamed token.
func (s *langSample) addASCII(d *langDetector, text []byte) (read int) {
	word, length, score, last, lower := s.word, s.wordLength, s.score, s.lastLetter, s.afterLower
	vowels := uint32(0)
	for _, c := range text {
		class := d.class[c]
		if class >= classSpace {
			if class == classNonASCII {
				break
			}
			s.word, s.wordLength, s.score, s.lastLetter = word, length, score, last
			s.addSymbol(d, class)
			word, length, score, last, lower = 0, 0, s.score, 0, false
			read++
			continue
		}
		code := class & 31
		read++
		length++
		word = word<<5 | uint64(code)
		score += d.pairScores[last&31][code]
		vowels += vowelAndYBits >> code & 1
		upper := class&upperCase != 0
		if upper && lower {
			s.caseSwitches++
		}
		lower, last = !upper, code
	}
	s.word, s.wordLength, s.score, s.lastLetter, s.afterLower = word, length, score, last, lower
	s.vowels += int(vowels)
	return read
}

// addSymbol reads an ASCII character that is not a letter.
func (s *langSample) addSymbol(d *langDetector, class uint8) {
	s.endWord(d)
	s.scoreWordEnd(d)
	switch class {
	case classSpace:
		s.longestRun = max(s.longestRun, s.run)
		s.run = 0
		return
	case classDigit:
		s.digits++
	case classPunctuation:
		s.punctuation++
	}
	s.run++
}

// addRune reads a character that is not ASCII.
func (s *langSample) addRune(d *langDetector, r rune) {
	code := d.fold.nonASCII[r]
	if code != 0 && r < 0x250 {
		s.word = s.word<<5 | uint64(code)
		s.wordLength++
		s.score += d.pairScores[s.lastLetter&31][code&31]
		s.vowels += int(vowelAndYBits >> code & 1)
		s.lastLetter, s.afterLower = code, true
		return
	}
	s.afterLower = false
	s.endWord(d)
	s.run++
	switch {
	case unicode.IsLetter(r):
		s.otherScript++
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || r > 0xFFFF:
		s.unusual++
	}
	if code == 0 {
		s.scoreWordEnd(d)
	} else {
		s.lastLetter = 0
	}
}

// scoreWordEnd scores the end of a word like a letter.
func (s *langSample) scoreWordEnd(d *langDetector) {
	if s.lastLetter != 0 {
		s.score += d.pairScores[s.lastLetter&31][0]
		s.pairs++
		s.lastLetter = 0
	}
}

func (s *langSample) endWord(d *langDetector) {
	if s.wordLength == 0 {
		return
	}
	s.words++
	s.letters += s.wordLength
	s.pairs += s.wordLength
	s.run += s.wordLength
	stop := btoi(d.isStopWord(s.word, s.wordLength))
	s.stopWords += stop
	if s.wordLength > 2 && s.longWordCount < len(s.longWords) {
		s.longWords[s.longWordCount] = s.word<<1 | uint64(stop) // the lowest bit marks stop words
		s.longWordCount++
	}
	s.word, s.wordLength = 0, 0
}

// isNatural reports whether the sample looks like natural language.
func (s *langSample) isNatural() bool {
	visible := s.letters + s.digits + s.punctuation + s.otherScript + s.unusual
	if s.otherScript*10 > visible*7 && s.unusual < 3 {
		return true
	}
	minScore := int32(minPairScore)
	if s.stopWords >= 2 {
		minScore = minPairScoreStopWords
	}
	switch {
	case s.unusual > 2, s.otherScript > 2, s.caseSwitches > 2, max(s.longestRun, s.run) > 22,
		s.digits*4 > visible, s.punctuation*5 > visible, // a quarter, a fifth
		s.words*9 < s.letters, s.words*2 > s.letters, // two to nine letters a word
		s.pairs == 0, s.score < minScore*int32(s.pairs),
		s.words >= 6 && s.stopWords == 0, s.vowels*100 < s.letters*24:
		return false
	}
	return !s.repetitive()
}

// repetitive reports whether one word that is not a stop word occurs three times, or many words have the same ending.
func (s *langSample) repetitive() bool {
	long := s.longWords[:s.longWordCount]
	for i, w := range long {
		same, sameEnding := 1, 1
		for _, v := range long[i+1:] {
			same += btoi(v == w)
			sameEnding += btoi((v^w)>>1&1023 == 0) // two letters
		}
		if same >= 3 && w&1 == 0 || sameEnding >= 4 && sameEnding*5 >= s.words*2 {
			return true
		}
	}
	return false
}

// vowelAndYBits has the bits of the letter codes of vowels and y.
const vowelAndYBits = vowelBits | 1<<25

// maxStopWord is the length of the longest stop word.
const maxStopWord = 6

// stopWordSlot returns the slot of the stop word table in which the search for a word begins.
func stopWordSlot(word uint32) uint32 { return word * 0x9E3779B1 >> (32 - 9) }

// addStopWord adds a word of at most maxStopWord letters.
func (d *langDetector) addStopWord(letters []byte) {
	word := uint32(0)
	for _, c := range letters {
		word = word<<5 | uint32(c)
	}
	slot := stopWordSlot(word)
	for d.stopWords[slot] != 0 && d.stopWords[slot] != word {
		slot = (slot + 1) & uint32(len(d.stopWords)-1)
	}
	d.stopWords[slot] = word
}

func (d *langDetector) isStopWord(word uint64, length int) bool {
	if length > maxStopWord {
		return false
	}
	for slot := stopWordSlot(uint32(word)); d.stopWords[slot] != 0; slot = (slot + 1) & uint32(len(d.stopWords)-1) {
		if d.stopWords[slot] == uint32(word) {
			return true
		}
	}
	return false
}
