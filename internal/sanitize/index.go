package sanitize

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sort"
)

// alphabet is a way of writing a text as symbols. Secrets have an index for each.
type alphabet uint8

const (
	letterAlphabet    alphabet = iota // letter codes
	leetAlphabet                      // letter codes, with look-alike digits read as letters
	consonantAlphabet                 // letter codes without vowels
	stepAlphabet                      // differences of neighbouring letters, the same after a Caesar shift
	patternAlphabet                   // distances to the last occurrence, the same after any substitution
	canaryAlphabet                    // letter codes of the canaries alone
	alphabetCount
)

// windowSizes has the length of the shortest run that can be a leak, in symbols.
var windowSizes = [alphabetCount]int{
	letterAlphabet:    28,
	leetAlphabet:      28,
	consonantAlphabet: 21,
	stepAlphabet:      27,
	patternAlphabet:   32,
	canaryAlphabet:    16,
}

// gramSizes has the length of the gram looked up before a window. A window contains a whole gram at one of every
// window-gram+1 positions, so that only those are looked up.
var gramSizes = [alphabetCount]int{
	letterAlphabet:    12,
	leetAlphabet:      12,
	consonantAlphabet: 12,
	stepAlphabet:      12,
	patternAlphabet:   12,
	canaryAlphabet:    8,
}

// bloomBits has the binary logarithm of the size in bits of the Bloom filter of grams. A gram sets two bits, both
// in one 64-bit word.
var bloomBits = [alphabetCount]int{
	letterAlphabet:    20,
	leetAlphabet:      20,
	consonantAlphabet: 20,
	stepAlphabet:      20,
	patternAlphabet:   20,
	canaryAlphabet:    12,
}

// index finds runs of the secrets' symbols in one alphabet. It is immutable once built.
type index struct {
	alphabet   alphabet
	window     int
	gram       int
	text       []byte // the symbols of every secret, each followed by a zero
	starts     []int  // where each secret begins in text
	ids        []int  // the number of that secret
	bloom      []uint64
	bloomShift int              // shifts a hash to the number of its word in bloom
	windows    map[uint64]int32 // window hash → position in text
}

// gramHash hashes the first gram bytes of b, which are 8 or 12.
func gramHash(b []byte, gram int) uint64 {
	h := binary.LittleEndian.Uint64(b) * 0x9E3779B97F4A7C15
	if gram == 12 {
		h ^= uint64(binary.LittleEndian.Uint32(b[8:])) * 0xC2B2AE3D27D4EB4F
	}
	return bits.RotateLeft64(h, 29) * 0x165667B19E3779F9
}

// gramBits returns the two bits of a gram in its word of the Bloom filter.
func gramBits(hash uint64) uint64 { return 1<<(hash>>20&63) | 1<<(hash>>32&63) }

func windowHash(b []byte) uint64 {
	h := uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = bits.RotateLeft64((h^binary.LittleEndian.Uint64(b))*0x9E3779B97F4A7C15, 31)
	}
	for _, c := range b {
		h = (h ^ uint64(c)) * 0xC2B2AE3D27D4EB4F
	}
	return h ^ h>>29
}

func newIndex(a alphabet) *index {
	return &index{
		alphabet:   a,
		window:     windowSizes[a],
		gram:       gramSizes[a],
		bloom:      make([]uint64, 1<<(bloomBits[a]-6)),
		bloomShift: 70 - bloomBits[a],
		windows:    map[uint64]int32{},
	}
}

// add indexes the symbols of the secret number id. If secrets share a run, the first one added owns it.
func (x *index) add(id int, seq []byte) {
	if len(seq) < x.window {
		return
	}
	start := len(x.text)
	x.starts = append(x.starts, start)
	x.ids = append(x.ids, id)
	x.text = append(append(x.text, seq...), 0)
	for i := 0; i+x.gram <= len(seq); i++ {
		h := gramHash(seq[i:], x.gram)
		x.bloom[h>>x.bloomShift] |= gramBits(h)
	}
	for i := 0; i+x.window <= len(seq); i++ {
		h := windowHash(seq[i : i+x.window])
		if _, taken := x.windows[h]; !taken {
			x.windows[h] = int32(start + i)
		}
	}
}

// owner returns the number of the secret at position p of x.text.
func (x *index) owner(p int) int {
	return x.ids[sort.SearchInts(x.starts, p+1)-1]
}

// find calls leaked with every maximal run that seq shares with a secret until leaked returns true, and returns the
// number of that secret, or -1.
func (x *index) find(seq []byte, leaked func(x *index, from, length int) bool) int {
	stride := x.window - x.gram + 1
	half := stride / 2
	bloom, shift, gram := x.bloom, x.bloomShift&63, x.gram
	for j := 0; j+gram <= len(seq); j += stride {
		h := gramHash(seq[j:], gram)
		if bits := gramBits(h); bloom[h>>shift]&bits != bits {
			continue
		}
		// A window around this gram either begins at least half a stride before it, and then contains the gram half a
		// stride before it as well, or contains the gram half a stride after it. Most chance hits fail this test.
		if x.hasGram(seq, j-half) {
			if id := x.findWindow(seq, max(0, j-stride+1), j-half, leaked); id >= 0 {
				return id
			}
		}
		if x.hasGram(seq, j+stride-half) {
			if id := x.findWindow(seq, max(0, j-half+1), j, leaked); id >= 0 {
				return id
			}
		}
	}
	return -1
}

// hasGram reports whether the gram of seq at j may be one of a secret's; it has false positives.
func (x *index) hasGram(seq []byte, j int) bool {
	if j < 0 || j+x.gram > len(seq) {
		return false
	}
	h := gramHash(seq[j:], x.gram)
	bits := gramBits(h)
	return x.bloom[h>>x.bloomShift]&bits == bits
}

// findWindow looks for windows of seq that begin at from to to, and extends the first one found to a maximal run. It
// returns the number of the secret if leaked returns true for that run, and -1 otherwise.
func (x *index) findWindow(seq []byte, from, to int, leaked func(*index, int, int) bool) int {
	for s := from; s <= to && s+x.window <= len(seq); s++ {
		p, known := x.windows[windowHash(seq[s:s+x.window])]
		if !known || !bytes.Equal(x.text[p:int(p)+x.window], seq[s:s+x.window]) {
			continue
		}
		from, end := int(p), int(p)+x.window
		for i := s + x.window; i < len(seq) && x.text[end] == seq[i]; i++ {
			end++
		}
		for i := s - 1; i >= 0 && from > 0 && x.text[from-1] == seq[i]; i-- {
			from--
		}
		if leaked(x, from, end-from) {
			return x.owner(from)
		}
		return -1
	}
	return -1
}

// userTextIndex finds what an answer shares with what the user sent.
type userTextIndex struct {
	text   []byte
	blocks map[uint64]int32 // aligned blocks of eight symbols → latest position in text
	next   []int32          // by block: the position of the same block before it, plus one
}

func newUserTextIndex(text []byte) *userTextIndex {
	blocks := len(text)/8 + 1
	x := &userTextIndex{text: text, blocks: make(map[uint64]int32, blocks), next: make([]int32, blocks)}
	for i := 0; i+8 <= len(text); i += 8 {
		block := binary.LittleEndian.Uint64(text[i:])
		if previous, known := x.blocks[block]; known {
			x.next[i/8] = previous + 1
		}
		x.blocks[block] = int32(i)
	}
	return x
}

// cover marks the symbols of run that are in a piece of at least minLength symbols which the user sent, and counts
// them. minLength is at least 15, so that a piece contains a whole aligned block.
func (x *userTextIndex) cover(run []byte, minLength int) (marks []bool, covered int) {
	marks = make([]bool, len(run))
	for i := 0; i+8 <= len(run); i++ {
		at, known := x.blocks[binary.LittleEndian.Uint64(run[i:])]
		for tries := 0; known && tries < 8; tries++ {
			start, sent, length := i, int(at), 8
			for start > 0 && sent > 0 && run[start-1] == x.text[sent-1] {
				start--
				sent--
				length++
			}
			for start+length < len(run) && sent+length < len(x.text) && run[start+length] == x.text[sent+length] {
				length++
			}
			if length >= minLength {
				for m := start; m < start+length; m++ {
					marks[m] = true
				}
			}
			next := x.next[at/8]
			known, at = next > 0, next-1
		}
	}
	for _, m := range marks {
		if m {
			covered++
		}
	}
	return marks, covered
}
