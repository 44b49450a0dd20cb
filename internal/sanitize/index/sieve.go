package index

import "math/bits"

// Sieve is a set of all groups of symbols of an Index, read forwards and backwards. It tells quickly where a sequence
// may have something in common with the secrets in either direction. It is immutable once built and safe for
// concurrent use.
type Sieve struct {
	blocks []uint64 // a group sets three bits of one of them
}

const (
	sieveGroup = 8  // symbols of a group
	sieveBits  = 12 // bits for each group
	groupMask  = 1<<(sieveGroup*symbolBits) - 1
	lastSymbol = (sieveGroup - 1) * symbolBits // shift of a group's first symbol
)

// NewSieve returns the sieve of an index.
func NewSieve(x *Index) *Sieve {
	s := &Sieve{blocks: make([]uint64, x.Len()*sieveBits/64+1)}
	var g, back uint64
	run := 0
	for p := range x.Len() {
		c := x.At(p)
		if c == 0 {
			run = 0
			continue
		}
		g, back = roll(g, back, c)
		if run++; run >= sieveGroup {
			block, mask := s.place(g, back)
			s.blocks[block] |= mask
		}
	}
	return s
}

// roll adds a symbol to the latest group and to the same group backwards.
func roll(g, back uint64, c uint8) (uint64, uint64) {
	return (g<<symbolBits | uint64(c)) & groupMask, back>>symbolBits | uint64(c)<<lastSymbol
}

// place returns the bits of a group, which are the same for the group backwards.
func (s *Sieve) place(g, back uint64) (block int, mask uint64) {
	h := min(g, back) * 0x9E3779B97F4A7C15
	h ^= h >> 32
	h *= 0xD6E8FEB86659FD93
	hi, _ := bits.Mul64(h, uint64(len(s.blocks)))
	return int(hi), 1<<(h&63) | 1<<(h>>6&63) | 1<<(h>>12&63)
}

// Next returns the end, after from, of a group of symbols that the secrets may have too, or -1. It looks only at some
// groups, of which every match of least symbols has one.
func (s *Sieve) Next(symbols []uint8, from, least int) int {
	step := least - sieveGroup + 1
	end := max(from, sieveGroup-1)/step*step + step
	for end < sieveGroup {
		end += step
	}
	var g, back uint64
	for i := end - sieveGroup; i < len(symbols); i++ {
		if g, back = roll(g, back, symbols[i]); i+1 < end {
			continue
		}
		if block, mask := s.place(g, back); s.blocks[block]&mask == mask {
			return end
		}
		end += step
	}
	return -1
}
