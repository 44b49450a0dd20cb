// Package fold reads text of any spelling as letters from a to z. Case, accents, full-width, mathematical, circled and
// tag forms are dropped, and look-alikes of other scripts, Braille and rotated letters are read as the letter they
// stand for. A Table is built once and is safe for concurrent use.
//
// Letters are codes from 1 (a) to 26 (z). 0 is anything else.
package fold

import (
	"slices"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Each letter of lookalikeFrom (other scripts, small capitals, Braille, rotated letters) looks like, or is another
// form of, the letter at the same position in lookalikeTo.
const (
	lookalikeFrom = "авсԁеғɡһіјкӏмпорԛгѕтцѵѡхузѐёАВСЕНІЈКМОРЅТХУαβγδεζηικμνορτυχωσλπφΑΒΕΖΗΙΚΜΝΟΡΤΥΧıøđłħŧƒßæœðþ" +
		"ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ" + "⠁⠃⠉⠙⠑⠋⠛⠓⠊⠚⠅⠇⠍⠝⠕⠏⠟⠗⠎⠞⠥⠧⠺⠭⠽⠵" + "ɐɔǝɟɥɾʞɯɹʇʌʍʎᴉƃꞁ∀ƎℲ⅁⅄"
	lookalikeTo = "abcdefghijklmnopqrstuvwxyzeeabcehijkmopstxyabydeznikuvoptuxwslnfabezhikmnoptyxiodlhtfsaodp" +
		"abcdefghijklmnoprtuvwyz" + "abcdefghijklmnopqrstuvwxyz" + "acefhjkmrtvwyiglaefgy"
)

const (
	letterI = 'i' - 'a' + 1
	letterL = 'l' - 'a' + 1
	pageLen = 256
)

// Table maps characters to letters.
type Table struct {
	ASCII [256]uint8 // by byte; 0 from 128 on
	Leet  [256]uint8 // the same, with digits and symbols that resemble a letter, and l as i
	pages [0x110000 / pageLen]*[pageLen]uint8
}

// New returns a Table.
func New() *Table {
	t := &Table{}
	var empty [pageLen]uint8
	for i := range t.pages {
		t.pages[i] = &empty
	}
	for c := 'a'; c <= 'z'; c++ {
		t.ASCII[c] = uint8(c - 'a' + 1)
		t.ASCII[c-'a'+'A'] = t.ASCII[c]
	}
	t.Leet = t.ASCII
	for from, to := range map[byte]byte{
		'0': 'o', '1': 'i', '2': 'z', '3': 'e', '4': 'a', '5': 's', '6': 'g', '7': 't', '8': 'b', '9': 'g',
		'@': 'a', '$': 's', '!': 'i', '|': 'i', '+': 't', 'l': 'i', 'L': 'i',
	} {
		t.Leet[from] = to - 'a' + 1
	}
	t.addDecomposable(&empty)
	for i := rune(0); i < 26; i++ { // squared, circled and regional indicator letters, tags
		for _, start := range []rune{0x1F110, 0x1F130, 0x1F150, 0x1F170, 0x1F1E6, 0xE0041, 0xE0061} {
			t.set(&empty, start+i, uint8(i+1))
		}
	}
	to := []rune(lookalikeTo)
	for i, from := range []rune(lookalikeFrom) {
		if i < len(to) && t.Code(from) == 0 {
			t.set(&empty, from, t.ASCII[to[i]])
		}
	}
	return t
}

// set gives r a letter. Pages without letters are shared.
func (t *Table) set(empty *[pageLen]uint8, r rune, code uint8) {
	if t.pages[r/pageLen] == empty {
		t.pages[r/pageLen] = new([pageLen]uint8)
	}
	t.pages[r/pageLen][r%pageLen] = code
}

// addDecomposable adds the characters whose compatibility decomposition begins with a letter.
func (t *Table) addDecomposable(empty *[pageLen]uint8) {
	for _, block := range [][2]rune{
		{0xA0, 0x24F}, {0x1D00, 0x1EFF}, {0x2070, 0x24FF}, {0xFF00, 0xFF5F}, {0x1D400, 0x1D7FF},
	} {
		for c := block[0]; c <= block[1]; c++ {
			if base := rune(norm.NFKD.String(string(c))[0]); base < utf8.RuneSelf && t.ASCII[base] != 0 {
				t.set(empty, c, t.ASCII[base])
			} else if c >= 0x249C && c <= 0x24B5 { // letters in parentheses
				t.set(empty, c, uint8(c-0x249C+1))
			}
		}
	}
}

// Code returns the letter that r stands for.
func (t *Table) Code(r rune) uint8 {
	if r < utf8.RuneSelf {
		return t.ASCII[r]
	}
	return t.pages[uint32(r)/pageLen%uint32(len(t.pages))][r%pageLen]
}

// LeetCode is like Code, but reads digits and symbols as the letters they resemble, and l as i.
func (t *Table) LeetCode(r rune) uint8 {
	if r < utf8.RuneSelf {
		return t.Leet[r]
	}
	if code := t.Code(r); code != letterL {
		return code
	}
	return letterI
}

// Letters returns the letters of s and leaves out everything else.
func (t *Table) Letters(s string) []uint8 { return t.AppendLetters(make([]uint8, 0, len(s)), s) }

// AppendLetters appends the letters of s to out.
func (t *Table) AppendLetters(out []uint8, s string) []uint8 {
	n := len(out)
	out = slices.Grow(out, len(s))[:n+len(s)]
	for i := 0; i < len(s); {
		code, size := t.ASCII[s[i]], 1
		if s[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			code = t.Code(r)
		}
		i += size
		out[n] = code
		if code != 0 {
			n++
		}
	}
	return out[:n]
}

// LeetLetters is like Letters with LeetCode.
func (t *Table) LeetLetters(s string) []uint8 {
	out := make([]uint8, 0, len(s))
	for _, r := range s {
		if code := t.LeetCode(r); code != 0 {
			out = append(out, code)
		}
	}
	return out
}

const vowels uint32 = 1<<1 | 1<<5 | 1<<9 | 1<<15 | 1<<21

// IsVowel reports whether code is a, e, i, o or u.
func IsVowel(code uint8) bool { return vowels>>code&1 != 0 }

// Weight returns a number for a letter. Words with the same sum of weights consist of the same letters, with negligible
// error.
func Weight(code uint8) uint64 { return weights[code&31] }

var weights = func() (w [32]uint64) {
	v := uint64(0x9E3779B97F4A7C15)
	for i := range w {
		v ^= v << 13
		v ^= v >> 7
		v ^= v << 17
		w[i] = v
	}
	return w
}()
