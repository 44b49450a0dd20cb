package index

import "math/bits"

// unit is how many symbols of a secret are counted together.
const unit = 4

// Cover is a set of parts of the secrets. Its zero value is empty.
type Cover struct {
	blocks map[int]uint64 // by position / (64 · unit): one bit for each unit
}

// Add adds [from, to) and returns how many symbols, about, it did not have before.
func (c *Cover) Add(from, to int) int {
	if c.blocks == nil {
		c.blocks = map[int]uint64{}
	}
	added := 0
	for u := (from + unit/2) / unit; u < (to+unit/2)/unit; u++ {
		if b, bit := c.blocks[u/64], uint64(1)<<(u%64); b&bit == 0 {
			c.blocks[u/64] = b | bit
			added += unit
		}
	}
	return added
}

// Len returns how many symbols it has in [from, to), about.
func (c *Cover) Len(from, to int) (n int) {
	for u := (from + unit/2) / unit; u < (to+unit/2)/unit; u++ {
		n += unit * int(c.blocks[u/64]>>(u%64)&1)
	}
	return n
}

// Without returns how many symbols it has in [from, to) that other has not, about.
func (c *Cover) Without(other *Cover, from, to int) (n int) {
	for block, b := range c.blocks {
		if at := block * 64 * unit; at+64*unit <= from || at >= to {
			continue
		}
		for b &^= other.blocks[block]; b != 0; b &= b - 1 {
			if at := (block*64 + bits.TrailingZeros64(b)) * unit; at+unit > from && at < to {
				n += unit
			}
		}
	}
	return n
}
