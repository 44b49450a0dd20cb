package sanitize

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// signatureRun is how many words in a row with the same letters as a secret's words count.
const signatureRun = 7

// wordIndex knows the secrets by word: runs of words whatever the order of letters inside each, and pieces of seven
// letters from which strewn letters are followed.
type wordIndex struct {
	runs     map[uint64]int // hash of signatureRun signatures → secret
	mayRun   bitSet         // and which of those hashes there are, nearly
	known    bitSet         // signatures of single words, nearly
	seeds    map[uint64]int32
	seedNext []int32
	size     int
}

func newWordIndex() *wordIndex {
	return &wordIndex{mayRun: newBitSet(), known: newBitSet(), runs: map[uint64]int{}, seeds: map[uint64]int32{}}
}

type word struct {
	letters   []byte
	signature uint64
	end       int // where in the text it ends, the space behind it included
}

// splitWords returns the letters of text, folded, and its words, which are parts of them. Both last until kept is used
// again.
func (f *Filter) splitWords(text string, kept *room) (letters []byte, words []word) {
	kept.letters = sized(kept.letters, len(text)+1)
	letters, words = kept.letters, kept.words[:0]
	n, begin := 0, 0
	for i := 0; i < len(text); {
		c, code, size := text[i], uint8(0), 1
		space := c == ' ' || c >= '\t' && c <= '\r'
		if c < utf8.RuneSelf {
			code = f.fold.ascii[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			code, space = f.fold.pages[r], unicode.IsSpace(r)
		}
		letters[n] = code
		n += int((code + 31) >> 5)
		i += size
		if space && n > begin {
			words = append(words, word{letters[begin:n:n], signature(letters[begin:n]), i})
			begin = n
		}
	}
	if n > begin {
		words = append(words, word{letters[begin:n:n], signature(letters[begin:n]), len(text)})
	}
	kept.words = words
	return letters[:n], words
}

// signature is the same for words of the same letters.
func signature(letters []byte) uint64 {
	var h uint64
	for _, c := range letters {
		h += letterWeight[c]
	}
	return h
}

// runBase and runEnd, its power, weigh the signatures of a run by their places.
const (
	runBase = 0x9E3779B97F4A7C15
	runEnd  = runBase * runBase % (1 << 64) * runBase % (1 << 64) * runBase % (1 << 64) * runBase % (1 << 64) * runBase % (1 << 64)
)

func runHash(words []word) uint64 {
	var h uint64
	for _, w := range words {
		h = h*runBase + w.signature
	}
	return h
}

// bitSet holds hashes; it may take one for another.
type bitSet []uint64

const bitSetBits = 17

func newBitSet() bitSet { return make(bitSet, 1<<(bitSetBits-6)) }

func (b bitSet) add(hash uint64) { b[hash>>(70-bitSetBits)] |= 1 << (hash >> (64 - bitSetBits) & 63) }

func (b bitSet) may(hash uint64) bool {
	return b[hash>>(70-bitSetBits)]>>(hash>>(64-bitSetBits)&63)&1 != 0
}

func (x *wordIndex) add(id int, words []word) {
	var letters []byte
	for i, w := range words {
		letters = append(letters, w.letters...)
		x.known.add(w.signature)
		if i+signatureRun <= len(words) && lettersIn(words[i:i+signatureRun]) >= 28 {
			h := runHash(words[i : i+signatureRun])
			x.mayRun.add(h)
			if x.runs[h] == 0 {
				x.runs[h] = id + 1
			}
		}
	}
	if len(letters) < windowOf[plain] { // as the plain index, whose positions seeds are
		return
	}
	x.seedNext = append(x.seedNext, make([]int32, len(letters)+1)...)
	for i := 0; i+7 <= len(letters); i++ {
		h := seedKey(letters[i : i+7])
		x.seedNext[x.size+i] = x.seeds[h]
		x.seeds[h] = int32(x.size+i) + 1
	}
	x.size += len(letters) + 1
}

// foreign returns how many of the words no secret has.
func (x *wordIndex) foreign(words []word) (n int) {
	for _, w := range words {
		n += btoi(!x.known.may(w.signature))
	}
	return n
}

func seedKey(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[3:]))<<32
}

// seed returns a position in the plain index's text where the seven letters stand, or −1; nextSeed the one after.
func (x *wordIndex) seed(b []byte) int32    { return x.seeds[seedKey(b)] - 1 }
func (x *wordIndex) nextSeed(p int32) int32 { return x.seedNext[p] - 1 }

func lettersIn(words []word) (n int) {
	for _, w := range words {
		n += len(w.letters)
	}
	return n
}

// byWord looks through what is done to words and lines: their order, what stands between them, their first letters.
func (q *search) byWord(text string, words []word, shape shape) bool {
	if len(words) >= signatureRun && (q.signatures(words) || q.wordOrder(words)) {
		return true
	}
	if q.initials(words) || !shape.prose && q.withoutFillers(words) {
		return true
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 12 {
		return false
	}
	var first, last []byte
	for _, line := range lines {
		if w := q.filter.fold.letters(line); len(w) > 0 {
			first, last = append(first, w[0]), append(last, w[len(w)-1])
		}
	}
	slices.Reverse(lines)
	return q.letters("first letters of lines", first) || q.letters("last letters of lines", last) ||
		q.letters("lines backwards", q.filter.fold.letters(strings.Join(lines, "\n")))
}

// signatures looks for runs of words whose own letters are shuffled, reversed or moved as in Pig Latin.
func (q *search) signatures(words []word) bool {
	tails := 0
	for _, w := range words {
		tails += btoi(len(w.withoutTail()) < len(w.letters))
	}
	if q.signatureRuns(words) {
		return true
	}
	if tails*3 <= len(words) {
		return false
	}
	stripped := make([]word, len(words))
	for i, w := range words {
		l := w.withoutTail()
		stripped[i] = word{l, signature(l), w.end}
	}
	return q.signatureRuns(stripped)
}

// withoutTail returns the letters without the ending of Pig Latin.
func (w word) withoutTail() []byte {
	if n := len(w.letters); n > 2 && w.letters[n-2] == 1 && w.letters[n-1] == 25 {
		return w.letters[:n-2]
	}
	return w.letters
}

func (q *search) signatureRuns(words []word) bool {
	if len(words) < signatureRun {
		return false
	}
	h := runHash(words[:signatureRun-1])
	for i := 0; i+signatureRun <= len(words); i++ {
		run := words[i : i+signatureRun]
		h = h*runBase + run[signatureRun-1].signature
		if q.filter.words.mayRun.may(h) {
			if id := q.filter.words.runs[h]; id > 0 && lettersIn(run) >= 28 && !q.callerHas(run) {
				return q.found("shuffled words", id-1)
			}
		}
		h -= run[0].signature * runEnd
	}
	return false
}

// callerHas reports whether the caller sent words with these signatures in a row.
func (q *search) callerHas(run []word) bool {
	if q.caller == "" {
		return false
	}
	want := runHash(run)
	_, words := q.filter.splitWords(q.caller, &room{})
	for i := 0; i+len(run) <= len(words); i++ {
		if runHash(words[i:i+len(run)]) == want {
			return true
		}
	}
	return false
}

func (q *search) wordOrder(words []word) bool {
	out := q.room.one[:0]
	for i := len(words) - 1; i >= 0; i-- {
		out = append(out, words[i].letters...)
	}
	if q.letters("words backwards", out) {
		return true
	}
	out = out[:0]
	for _, w := range words {
		for i := len(w.letters) - 1; i >= 0; i-- {
			out = append(out, w.letters[i])
		}
	}
	return q.letters("each word reversed", out)
}

// withoutFillers leaves out words that keep coming back, and every second to fourth word.
func (q *search) withoutFillers(words []word) bool {
	count := make(map[uint64]int, len(words))
	for _, w := range words {
		count[w.signature]++
	}
	seq := make([]byte, 0, 8*len(words))
	for _, share := range []int{10, 5, 3} {
		seq = seq[:0]
		for _, w := range words {
			if n := count[w.signature]; n < 3 || n*share < len(words) {
				seq = append(seq, w.letters...)
			}
		}
		if q.letters("without fillers", seq) {
			return true
		}
	}
	for step := 2; step <= 4; step++ {
		for offset := 0; offset < step; offset++ {
			seq = seq[:0]
			for i := offset; i < len(words); i += step {
				seq = append(seq, words[i].letters...)
			}
			if q.letters("every other word", seq) {
				return true
			}
		}
	}
	return false
}
