package index

import "math/bits"

// Piece is a part of a secret, at [From, From+Len), that a text has before its symbol number At. Bits says how unlikely
// it is that the text has it by chance. Place is where to hold the text back if the piece becomes suspect.
type Piece struct {
	From, Len, At, Bits, Place int32
}

const (
	maxTrails   = 64  // a bit of Trails.parts each; the least promising is given up for another one
	maxAhead    = 200 // symbols of a secret that a text may leave out between two pieces
	maxStep     = 40  // symbols that are left out before a trail may as well go on without the piece
	maxBehind   = 20  // symbols that two pieces may overlap
	maxFiller   = 600 // symbols that a text may have between two pieces
	maxPieces   = 12  // that a trail remembers before it counts
	moreTrails  = 4   // for which room is made at a time
	mostBits    = 255 // that a piece is taken to say
	trailCounts = 36  // bits after which a trail is no chance any more
	trailLikely = 15  // bits after which it is probably none
)

// trail is a sequence of pieces that follow each other in a text and in a secret.
type trail struct {
	place  int32 // of the first piece
	latest uint8 // bits of the latest piece
	counts bool
	n      uint8            // pieces, until it counts
	len    [maxPieces]uint8 // of each
	ahead  [maxPieces]uint8 // how far each begins after the end of the trail before it, plus maxBehind
	first  int32            // where its first piece begins in the secrets
}

// end is where a trail ends.
type end struct {
	to, at int32 // the end of the latest piece in the secrets and in the text
	bits   int32
}

// Trails collects pieces. Those that follow each other in the order of a secret count as soon as chance cannot explain
// them, whatever stands between them in the text; before that, as soon as chance is unlikely. Its zero value is ready
// for a new text.
type Trails struct {
	ends []end // of list
	list []trail
	// parts has the trails that end in a part of the secrets, one bit each, by number. It is nil before the first one.
	parts *[trailParts]uint64
}

// A part of the secrets has 1<<partShift symbols. That is more than maxAhead+maxBehind, so the trails that may go on
// with a piece end in one of two parts. Parts whose numbers differ by a multiple of trailParts share a set.
const (
	partShift  = 8
	trailParts = 16
)

// endingNear returns the numbers of the trails that may go on with a piece which begins at from: one bit each.
func (t *Trails) endingNear(from int32) uint64 {
	if t.parts == nil {
		return 0
	}
	return t.parts[(from-maxAhead)>>partShift&(trailParts-1)] | t.parts[(from+maxBehind)>>partShift&(trailParts-1)]
}

// move notes that trail number i ends at to.
func (t *Trails) move(i int, to int32) {
	e := &t.ends[i]
	t.parts[e.to>>partShift&(trailParts-1)] &^= 1 << i
	t.parts[to>>partShift&(trailParts-1)] |= 1 << i
	e.to = to
}

// Reset makes t ready for a new text. It keeps its memory.
func (t *Trails) Reset() {
	clear(t.list)
	clear(t.ends)
	t.list, t.ends = t.list[:0], t.ends[:0]
	if t.parts != nil {
		*t.parts = [trailParts]uint64{}
	}
}

// Add adds a piece to the trails that may go on with it. If there is none, it begins one, unless it says nothing. Add
// calls count with the parts [from, from+n) of a secret that are certainly, or only probably, no chance from now on,
// some more than once.
func (t *Trails) Add(p Piece, count func(from, n int, certain bool)) {
	from, found := -1, false
	for near := t.endingNear(p.From); near != 0; near &= near - 1 {
		i := bits.TrailingZeros64(near)
		e := &t.ends[i]
		ahead := p.From - e.to
		switch {
		case uint32(ahead+maxBehind) > maxBehind+maxAhead || p.At-e.at > maxFiller:
		case ahead <= maxStep:
			found = true
			t.extend(i, p, count)
		case from < 0 || e.bits > t.ends[from].bits:
			from = i
		}
	}
	if found || p.Bits == 0 {
		return
	}
	next, nextEnd := trail{place: p.Place}, end{to: p.From}
	if from >= 0 {
		next, nextEnd = t.list[from], t.ends[from]
	}
	i := t.room(p.At)
	t.move(i, nextEnd.to)
	t.list[i], t.ends[i] = next, nextEnd
	t.extend(i, p, count)
}

// room returns the number of a new trail, or that of the least promising one when a text has read at symbols.
func (t *Trails) room(at int32) (least int) {
	if n := len(t.list); n < maxTrails {
		if n == cap(t.list) {
			t.list = append(make([]trail, 0, n+moreTrails), t.list...)
			t.ends = append(make([]end, 0, n+moreTrails), t.ends...)
		}
		if t.parts == nil {
			t.parts = new([trailParts]uint64)
		}
		t.list, t.ends = append(t.list, trail{}), append(t.ends, end{})
		return n
	}
	for i := range t.ends {
		if t.ends[i].value(at) < t.ends[least].value(at) {
			least = i
		}
	}
	return least
}

// value returns how much would be lost without the trail. It shrinks with the text that was read since.
func (e *end) value(at int32) int32 { return 32*e.bits - at + e.at }

// extend adds a piece to trail number i. One that ends within the trail counts for what it says more than the latest
// one.
func (t *Trails) extend(i int, p Piece, count func(from, n int, certain bool)) {
	l, e := &t.list[i], &t.ends[i]
	before, says := e.to, min(p.Bits, mostBits)
	if to := p.From + p.Len; to > e.to {
		e.bits += says
		t.move(i, to)
		e.at = p.At
	} else if says > int32(l.latest) {
		e.bits += says - int32(l.latest)
	} else {
		return
	}
	l.latest = uint8(says)
	if l.counts {
		count(int(p.From), int(p.Len), true)
		return
	}
	if l.n < maxPieces {
		if l.n == 0 {
			l.first, before = p.From, p.From
		}
		l.ahead[l.n], l.len[l.n] = uint8(p.From-before+maxBehind), uint8(min(p.Len, 255))
		l.n++
	}
	if e.bits >= trailLikely {
		l.counts = e.bits >= trailCounts
		l.count(count)
	}
}

// count counts the pieces, which it forgets if they are certain.
func (l *trail) count(count func(from, n int, certain bool)) {
	to := int(l.first)
	for i := range l.n {
		from, n := to+int(l.ahead[i])-maxBehind, int(l.len[i])
		count(from, n, l.counts)
		to = max(to, from+n)
	}
	if l.counts {
		l.n = 0
	}
}

const (
	suspectBits = 10 // evidence that makes a trail suspect
	suspectFor  = 40 // symbols of the text for which it stays so
	suspectMore = 6  // symbols more for each bit
)

// Suspect returns the earliest place of a trail that may become a leak, given how many symbols of the text were read,
// or none.
func (t *Trails) Suspect(read, none int) int {
	for i := range t.ends {
		if e := &t.ends[i]; e.bits >= suspectBits && int32(read)-e.at <= suspectFor+suspectMore*e.bits {
			none = min(none, int(t.list[i].place))
		}
	}
	return none
}
