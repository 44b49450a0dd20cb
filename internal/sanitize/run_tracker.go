package sanitize

import "unicode/utf8"

// The ways of reading in which a run of a secret can be followed letter by letter, as bits.
const (
	readForward = 1 << iota
	readBackward
	readLeet
	readCaesar
	readAtbash
)

// runLengths packs five counters of one byte each, one per way of reading, so that one addition counts all of them.
type runLengths uint64

func (l runLengths) of(way int) int { return int(l >> (8 * way) & 0xFF) }

const laneHighBits runLengths = 0x80_80_80_80_80

// laneMasks has, for each set of ways, all bits of their counters.
var laneMasks = func() (masks [32]runLengths) {
	for set := range masks {
		for way := range 5 {
			masks[set] |= runLengths(set>>way&1) * 0xFF << (8 * way)
		}
	}
	return masks
}()

// nearLongRun is how many 5-grams in a row make a run that must be searched before its text is emitted.
const nearLongRun = longRun - 4

const gramTableBits = 16

// gramTable has the 5-grams that occur in a secret, per way of reading, and the pairs of words in reverse order.
type gramTable struct {
	ways          []uint8         // by fiveGramHash
	reversedPairs map[uint64]bool // by wordPairHash
	pairBloom     bloom           // of the keys of reversedPairs
}

func newGramTable() *gramTable {
	return &gramTable{make([]uint8, 1<<gramTableBits), map[uint64]bool{}, newBloom()}
}

// fiveGramHash hashes the last five symbols of gram, five bits each.
func fiveGramHash(gram, salt uint32) uint32 {
	return (gram&(1<<25-1) ^ salt) * 0x9E3779B1 >> (32 - gramTableBits)
}

// Salts separate the alphabets that share one table.
const (
	leetSalt = 0x155555
	stepSalt = 0x0AAAAA
)

func wordPairHash(before, after uint64) uint64 { return before*0x9E3779B97F4A7C15 ^ after }

func (g *gramTable) addWords(words []word) {
	for i := 1; i < len(words); i++ {
		pair := wordPairHash(words[i].signature, words[i-1].signature)
		g.reversedPairs[pair] = true
		g.pairBloom.add(pair)
	}
}

func (g *gramTable) add(letters, leetLetters []byte) {
	mark := func(seq []byte, way uint8, salt uint32) {
		gram := uint32(0)
		for i, c := range seq {
			gram = gram<<5 | uint32(c)
			if i >= 4 {
				g.ways[fiveGramHash(gram, salt)] |= way
			}
		}
	}
	mark(letters, readForward, 0)
	mark(reversed(nil, letters), readBackward, 0)
	mark(leetLetters, readLeet, leetSalt)
	steps := letterSteps(nil, letters)
	mark(steps, readCaesar, stepSalt)
	mark(atbashSteps(nil, steps), readAtbash, stepSalt)
}

// runTracker reads a text character by character and counts, per way of reading, how many 5-grams in a row up to
// the end of the text occur in a secret. From that a Stream knows how much text to hold back. It also follows
// chains of words in the reverse order of a secret.
type runTracker struct {
	pos         int // bytes read
	letterCount int
	leetCount   int // letters and characters that resemble one
	letterGram  uint32
	leetGram    uint32
	stepGram    uint32
	lastLetter  uint8
	runs        runLengths
	letterAt    [128]int // positions of the latest letters, a ring
	leetAt      [128]int // the same with look-alikes

	wordSignature uint64 // of the word being read; 0 between words
	prevSignature uint64 // of the word before it
	wordStart     int
	chainStart    int // where the chain of words in reverse order began
	chainLength   int // in words

	longest   int // the longest run since the last search, if it reached nearLongRun
	multibyte int // multi-byte characters since the last search
}

// add reads the next character r, whose position is at.
func (t *runTracker) add(f *Filter, r rune, at int) {
	if r == ' ' || r == '\n' || r == '\t' {
		t.endWord(f)
	}
	var code, leetCode uint8
	if r < utf8.RuneSelf {
		code, leetCode = f.fold.ascii[r], f.fold.leet[r]
	} else {
		t.multibyte++
		code = f.fold.nonASCII[r]
		if leetCode = code; leetCode == letterL {
			leetCode = letterI
		}
	}
	var ways uint8           // in which a run goes on
	var increment runLengths // one in the counter of every way that has read a symbol
	if leetCode != 0 {
		t.leetAt[t.leetCount&127] = at
		t.leetCount++
		t.leetGram = t.leetGram<<5 | uint32(leetCode)
		ways, increment = f.grams.ways[fiveGramHash(t.leetGram, leetSalt)]&readLeet, 1<<16
	}
	if code != 0 {
		ways |= t.addLetter(f, code, at)
		increment |= 0x01_01_00_01_01
	} else {
		ways |= ^uint8(readLeet) & 31
	}
	if increment != 0 {
		t.extend(increment, laneMasks[ways])
	}
}

// addLetter adds a letter and returns the ways in which the 5-gram that ends with it occurs in a secret.
func (t *runTracker) addLetter(f *Filter, code uint8, at int) (ways uint8) {
	if t.wordSignature == 0 {
		t.wordStart = at
	}
	t.wordSignature += letterWeight[code]
	t.letterAt[t.letterCount&127] = at
	t.letterCount++
	t.letterGram = t.letterGram<<5 | uint32(code)
	step := int8(code) - int8(t.lastLetter)
	step += 26 & (step >> 7)
	t.stepGram = t.stepGram<<5 | uint32(step+1)
	t.lastLetter = code
	return f.grams.ways[fiveGramHash(t.letterGram, 0)]&(readForward|readBackward) |
		f.grams.ways[fiveGramHash(t.stepGram, stepSalt)]&(readCaesar|readAtbash)
}

// endWord extends or ends the chain of words in the reverse order of a secret.
func (t *runTracker) endWord(f *Filter) {
	if t.wordSignature == 0 {
		return
	}
	pair := wordPairHash(t.prevSignature, t.wordSignature)
	if t.prevSignature != 0 && f.grams.pairBloom.has(pair) && f.grams.reversedPairs[pair] {
		t.chainLength++
		if t.chainLength >= wordRun && t.chainLength%4 == 0 {
			t.longest = max(t.longest, longRun)
		}
	} else {
		t.chainLength, t.chainStart = 0, t.wordStart
	}
	t.prevSignature, t.wordSignature = t.wordSignature, 0
}

// extend adds increment to the counters and resets those outside mask.
func (t *runTracker) extend(increment, mask runLengths) {
	t.runs = (t.runs + increment) & mask
	t.runs -= t.runs & laneHighBits >> 7 // a counter stays at 127
	if (t.runs+(128-nearLongRun)*laneHighBits>>7)&laneHighBits != 0 {
		for way := range 5 {
			t.longest = max(t.longest, t.runs.of(way))
		}
	}
}

// runStart returns the position where the longest run up to the end of the text began. The last five letters always
// count as a run, since they may be the beginning of one.
func (t *runTracker) runStart() int {
	run := max(t.runs.of(0), t.runs.of(1), t.runs.of(3), t.runs.of(4)) + 5
	at := t.pos
	if n := min(run, t.letterCount, 96); n > 0 {
		at = t.letterAt[(t.letterCount-n)&127]
	}
	if n := min(t.runs.of(2)+4, t.leetCount, 96); n > 0 {
		at = min(at, t.leetAt[(t.leetCount-n)&127])
	}
	if t.letterCount > 0 {
		at = min(at, max(t.chainStart, t.pos-otherHold))
	}
	return at
}
