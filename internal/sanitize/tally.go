package sanitize

import (
	"context"

	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// tally adds up what an answer has of the secrets, over all views.
type tally struct {
	filter  *Filter
	ctx     context.Context
	own     *ownText // what the caller sent
	work    *work    // what the answer has cost
	pieces  *pieces  // for the history of the account; nil if each answer counts alone
	covered index.Cover
	sums    []partSum
	hit     *Hit
	learn   func(seq sequence, m index.Match) // if set, takes the matches instead
	view    string                            // how the text was decoded
	near    bool                              // whether there was a match that is nearly a leak
}

// partSum is how many letters of a part of the index an answer has.
type partSum struct{ from, letters int }

// sum adds letters of a part and returns how many there are now.
func (t *tally) sum(p *part, letters int) int {
	for i := range t.sums {
		if s := &t.sums[i]; s.from == p.from {
			s.letters += letters
			return s.letters
		}
	}
	t.sums = append(t.sums, partSum{p.from, letters})
	return letters
}

// An answer is a leak when it has this many letters of one secret in pieces that are no leak by themselves, or most of
// a short secret.
const (
	maxSum   = 88
	minSum   = 40
	maxShare = 0.5
)

func (t *tally) leaked() bool { return t.hit != nil }

// work counts the steps that all texts of a Scope have cost.
type work struct {
	bytes int // read
	steps int
}

// The steps that a text may cost: some of the decoders are dear even for a short text, and no text costs more than
// stepsPerByte on the whole. TestWorkGrowsWithTheText has the figures of the worst texts.
const (
	baseSteps    = 1 << 22
	stepsPerByte = 256
)

// stepsPerLook is after how many steps the work looks whether the request has ended.
const stepsPerLook = 1 << 10

// left returns how many steps may still be taken.
func (w *work) left() int { return baseSteps + stepsPerByte*w.bytes - w.steps }

// spend counts steps and reports whether to go on. The work ends when there were too many, and with the request.
func (t *tally) spend(steps int) bool {
	before := t.work.steps
	if t.work.steps += steps; t.work.left() < 0 && t.hit == nil {
		t.hit = &Hit{View: Budget}
	}
	if before/stepsPerLook != t.work.steps/stepsPerLook && t.ctx.Err() != nil && t.hit == nil {
		t.hit = &Hit{View: Canceled}
	}
	return t.hit == nil
}

// check reports a leak if the match is long enough without what the caller sent.
func (t *tally) check(view int, seq sequence, m index.Match) {
	t.checkNamed(arriving[view].name, seq, m)
}

// checkNamed is check for a view by its name.
func (t *tally) checkNamed(view string, seq sequence, m index.Match) {
	t.noteMatch(seq, m)
	if t.learn != nil {
		t.learn(seq, m)
		return
	}
	if t.hit != nil {
		return
	}
	owner := t.filter.indexes[seq].Owner(m.From)
	p := &t.filter.parts[owner]
	if !p.isLeak(seq, m.From, m.Len) {
		t.near = t.near || m.Len*10 >= sequenceTable[seq].leak*8
		return
	}
	if own := t.own.cover(t, seq); own != nil {
		known := max(own.Len(m.From, m.From+m.Len), t.knownLetters(seq, owner, m))
		if !p.isLeak(seq, m.From, m.Len-known) {
			return
		}
	}
	t.report(p.secret, view)
}

// knownLetters returns how many symbols of a match, about, stand for letters of the secret that the user sent.
func (t *tally) knownLetters(seq sequence, owner int, m index.Match) int {
	from, to := t.filter.indexes[seq].Bounds(owner)
	first, last := m.From-from, m.From-from+m.Len
	if seq == backwardSeq || seq == backStepSeq || seq == backPatternSeq {
		first, last = to-from-last, to-from-first
	}
	p, size := &t.filter.parts[owner], max(to-from, 1)
	letters := p.to - p.from
	known := t.own.cover(t, letterSeq).Len(p.from+first*letters/size, p.from+(last*letters+size-1)/size)
	return known * size / letters
}

func (t *tally) report(owner int, view string) {
	if t.hit == nil {
		t.hit = &Hit{SecretID: t.filter.secrets[owner].ID, View: t.view + view}
	}
}

// cover adds a piece of a secret in letters. The answer is a leak once it has too many letters of one secret.
func (t *tally) cover(from, n int) {
	t.note(from, n)
	if t.learn != nil {
		t.covered.Add(from, from+n)
		return
	}
	if t.hit != nil {
		return
	}
	added := t.covered.Add(from, from+n)
	if added == 0 {
		return
	}
	p := &t.filter.parts[t.filter.indexes[letterSeq].Owner(from)]
	most := p.mostInAnswer()
	if t.sum(p, added) < most {
		return
	}
	if own := t.own.read(t); own != nil && t.covered.Without(&own.words, p.from, p.to) < most {
		return
	}
	t.report(p.secret, piecesView)
}
