package index

import "math/bits"

// hashFactor is 2^64 divided by the golden ratio: its multiples are far from each other.
const hashFactor = 0x9E3779B97F4A7C15

// seedSet is a set of seeds, two bits each of one word, that has about one in thirty others by chance.
type seedSet struct {
	words  []uint64
	factor uint64 // makes a hash of the last symbols, as many as a seed has
}

// seedBits is how many bits of a set there are for each seed. With 6, filtering takes up to a tenth longer, since each
// of the others is looked up in a table.
const seedBits = 11

// newSeedSet returns a set for n seeds of gram symbols.
func newSeedSet(n, gram int) seedSet {
	return seedSet{words: make([]uint64, n*seedBits/64+1), factor: hashFactor << (64 - symbolBits*gram)}
}

// place returns the number of a word, and of two bits of it, for the last symbols of g.
func (s *seedSet) place(g uint64) (word, a, b uint64) {
	h := g * s.factor
	word, _ = bits.Mul64(h, uint64(len(s.words)))
	return word, h >> 32 & 63, h >> 38 & 63
}

func (s *seedSet) add(g uint64) {
	word, a, b := s.place(g)
	s.words[word] |= 1<<a | 1<<b
}

// has reports whether the last symbols of g were added. It may be wrong if they were not.
func (s *seedSet) has(g uint64) bool {
	word, a, b := s.place(g)
	w := s.words[word]
	return w>>a&(w>>b)&1 != 0
}

// quadSet is a set of rows of four symbols: a bit for each that letters can make if that takes less memory than
// quadBits for each in the set. Others have hashes, of which a few more are in the set by chance.
type quadSet struct {
	words []uint64
	exact bool
}

const (
	quadMask   = 1<<(4*symbolBits) - 1
	quadBits   = 6
	alphabet   = 26
	allQuads   = alphabet * alphabet * alphabet * alphabet
	firstQuad  = alphabet*alphabet*alphabet + alphabet*alphabet + alphabet + 1 // four times the first letter
	wordsOfAll = allQuads/64 + 1
)

// quadSetOf returns a set of the rows of which a bitmap has the bit.
func quadSetOf(bitmap []uint64) (q quadSet) {
	n := 0
	for _, b := range bitmap {
		n += bits.OnesCount64(b)
	}
	size := n*quadBits/64 + 1
	if q.exact = size >= wordsOfAll; q.exact {
		size = wordsOfAll
	}
	q.words = make([]uint64, size)
	for i, b := range bitmap {
		for ; b != 0; b &= b - 1 {
			bit := q.bit(uint64(i*64 + bits.TrailingZeros64(b)))
			q.words[bit>>6] |= 1 << (bit & 63)
		}
	}
	return q
}

// bit returns the bit for the last four symbols of g. One that is not of letters has the bit of another or
// the last.
func (q *quadSet) bit(g uint64) uint64 {
	if q.exact {
		row := g >> 15 & 31
		row = row*alphabet + g>>10&31
		row = row*alphabet + g>>5&31
		row = row*alphabet + g&31
		return min(row-firstQuad, allQuads)
	}
	return uint64(uint32(g&quadMask)*0x9E3779B1) * uint64(64*len(q.words)) >> 32
}

// has reports whether the last four symbols of g are in the set. It may be wrong if they are not.
func (q *quadSet) has(g uint64) bool {
	bit := q.bit(g)
	return q.words[bit>>6]>>(bit&63)&1 != 0
}

// bitSet is a set of hashes, one bit each, that may have a few others.
type bitSet []uint64

// newBitSet returns a set for n hashes, of which about one in each is in it by chance.
func newBitSet(n, each int) bitSet { return make(bitSet, n*each/64+1) }

func (b bitSet) bit(hash uint64) uint64 {
	at, _ := bits.Mul64(hash, uint64(64*len(b)))
	return at
}

func (b bitSet) add(hash uint64) {
	at := b.bit(hash)
	b[at>>6] |= 1 << (at & 63)
}

func (b bitSet) has(hash uint64) bool {
	at := b.bit(hash)
	return b[at>>6]>>(at&63)&1 != 0
}
