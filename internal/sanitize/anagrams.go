package sanitize

import (
	"bytes"
	"math/bits"

	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// anagrams finds the stretches of the secrets that consist of given letters in any order.
type anagrams struct {
	letters *index.Index
	sums    []sums       // of letters before one in sumEvery positions
	weights []uint64     // sum of the letters' weights before one in weightEvery positions
	bags    []bag        // of the words of each secret
	counts  []byteCounts // of the letters of each secret
	blocks  [blockSizes][]byteCounts
}

// Blocks tell quickly where no anagram is. Block number i of a size has how often each letter occurs in two blocks'
// length from position i · size on, so that every stretch that is no longer than a block is within one.
const (
	blockSizes    = 4
	smallestBlock = 64 // positions; each size is twice the one before
)

// byteCounts has how many there are of each letter, at most 127, in one byte each.
type byteCounts [4]uint64

const highBits = 0x8080808080808080 // of all bytes

// letterCounts has how many there are of each letter.
type letterCounts [27]int

func (n letterCounts) bytes() (b byteCounts) {
	for c, n := range n {
		b[c/8] |= uint64(min(n, 127)) << (c % 8 * 8)
	}
	return b
}

// within reports whether no letter occurs more often than in all, as far as they tell.
func (t *byteCounts) within(all *byteCounts) bool {
	left := uint64(highBits)
	for i := range t {
		left &= (all[i] | highBits) - t[i] // the bit of a letter is gone if it would become negative
	}
	return left == highBits
}

// newBlocks returns the blocks of a size.
func newBlocks(x *index.Index, size int) []byteCounts {
	var before, n letterCounts
	list := make([]byteCounts, 0, x.Len()/size+1)
	for from := 0; from < x.Len(); from += size {
		before, n = n, letterCounts{}
		for i := from; i < min(from+size, x.Len()); i++ {
			if c := x.At(i); c != 0 {
				n[c]++
			}
		}
		if from > 0 {
			for c := range before {
				before[c] += n[c]
			}
			list = append(list, before.bytes())
		}
	}
	return append(list, n.bytes())
}

func countsOf(letters []uint8) byteCounts {
	var n letterCounts
	for _, c := range letters {
		n[c]++
	}
	return n.bytes()
}

// bag is a set of words' keys, one bit each, which may have a few others.
type bag []uint64

func newBag(words []index.Word) bag {
	b := make(bag, max(1, len(words)/8))
	for _, w := range words {
		at := b.bit(w.Key)
		b[at>>6] |= 1 << (at & 63)
	}
	return b
}

func (b bag) bit(key uint32) uint64 { return uint64(key*0x85EBCA6B) * uint64(64*len(b)) >> 32 }

// lacks reports whether more than a number of words are not in the bag.
func (b bag) lacks(words []index.Word, more int) bool {
	for _, w := range words {
		if at := b.bit(w.Key); b[at>>6]>>(at&63)&1 == 0 {
			if more--; more < 0 {
				return true
			}
		}
	}
	return false
}

// How many positions share a sum. It saves memory: sums at the positions between are added up when they are needed.
const (
	sumEvery    = 2 // sumsBefore adds one letter
	weightEvery = 32
)

// Two sets of letters, one bit each, each about a third of the letters of any text.
const (
	commonLetters uint32 = 1<<5 | 1<<20 | 1<<1 | 1<<9           // e, t, a and i
	otherLetters  uint32 = 1<<15 | 1<<14 | 1<<19 | 1<<18 | 1<<4 // o, n, s, r and d
)

// sums has how many common and other letters there are, without the upper bits of both numbers.
type sums struct{ common, other uint8 }

// add adds a letter n times, which is 0 or 1.
func (s *sums) add(c, n uint8) {
	s.common += uint8(commonLetters>>c&1) & n
	s.other += uint8(otherLetters>>c&1) & n
}

func newAnagrams(x *index.Index, texts []written) *anagrams {
	n := x.Len()
	a := &anagrams{letters: x, sums: make([]sums, 0, n/sumEvery+1), weights: make([]uint64, 0, n/weightEvery+1)}
	for _, w := range texts {
		a.bags, a.counts = append(a.bags, newBag(w.words)), append(a.counts, countsOf(w.letters))
	}
	for i := range a.blocks {
		a.blocks[i] = newBlocks(x, smallestBlock<<i)
	}
	var letters sums
	sum := uint64(0)
	for i := range n {
		if i%sumEvery == 0 {
			a.sums = append(a.sums, letters)
		}
		if i%weightEvery == 0 {
			a.weights = append(a.weights, sum)
		}
		c := x.At(i)
		sum += fold.Weight(c)
		letters.add(c, 1)
	}
	return a
}

// sumsBefore returns the sums of the letters before a position that is not the end.
func (a *anagrams) sumsBefore(at int) sums {
	s := a.sums[at/sumEvery]
	s.add(a.letters.At(at&^1), uint8(at&1))
	return s
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

// pile is letters of which an anagram is looked for.
type pile struct {
	n      int
	counts byteCounts
	weight uint64
	sums   sums
}

func pileOf(letters []uint8) *pile {
	p := &pile{n: len(letters), counts: countsOf(letters), weight: weigh(letters)}
	for _, c := range letters {
		p.sums.add(c, 1)
	}
	return p
}

// next returns the first position in [from, to) where an anagram of p begins that ends before to, or -1, and the steps
// it took. It skips blocks that have too few of a letter. From one position to the next the number of letters of a set
// changes by at most one, so it can skip as many positions as that number is off, or fewer, since only its lower bits
// are known.
func (a *anagrams) next(from, to int, p *pile) (at, steps int) {
	size := bits.Len(uint(max(p.n-1, 0) / smallestBlock)) // its blocks are not shorter than p, if there are any
	known := from                                         // the block that is before it may have an anagram
	for i := from; i+p.n <= to; steps++ {
		if i >= known && size < blockSizes {
			block := i / (smallestBlock << size)
			if known = (block + 1) * (smallestBlock << size); !p.counts.within(&a.blocks[size][block]) {
				i = known
				continue
			}
		}
		before, after := a.sumsBefore(i), a.sumsBefore(i+p.n)
		common := int(int8(after.common - before.common - p.sums.common))
		other := int(int8(after.other - before.other - p.sums.other))
		off := max(common, -common, other, -other)
		if off == 0 && a.before(i+p.n)-a.before(i) == p.weight {
			return i, steps
		}
		i += max(1, off)
	}
	return -1, steps
}

// maxUnknown is how many words that are in no secret a text has that consists of a secret's words.
const maxUnknown = 2

// readAnagrams looks for a stretch of a secret with exactly the letters of the text, or of a part of it, in any order.
// Shuffled letters do not look natural. Shuffled words may, but then nearly every word is a secret's.
func (s *scanner) readAnagrams(natural bool) {
	for _, part := range anagramParts(s.text) {
		if natural && s.unknown.count(part) > maxUnknown {
			continue
		}
		text := symbolsOf(s.filter.fold, s.filter.language, string(s.text[part.from:part.to]), 0)
		if len(text.letters) < minOrdered {
			continue
		}
		p := pileOf(text.letters)
		all := s.filter.anagrams
		for i := range all.bags {
			if !s.tally.spend(1) {
				return
			}
			if p.counts.within(&all.counts[i]) && !(natural && all.bags[i].lacks(text.words, maxUnknown)) {
				from, to := s.filter.indexes[letterSeq].Bounds(i)
				s.readAnagramsIn(from, to, p)
			}
		}
	}
}

// readAnagramsIn looks for anagrams in [from, to).
func (s *scanner) readAnagramsIn(from, to int, p *pile) {
	for from >= 0 {
		at, steps := s.filter.anagrams.next(from, to, p)
		if !s.tally.spend(steps/8) || at < 0 {
			return
		}
		s.tally.checkNamed(anagramView, letterSeq, index.Match{From: at, Len: p.n})
		from = at + 1
	}
}

// wordSet is a set of words by the places where they begin, which are at least two bytes apart: a bit for two bytes.
type wordSet []uint64

func (w *wordSet) add(place int) {
	for len(*w) <= place/128 {
		*w = append(*w, 0)
	}
	(*w)[place/128] |= 1 << (place / 2 % 64)
}

// count returns how many words are in a part of the text that no word stands immediately before or after.
func (w wordSet) count(part span) (n int) {
	for i := part.from / 128; i < len(w) && i*128 < part.to; i++ {
		b := w[i]
		if skip := part.from - i*128; skip > 0 {
			b = b >> (skip / 2) << (skip / 2)
		}
		if over := i*128 + 128 - part.to; over > 1 {
			b = b << (over / 2) >> (over / 2)
		}
		n += bits.OnesCount64(b)
	}
	return n
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
