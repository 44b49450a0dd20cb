package sanitize

import (
	"math/bits"
	"slices"

	"github.com/adiuva/cloud-api/internal/sanitize/fold"
	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// sequence is a way of writing a text as symbols. The secrets have an index for each.
type sequence uint8

const (
	letterSeq      sequence = iota // letters
	backwardSeq                    // letters of the secrets backwards
	leetSeq                        // letters, and what resembles one
	consonantSeq                   // letters that are no vowels
	stepSeq                        // differences of neighbouring letters, the same after a Caesar shift
	backStepSeq                    // the same of the secrets backwards
	patternSeq                     // distances to the latest occurrence, the same after any substitution
	backPatternSeq                 // the same of the secrets backwards
	singleSeq                      // letters, of which those that follow an equal one are left out
	keypadSeq                      // digits of a telephone's keys
	beginSeq                       // the first three letters of each word
	lagSeq                         // differences of letters at a distance of 2, the same after shifts that alternate
	sequences      = lagSeq + maxLag - 1
)

// maxLag is the greatest distance of letters of which there are differences. Those at a distance of 3 are lagSeq+1.
const maxLag = 8

// sequenceTable has, for each sequence, the length of a seed and the distance of seeds, see index.New, how many symbols
// in a row are a leak, and how many are a piece that counts together with those in other answers.
var sequenceTable = [sequences]struct{ gram, stride, leak, note int }{
	letterSeq:      {8, 2, 28, 12},
	backwardSeq:    {8, 8, 28, 12},
	leetSeq:        {8, 8, 28, 14},
	consonantSeq:   {8, 8, 21, 14},
	stepSeq:        {8, 6, 27, 13},
	backStepSeq:    {8, 6, 27, 13},
	patternSeq:     {10, 6, 32, 24},
	backPatternSeq: {10, 6, 32, 24},

	singleSeq: {8, 8, 27, 14},
	keypadSeq: {12, 8, 30, 24},
	beginSeq:  {8, 8, 27, 18},

	lagSeq:     {8, 16, 27, 23},
	lagSeq + 1: {8, 16, 27, 23},
	lagSeq + 2: {8, 16, 27, 23},
	lagSeq + 3: {8, 16, 27, 23},
	lagSeq + 4: {8, 16, 27, 23},
	lagSeq + 5: {8, 16, 27, 23},
	lagSeq + 6: {8, 16, 27, 23},
}

// written is a text as letters, as letters and what resembles one, and as words, whose places are counted from first.
type written struct {
	letters, leet []uint8
	words         []index.Word
	first         int
}

// newIndexes returns the index of each sequence of the texts.
func newIndexes(texts []written) (x [sequences]*index.Index) {
	for s, row := range sequenceTable {
		if rule := sequence(s).rule(); rule.Symbol != nil {
			x[s] = index.Derive(x[letterSeq], rule, row.gram, row.stride)
			continue
		}
		var in [][]uint8
		for _, w := range texts {
			in = append(in, sequence(s).of(w))
		}
		if sequence(s) == letterSeq {
			x[s] = index.New(row.gram, row.stride, in...)
		} else {
			x[s] = index.NewPacked(row.gram, row.stride, in...)
		}
	}
	return x
}

// rule returns the rule that makes a sequence from letters, if there is one.
func (s sequence) rule() index.Rule {
	backward := s == backwardSeq || s == backStepSeq || s == backPatternSeq
	switch s {
	case backwardSeq:
		return index.Rule{Backward: true, Symbol: letterAt}
	case patternSeq, backPatternSeq:
		return index.Rule{Backward: backward, Symbol: distanceAt}
	case keypadSeq:
		return index.Rule{Symbol: keyAt}
	}
	if lag := s.lag(); lag > 0 {
		return index.Steps(lag, backward)
	}
	return index.Rule{}
}

// of returns a text as the sequence, but letters where that has distances or digits.
func (s sequence) of(w written) []uint8 {
	letters := w.letters
	if s.rule().Backward {
		letters = slices.Clone(letters)
		slices.Reverse(letters)
	}
	if lag := s.lag(); lag > 0 {
		return stepsOf(letters, lag)
	}
	switch s {
	case leetSeq:
		return w.leet
	case consonantSeq:
		return consonantsOf(letters)
	case singleSeq:
		return slices.Compact(slices.Clone(letters))
	case beginSeq:
		return beginningsOf(w)
	default:
		return letters
	}
}

// lag returns the distance of the letters whose differences a sequence has, or 0 if it has others.
func (s sequence) lag() int {
	switch {
	case s >= lagSeq:
		return int(s-lagSeq) + 2
	case s == stepSeq || s == backStepSeq:
		return 1
	}
	return 0
}

// beginning is how many letters of a word are its beginning.
const beginning = 3

func beginningsOf(w written) (out []uint8) {
	for _, word := range w.words {
		at := int(word.From) - w.first
		out = append(out, w.letters[at:at+min(int(word.Len), beginning)]...)
	}
	return out
}

// keys has the digit of each letter on a telephone's keys.
const keys = "22233344455566677778889999"

// keyAt, letterAt and distanceAt are of a rule, see index.Rule.
func keyAt(text []uint8, p, _ int) uint8 {
	if c := text[p]; c != 0 {
		return keys[c-1] - '0'
	}
	return 0
}

func letterAt(text []uint8, p, _ int) uint8 { return text[p] }

// distanceAt is what pattern.add returns for a letter.
func distanceAt(text []uint8, p, before int) uint8 {
	c := text[p]
	if c == 0 {
		return 0
	}
	for d := uint8(1); d <= maxDistance; d++ {
		switch p += before; text[p] {
		case c:
			return d + 1
		case 0:
			return 1
		}
	}
	return 1
}

func consonantsOf(letters []uint8) (out []uint8) {
	for _, c := range letters {
		if !fold.IsVowel(c) {
			out = append(out, c)
		}
	}
	return out
}

// mirrored returns the step between the same letters of the reversed alphabet.
func mirrored(step uint8) uint8 {
	if step == 1 {
		return 1
	}
	return 28 - step
}

// stepsOf returns the differences of letters at a distance.
func stepsOf(letters []uint8, distance int) (out []uint8) {
	for i := distance; i < len(letters); i++ {
		out = append(out, index.Step(letters[i-distance], letters[i]))
	}
	return out
}

// maxDistance is the longest distance that a pattern has.
const maxDistance = 15

// pattern turns symbols into the distances to their latest occurrences. Its zero value is ready for a new text.
type pattern struct {
	latest [maxDistance + 1]uint32 // symbols, by number
	tags   [2]uint64               // a byte for each, the latest first; 0 before the first symbol
	read   uint32                  // symbols
}

// add returns the distance plus 1, or 1 if it is too long.
func (p *pattern) add(symbol uint32) uint8 {
	tag := uint64(symbol*0x9E3779B1>>25) + 1
	d := p.distance(symbol, tag)
	p.tags = [2]uint64{p.tags[0]<<8 | tag, p.tags[1]<<8 | p.tags[0]>>56}
	p.latest[p.read%uint32(len(p.latest))] = symbol
	p.read++
	return uint8(d) + 1
}

// distance compares the tags with that of the symbol, all at the same time.
func (p *pattern) distance(symbol uint32, tag uint64) uint32 {
	const ones = 0x0101010101010101
	for i, tags := range p.tags {
		x := tags ^ tag*ones // a byte of an equal tag is 0
		for equal := (x - ones) &^ x & (ones << 7); equal != 0; equal &= equal - 1 {
			d := uint32(i*8 + bits.TrailingZeros64(equal)/8 + 1)
			if d <= maxDistance && p.latest[(p.read-d)%uint32(len(p.latest))] == symbol {
				return d
			}
		}
	}
	return 0
}
