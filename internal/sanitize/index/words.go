package index

import "math/bits"

// Word is a word of a text: its letters are at [From, From+Len), and Key is the same for words of the same letters in
// any order. Bits says how much it tells about where it comes from.
type Word struct {
	Key  uint32
	From int32
	Len  uint16
	Bits uint16
}

// Words finds pairs of words that follow each other in a secret, or with one word between them. It is immutable once
// built and safe for concurrent use.
type Words struct {
	words []Word   // of all secrets; a word of length 0 ends each
	pairs []uint32 // a hash table of numbers of words, twice, plus 1 if a word is between them, with a tag
	some  bitSet   // of the pairs' keys
	known []uint32 // a hash table of the words' keys
	seen  bitSet   // of the same keys
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

// minPairLetters is how many letters the words of a pair have at least. Shorter pairs are in every text.
const minPairLetters = 4

// MaxPairs is at how many places of the secrets a pair is found, at most.
const MaxPairs = 16

// NewWords returns the pairs of the secrets' words. Those that occur more than MaxPairs times are left out, since they
// say little about where a text comes from.
func NewWords(secrets ...[]Word) *Words {
	w := &Words{words: []Word{{}}}
	known := map[uint32]bool{}
	for _, s := range secrets {
		w.words = append(append(w.words, s...), Word{})
		for _, word := range s {
			known[word.Key] = true
		}
	}
	w.known, w.seen = make([]uint32, len(known)*4/3+1), newBitSet(len(known), 16)
	for key := range known {
		hash := wordHash(key)
		w.seen.add(hash)
		slot := slotOf(hash, w.known)
		for w.known[slot] != 0 {
			slot = after(slot, w.known)
		}
		w.known[slot] = key
	}
	count := make(map[uint64]uint8, 2*len(w.words))
	each := func(f func(key uint64, first, between int)) {
		for i := range w.words {
			for between := range 2 {
				if a, b, ok := w.pair(i, between); ok {
					f(pairKey(a.Key, b.Key), i, between)
				}
			}
		}
	}
	each(func(key uint64, _, _ int) { count[key] = min(count[key]+1, MaxPairs+1) })
	n := 0
	for _, places := range count {
		if places <= MaxPairs {
			n += int(places)
		}
	}
	w.pairs, w.some = make([]uint32, n*4/3+1), newBitSet(n, 8)
	each(func(key uint64, first, between int) {
		if count[key] > MaxPairs || first*2+1 >= positions {
			return
		}
		w.some.add(key * setFactor)
		slot := slotOf(key, w.pairs)
		for w.pairs[slot] != 0 {
			slot = after(slot, w.pairs)
		}
		w.pairs[slot] = uint32(key)<<(32-tagBits) | uint32(first*2+between+2)
	})
	return w
}

// pair returns word number i and the one after it, or after the next.
func (w *Words) pair(i, between int) (a, b Word, ok bool) {
	j := i + 1 + between
	if j >= len(w.words) || w.words[i].Len == 0 || w.words[i+1].Len == 0 || w.words[j].Len == 0 {
		return a, b, false
	}
	a, b = w.words[i], w.words[j]
	return a, b, a.Len+b.Len >= minPairLetters
}

// Has reports whether a secret has a word with this key.
func (w *Words) Has(key uint32) bool {
	hash := wordHash(key)
	if !w.seen.has(hash) {
		return false
	}
	for slot := slotOf(hash, w.known); w.known[slot] != 0; slot = after(slot, w.known) {
		if w.known[slot] == key {
			return true
		}
	}
	return false
}

func wordHash(key uint32) uint64 { return uint64(key) * 0x9E3779B97F4A7C15 }

// setFactor makes another hash of a pair's key.
const setFactor = 0xFF51AFD7ED558CCD

func pairKey(a, b uint32) uint64 {
	h := (uint64(a)<<32 | uint64(b)) * 0x9E3779B97F4A7C15
	return (h ^ h>>29) * 0xD6E8FEB86659FD93
}

// Pair is two words of a secret that follow each other, or have one word between them.
type Pair struct{ First, Second Word }

// Bits returns how unlikely it is that a text has a pair by chance that the secrets have at a number of places.
func (p Pair) Bits(places int) int32 {
	return max(0, min(int32(p.First.Bits+p.Second.Bits)+1, maxPairBits)-int32(bits.Len(uint(places))/2))
}

const maxPairBits = 7

// Find appends to pairs all places, at most MaxPairs, where a secret has the words with the keys a and b in this order,
// at most one word apart.
func (w *Words) Find(a, b uint32, pairs []Pair) []Pair {
	w.find(a, b, func(first, second int) { pairs = append(pairs, Pair{w.words[first], w.words[second]}) })
	return pairs
}

// MayFind reports whether Find may find a pair. It may be wrong if Find finds none.
func (w *Words) MayFind(a, b uint32) bool { return w.some.has(pairKey(a, b) * setFactor) }

// find calls found with the numbers of the words of each pair.
func (w *Words) find(a, b uint32, found func(first, second int)) {
	key := pairKey(a, b)
	if !w.some.has(key * setFactor) {
		return
	}
	tag := uint32(key) << (32 - tagBits)
	for slot := slotOf(key, w.pairs); w.pairs[slot] != 0; slot = after(slot, w.pairs) {
		entry := w.pairs[slot]
		if entry&^(positions-1) != tag {
			continue
		}
		i := int(entry&(positions-1))/2 - 1
		between := int(entry & 1)
		if w.words[i].Key == a && w.words[i+1+between].Key == b {
			found(i, i+1+between)
		}
	}
}

// WordReader follows one sequence of words through the secrets, forwards or backwards. Its zero value is ready for a
// new text that is read forwards. A match begins with two words that are not in every text.
type WordReader struct {
	Backwards bool
	last      uint32 // key of the latest word
	at        int    // number of the secrets' word that the latest word is; the match ends there
	words     int    // length of the match
	letters   int
}

// Reset ends the match, as a word does that no secret has.
func (r *WordReader) Reset() { r.last, r.words, r.letters = 0, 0, 0 }

// Add reads a word, and returns the length of the match that ends with it, in words and letters, and a word of it.
func (r *WordReader) Add(w *Words, key uint32) (words, letters int, last Word) {
	step := 1
	if r.Backwards {
		step = -1
	}
	if next := r.at + step; r.words > 0 && w.words[next].Len > 0 && w.words[next].Key == key {
		r.at = next
		r.words++
		r.letters += int(w.words[next].Len)
	} else {
		r.words, r.letters = 0, 0
		a, b := r.last, key
		if r.Backwards {
			a, b = b, a
		}
		w.find(a, b, func(first, second int) {
			if second == first+1 && r.words == 0 {
				r.words, r.letters = 2, int(w.words[first].Len+w.words[second].Len)
				if r.at = second; r.Backwards {
					r.at = first
				}
			}
		})
	}
	r.last = key
	return r.words, r.letters, w.words[r.at]
}
