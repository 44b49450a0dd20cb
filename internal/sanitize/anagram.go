package sanitize

import (
	"sort"
	"strings"
)

// anagrams tells which stretches of the plain index hold given letters, in whatever order.
type anagrams struct {
	weights []uint64 // sums of the letter weights up to each place; what stands between two secrets weighs too
	commons []int32  // how many letters up to each place are common ones
}

// commonLetters has the bits of e, t, a, o, i and n: about half of the letters of any text.
const commonLetters uint32 = 1<<5 | 1<<20 | 1<<1 | 1<<15 | 1<<9 | 1<<14

func newAnagrams(text []byte) *anagrams {
	a := &anagrams{make([]uint64, len(text)+1), make([]int32, len(text)+1)}
	for i, c := range text {
		a.weights[i+1] = a.weights[i] + letterWeight[c]
		a.commons[i+1] = a.commons[i] + int32(commonLetters>>c&1)
	}
	return a
}

// next returns the first place from which as many letters as in letters are the same ones, or −1. From one place to the
// next the number of common letters changes by one at most, so it skips as many places as that number is off.
func (a *anagrams) next(from int, letters []byte) int {
	n, weight, common := len(letters), uint64(0), int32(0)
	for _, c := range letters {
		weight += letterWeight[c]
		common += int32(commonLetters >> c & 1)
	}
	for i := from; i+n < len(a.weights); {
		off := a.commons[i+n] - a.commons[i] - common
		if off == 0 && a.weights[i+n]-a.weights[i] == weight {
			return i
		}
		i += max(1, int(off), int(-off))
	}
	return -1
}

// sameLetters looks for a stretch of a secret with exactly the letters of the text or of one of its paragraphs, in
// whatever order. Letters in any order do not look like natural language; words in any order may, but each is a secret's,
// save the first and the last, which may be cut.
func (q *search) sameLetters(text string, words []word, shape shape) bool {
	x := q.filter.by[plain]
	for _, part := range parts(text) {
		own := words[wordsUntil(words, part.from):wordsUntil(words, part.to+1)]
		if q.filter.words.foreign(own) > 2 {
			whole := part == stretch{0, len(text)}
			if whole && shape.prose || !whole && q.filter.prose.mostly(text[part.from:part.to]) {
				continue
			}
		}
		letters := q.filter.fold.letters(text[part.from:part.to])
		if len(letters) < 40 {
			continue
		}
		for at := q.filter.anagrams.next(0, letters); at >= 0; at = q.filter.anagrams.next(at+1, letters) {
			if q.leaked(x, at, len(letters)) {
				return q.found("same letters", x.owner(at))
			}
		}
	}
	return false
}

// stretch is a part of a text.
type stretch struct{ from, to int }

// parts returns the last lines of text, what follows its first colon, and all of it.
func parts(text string) []stretch {
	list := make([]stretch, 0, 7)
	for to := len(text); to >= 0 && len(list) < 5; {
		from := strings.LastIndexByte(text[:to], '\n') + 1
		if to-from >= 40 {
			list = append(list, stretch{from, to})
		}
		to = from - 1
	}
	if colon := strings.IndexByte(text, ':'); colon >= 0 {
		list = append(list, stretch{colon + 1, len(text)})
	}
	return append(list, stretch{0, len(text)})
}

// wordsUntil returns how many words end at that place of the text or before.
func wordsUntil(words []word, at int) int {
	return sort.Search(len(words), func(i int) bool { return words[i].end > at })
}

// letterWeight gives each letter a number such that sums of a few thousand tell their letters apart.
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
