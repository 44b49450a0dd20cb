package index

import "math/bits"

// UnitSize is how many symbols of a secret are counted together, as a unit. Unit i begins at position i · UnitSize.
const UnitSize = 4

// Units returns the numbers of the units of which [from, to) has about half: those from first to before end.
func Units(from, to int) (first, end int) {
	return (from + UnitSize/2) / UnitSize, (to + UnitSize/2) / UnitSize
}

// Cover is a set of parts of the secrets. Its zero value is empty.
type Cover struct {
	blocks map[int]uint64 // by number of unit / 64: one bit for each unit
}

// CoverOf returns the set of the units in a bitmap: bit i%8 of byte i/8 is unit i.
func CoverOf(bitmap []byte) Cover {
	c := Cover{blocks: map[int]uint64{}}
	for i, b := range bitmap {
		if b != 0 {
			c.blocks[i/8] |= uint64(b) << (i % 8 * 8)
		}
	}
	return c
}

// Add adds [from, to) and returns how many symbols, about, it did not have before.
func (c *Cover) Add(from, to int) (added int) {
	for u, end := Units(from, to); u < end; u++ {
		if !c.HasUnit(u) {
			c.AddUnit(u)
			added += UnitSize
		}
	}
	return added
}

// AddUnit adds a unit.
func (c *Cover) AddUnit(u int) {
	if c.blocks == nil {
		c.blocks = map[int]uint64{}
	}
	c.blocks[u/64] |= 1 << (u % 64)
}

// HasUnit reports whether it has a unit.
func (c *Cover) HasUnit(u int) bool { return c.blocks[u/64]>>(u%64)&1 != 0 }

// Len returns how many symbols it has in [from, to), about.
func (c *Cover) Len(from, to int) (n int) {
	for u, end := Units(from, to); u < end; u++ {
		n += UnitSize * int(c.blocks[u/64]>>(u%64)&1)
	}
	return n
}

// Without returns how many symbols it has in [from, to) that other has not, about.
func (c *Cover) Without(other *Cover, from, to int) (n int) {
	for block, b := range c.blocks {
		if at := block * 64 * UnitSize; at+64*UnitSize <= from || at >= to {
			continue
		}
		for b &^= other.blocks[block]; b != 0; b &= b - 1 {
			if at := (block*64 + bits.TrailingZeros64(b)) * UnitSize; at+UnitSize > from && at < to {
				n += UnitSize
			}
		}
	}
	return n
}
