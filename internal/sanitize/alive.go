package sanitize

import "unicode/utf8"

// The ways in which a run can be followed letter by letter.
const (
	forwards = 1 << iota
	backwards
	leetwards
	shiftwards
	mirrorwards
)

// lanes are five counters of one byte each, one per way of reading.
type lanes uint64

func (l lanes) lane(way int) int { return int(l >> (8 * way) & 0xFF) }

const highBits lanes = 0x80_80_80_80_80

// laneMask has all bits of the lanes of a set of ways.
var laneMask = func() (masks [32]lanes) {
	for set := range masks {
		for way := range 5 {
			masks[set] |= lanes(set>>way&1) * 0xFF << (8 * way)
		}
	}
	return masks
}()

// nearlyLong is how many pieces in a row make a run that is not let go unread.
const nearlyLong = longRun - 4

const aliveBits = 16

// aliveTable knows which pieces of five symbols occur in a secret, per way of reading.
type aliveTable struct {
	has   []uint8
	pairs map[uint64]bool // words in the opposite order of a secret's
	mayBe bitSet          // and which of those pairs there are, nearly
}

func newAliveTable() *aliveTable {
	return &aliveTable{make([]uint8, 1<<aliveBits), map[uint64]bool{}, newBitSet()}
}

func piece(code uint32, salt uint32) uint32 {
	return (code&(1<<25-1) ^ salt) * 0x9E3779B1 >> (32 - aliveBits)
}

const (
	leetSalt  = 0x155555
	shiftSalt = 0x0AAAAA
)

func pairOf(before, after uint64) uint64 { return before*0x9E3779B97F4A7C15 ^ after }

func (a *aliveTable) addWords(words []word) {
	for i := 1; i < len(words); i++ {
		pair := pairOf(words[i].signature, words[i-1].signature)
		a.pairs[pair] = true
		a.mayBe.add(pair)
	}
}

func (a *aliveTable) add(letters, leets []byte) {
	mark := func(seq []byte, way uint8, salt uint32) {
		code := uint32(0)
		for i, c := range seq {
			code = code<<5 | uint32(c)
			if i >= 4 {
				a.has[piece(code, salt)] |= way
			}
		}
	}
	back := reversed(nil, letters)
	mark(letters, forwards, 0)
	mark(back, backwards, 0)
	mark(leets, leetwards, leetSalt)
	shifted := steps(nil, letters)
	mark(shifted, shiftwards, shiftSalt)
	mark(mirrored(nil, shifted), mirrorwards, shiftSalt)
}

// tracker follows how many pieces in a row up to the end of a text occur in a secret, per way of reading.
type tracker struct {
	at       int // bytes read
	letters  int
	signs    int
	code     uint32
	leetCode uint32
	stepCode uint32
	last     uint8
	runs     lanes
	letterAt [128]int // where the latest letters stand
	signAt   [128]int // and the latest letters and their look-alikes
	word     uint64   // the word being read, the one before it, and where they and their chain begin
	before   uint64
	wordAt   int
	chainAt  int
	chained  int
	longest  int // the longest run since the last full reading, where it is one of nearlyLong pieces and more
	wide     int // characters of several bytes since then
}

// add reads the next character, which stands at at.
func (t *tracker) add(f *Filter, r rune, at int) {
	if r == ' ' || r == '\n' || r == '\t' {
		t.endWord(f)
	}
	code, sign := uint8(0), uint8(0)
	if r < utf8.RuneSelf {
		code, sign = f.fold.ascii[r], f.fold.leet[r]
	} else {
		t.wide++
		code = f.fold.pages[r]
		if sign = code; sign == 12 {
			sign = 9
		}
	}
	has, one := uint8(0), lanes(0)
	if sign != 0 {
		t.signAt[t.signs&127] = at
		t.signs++
		t.leetCode = t.leetCode<<5 | uint32(sign)
		has, one = f.alive.has[piece(t.leetCode, leetSalt)]&leetwards, 1<<16
	}
	if code != 0 {
		has, one = has|t.addLetter(f, code, at), one|0x01_01_00_01_01
	} else {
		has |= ^uint8(leetwards) & 31
	}
	if one != 0 {
		t.follow(one, laneMask[has])
	}
}

// addLetter returns the ways in which the piece that ends with this letter occurs in a secret.
func (t *tracker) addLetter(f *Filter, code uint8, at int) (has uint8) {
	if t.word == 0 {
		t.wordAt = at
	}
	t.word += letterWeight[code]
	t.letterAt[t.letters&127] = at
	t.letters++
	t.code = t.code<<5 | uint32(code)
	step := int8(code) - int8(t.last)
	step += 26 & (step >> 7)
	t.stepCode = t.stepCode<<5 | uint32(step+1)
	t.last = code
	return f.alive.has[piece(t.code, 0)]&(forwards|backwards) | f.alive.has[piece(t.stepCode, shiftSalt)]&(shiftwards|mirrorwards)
}

// endWord follows words that stand in the opposite order of a secret's.
func (t *tracker) endWord(f *Filter) {
	if t.word == 0 {
		return
	}
	if pair := pairOf(t.before, t.word); t.before != 0 && f.alive.mayBe.may(pair) && f.alive.pairs[pair] {
		t.chained++
		if t.chained >= signatureRun && t.chained%4 == 0 {
			t.longest = max(t.longest, longRun)
		}
	} else {
		t.chained, t.chainAt = 0, t.wordAt
	}
	t.before, t.word = t.word, 0
}

// follow adds one to the lanes of one and empties those that mask leaves out.
func (t *tracker) follow(one, mask lanes) {
	t.runs = (t.runs + one) & mask
	t.runs -= t.runs & highBits >> 7 // a lane stays at 127
	if (t.runs+(128-nearlyLong)*highBits>>7)&highBits != 0 {
		for way := range 5 {
			t.longest = max(t.longest, t.runs.lane(way))
		}
	}
}

// start returns where the longest run that is still alive began; the last five letters always count as alive.
func (t *tracker) start() int {
	run := max(t.runs.lane(0), t.runs.lane(1), t.runs.lane(3), t.runs.lane(4)) + 5
	at := t.at
	if n := min(run, t.letters, 96); n > 0 {
		at = t.letterAt[(t.letters-n)&127]
	}
	if n := min(t.runs.lane(2)+4, t.signs, 96); n > 0 {
		at = min(at, t.signAt[(t.signs-n)&127])
	}
	if t.letters > 0 {
		at = min(at, max(t.chainAt, t.at-otherHold))
	}
	return at
}
