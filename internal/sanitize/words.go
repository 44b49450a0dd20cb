package sanitize

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// wordRun is how many words in a row make a leak when each has the letters of a secret's word in any order.
const wordRun = 7

// wordIndex finds runs of the secrets' words with the letters of each in any order, and the positions of their
// 7-grams, from which the interspersed view follows a secret.
type wordIndex struct {
	runs          map[uint64]int   // wordRunHash of wordRun words → number of the secret plus one
	runBloom      bloom            // of the keys of runs
	knownWords    bloom            // signatures of single words
	sevenGrams    map[uint64]int32 // sevenGramKey → its latest position in the letter index's text, plus one
	nextSevenGram []int32          // by position: the one before it of the same 7-gram, plus one
	size          int              // of the letter index's text
}

func newWordIndex() *wordIndex {
	return &wordIndex{
		runs:       map[uint64]int{},
		runBloom:   newBloom(),
		knownWords: newBloom(),
		sevenGrams: map[uint64]int32{},
	}
}

// word is a word of a text.
type word struct {
	letters   []byte
	signature uint64
	end       int // where it ends in the text, including the space after it
}

// splitWords returns the letter codes of text and its words, which are slices of them. Both are valid until buf is
// used again.
func (f *Filter) splitWords(text string, buf *scratch) (letters []byte, words []word) {
	buf.letters = resize(buf.letters, len(text)+1)
	letters, words = buf.letters, buf.words[:0]
	n, begin := 0, 0
	for i := 0; i < len(text); {
		c, code, size := text[i], uint8(0), 1
		space := c == ' ' || c >= '\t' && c <= '\r'
		if c < utf8.RuneSelf {
			code = f.fold.ascii[c]
		} else {
			var r rune
			r, size = utf8.DecodeRuneInString(text[i:])
			code, space = f.fold.nonASCII[r], unicode.IsSpace(r)
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
	buf.words = words
	return letters[:n], words
}

// signature returns a number that is the same for words of the same letters.
func signature(letters []byte) uint64 {
	var h uint64
	for _, c := range letters {
		h += letterWeight[c]
	}
	return h
}

// rollBase is the base of the rolling hash over signatures; rollEnd, its power of wordRun-1, removes the first of a
// run.
const (
	rollBase  = 0x9E3779B97F4A7C15
	rollBase2 = rollBase * rollBase % (1 << 64)
	rollBase4 = rollBase2 * rollBase2 % (1 << 64)
	rollEnd   = rollBase4 * rollBase2 % (1 << 64)
)

// wordRunHash hashes the signatures of words in their order.
func wordRunHash(words []word) uint64 {
	var h uint64
	for _, w := range words {
		h = h*rollBase + w.signature
	}
	return h
}

// bloom is a set of hashes; has may report one that was not added.
type bloom []uint64

const wordBloomBits = 17

func newBloom() bloom { return make(bloom, 1<<(wordBloomBits-6)) }

func (b bloom) add(hash uint64) {
	b[hash>>(70-wordBloomBits)] |= 1 << (hash >> (64 - wordBloomBits) & 63)
}

func (b bloom) has(hash uint64) bool {
	return b[hash>>(70-wordBloomBits)]>>(hash>>(64-wordBloomBits)&63)&1 != 0
}

func (x *wordIndex) add(id int, words []word) {
	var letters []byte
	for i, w := range words {
		letters = append(letters, w.letters...)
		x.knownWords.add(w.signature)
		if i+wordRun <= len(words) && letterCount(words[i:i+wordRun]) >= 28 {
			h := wordRunHash(words[i : i+wordRun])
			x.runBloom.add(h)
			if x.runs[h] == 0 {
				x.runs[h] = id + 1
			}
		}
	}
	if len(letters) < windowSizes[letterAlphabet] { // the letter index leaves it out as well
		return
	}
	x.nextSevenGram = append(x.nextSevenGram, make([]int32, len(letters)+1)...)
	for i := 0; i+7 <= len(letters); i++ {
		h := sevenGramKey(letters[i : i+7])
		x.nextSevenGram[x.size+i] = x.sevenGrams[h]
		x.sevenGrams[h] = int32(x.size+i) + 1
	}
	x.size += len(letters) + 1
}

// unknown returns how many of the words are in no secret.
func (x *wordIndex) unknown(words []word) (n int) {
	for _, w := range words {
		n += btoi(!x.knownWords.has(w.signature))
	}
	return n
}

// sevenGramKey packs seven letters into eight bytes, the fourth of them twice.
func sevenGramKey(b []byte) uint64 {
	return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[3:]))<<32
}

// firstPosition returns a position of the seven letters in the letter index's text, or -1.
func (x *wordIndex) firstPosition(b []byte) int32 { return x.sevenGrams[sevenGramKey(b)] - 1 }

// nextPosition returns another position of the letters at p, or -1.
func (x *wordIndex) nextPosition(p int32) int32 { return x.nextSevenGram[p] - 1 }

func letterCount(words []word) (n int) {
	for _, w := range words {
		n += len(w.letters)
	}
	return n
}

// wordViews looks for words and lines that were shuffled, reversed, mixed with other words, or spelled by initials.
func (q *search) wordViews(text string, words []word, shape shape) bool {
	if len(words) >= wordRun && (q.shuffledWords(words) || q.reversedWords(words)) {
		return true
	}
	if q.acrostic(words) || !shape.natural && q.withoutFillers(words) {
		return true
	}
	lines := strings.Split(text, "\n")
	if len(lines) < 12 {
		return false
	}
	var first, last []byte
	for _, line := range lines {
		if w := q.filter.fold.letters(line); len(w) > 0 {
			first = append(first, w[0])
			last = append(last, w[len(w)-1])
		}
	}
	slices.Reverse(lines)
	return q.matchLetters("first letters of lines", first) ||
		q.matchLetters("last letters of lines", last) ||
		q.matchLetters("lines backwards", q.filter.fold.letters(strings.Join(lines, "\n")))
}

// shuffledWords looks for runs of words whose letters are in any order inside each word, also in Pig Latin.
func (q *search) shuffledWords(words []word) bool {
	pigLatin := 0
	for _, w := range words {
		pigLatin += btoi(len(w.withoutPigLatin()) < len(w.letters))
	}
	if q.matchWordRun(words) {
		return true
	}
	if pigLatin*3 <= len(words) {
		return false
	}
	stripped := make([]word, len(words))
	for i, w := range words {
		l := w.withoutPigLatin()
		stripped[i] = word{l, signature(l), w.end}
	}
	return q.matchWordRun(stripped)
}

// withoutPigLatin returns the letters without the ending "ay" of Pig Latin.
func (w word) withoutPigLatin() []byte {
	if n := len(w.letters); n > 2 && w.letters[n-2] == 1 && w.letters[n-1] == 25 {
		return w.letters[:n-2]
	}
	return w.letters
}

// matchWordRun looks for wordRun words in a row with the signatures of a secret's.
func (q *search) matchWordRun(words []word) bool {
	if len(words) < wordRun {
		return false
	}
	h := wordRunHash(words[:wordRun-1])
	for i := 0; i+wordRun <= len(words); i++ {
		run := words[i : i+wordRun]
		h = h*rollBase + run[wordRun-1].signature
		if q.filter.words.runBloom.has(h) {
			if id := q.filter.words.runs[h]; id > 0 && letterCount(run) >= 28 && !q.userSent(run) {
				return q.report("shuffled words", id-1)
			}
		}
		h -= run[0].signature * rollEnd
	}
	return false
}

// userSent reports whether the user sent words with these signatures in a row.
func (q *search) userSent(run []word) bool {
	if q.userText == "" {
		return false
	}
	want := wordRunHash(run)
	_, words := q.filter.splitWords(q.userText, &scratch{})
	for i := 0; i+len(run) <= len(words); i++ {
		if wordRunHash(words[i:i+len(run)]) == want {
			return true
		}
	}
	return false
}

// reversedWords looks for words in reverse order and for words with their letters reversed.
func (q *search) reversedWords(words []word) bool {
	out := q.scratch.bufA[:0]
	for i := len(words) - 1; i >= 0; i-- {
		out = append(out, words[i].letters...)
	}
	if q.matchLetters("words backwards", out) {
		return true
	}
	out = out[:0]
	for _, w := range words {
		for i := len(w.letters) - 1; i >= 0; i-- {
			out = append(out, w.letters[i])
		}
	}
	return q.matchLetters("each word reversed", out)
}

// withoutFillers leaves out frequent words, then looks at every second to fourth word.
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
		if q.matchLetters("without fillers", seq) {
			return true
		}
	}
	for step := 2; step <= 4; step++ {
		for offset := 0; offset < step; offset++ {
			seq = seq[:0]
			for i := offset; i < len(words); i += step {
				seq = append(seq, words[i].letters...)
			}
			if q.matchLetters("every other word", seq) {
				return true
			}
		}
	}
	return false
}

// acrostic looks at the first and last letters of words, and at the initials of every second to sixth word, as when
// lines lost their breaks.
func (q *search) acrostic(words []word) bool {
	if len(words) < 16 {
		return false
	}
	first, last := resize(q.scratch.bufB, len(words)), resize(q.scratch.bufA, len(words))
	for i, w := range words {
		first[i], last[i] = w.letters[0], w.letters[len(w.letters)-1]
	}
	return q.matchLetters("first letters", first) ||
		q.matchLetters("last letters", last) ||
		q.matchLetters("first letters, reversed", reversed(q.scratch.bufA, first)) ||
		q.everyNth("first letters of some words", 6, first)
}
