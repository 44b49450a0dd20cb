package index

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/bits"
	"sort"
)

// Symbols are numbers from 1 to 31, five bits each in a gram. 0 separates secrets.
const (
	symbolBits = 5
	quadMask   = 1<<(4*symbolBits) - 1
	maxGram    = 12 // symbols in a Reader's memory
	tagBits    = 8
	positions  = 1 << (32 - tagBits)
)

// Index finds what a sequence of symbols has in common with secrets written in the same alphabet. It is immutable
// once built and safe for concurrent use.
type Index struct {
	gram   int      // symbols of a seed
	stride int      // one in stride positions of a secret has a seed
	text   []uint8  // the symbols of all secrets, with a 0 before the first and after each
	lag    int      // if not 0, text has letters, and the symbols are differences at this distance
	starts []int32  // where each secret begins in text
	quads  []uint64 // a set of hashes of the four symbols in a row that occur in a secret, one bit each
	seeds  []uint32 // a hash table of positions in text, each after its seed, with a tag
	some   []uint64 // a set of other hashes of the seeds, one bit each, which is asked first
	set    uint     // shifts such a hash, so that it is a bit of some
	first  uint     // shifts the symbols before the latest gram ones away
}

// New returns an index of secrets. A seed is gram symbols, at most 12, and is stored at one in stride positions, so
// that a match of gram+stride-1 symbols is always found. Longer seeds suit alphabets in which symbols say little.
func New(gram, stride int, secrets ...[]uint8) *Index {
	x := &Index{gram: gram, stride: stride}
	size := 1
	for _, s := range secrets {
		size += len(s) + 1
	}
	x.text = make([]uint8, 1, size)
	for _, s := range secrets {
		x.starts = append(x.starts, int32(len(x.text)))
		x.text = append(append(x.text, s...), 0)
	}
	x.build()
	return x
}

// Steps returns an index of the differences, see Step, of the letters of another index that are lag positions apart. It
// has the other's text, so that a difference is at the position of its second letter. Each secret has more letters.
func Steps(letters *Index, lag, gram, stride int) *Index {
	x := &Index{gram: gram, stride: stride, text: letters.text, starts: letters.starts, lag: lag}
	x.build()
	return x
}

// Step returns the difference of two letters, from 1 to 26.
func Step(before, c uint8) uint8 {
	d := int8(c) - int8(before)
	return uint8(d+26&(d>>7)) + 1
}

// At returns the symbol at position p, or 0 between secrets.
func (x *Index) At(p int) uint8 {
	if x.lag == 0 {
		return x.text[p]
	}
	return x.step(p)
}

func (x *Index) step(p int) uint8 {
	for i := p; i > p-x.lag; i-- {
		if x.text[i] == 0 {
			return 0
		}
	}
	if before := x.text[p-x.lag]; before != 0 {
		return Step(before, x.text[p])
	}
	return 0
}

func (x *Index) build() {
	x.first = 64 - symbolBits*uint(x.gram)
	text := x.text
	if x.lag > 0 {
		text = make([]uint8, len(x.text))
		for p := range text {
			text[p] = x.step(p)
		}
	}
	x.quads = make([]uint64, x.countQuads(text)*quadBits/64+1)
	seeds := 0
	x.eachGram(text, func(g uint64, _ int, isSeed bool) {
		bit := x.quadBit(g)
		x.quads[bit>>6] |= 1 << (bit & 63)
		if isSeed {
			seeds++
		}
	})
	setBits := uint(max(bits.Len(uint(seeds*12)), 6))
	x.seeds = make([]uint32, seeds*4/3+1)
	x.some, x.set = make([]uint64, 1<<(setBits-6)), 64-setBits
	x.eachGram(text, func(g uint64, end int, isSeed bool) {
		if isSeed {
			h := x.setHash(g)
			x.some[h>>6] |= 1 << (h & 63)
			x.addSeed(text, x.key(g), end)
		}
	})
}

// quadBits is how many bits of the set of quads there are for each.
const quadBits = 6

// countQuads returns how many different rows of four symbols occur in the secrets.
func (x *Index) countQuads(text []uint8) (n int) {
	seen := make([]uint64, (quadMask+1)/64)
	x.eachGram(text, func(g uint64, _ int, _ bool) {
		if q := g & quadMask; seen[q>>6]>>(q&63)&1 == 0 {
			seen[q>>6] |= 1 << (q & 63)
			n++
		}
	})
	return n
}

// slotOf returns the slot of a hash in a table.
func slotOf(hash uint64, table []uint32) int {
	slot, _ := bits.Mul64(hash, uint64(len(table)))
	return int(slot)
}

// after returns the slot after another one.
func after(slot int, table []uint32) int {
	if slot++; slot < len(table) {
		return slot
	}
	return 0
}

// eachGram calls visit with the symbols before each position of the secrets that has four of its secret before it, and
// whether the last gram of them are a seed.
func (x *Index) eachGram(text []uint8, visit func(g uint64, end int, isSeed bool)) {
	for _, start := range x.starts {
		var g uint64
		start := int(start) + x.lag
		for p := start; p < len(text) && text[p] != 0; p++ {
			g = g<<symbolBits | uint64(text[p])
			if read := p - start + 1; read >= 4 {
				visit(g, p+1, read >= x.gram && (p+1)%x.stride == 0 && p+1 < positions && !x.isDull(g))
			}
		}
	}
}

// setHash returns a hash of the last gram symbols of g, a bit of x.some.
func (x *Index) setHash(g uint64) uint64 {
	return g << (x.first & 63) * 0x9E3779B97F4A7C15 >> (x.set & 63)
}

// maySeed reports whether the last gram symbols of g are a seed. It may be wrong if they are none.
func (x *Index) maySeed(g uint64) bool {
	h := x.setHash(g)
	return x.some[h>>6]>>(h&63)&1 != 0
}

// key returns the last gram symbols of g, hashed.
func (x *Index) key(g uint64) uint64 {
	h := g << x.first * 0x9E3779B97F4A7C15
	return (h ^ h>>32) * 0xD6E8FEB86659FD93
}

// maxCopies is how many positions are stored of one seed.
const maxCopies = 4

func (x *Index) addSeed(text []uint8, key uint64, end int) {
	slot, tag := slotOf(key, x.seeds), uint32(key)<<(32-tagBits)
	for copies := 0; x.seeds[slot] != 0; slot = after(slot, x.seeds) {
		p := int(x.seeds[slot] & (positions - 1))
		if x.seeds[slot]&^(positions-1) == tag && string(text[p-x.gram:p]) == string(text[end-x.gram:end]) {
			if copies++; copies == maxCopies {
				return
			}
		}
	}
	x.seeds[slot] = tag | uint32(end)
}

// quadBit returns the bit of x.quads for the last four symbols of g.
func (x *Index) quadBit(g uint64) uint64 {
	return uint64(uint32(g&quadMask)*0x9E3779B1) * uint64(64*len(x.quads)) >> 32
}

// hasQuad reports whether a secret has the last four symbols of g in a row. It may be wrong if none has.
func (x *Index) hasQuad(g uint64) bool {
	bit := x.quadBit(g)
	return x.quads[bit>>6]>>(bit&63)&1 != 0
}

// isDull reports whether most of the last gram symbols of g are 1, as in patterns without repetitions, so that a seed
// of them would be everywhere.
func (x *Index) isDull(g uint64) bool {
	other := 0
	for range x.gram {
		if g&31 != 1 {
			other++
		}
		g >>= symbolBits
	}
	return other < 3
}

// Owner returns the number of the secret at position p.
func (x *Index) Owner(p int) int {
	return sort.Search(len(x.starts), func(i int) bool { return int(x.starts[i]) > p }) - 1
}

// Find returns where secret number i has the symbols, or -1.
func (x *Index) Find(i int, symbols []uint8) int {
	from, to := x.Bounds(i)
	secret := make([]uint8, 0, to-from)
	for p := from; p < to; p++ {
		secret = append(secret, x.At(p))
	}
	if at := bytes.Index(secret, symbols); at >= 0 {
		return from + at
	}
	return -1
}

// end returns the position after secret number i.
func (x *Index) end(i int) int {
	if i+1 < len(x.starts) {
		return int(x.starts[i+1])
	}
	return len(x.text)
}

// Bounds returns the positions at which secret number i begins and ends.
func (x *Index) Bounds(i int) (from, to int) { return int(x.starts[i]) + x.lag, x.end(i) - 1 }

// Len returns the number of positions.
func (x *Index) Len() int { return len(x.text) }

// matches reports whether the last gram symbols of g end before position p.
func (x *Index) matches(g uint64, p int) bool {
	if p < x.gram+x.lag {
		return false
	}
	for i := p - 1; i >= p-x.gram; i-- {
		c := x.text[i]
		if x.lag > 0 {
			c = Step(x.text[i-x.lag], c)
		}
		if uint64(c) != g&31 {
			return false
		}
		g >>= symbolBits
	}
	return x.lag == 0 || bytes.IndexByte(x.text[p-x.gram-x.lag:p], 0) < 0
}

// Digest returns a text that differs between indexes of different secrets.
func (x *Index) Digest() string {
	sum := sha256.Sum256(x.text)
	return hex.EncodeToString(sum[:8])
}

// Reach returns how many symbols a match has before it is found for certain, less one.
func (x *Index) Reach() int { return x.gram + x.stride - 2 }
