package leaktest

import (
	"slices"
	"strings"
	"unicode"
)

const alphabet = "abcdefghijklmnopqrstuvwxyz"

// UnlistedTransforms returns disguises that nobody had in mind when the filter was first written. The developers of
// the filter read them; HeldOutTransforms returns as many that they do not read.
func UnlistedTransforms() []Transform {
	return slices.Concat(unlistedSpellings(), unlistedPieces(), unlistedOrders(), unlistedCiphers(),
		unlistedEncodings())
}

// after puts intro before what the disguise t returns.
func after(intro string, t Transform) Transform {
	apply := t.Apply
	t.Intro = intro
	t.Apply = func(s string) string { return intro + apply(s) }
	return t
}

// letterwise returns a function that replaces a to z and A to Z by the characters of to, in lower case.
func letterwise(to string) func(string) string {
	change := replace(alphabet, to)
	return func(s string) string { return change(strings.ToLower(s)) }
}

// perWord returns a function that replaces each word by what f returns for it.
func perWord(f func(i int, word string) string) func(string) string {
	return func(s string) string {
		words := strings.Fields(s)
		for i := range words {
			words[i] = f(i, words[i])
		}
		return strings.Join(words, " ")
	}
}

// spell returns the code of each letter from a to z, followed by between, and space for white space. Letters of other
// alphabets and digits stay as they are; punctuation is left out.
func spell(s string, code func(i int) string, between, space string) string {
	return mapRunes(strings.ToLower(s), func(r rune) string {
		switch {
		case r >= 'a' && r <= 'z':
			return code(int(r-'a')) + between
		case unicode.IsSpace(r):
			return space
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return string(r) + between
		}
		return ""
	})
}

// lookUp returns a function that returns the ith of the words of list.
func lookUp(list string) func(i int) string {
	words := strings.Fields(list)
	return func(i int) string { return words[i] }
}

// reversed returns the characters of s from the last to the first.
func reversed(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}

// plainLetters returns the letters and digits of s.
func plainLetters(s string) string {
	return mapRunes(s, func(r rune) string {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return string(r)
		}
		return ""
	})
}

// cut returns s in pieces of n characters. The last one may be shorter.
func cut(s string, n int) []string {
	var out []string
	for piece := range slices.Chunk([]rune(s), n) {
		out = append(out, string(piece))
	}
	return out
}

// markedProse writes the letters of s in ordinary words: each takes five letters of them, which are its place in the
// alphabet in binary. mark changes the letters for a one.
func markedProse(s string, seed uint64, mark func(r rune) string) string {
	source := newFiller(seed)
	var b strings.Builder
	var word []rune
	put := func(one bool) {
		if len(word) == 0 {
			word = []rune(source.word())
			if b.Len() > 0 {
				b.WriteString(" ")
			}
		}
		if one {
			b.WriteString(mark(word[0]))
		} else {
			b.WriteRune(word[0])
		}
		word = word[1:]
	}
	for _, r := range strings.ToLower(plainLetters(s)) {
		if r < 'a' || r > 'z' {
			b.WriteRune(r)
			continue
		}
		for bit := 4; bit >= 0; bit-- {
			put((r-'a')>>bit&1 == 1)
		}
	}
	return b.String() + string(word)
}
