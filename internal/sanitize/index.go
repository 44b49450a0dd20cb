package sanitize

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sort"
)

// kind names an alphabet that secrets are indexed in.
type kind uint8

const (
	plain kind = iota
	leet
	skeleton
	shifts
	isomorph
	canary
	kinds
)

// windowOf and gramOf are, per kind, the length of the shortest run that counts and of the piece looked up first. A run
// of window symbols holds a whole piece at one of every window−gram+1 positions, so only those are looked up.
var (
	windowOf = [kinds]int{plain: 28, leet: 28, skeleton: 21, shifts: 27, isomorph: 32, canary: 16}
	gramOf   = [kinds]int{plain: 12, leet: 12, skeleton: 12, shifts: 12, isomorph: 12, canary: 8}
)

// bloomBits is how large each kind's filter of pieces is: two bits a piece, both in one word.
var bloomBits = [kinds]int{plain: 20, leet: 20, skeleton: 20, shifts: 20, isomorph: 20, canary: 12}

// index finds runs of the secrets' symbols in one alphabet. It is immutable once built.
type index struct {
	kind   kind
	window int
	gram   int
	text   []byte // every secret's symbols, a zero between
	starts []int  // where each secret begins in text
	ids    []int  // which secret that is
	bloom  []uint64
	shift  int              // the bits of a hash that do not say which word of bloom
	at     map[uint64]int32 // window hash → position in text
}

func gramHash(b []byte, gram int) uint64 {
	h := binary.LittleEndian.Uint64(b) * 0x9E3779B97F4A7C15
	if gram == 12 {
		h ^= uint64(binary.LittleEndian.Uint32(b[8:])) * 0xC2B2AE3D27D4EB4F
	}
	return bits.RotateLeft64(h, 29) * 0x165667B19E3779F9
}

// gramBits returns the two bits of a piece in its word of bloom.
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

func newIndex(k kind) *index {
	return &index{kind: k, window: windowOf[k], gram: gramOf[k], bloom: make([]uint64, 1<<(bloomBits[k]-6)),
		shift: 70 - bloomBits[k], at: map[uint64]int32{}}
}

// add indexes one secret's symbols. Where two secrets share a run, the first added owns it.
func (x *index) add(id int, seq []byte) {
	if len(seq) < x.window {
		return
	}
	start := len(x.text)
	x.starts, x.ids = append(x.starts, start), append(x.ids, id)
	x.text = append(append(x.text, seq...), 0)
	for i := 0; i+x.gram <= len(seq); i++ {
		h := gramHash(seq[i:], x.gram)
		x.bloom[h>>x.shift] |= gramBits(h)
	}
	for i := 0; i+x.window <= len(seq); i++ {
		h := windowHash(seq[i : i+x.window])
		if _, taken := x.at[h]; !taken {
			x.at[h] = int32(start + i)
		}
	}
}

// owner returns the number of the secret that position p of text belongs to.
func (x *index) owner(p int) int {
	return x.ids[sort.SearchInts(x.starts, p+1)-1]
}

// find calls leaked with every maximal run that seq shares with a secret until it returns true, and returns the secret
// of that run, or −1.
func (x *index) find(seq []byte, leaked func(x *index, from, length int) bool) int {
	stride := x.window - x.gram + 1
	half := stride / 2
	bloom, shift, gram := x.bloom, x.shift&63, x.gram
	for j := 0; j+gram <= len(seq); j += stride {
		h := gramHash(seq[j:], gram)
		if bits := gramBits(h); bloom[h>>shift]&bits != bits {
			continue
		}
		// A window around this piece that begins half a stride before it or earlier holds the piece there as well, and
		// one that begins later holds the piece half a stride behind: most pieces found by chance end here.
		if x.mayHold(seq, j-half) {
			if id := x.around(seq, max(0, j-stride+1), j-half, leaked); id >= 0 {
				return id
			}
		}
		if x.mayHold(seq, j+stride-half) {
			if id := x.around(seq, max(0, j-half+1), j, leaked); id >= 0 {
				return id
			}
		}
	}
	return -1
}

// mayHold reports whether the piece of seq at j may be one of a secret's.
func (x *index) mayHold(seq []byte, j int) bool {
	if j < 0 || j+x.gram > len(seq) {
		return false
	}
	h := gramHash(seq[j:], x.gram)
	bits := gramBits(h)
	return x.bloom[h>>x.shift]&bits == bits
}

// around looks for windows of seq that begin at from to to.
func (x *index) around(seq []byte, from, to int, leaked func(*index, int, int) bool) int {
	for s := from; s <= to && s+x.window <= len(seq); s++ {
		p, known := x.at[windowHash(seq[s:s+x.window])]
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

// echoes finds what a text shares with what the caller sent.
type echoes struct {
	seq  []byte
	at   map[uint64]int32
	next []int32
}

func newEchoes(seq []byte) *echoes {
	e := &echoes{seq: seq, at: make(map[uint64]int32, len(seq)/8+1), next: make([]int32, len(seq)/8+1)}
	for i := 0; i+8 <= len(seq); i += 8 {
		h := binary.LittleEndian.Uint64(seq[i:])
		if first, known := e.at[h]; known {
			e.next[i/8] = first + 1
		}
		e.at[h] = int32(i)
	}
	return e
}

// cover marks the symbols of run that stand in a piece of at least least symbols which the caller sent, and returns how
// many there are. least is at least 15, so that a piece holds one whole aligned block.
func (e *echoes) cover(run []byte, least int) (marks []bool, covered int) {
	marks = make([]bool, len(run))
	for i := 0; i+8 <= len(run); i++ {
		at, known := e.at[binary.LittleEndian.Uint64(run[i:])]
		for tries := 0; known && tries < 8; tries++ {
			a, b, c := i, int(at), 8
			for a > 0 && b > 0 && run[a-1] == e.seq[b-1] {
				a, b, c = a-1, b-1, c+1
			}
			for a+c < len(run) && b+c < len(e.seq) && run[a+c] == e.seq[b+c] {
				c++
			}
			if c >= least {
				for m := a; m < a+c; m++ {
					marks[m] = true
				}
			}
			following := e.next[at/8]
			known, at = following > 0, following-1
		}
	}
	for _, m := range marks {
		if m {
			covered++
		}
	}
	return marks, covered
}
