package sanitize

import (
	"sort"
	"strings"
)

// anagramIndex finds the stretches of the letter index's text that consist of given letters in any order.
type anagramIndex struct {
	weightSums []uint64 // sum of the letter weights before each position; the separator between secrets has one too
	commonSums []int32  // number of common letters before each position
}

// commonLetters has the bits of e, t, a, o, i and n: about half of the letters of any text.
const commonLetters uint32 = 1<<5 | 1<<20 | 1<<1 | 1<<15 | 1<<9 | 1<<14

func newAnagramIndex(text []byte) *anagramIndex {
	a := &anagramIndex{make([]uint64, len(text)+1), make([]int32, len(text)+1)}
	for i, c := range text {
		a.weightSums[i+1] = a.weightSums[i] + letterWeight[c]
		a.commonSums[i+1] = a.commonSums[i] + int32(commonLetters>>c&1)
	}
	return a
}

// next returns the first position, starting at from, of an anagram of letters, or -1. From one position to the next
// the number of common letters changes by at most one, so it can skip as many positions as that number is off.
func (a *anagramIndex) next(from int, letters []byte) int {
	n := len(letters)
	var weight uint64
	var common int32
	for _, c := range letters {
		weight += letterWeight[c]
		common += int32(commonLetters >> c & 1)
	}
	for i := from; i+n < len(a.weightSums); {
		off := a.commonSums[i+n] - a.commonSums[i] - common
		if off == 0 && a.weightSums[i+n]-a.weightSums[i] == weight {
			return i
		}
		i += max(1, int(off), int(-off))
	}
	return -1
}

// anagram looks for a stretch of a secret with exactly the letters of text, or of a part of it, in any order.
// Shuffled letters do not look like natural language. Shuffled words may, but then every word is a secret's except
// the first and the last, which may be truncated.
func (q *search) anagram(text string, words []word, shape shape) bool {
	x := q.filter.indexes[letterAlphabet]
	for _, part := range anagramSpans(text) {
		own := words[wordsEndingBy(words, part.from):wordsEndingBy(words, part.to+1)]
		if q.filter.words.unknown(own) > 2 {
			natural := shape.natural
			if part != (span{0, len(text)}) {
				natural = q.filter.language.mostlyNatural(text[part.from:part.to])
			}
			if natural {
				continue
			}
		}
		letters := q.filter.fold.letters(text[part.from:part.to])
		if len(letters) < 40 {
			continue
		}
		for at := q.filter.anagrams.next(0, letters); at >= 0; at = q.filter.anagrams.next(at+1, letters) {
			if q.leaked(x, at, len(letters)) {
				return q.report("same letters", x.owner(at))
			}
		}
	}
	return false
}

// span is a part of a text, in bytes.
type span struct{ from, to int }

// anagramSpans returns the last lines of text, what follows its first colon, and all of it.
func anagramSpans(text string) []span {
	list := make([]span, 0, 7)
	for to := len(text); to >= 0 && len(list) < 5; {
		from := strings.LastIndexByte(text[:to], '\n') + 1
		if to-from >= 40 {
			list = append(list, span{from, to})
		}
		to = from - 1
	}
	if colon := strings.IndexByte(text, ':'); colon >= 0 {
		list = append(list, span{colon + 1, len(text)})
	}
	return append(list, span{0, len(text)})
}

// wordsEndingBy returns how many words end at position at or before.
func wordsEndingBy(words []word, at int) int {
	return sort.Search(len(words), func(i int) bool { return words[i].end > at })
}

// letterWeight has a pseudo-random number for each letter code. Texts of equal sums consist of the same letters, with
// negligible error.
var letterWeight = func() (w [27]uint64) {
	v := uint64(0x9E3779B97F4A7C15)
	for i := range w {
		v ^= v << 13
		v ^= v >> 7
		v ^= v << 17
		w[i] = v
	}
	return w
}()
