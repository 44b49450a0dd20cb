package sanitize

import (
	"unicode"
	"unicode/utf8"
)

// sample is what a short stretch of text is made of.
type sample struct {
	letters, vowels, digits, marks, foreign, odd int
	words, small, switches, pairs                int
	run, longest                                 int // characters without a space
	score                                        int32
	last                                         uint8
	lower                                        bool   // the character before is a small letter
	word                                         uint64 // the last twelve letters of the word being read
	length                                       int    // and how many it has
	long                                         [proseTail / 2]uint64
	longs                                        int // words of three letters and more, in long
}

// prose reports whether a short stretch of text looks like natural language. Bytes that are not UTF-8 are passed over.
func (m *proseModel) prose(text []byte) bool {
	var s sample
	for i := s.addPlain(m, text); i < len(text); i += s.addPlain(m, text[i:]) {
		r, size := utf8.DecodeRune(text[i:])
		if r != utf8.RuneError || size > 1 {
			s.addWide(m, r)
		}
		i += size
	}
	s.endWord(m)
	return s.natural()
}

// The classes of a byte that is no letter; a letter's class is its code, plus upperCase.
const (
	upperCase = 32
	aSpace    = 64 + iota
	aDigit
	aMark
	aControl
	notPlain
)

func classes(fold *folding) (class [256]uint8) {
	for c := range class {
		switch code := fold.ascii[c]; {
		case c >= utf8.RuneSelf:
			class[c] = notPlain
		case code != 0 && c <= 'Z':
			class[c] = code | upperCase
		case code != 0:
			class[c] = code
		case c == ' ' || c == '\n':
			class[c] = aSpace
		case c >= '0' && c <= '9':
			class[c] = aDigit
		case c > ' ':
			class[c] = aMark
		default:
			class[c] = aControl
		}
	}
	return class
}

// addPlain reads the plain characters that text begins with and returns how many there are.
func (s *sample) addPlain(m *proseModel, text []byte) (read int) {
	word, length, score, last, lower := s.word, s.length, s.score, s.last, s.lower
	vowels := uint32(0)
	for _, c := range text {
		class := m.class[c]
		if class >= aSpace {
			if class == notPlain {
				break
			}
			s.word, s.length, s.score, s.last = word, length, score, last
			s.addSign(m, class)
			word, length, score, last, lower = 0, 0, s.score, 0, false
			read++
			continue
		}
		code := class & 31
		read++
		length++
		word = word<<5 | uint64(code)
		score += m.pair[last&31][code]
		vowels += vowelsAndY >> code & 1
		upper := class&upperCase != 0
		if upper && lower {
			s.switches++
		}
		lower, last = !upper, code
	}
	s.word, s.length, s.score, s.last, s.lower = word, length, score, last, lower
	s.vowels += int(vowels)
	return read
}

// addSign reads a plain character that is not a letter.
func (s *sample) addSign(m *proseModel, class uint8) {
	s.endWord(m)
	s.gap(m)
	switch class {
	case aSpace:
		s.longest = max(s.longest, s.run)
		s.run = 0
		return
	case aDigit:
		s.digits++
	case aMark:
		s.marks++
	}
	s.run++
}

func (s *sample) addWide(m *proseModel, r rune) {
	code := m.fold.pages[r]
	if code != 0 && r < 0x250 {
		s.word, s.length = s.word<<5|uint64(code), s.length+1
		s.score += m.pair[s.last&31][code&31]
		s.vowels += int(vowelsAndY >> code & 1)
		s.last, s.lower = code, true
		return
	}
	s.lower = false
	s.endWord(m)
	s.run++
	switch {
	case unicode.IsLetter(r):
		s.foreign++
	case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) || r > 0xFFFF:
		s.odd++
	}
	if code == 0 {
		s.gap(m)
	} else {
		s.last = 0
	}
}

// gap scores the end of a word as a letter of its own.
func (s *sample) gap(m *proseModel) {
	if s.last != 0 {
		s.score += m.pair[s.last&31][0]
		s.pairs++
		s.last = 0
	}
}

func (s *sample) endWord(m *proseModel) {
	if s.length == 0 {
		return
	}
	s.words++
	s.letters += s.length
	s.pairs += s.length
	s.run += s.length
	little := m.isSmall(s.word, s.length)
	s.small += btoi(little)
	if s.length > 2 && s.longs < len(s.long) {
		s.long[s.longs] = s.word<<1 | uint64(btoi(little))
		s.longs++
	}
	s.word, s.length = 0, 0
}

// natural reports whether the sample looks like natural language.
func (s *sample) natural() bool {
	visible := s.letters + s.digits + s.marks + s.foreign + s.odd
	if s.foreign*10 > visible*7 && s.odd < 3 {
		return true
	}
	least := int32(proseBelow)
	if s.small >= 2 {
		least = proseBelowSmall
	}
	switch {
	case s.odd > 2, s.foreign > 2, s.digits*4 > visible, s.marks*5 > visible, s.switches > 2, max(s.longest, s.run) > 22,
		s.words*9 < s.letters, s.words*2 > s.letters, s.pairs == 0, s.score < least*int32(s.pairs),
		s.words >= 6 && s.small == 0, s.vowels*100 < s.letters*24:
		return false
	}
	return !s.repetitive()
}

// repetitive reports whether one word that is not a small one comes back twice, or one ending again and again.
func (s *sample) repetitive() bool {
	long := s.long[:s.longs]
	for i, w := range long {
		same, ending := 1, 1
		for _, v := range long[i+1:] {
			same += btoi(v == w)
			ending += btoi((v^w)>>1&1023 == 0)
		}
		if same >= 3 && w&1 == 0 || ending >= 4 && ending*5 >= s.words*2 {
			return true
		}
	}
	return false
}

// vowelsAndY has the bit of every letter that is a vowel, y among them.
const vowelsAndY = allVowels | 1<<25

// longestSmall is how many letters the longest small word has.
const longestSmall = 6

func smallPlace(word uint32) uint32 { return word * 0x9E3779B1 >> (32 - 9) }

// learnSmall puts a word of at most longestSmall letters among the small ones.
func (m *proseModel) learnSmall(letters []byte) {
	word := uint32(0)
	for _, c := range letters {
		word = word<<5 | uint32(c)
	}
	place := smallPlace(word)
	for m.small[place] != 0 && m.small[place] != word {
		place = (place + 1) & uint32(len(m.small)-1)
	}
	m.small[place] = word
}

func (m *proseModel) isSmall(word uint64, length int) bool {
	if length > longestSmall {
		return false
	}
	for place := smallPlace(uint32(word)); m.small[place] != 0; place = (place + 1) & uint32(len(m.small)-1) {
		if m.small[place] == uint32(word) {
			return true
		}
	}
	return false
}
