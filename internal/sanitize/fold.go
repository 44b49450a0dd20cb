package sanitize

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Each letter of lookalikeFrom (other scripts, small capitals, Braille, rotated letters) looks like, or is another
// form of, the letter at the same position in lookalikeTo.
const (
	lookalikeFrom = "авсԁеғɡһіјкӏмпорԛгѕтцѵѡхузѐёАВСЕНІЈКМОРЅТХУαβγδεζηικμνορτυχωσλπφΑΒΕΖΗΙΚΜΝΟΡΤΥΧıøđłħŧƒßæœðþ" +
		"ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ" + "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵" + "ɐɔǝɟɥɾʞɯɹʇʌʍʎ"
	lookalikeTo = "abcdefghijklmnopqrstuvwxyzeeabcehijkmopstxyabydeznikuvoptuxwslnfabezhikmnoptyxiodlhtfsaodp" +
		"abcdefghijklmnoprtuvwyz" + "abcdefghijklmnopqrstuvwxyz" + "acefhjkmrtvwy"
)

// Letter codes that the leet alphabet does not distinguish.
const (
	letterI = 'i' - 'a' + 1
	letterL = 'l' - 'a' + 1
)

// foldTable maps every rune to a letter code: 1 to 26 for a to z, 0 for anything else. Letters with accents, in
// full-width, mathematical, circled, squared and tag forms, and look-alikes of other scripts have the code of their
// base letter.
type foldTable struct {
	ascii    [256]uint8 // zero from 128 on
	leet     [128]uint8 // the same with digits and symbols that resemble a letter
	nonASCII map[rune]uint8
}

func newFoldTable() *foldTable {
	f := &foldTable{nonASCII: make(map[rune]uint8, 4096)}
	for c := 'a'; c <= 'z'; c++ {
		f.ascii[c] = uint8(c - 'a' + 1)
		f.ascii[c-'a'+'A'] = f.ascii[c]
	}
	copy(f.leet[:], f.ascii[:])
	for from, to := range map[byte]byte{
		'0': 'o', '1': 'i', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g',
		'@': 'a', '$': 's', '!': 'i', '|': 'i', '+': 't', 'l': 'i', 'L': 'i',
	} {
		f.leet[from] = to - 'a' + 1
	}
	f.addDecomposable()
	for i := rune(0); i < 26; i++ { // squared, circled and regional indicator letters, tags
		for _, start := range []rune{0x1F110, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6, 0xE0041, 0xE0061} {
			f.nonASCII[start+i] = uint8(i + 1)
		}
	}
	to := []rune(lookalikeTo)
	for i, from := range []rune(lookalikeFrom) {
		if _, known := f.nonASCII[from]; !known && i < len(to) {
			f.nonASCII[from] = f.ascii[to[i]]
		}
	}
	return f
}

// addDecomposable adds the characters whose compatibility decomposition begins with a letter.
func (f *foldTable) addDecomposable() {
	for _, block := range [][2]rune{
		{0xA0, 0x24F}, {0x1D00, 0x1EFF}, {0x2070, 0x24FF}, {0xFF00, 0xFF5F}, {0x1D400, 0x1D7FF},
	} {
		for c := block[0]; c <= block[1]; c++ {
			if base := rune(norm.NFKD.String(string(c))[0]); base < utf8.RuneSelf && f.ascii[base] != 0 {
				f.nonASCII[c] = f.ascii[base]
			} else if c >= 0x249C && c <= 0x24B5 { // letters in parentheses
				f.nonASCII[c] = uint8(c - 0x249C + 1)
			}
		}
	}
}

// code returns the letter code of r.
func (f *foldTable) code(r rune) uint8 {
	if r < utf8.RuneSelf {
		return f.ascii[r]
	}
	return f.nonASCII[r]
}

// resize returns a slice of n symbols, which uses the memory of out if that is large enough. Functions with a
// parameter out return their result in its memory.
func resize(out []byte, n int) []byte {
	if cap(out) < n {
		return make([]byte, n)
	}
	return out[:n]
}

// letters returns the letter codes of s and drops everything else.
func (f *foldTable) letters(s string) []byte {
	out := make([]byte, len(s)+1)
	n := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			code := f.ascii[c]
			out[n] = code
			n += int((code + 31) >> 5)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if code := f.nonASCII[r]; code != 0 {
			out[n] = code
			n++
		}
		i += size
	}
	return out[:n]
}

// leetLetters is like letters, but reads digits and symbols as the letters they resemble, and l as i.
func (f *foldTable) leetLetters(out []byte, s string) []byte {
	out = resize(out, len(s)+1)
	n := 0
	for i := 0; i < len(s); {
		code, size := uint8(0), 1
		if c := s[i]; c < utf8.RuneSelf {
			code = f.leet[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if code = f.nonASCII[r]; code == letterL {
				code = letterI
			}
		}
		out[n] = code
		n += int((code + 31) >> 5)
		i += size
	}
	return out[:n]
}

// lettersAndPictures returns the letters and pictographs of s, folded, for views that see through any substitution.
func (f *foldTable) lettersAndPictures(s string) []rune {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if code := f.code(r); code != 0 {
			out = append(out, rune(code))
		} else if r > 0xFF && (unicode.IsLetter(r) || unicode.Is(unicode.So, r)) {
			out = append(out, unicode.ToLower(r))
		}
	}
	return out
}

// vowelBits has the bits of the vowels' letter codes.
const vowelBits uint32 = 1<<1 | 1<<5 | 1<<9 | 1<<15 | 1<<21

// consonants drops the vowels of seq.
func consonants(out, seq []byte) []byte {
	out = resize(out, len(seq))
	n := 0
	for _, c := range seq {
		out[n] = c
		n += int(^vowelBits >> c & 1)
	}
	return out[:n]
}

// letterSteps returns the differences of neighbouring letters modulo 26, plus one. A Caesar shift does not change
// them.
func letterSteps(out, seq []byte) []byte {
	if len(seq) < 2 {
		return nil
	}
	out = resize(out, len(seq)-1)
	previous := int8(seq[0])
	for i, c := range seq[1:] {
		d := int8(c) - previous
		out[i] = uint8(d+26&(d>>7)) + 1
		previous = int8(c)
	}
	return out
}

// atbashSteps turns the steps of a text into those of the same text in the reversed alphabet. They are also the
// steps of the reversed text, reversed.
func atbashSteps(out, steps []byte) []byte {
	out = resize(out, len(steps))
	for i, s := range steps {
		if out[i] = 28 - s; s == 1 {
			out[i] = 1
		}
	}
	return out
}

// maxRepeatDistance is how many symbols repeatPattern looks back.
const maxRepeatDistance = 15

// repeatPattern returns for each symbol the distance to its previous occurrence (0 beyond maxRepeatDistance), plus
// one. A substitution cipher does not change it.
func repeatPattern[T comparable](seq []T) []byte {
	out := make([]byte, len(seq))
	for i, v := range seq {
		out[i] = 1
		for d := 1; d <= maxRepeatDistance && d <= i; d++ {
			if seq[i-d] == v {
				out[i] = uint8(d) + 1
				break
			}
		}
	}
	return out
}

// letterPatterns returns the repeatPattern of letter codes and that of the same letters reversed, in the memory of
// outA and outB.
func letterPatterns(outA, outB, letters []byte) (forward, backward []byte) {
	forward, backward = resize(outA, len(letters)), resize(outB, len(letters))
	var seen [32]int
	for i := range seen {
		seen[i] = -maxRepeatDistance - 1
	}
	for i, c := range letters {
		forward[i], backward[len(letters)-1-i] = 1, 1
		previous := seen[c&31]
		if d := i - previous; d <= maxRepeatDistance {
			forward[i], backward[len(letters)-1-previous] = uint8(d)+1, uint8(d)+1
		}
		seen[c&31] = i
	}
	return forward, backward
}

func reversed(out, seq []byte) []byte {
	out = resize(out, len(seq))
	for i, c := range seq {
		out[len(seq)-1-i] = c
	}
	return out
}
