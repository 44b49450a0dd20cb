package index

import "encoding/binary"

// Rule makes the symbols of a sequence from letters, so that an index of the sequence needs no text of its own.
type Rule struct {
	Backward bool // whether secrets are read from their ends
	Lag      int  // how many letters at the beginning of a secret have no symbol
	// Symbol returns the symbol of the letter at position p of a text, or 0 if there is none. The letter that is read
	// before it is at p+before, and so on to that of the secret which is read first, before which is a 0.
	Symbol func(text []uint8, p, before int) uint8
}

// Derive returns an index of what a rule makes from the letters of an index that New returned. It has the other's
// positions: a symbol is where its letter is or, with a rule that reads backwards, would be in a secret that is written
// backwards.
func Derive(letters *Index, rule Rule, gram, stride int) *Index {
	text := letters.text
	x := &Index{gram: gram, stride: stride, size: letters.size, starts: letters.starts, lag: rule.Lag}
	x.made = func(p int) uint8 { return rule.Symbol(text, p, -1) }
	if rule.Backward {
		x.made = func(p int) uint8 {
			if i := x.Owner(p); i >= 0 {
				return rule.Symbol(text, x.mirrored(i, p), 1)
			}
			return 0
		}
	}
	symbols := make([]uint8, x.size)
	for i := range x.starts {
		from, to := x.Bounds(i)
		for p := from; p < to; p++ {
			if rule.Backward {
				symbols[p] = rule.Symbol(text, x.mirrored(i, p), 1) // need not look for the secret
			} else {
				symbols[p] = x.made(p)
			}
		}
	}
	x.build(symbols)
	return x
}

// Steps returns the rule of the differences, see Step, of letters that are lag positions apart. Each secret has more
// letters.
func Steps(lag int, backward bool) Rule {
	return Rule{Backward: backward, Lag: lag, Symbol: func(text []uint8, p, before int) uint8 {
		c := text[p]
		for range lag {
			if text[p] == 0 {
				return 0
			}
			p += before
		}
		if text[p] == 0 {
			return 0
		}
		return Step(text[p], c)
	}}
}

// Step returns the difference of two letters, from 1 to 26.
func Step(before, c uint8) uint8 {
	d := int8(c) - int8(before)
	return uint8(d+26&(d>>7)) + 1
}

// mirrored returns the position that is as far from the end of secret number i as p is from its beginning.
func (x *Index) mirrored(i, p int) int { return int(x.starts[i]) + x.end(i) - 2 - p }

// packed has symbols in symbolBits bits each, and a byte more so that two can be read at once.
type packed []byte

func pack(symbols []uint8) packed {
	out := make(packed, (len(symbols)*symbolBits+7)/8+1)
	for p, c := range symbols {
		bit := p * symbolBits
		pair := out[bit/8:]
		binary.LittleEndian.PutUint16(pair, binary.LittleEndian.Uint16(pair)|uint16(c)<<(bit%8))
	}
	return out
}

func (s packed) at(p int) uint8 {
	bit := uint(p * symbolBits)
	return uint8(binary.LittleEndian.Uint16(s[bit/8:])>>(bit%8)) & (1<<symbolBits - 1)
}
