package sanitize

import (
	"context"

	"github.com/adiuva/cloud-api/internal/sanitize/index"
)

// History is what the answers of one account had of the secrets within the last hour, or a little longer. It consists
// of numbers of units, which are places in the secrets of four letters each: nothing that anybody said is in it. The
// numbers mean the same for all filters with the same Digest, and only for those.
type History interface {
	// Add adds units and returns all, also those that are added by others at the same time: bit i%8 of byte i/8 is
	// unit i. The answer waits for it.
	Add(ctx context.Context, units []int) (all []byte)
}

// The answers of an account in an hour are a leak when they have this many letters of one secret, or most of a shorter
// one. Words at the ends of pieces that are too short to count come on top: together they are some 600 letters.
const (
	maxHour      = 560
	maxHourShare = 0.7
)

// Digest names the set of secrets: it differs between filters of different secrets and is the same after a restart.
func (f *Filter) Digest() string { return f.indexes[letterSeq].Digest() }

// Remember lets the answers of s count together with those in h: an answer with which they have too much of one secret
// is a leak. What an answer has is in h before it is emitted, so that answers at the same time count together as well.
func (s *Scope) Remember(h History) *Scope {
	s.pieces = &pieces{history: h}
	return s
}

// pieces are the pieces of secrets in the answers to one request, without those that the caller sent. They may be too
// short to count in one answer.
type pieces struct {
	history History
	units   index.Cover
	latest  []int // units that the history does not have yet
}

// note notes a piece of a secret in letters.
func (t *tally) note(from, n int) {
	if t.pieces == nil {
		return
	}
	for u, end := index.Units(from, from+n); u < end; u++ {
		if !t.pieces.units.HasUnit(u) && !t.own.hasUnit(t, u) {
			t.pieces.units.AddUnit(u)
			t.pieces.latest = append(t.pieces.latest, u)
		}
	}
}

// noteMatch notes a match in any sequence if it is long enough. Its place in letters is about where it is in the
// sequence.
func (t *tally) noteMatch(seq sequence, m index.Match) {
	if t.pieces == nil || m.Len < sequenceTable[seq].note {
		return
	}
	x, letters := t.filter.indexes[seq], t.filter.indexes[letterSeq]
	i := x.Owner(m.From)
	start, end := x.Bounds(i)
	from := m.From - start
	if seq == backwardSeq || seq == backStepSeq || seq == backPatternSeq {
		from = end - m.From - m.Len
	}
	first, last := letters.Bounds(i)
	size := last - first
	t.note(first+from*size/(end-start), m.Len*size/(end-start))
}

// addToHistory adds to the history what was noted since the last time. The answer is a leak if the account has too many
// letters of a secret with it. What a leak has is added as well, since a part of it may have been emitted.
func (t *tally) addToHistory() {
	if t.pieces == nil || len(t.pieces.latest) == 0 {
		return
	}
	latest := t.pieces.latest
	t.pieces.latest = nil
	all := index.CoverOf(t.pieces.history.Add(t.ctx, latest))
	for _, u := range latest {
		p := &t.filter.parts[t.filter.indexes[letterSeq].Owner(u*index.UnitSize+index.UnitSize/2)]
		if all.Len(p.from, p.to) >= p.mostInHour() {
			t.report(p.secret, hourView)
			return
		}
	}
}

// mostInAnswer returns how many letters of the part an answer may have in pieces, less one.
func (p *part) mostInAnswer() int {
	return min(maxSum, max(minSum, int(maxShare*float64(p.to-p.from)))) * p.least / leastRun
}

// mostInHour returns how many letters of the part the answers of an account may have in an hour, less one.
func (p *part) mostInHour() int {
	return max(p.mostInAnswer(), min(maxHour, int(maxHourShare*float64(p.to-p.from)))*p.least/leastRun)
}
