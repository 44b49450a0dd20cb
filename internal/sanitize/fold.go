package sanitize

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// lookalikes maps the position-wise equal letters of other scripts, small capitals and Braille to a–z.
const (
	lookalikeFrom = "авсԁеғɡһіјкӏмпорԛгѕтцѵѡхузѐёАВСЕНІЈКМОРЅТХУαβγδεζηικμνορτυχωσλπφΑΒΕΖΗΙΚΜΝΟΡΤΥΧıøđłħŧƒßæœðþ" +
		"ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ" + "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵" + "ɐɔǝɟɥɾʞɯɹʇʌʍʎ"
	lookalikeTo = "abcdefghijklmnopqrstuvwxyzeeabcehijkmopstxyabydeznikuvoptuxwslnfabezhikmnoptyxiodlhtfsaodp" +
		"abcdefghijklmnoprtuvwyz" + "abcdefghijklmnopqrstuvwxyz" + "acefhjkmrtvwy"
)

// folding maps every rune to a letter code: 1–26 for a–z, 0 for what is not a letter of that alphabet. Accents, full
// width, mathematical, circled, squared and tag forms and look-alikes of other scripts fold to the plain letter.
type folding struct {
	ascii [256]uint8 // zero from 128 on
	leet  [128]uint8
	pages map[rune]uint8
}

func newFolding() *folding {
	f := &folding{pages: make(map[rune]uint8, 4096)}
	for c := 'a'; c <= 'z'; c++ {
		f.ascii[c], f.ascii[c-'a'+'A'] = uint8(c-'a'+1), uint8(c-'a'+1)
	}
	copy(f.leet[:], f.ascii[:])
	for from, to := range map[byte]byte{
		'0': 'o', '1': 'i', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g',
		'@': 'a', '$': 's', '!': 'i', '|': 'i', '+': 't', 'l': 'i', 'L': 'i',
	} {
		f.leet[from] = to - 'a' + 1
	}
	for _, r := range [][2]rune{{0xA0, 0x24F}, {0x1D00, 0x1EFF}, {0x2070, 0x24FF}, {0xFF00, 0xFF5F}, {0x1D400, 0x1D7FF}} {
		for c := r[0]; c <= r[1]; c++ {
			if base := rune(norm.NFKD.String(string(c))[0]); base < utf8.RuneSelf && f.ascii[base] != 0 {
				f.pages[c] = f.ascii[base]
			} else if c >= 0x249C && c <= 0x24B5 {
				f.pages[c] = uint8(c - 0x249C + 1)
			}
		}
	}
	for i := rune(0); i < 26; i++ {
		for _, start := range []rune{0x1F110, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6, 0xE0041, 0xE0061} {
			f.pages[start+i] = uint8(i + 1)
		}
	}
	to := []rune(lookalikeTo)
	for i, from := range []rune(lookalikeFrom) {
		if _, known := f.pages[from]; !known && i < len(to) {
			f.pages[from] = f.ascii[to[i]]
		}
	}
	return f
}

// rune returns the letter code of r.
func (f *folding) rune(r rune) uint8 {
	if r < utf8.RuneSelf {
		return f.ascii[r]
	}
	return f.pages[r]
}

// sized returns room for n symbols: out's when it is large enough. Functions that take an out return their result in it.
func sized(out []byte, n int) []byte {
	if cap(out) < n {
		return make([]byte, n)
	}
	return out[:n]
}

// letters returns the letter codes of s, everything else dropped.
func (f *folding) letters(s string) []byte {
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
		if code := f.pages[r]; code != 0 {
			out[n] = code
			n++
		}
		i += size
	}
	return out[:n]
}

// leetLetters is letters with digits and symbols read as the letters they resemble, i and l being one.
func (f *folding) leetLetters(out []byte, s string) []byte {
	out = sized(out, len(s)+1)
	n := 0
	for i := 0; i < len(s); {
		code, size := uint8(0), 1
		if c := s[i]; c < utf8.RuneSelf {
			code = f.leet[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if code = f.pages[r]; code == 'l'-'a'+1 {
				code = 'i' - 'a' + 1
			}
		}
		out[n] = code
		n += int((code + 31) >> 5)
		i += size
	}
	return out[:n]
}

// symbols returns one small number for each distinct letter or pictograph of s in order of appearance, for views that
// see through any one-to-one replacement of letters.
func (f *folding) symbols(s string) []rune {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if code := f.rune(r); code != 0 {
			out = append(out, rune(code))
		} else if r > 0xFF && (unicode.IsLetter(r) || unicode.Is(unicode.So, r)) {
			out = append(out, unicode.ToLower(r))
		}
	}
	return out
}

// allVowels has the bit of every letter that is a vowel.
const allVowels uint32 = 1<<1 | 1<<5 | 1<<9 | 1<<15 | 1<<21

// consonants drops the vowels of seq.
func consonants(out, seq []byte) []byte {
	out = sized(out, len(seq))
	n := 0
	for _, c := range seq {
		out[n] = c
		n += int(^allVowels >> c & 1)
	}
	return out[:n]
}

// steps returns the differences of neighbouring letters, plus one, which every Caesar shift leaves alone.
func steps(out, seq []byte) []byte {
	if len(seq) < 2 {
		return nil
	}
	out = sized(out, len(seq)-1)
	before := int8(seq[0])
	for i, c := range seq[1:] {
		d := int8(c) - before
		out[i] = uint8(d+26&(d>>7)) + 1
		before = int8(c)
	}
	return out
}

// mirrored turns steps into those of the mirrored alphabet, which are also those of the reversed letters, reversed.
func mirrored(out, steps []byte) []byte {
	out = sized(out, len(steps))
	for i, s := range steps {
		if out[i] = 28 - s; s == 1 {
			out[i] = 1
		}
	}
	return out
}

// reach is how far back repeats looks.
const reach = 15

// repeats returns for each symbol the distance to its previous occurrence (0 beyond reach), plus one: what stays the
// same under any one-to-one replacement of symbols.
func repeats[T comparable](seq []T) []byte {
	out := make([]byte, len(seq))
	for i, v := range seq {
		out[i] = 1
		for d := 1; d <= reach && d <= i; d++ {
			if seq[i-d] == v {
				out[i] = uint8(d) + 1
				break
			}
		}
	}
	return out
}

// letterRepeats is repeats for letter codes, and repeats of the same letters reversed.
func letterRepeats(forwards, backwards, seq []byte) (onward, back []byte) {
	forwards, backwards = sized(forwards, len(seq)), sized(backwards, len(seq))
	var seen [32]int
	for i := range seen {
		seen[i] = -reach - 1
	}
	for i, c := range seq {
		forwards[i], backwards[len(seq)-1-i] = 1, 1
		before := seen[c&31]
		if d := i - before; d <= reach {
			forwards[i], backwards[len(seq)-1-before] = uint8(d)+1, uint8(d)+1
		}
		seen[c&31] = i
	}
	return forwards, backwards
}

func reversed(out, seq []byte) []byte {
	out = sized(out, len(seq))
	for i, c := range seq {
		out[len(seq)-1-i] = c
	}
	return out
}
