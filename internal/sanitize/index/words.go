package index

import "math/bits"

// Word is a word of a text: its letters, at most 32, are at [From, From+Len), and Key is the same for words of the same
// letters in any order. Bits, at most 7, says how much it tells about where it comes from.
type Word struct {
	Key  uint32
	From int32
	Len  uint16
	Bits uint16
}

// Words finds pairs of words that follow each other in a secret, or with one word between them. It is immutable once
// built and safe for concurrent use.
type Words struct {
	words []packedWord // of all secrets; a word of length 0 is before the first and ends each
	pairs table        // the numbers of words, twice, plus 1 if a word is between them
	some  bitSet       // of the pairs' keys
	known []uint32     // a hash table of the words' keys
	seen  bitSet       // of the same keys
}

// packedWord is a Word in less memory.
type packedWord struct {
	key  uint32
	rest uint32 // From, which is not 0, then Bits and Len-1; 0 for a word of length 0
}

const (
	lengthBits = 5
	infoBits   = 3
	maxFrom    = 1 << (32 - lengthBits - infoBits)
)

// packWord returns a word packed. One that is at maxFrom or later becomes a word of length 0.
func packWord(w Word) packedWord {
	if w.Len == 0 || w.From >= maxFrom {
		return packedWord{}
	}
	info := uint32(min(w.Bits, 1<<infoBits-1))<<lengthBits | uint32(min(w.Len, 1<<lengthBits)-1)
	return packedWord{w.Key, uint32(w.From)<<(lengthBits+infoBits) | info}
}

func (p packedWord) unpack() Word {
	if p.rest == 0 {
		return Word{}
	}
	return Word{Key: p.key, From: int32(p.rest >> (lengthBits + infoBits)), Len: uint16(p.rest&(1<<lengthBits-1)) + 1,
		Bits: uint16(p.rest >> lengthBits & (1<<infoBits - 1))}
}

// minPairLetters is how many letters the words of a pair have at least. Shorter pairs are in every text.
const minPairLetters = 4

// MaxPairs is at how many places of the secrets a pair is found, at most.
const MaxPairs = 16

// NewWords returns the pairs of the secrets' words. Those that occur more than MaxPairs times are left out, since they
// say little about where a text comes from.
func NewWords(secrets ...[]Word) *Words {
	w := &Words{}
	n := 1
	for _, s := range secrets {
		n += len(s) + 1
	}
	w.words = make([]packedWord, 1, n)
	known := map[uint32]bool{}
	for _, s := range secrets {
		for _, word := range s {
			w.words = append(w.words, packWord(word))
			known[word.Key] = true
		}
		w.words = append(w.words, packedWord{})
	}
	w.addKnown(known)
	w.addPairs()
	return w
}

// addKnown makes the table of the words' keys.
func (w *Words) addKnown(known map[uint32]bool) {
	w.known, w.seen = make([]uint32, len(known)*4/3+1), newBitSet(len(known), 16)
	for key := range known {
		hash := wordHash(key)
		w.seen.add(hash)
		slot := slotOf(hash, len(w.known))
		for w.known[slot] != 0 {
			slot = after(slot, len(w.known))
		}
		w.known[slot] = key
	}
}

// addPairs makes the table of pairs.
func (w *Words) addPairs() {
	count := make(map[uint64]uint8, 2*len(w.words))
	each := func(f func(key uint64, number int)) {
		for i := range w.words {
			for between := range 2 {
				if number := pairNumber(i, between); number <= maxNumber && w.isPair(i, i+1+between) {
					f(pairKey(w.words[i].key, w.words[i+1+between].key), number)
				}
			}
		}
	}
	each(func(key uint64, _ int) { count[key] = min(count[key]+1, MaxPairs+1) })
	n := 0
	for _, places := range count {
		if places <= MaxPairs {
			n += int(places)
		}
	}
	// Half of the table stays free: a pair has up to MaxPairs entries in a row, and all are looked for.
	w.pairs, w.some = newTable(n*3/2, pairNumber(len(w.words), 0)), newBitSet(n, 8)
	each(func(key uint64, number int) {
		if count[key] > MaxPairs {
			return
		}
		w.some.add(key * setFactor)
		w.pairs.add(key, number)
	})
}

// pairNumber returns the number of the pair that begins with word number i and has 0 or 1 words between.
func pairNumber(i, between int) int { return 2*i + between }

// isPair reports whether words number i and j, which is one or two after it, are of one secret and long enough.
func (w *Words) isPair(i, j int) bool {
	if j >= len(w.words) {
		return false
	}
	for _, word := range w.words[i : j+1] {
		if word.rest == 0 {
			return false
		}
	}
	return w.word(i).Len+w.word(j).Len >= minPairLetters
}

func (w *Words) word(i int) Word { return w.words[i].unpack() }

// Has reports whether a secret has a word with this key.
func (w *Words) Has(key uint32) bool {
	hash := wordHash(key)
	if !w.seen.has(hash) {
		return false
	}
	for slot := slotOf(hash, len(w.known)); w.known[slot] != 0; slot = after(slot, len(w.known)) {
		if w.known[slot] == key {
			return true
		}
	}
	return false
}

func wordHash(key uint32) uint64 { return uint64(key) * hashFactor }

// setFactor makes another hash of a pair's key.
const setFactor = 0xFF51AFD7ED558CCD

func pairKey(a, b uint32) uint64 {
	h := (uint64(a)<<32 | uint64(b)) * hashFactor
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
	w.find(a, b, func(first, second int) { pairs = append(pairs, Pair{w.word(first), w.word(second)}) })
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
	tag := w.pairs.tag(key)
	number, slot := w.pairs.next(slotOf(key, w.pairs.size), tag)
	for ; number != 0; number, slot = w.pairs.next(slot, tag) {
		if first, second := number>>1, number>>1+1+number&1; w.words[first].key == a && w.words[second].key == b {
			found(first, second)
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
	if next := r.at + step; r.words > 0 && w.words[next].rest != 0 && w.words[next].key == key {
		r.at = next
		r.words++
		r.letters += int(w.word(next).Len)
	} else {
		r.words, r.letters = 0, 0
		a, b := r.last, key
		if r.Backwards {
			a, b = b, a
		}
		w.find(a, b, func(first, second int) {
			if second == first+1 && r.words == 0 {
				r.words, r.letters = 2, int(w.word(first).Len+w.word(second).Len)
				if r.at = second; r.Backwards {
					r.at = first
				}
			}
		})
	}
	r.last = key
	return r.words, r.letters, w.word(r.at)
}
