package sanitize

import (
	"bytes"
	"slices"

	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// anagrams finds the stretches of the secrets that consist of given letters in any order.
type anagrams struct {
	letters *index.Index
	common  []uint16 // number of common letters before each position, without its upper half
	weights []uint64 // sum of the letters' weights before one in weightEvery positions
}

// weightEvery saves memory: sums at the positions between are added up when they are needed.
const weightEvery = 16

// commonLetters has the bits of e, t, a, o, i and n: about half of the letters of any text.
const commonLetters uint32 = 1<<5 | 1<<20 | 1<<1 | 1<<15 | 1<<9 | 1<<14

func newAnagrams(x *index.Index) *anagrams {
	n := x.Len()
	a := &anagrams{letters: x, common: make([]uint16, n+1), weights: make([]uint64, 0, n/weightEvery+1)}
	sum := uint64(0)
	for i := range n {
		if i%weightEvery == 0 {
			a.weights = append(a.weights, sum)
		}
		c := x.At(i)
		sum += fold.Weight(c)
		a.common[i+1] = a.common[i] + uint16(commonLetters>>c&1)
	}
	return a
}

// before returns the sum of the letters' weights before a position.
func (a *anagrams) before(at int) uint64 {
	from := min(at/weightEvery, len(a.weights)-1)
	sum := a.weights[from]
	for i := from * weightEvery; i < at; i++ {
		sum += fold.Weight(a.letters.At(i))
	}
	return sum
}

// next returns the first position, starting at from, of an anagram of letters, or -1, and the steps it took. There are
// fewer than 1<<15 letters. From one position to the next the number of common letters changes by at most one, so it
// can skip as many positions as that number is off.
func (a *anagrams) next(from int, letters []uint8) (at, steps int) {
	n := len(letters)
	weight, common := weigh(letters), uint16(0)
	for _, c := range letters {
		common += uint16(commonLetters >> c & 1)
	}
	for i := from; i+n < len(a.common); steps++ {
		off := int(int16(a.common[i+n] - a.common[i] - common))
		if off == 0 && a.before(i+n)-a.before(i) == weight {
			return i, steps
		}
		i += max(1, off, -off)
	}
	return -1, steps
}

// maxUnknown is how many words that are in no secret a text has that consists of a secret's words.
const maxUnknown = 2

// readAnagrams looks for a stretch of a secret with exactly the letters of the text, or of a part of it, in any order.
// Shuffled letters do not look natural. Shuffled words may, but then nearly every word is a secret's.
func (s *scanner) readAnagrams(natural bool) {
	for _, part := range anagramParts(s.text) {
		if natural && s.unknownWords(part) > maxUnknown {
			continue
		}
		letters := s.filter.fold.Letters(string(s.text[part.from:part.to]))
		if len(letters) < minOrdered {
			continue
		}
		for from := 0; ; {
			at, steps := s.filter.anagrams.next(from, letters)
			if !s.tally.spend(steps/8) || at < 0 {
				break
			}
			s.tally.checkNamed(anagramView, letterSeq, index.Match{From: at, Len: len(letters)})
			from = at + 1
		}
	}
}

// unknownWords returns how many words of a part of the text are in no secret.
func (s *scanner) unknownWords(part span) int {
	from, _ := slices.BinarySearch(s.unknown, int32(part.from))
	to, _ := slices.BinarySearch(s.unknown, int32(part.to))
	return to - from
}

// anagramParts returns the last lines of text, what follows its first colon, and all of it.
func anagramParts(text []byte) []span {
	var list []span
	for to := len(text); to >= 0 && len(list) < 5; {
		from := bytes.LastIndexByte(text[:to], '\n') + 1
		if to-from >= minOrdered && to-from < len(text) {
			list = append(list, span{from, to})
		}
		to = from - 1
	}
	if colon := bytes.IndexByte(text, ':'); colon >= 0 {
		list = append(list, span{colon + 1, len(text)})
	}
	return append(list, span{0, len(text)})
}
