package index

import "math/bits"

// Match is what a sequence and a secret have in common: Len symbols in a row, of which the secret's are at
// [From, From+Len) of the index. End is how many of the symbols that were being read when the match ended belong to
// it or are before it.
type Match struct {
	From, Len, End int
}

// Reader follows one sequence of symbols. Its zero value is ready for a new sequence.
type Reader struct {
	gram uint64 // the latest symbols
	pos  int32  // where the match that is being followed goes on in the secrets; 0 if there is none
	run  int32  // its length
}

// minMatch is the shortest match that is reported, in symbols.
const minMatch = 8

// Read reads symbols, all from 1 to 31, and calls ended with every match that ended, the longest that the index finds
// at its place. The match that may go on is returned by Open.
func (r *Reader) Read(x *Index, symbols []uint8, ended func(Match)) {
	gram, pos, run := r.gram, r.pos, r.run
	for i, c := range symbols {
		gram = gram<<symbolBits | uint64(c)
		if pos != 0 && x.At(int(pos)) == c {
			pos++
			run++
			continue
		}
		if run == 0 && !x.maySeed(gram) {
			continue
		}
		r.gram, r.pos, r.run = gram, pos, run
		r.seek(x, i, ended)
		pos, run = r.pos, r.run
	}
	r.gram, r.pos, r.run = gram, pos, run
}

// Add reads one symbol.
func (r *Reader) Add(x *Index, c uint8, ended func(Match)) {
	r.gram = r.gram<<symbolBits | uint64(c)
	if r.pos != 0 && x.At(int(r.pos)) == c {
		r.pos++
		r.run++
		return
	}
	if r.run == 0 && !x.maySeed(r.gram) {
		return
	}
	r.seek(x, 0, ended)
}

// ReadEvery reads one in len(readers) symbols with each reader, the first with the reader number lane.
func ReadEvery(x *Index, readers []Reader, lane int, symbols []uint8, ended func(Match)) {
	for i, c := range symbols {
		r := &readers[lane]
		if lane++; lane == len(readers) {
			lane = 0
		}
		r.gram = r.gram<<symbolBits | uint64(c)
		if r.run == 0 && !x.maySeed(r.gram) {
			continue
		}
		if r.pos != 0 && x.At(int(r.pos)) == c {
			r.pos++
			r.run++
			continue
		}
		r.seek(x, i, ended)
	}
}

// seek ends the match, if there is one, and looks for another that ends with the latest symbol, number at of those
// that are being read.
func (r *Reader) seek(x *Index, at int, ended func(Match)) {
	oldPos, oldRun := r.pos, r.run
	r.pos, r.run = 0, 0
	if x.maySeed(r.gram) {
		r.find(x, int(oldPos), int(oldRun))
	}
	if oldRun >= minMatch {
		ended(Match{From: int(oldPos - oldRun), Len: int(oldRun), End: at})
	}
}

// maxBack is how many symbols a new match is extended backwards over the match before it.
const maxBack = 64

// find looks for the longest match that ends with the latest symbol. The symbols before that are those of the match of
// length oldRun before oldPos, if there was one.
func (r *Reader) find(x *Index, oldPos, oldRun int) {
	key := x.key(r.gram)
	slot, tag := slotOf(key, x.seeds.size), x.seeds.tag(key)
	for range 4 * maxCopies {
		entry := x.seeds.at(slot)
		if entry == 0 {
			break
		}
		slot = after(slot, x.seeds.size)
		number, ok := x.seeds.number(entry, tag)
		p := number * x.stride
		if !ok || !x.matches(r.gram, p) {
			continue
		}
		run := x.gram
		older := r.gram >> (symbolBits * uint(run))
		for ; run < maxGram && older&31 != 0 && uint64(x.At(p-run-1)) == older&31; run++ {
			older >>= symbolBits
		}
		for run <= min(oldRun, maxBack) && x.At(p-run-1) != 0 && x.At(p-run-1) == x.At(oldPos-run) {
			run++
		}
		if int32(run) > r.run {
			r.pos, r.run = int32(p), int32(run)
		}
	}
}

// Open returns the match that ends with the latest symbol and may go on, with End 0; its Len is 0 if there is none.
func (r *Reader) Open() Match {
	return Match{From: int(r.pos - r.run), Len: int(r.run)}
}

// Len returns the length of the match that Open returns.
func (r *Reader) Len() int { return int(r.run) }

// Alive returns how many of the latest symbols may be the beginning of a match.
func (r *Reader) Alive(x *Index) int {
	if r.run > 0 {
		return int(r.run)
	}
	n := 0
	for g := r.gram; n < maxGram-3 && x.hasQuad(g); n++ {
		g >>= symbolBits
	}
	if n == maxGram-3 {
		return x.Reach() // older symbols are not known
	}
	read := (bits.Len64(r.gram) + symbolBits - 1) / symbolBits // or more, if it is maxGram or more
	return min(n+3, x.Reach(), read)
}
