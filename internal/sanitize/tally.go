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
	steps   int      // that the answer may still cost
	covered index.Cover
	sums    map[int]int // letters of each secret
	hit     *Hit
	learn   func(seq sequence, m index.Match) // if set, takes the matches instead
	view    string                            // how the text was decoded
}

// An answer is a leak when it has this many letters of one secret in pieces that are no leak by themselves, or most of a
// short secret.
const (
	maxSum   = 88
	minSum   = 40
	maxShare = 0.6
)

func (t *tally) leaked() bool { return t.hit != nil }

// spend takes steps from the budget and reports whether there were enough. The budget also ends with the request.
func (t *tally) spend(steps int) bool {
	if t.steps -= steps; t.steps < 0 && t.hit == nil {
		t.hit = &Hit{View: "budget"}
	}
	return t.hit == nil
}

// check reports a leak if the match is long enough without what the caller sent.
func (t *tally) check(view int, seq sequence, m index.Match) {
	t.checkNamed(arriving[view].name, seq, m)
}

// checkNamed is check for a view by its name.
func (t *tally) checkNamed(view string, seq sequence, m index.Match) {
	if t.learn != nil {
		t.learn(seq, m)
		return
	}
	if t.hit != nil {
		return
	}
	x := t.filter.indexes[seq]
	owner := t.filter.owners[x.Owner(m.From)]
	s := &t.filter.secrets[owner]
	least := sequenceTable[seq].leak
	if s.MinRun > sequenceTable[letterSeq].leak {
		least = least * s.MinRun / sequenceTable[letterSeq].leak
	}
	if m.Len < least && !t.filter.hasCanary(seq, m) {
		return
	}
	if own := t.own.cover(t, seq); own != nil && m.Len-own.Len(m.From, m.From+m.Len) < least {
		return
	}
	t.report(owner, view)
}

func (t *tally) report(owner int, view string) {
	if t.hit == nil {
		t.hit = &Hit{SecretID: t.filter.secrets[owner].ID, View: t.view + view}
	}
}

// cover adds a piece of a secret in letters. The answer is a leak once it has too many letters of one secret.
func (t *tally) cover(from, n int) {
	if t.learn != nil || t.hit != nil {
		return
	}
	added := t.covered.Add(from, from+n)
	if added == 0 {
		return
	}
	owner := t.filter.owners[t.filter.indexes[letterSeq].Owner(from)]
	if t.sums == nil {
		t.sums = map[int]int{}
	}
	start, end := t.filter.rangeOf(owner)
	most := min(maxSum, max(minSum, int(maxShare*float64(end-start))))
	if t.sums[owner] += added; t.sums[owner] < most {
		return
	}
	if own := t.own.cover(t, letterSeq); own != nil {
		if t.covered.Without(own, start, end) < most {
			return
		}
	}
	t.report(owner, "pieces")
}
