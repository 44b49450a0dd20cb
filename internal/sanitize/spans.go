package sanitize

import "github.com/adiuva/cloud-api/internal/sanitize/index"

// Letters and look-alikes that a stretch has before the views of spans read it: those that read every one of them, and
// the others. No match of fewer counts for anything.
const (
	leastSpan = leastNoted
	leastLong = 2 * leastNoted
)

// spans are stretches of text that do not look natural. Those that follow each other immediately are read as one.
type spans struct {
	begin   int // look-alikes before the stretch
	to      int // letters before its end
	toLeet  int // look-alikes before its end
	parts   [2]spanPart
	from    int     // letters before those that are read now
	letters []uint8 // that are read now
	leets   []uint8

	readers    *[spanReaders]index.Reader // nil while there is nothing to read
	before     []uint8                    // the latest letters that the views of long spans read, at most maxLag
	lastLetter uint8                      // the latest that the other views read
	pattern    pattern                    // of letters
}

// spanPart is how much of a stretch the views of an input have read.
type spanPart struct{ letters, leet int }

// spanInputs are the inputs of the views that read spans, and how many look-alikes a stretch has before they read it.
var spanInputs = [...]struct {
	in    input
	least int
}{{ofSpans, leastSpan}, {ofLongSpans, leastLong}}

// empty returns spans for a new text that have the memory of sp.
func (sp *spans) empty() spans {
	return spans{letters: sp.letters[:0], leets: sp.leets[:0], before: sp.before[:0]}
}

// unread returns the place of the first letter of the stretch that no view has read yet.
func (sp *spans) unread(r *reader) (place int) {
	place = noPlace
	for _, p := range sp.parts {
		if p.leet < sp.toLeet {
			place = min(place, r.leet.back(r.leet.n-p.leet))
		}
	}
	return place
}

// readSpan passes a span, or what follows of it, to the views that read only text that does not look natural.
func (s *scanner) readSpan(span span) {
	sp, r := &s.spans, &s.reader
	from, to := max(sp.to, r.letters.before(span.from)), r.letters.before(span.to)
	fromLeet, toLeet := max(sp.toLeet, r.leet.before(span.from)), r.leet.before(span.to)
	if from > sp.to {
		s.endSpans()
		sp.begin, sp.parts = fromLeet, [2]spanPart{{from, fromLeet}, {from, fromLeet}}
	}
	sp.to, sp.toLeet = max(to, from), max(toLeet, fromLeet)
	for i, views := range spanInputs {
		part := &sp.parts[i]
		if sp.toLeet-sp.begin < views.least || sp.toLeet == part.leet {
			continue
		}
		sp.from = part.letters
		sp.letters = r.letters.slice(sp.letters[:0], part.letters, sp.to)
		sp.leets = r.leet.slice(sp.leets[:0], part.leet, sp.toLeet)
		*part = spanPart{sp.to, sp.toLeet}
		if sp.readers == nil {
			sp.readers = s.filter.newSpanReaders()
		}
		s.readViews(views.in)
		sp.keepLatest(views.in)
	}
}

// keepLatest keeps the latest letters for the views that compare letters with those before.
func (sp *spans) keepLatest(in input) {
	n := len(sp.letters)
	switch {
	case n == 0:
	case in == ofSpans:
		sp.lastLetter = sp.letters[n-1]
	default:
		sp.before = append(sp.before, sp.letters[max(0, n-maxLag):]...)
		if over := len(sp.before) - maxLag; over > 0 {
			sp.before = append(sp.before[:0], sp.before[over:]...)
		}
	}
}

// endSpans ends the matches of the views that read spans.
func (s *scanner) endSpans() {
	for i, views := range spanInputs {
		if s.spans.parts[i].leet == s.spans.begin {
			continue // nothing was read
		}
		for _, i := range viewsOf[views.in] {
			s.view, s.seq = i, arriving[i].seq
			for _, r := range s.readersOf(i) {
				if m := r.Open(); m.Len > 0 {
					s.add(m)
				}
			}
		}
	}
	s.freeSpanReaders()
	s.spans.lastLetter, s.spans.before, s.spans.pattern = 0, s.spans.before[:0], pattern{}
}

// newSpanReaders returns readers for a stretch. Their memory may be that of readers that were freed.
func (f *Filter) newSpanReaders() *[spanReaders]index.Reader {
	if r, ok := f.spanReaders.Get().(*[spanReaders]index.Reader); ok {
		return r
	}
	return new([spanReaders]index.Reader)
}

// freeSpanReaders keeps the memory of the readers of the stretch for another one, of any text, without anything of it.
func (s *scanner) freeSpanReaders() {
	if r := s.spans.readers; r != nil {
		*r = [spanReaders]index.Reader{}
		s.filter.spanReaders.Put(r)
		s.spans.readers = nil
	}
}
