package index

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
)

// Symbols are numbers from 1 to 31, five bits each in a gram. 0 separates secrets.
const (
	symbolBits = 5
	maxGram    = 12 // symbols in a Reader's memory
)

// Index finds what a sequence of symbols has in common with secrets written in the same alphabet. It is immutable
// once built and safe for concurrent use.
type Index struct {
	gram   int               // symbols of a seed
	stride int               // one in stride positions of a secret has a seed
	text   []uint8           // the symbols of all secrets, with a 0 before the first and after each
	made   func(p int) uint8 // if not nil, returns what text would have at a position
	size   int               // positions
	starts []int32           // where each secret begins
	lag    int               // how many positions at its beginning have no symbol
	quads  quadSet           // the four symbols in a row that occur in a secret
	seeds  table             // the positions after seeds, in strides
	some   seedSet           // the seeds, which is asked first
}

// New returns an index of secrets. A seed is gram symbols, at most 12, and is stored at one in stride positions, so
// that a match of gram+stride-1 symbols is always found. Longer seeds suit alphabets in which symbols say little.
func New(gram, stride int, secrets ...[]uint8) *Index {
	x := &Index{gram: gram, stride: stride, size: 1}
	for _, s := range secrets {
		x.size += len(s) + 1
	}
	x.text = make([]uint8, 1, x.size)
	for _, s := range secrets {
		x.starts = append(x.starts, int32(len(x.text)))
		x.text = append(append(x.text, s...), 0)
	}
	x.build(x.text)
	return x
}

// NewPacked is New for an index that takes five eighths of the memory for its text, in which matches are followed more
// slowly.
func NewPacked(gram, stride int, secrets ...[]uint8) *Index {
	x := New(gram, stride, secrets...)
	x.text, x.made = nil, pack(x.text).at
	return x
}

// At returns the symbol at position p, or 0 between secrets.
func (x *Index) At(p int) uint8 {
	if x.made != nil {
		return x.made(p)
	}
	return x.text[p]
}

// build makes the tables for the symbols at all positions.
func (x *Index) build(text []uint8) {
	var quads [(quadMask + 1) / 64]uint64 // a bit for each
	seeds := 0
	x.eachGram(text, func(g uint64, _ int, isSeed bool) {
		quads[g&quadMask>>6] |= 1 << (g & 63)
		if isSeed {
			seeds++
		}
	})
	x.quads = quadSetOf(quads[:])
	x.seeds, x.some = newTable(seeds, len(text)/x.stride), newSeedSet(seeds, x.gram)
	x.eachGram(text, func(g uint64, end int, isSeed bool) {
		if isSeed {
			x.some.add(g)
			x.addSeed(text, x.key(g), end)
		}
	})
}

// eachGram calls visit with the symbols before each position of the secrets that has four of its secret before it, and
// whether the last gram of them are a seed. Secrets of more than maxNumber strides have no seeds at their end.
func (x *Index) eachGram(text []uint8, visit func(g uint64, end int, isSeed bool)) {
	for i := range x.starts {
		var g uint64
		from, to := x.Bounds(i)
		place := (from + x.stride) / x.stride * x.stride // the next one of a seed
		for p := from; p < to; p++ {
			g = g<<symbolBits | uint64(text[p])
			end, read, isSeed := p+1, p+1-from, false
			if end == place {
				isSeed = read >= x.gram && place/x.stride <= maxNumber && !x.isDull(g)
				place += x.stride
			}
			if read >= 4 {
				visit(g, end, isSeed)
			}
		}
	}
}

// maySeed reports whether the last gram symbols of g are a seed. It may be wrong if they are none.
func (x *Index) maySeed(g uint64) bool { return x.some.has(g) }

// hasQuad reports whether a secret has the last four symbols of g in a row. It may be wrong if none has.
func (x *Index) hasQuad(g uint64) bool { return x.quads.has(g) }

// key returns the last gram symbols of g, hashed.
func (x *Index) key(g uint64) uint64 {
	h := g << (64 - symbolBits*uint(x.gram)) * hashFactor
	return (h ^ h>>32) * 0xD6E8FEB86659FD93
}

// maxCopies is how many positions are stored of one seed.
const maxCopies = 4

func (x *Index) addSeed(text []uint8, key uint64, end int) {
	tag, copies := x.seeds.tag(key), 0
	number, slot := x.seeds.next(slotOf(key, x.seeds.size), tag)
	for ; number != 0; number, slot = x.seeds.next(slot, tag) {
		p := number * x.stride
		if string(text[p-x.gram:p]) == string(text[end-x.gram:end]) {
			if copies++; copies == maxCopies {
				return
			}
		}
	}
	x.seeds.add(key, end/x.stride)
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
	for ; from+len(symbols) <= to; from++ {
		n := 0
		for n < len(symbols) && x.At(from+n) == symbols[n] {
			n++
		}
		if n == len(symbols) {
			return from
		}
	}
	return -1
}

// end returns the position after secret number i.
func (x *Index) end(i int) int {
	if i+1 < len(x.starts) {
		return int(x.starts[i+1])
	}
	return x.size
}

// Bounds returns the positions at which secret number i begins and ends.
func (x *Index) Bounds(i int) (from, to int) {
	return int(x.starts[i]) + x.lag, x.end(i) - 1
}

// Len returns the number of positions.
func (x *Index) Len() int { return x.size }

// matches reports whether the last gram symbols of g end before position p, which is one after a seed.
func (x *Index) matches(g uint64, p int) bool {
	for i := p - 1; i >= p-x.gram; i-- {
		if uint64(x.At(i)) != g&31 {
			return false
		}
		g >>= symbolBits
	}
	return true
}

// Digest returns a text that differs between indexes of different secrets.
func (x *Index) Digest() string {
	text := make([]byte, x.size)
	for p := range text {
		text[p] = x.At(p)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// Reach returns how many symbols a match has before it is found for certain, less one.
func (x *Index) Reach() int { return x.gram + x.stride - 2 }
