package index

// Piece is a part of a secret, at [From, From+Len), that a text has before its symbol number At. Bits says how unlikely
// it is that the text has it by chance. Place is where to hold the text back if the piece becomes suspect.
type Piece struct {
	From, Len, At, Bits, Place int32
}

const (
	maxTrails   = 32
	maxAhead    = 200 // symbols of a secret that a text may leave out between two pieces
	maxBehind   = 12  // symbols that two pieces may overlap
	maxFiller   = 600 // symbols that a text may have between two pieces
	maxPieces   = 8   // that a trail remembers before it counts
	trailCounts = 36  // bits after which a trail is no chance any more
	trailLikely = 21  // bits after which it is probably none
)

// trail is a sequence of pieces that follow each other in a text and in a secret.
type trail struct {
	place  int32 // of the first piece
	to, at int32 // the end of the latest piece in the secrets and in the text
	bits   int32
	counts bool
	n      int
	pieces [maxPieces]Piece // until it counts
}

// Trails collects pieces. Those that follow each other in the order of a secret count as soon as chance cannot explain
// them, whatever stands between them in the text; before that, as soon as chance is unlikely. Its zero value is ready
// for a new text.
type Trails struct {
	list [maxTrails]trail
	n    int
}

// Add adds a piece and calls count with the pieces that are certainly, or only probably, no chance from now on, some
// more than once.
func (t *Trails) Add(p Piece, count func(p Piece, certain bool)) {
	oldest, found := 0, false
	for i := range t.list[:t.n] {
		l := &t.list[i]
		if l.at < t.list[oldest].at {
			oldest = i
		}
		if ahead := p.From - l.to; ahead < -maxBehind || ahead > maxAhead || p.At-l.at > maxFiller {
			continue
		}
		found = true
		if p.From+p.Len > l.to {
			l.add(p, count)
		}
	}
	if found {
		return
	}
	if t.n < maxTrails {
		oldest = t.n
		t.n++
	}
	t.list[oldest] = trail{to: p.From, place: p.Place}
	t.list[oldest].add(p, count)
}

// add adds a piece that ends after the trail.
func (l *trail) add(p Piece, count func(p Piece, certain bool)) {
	l.bits += p.Bits
	l.to, l.at = p.From+p.Len, p.At
	if l.counts {
		count(p, true)
		return
	}
	if l.n < maxPieces {
		l.pieces[l.n] = p
		l.n++
	}
	if l.bits < trailLikely {
		return
	}
	l.counts = l.bits >= trailCounts
	for _, q := range l.pieces[:l.n] {
		count(q, l.counts)
	}
	if l.counts {
		l.n = 0
	}
}

const (
	suspectBits = 10  // evidence that makes a trail suspect
	suspectFor  = 150 // symbols of the text for which it stays so
)

// Suspect returns the earliest place of a trail that may become a leak, given how many symbols of the text were read,
// or none.
func (t *Trails) Suspect(read, none int) int {
	for i := range t.list[:t.n] {
		if l := &t.list[i]; l.bits >= suspectBits && int32(read)-l.at <= suspectFor {
			none = min(none, int(l.place))
		}
	}
	return none
}
