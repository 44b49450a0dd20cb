package sanitize

import "unicode/utf8"

const (
	tickEvery   = 16   // bytes between two looks at the tail
	proseTail   = 48   // bytes of tail that must look like natural language
	proseHold   = 64   // bytes held back from natural language
	otherHold   = 1024 // characters held back from anything else
	proseAgain  = 128  // bytes of natural language after which other text is over
	proseFirst  = 80   // the same where only the first words of an answer were other text
	checkEvery  = 512  // bytes between two full readings of text that is not natural language
	checkWindow = 1536
	wideWindow  = 4096 // for text of many-byte characters; also the most that is ever held for a run
	longRun     = 23   // pieces of five letters in a row that make a run worth a full reading
)

// Stream filters one answer while it is produced. It lets out what cannot be part of a secret any more: at most 64
// characters of natural language are held back, up to 1024 of anything else. It is for one goroutine.
type Stream struct {
	scope    *Scope
	emit     func(string) error
	text     []byte
	starts   int // characters in text
	out      int // bytes let out
	outs     int // and their characters
	checked  int
	proseFor int
	plain    bool
	tracks   tracker
	hit      *Hit
	err      error
}

// Stream returns a filter that passes text on to emit. Calls of emit join to what Text returns for the same text, unless
// it is stopped; then Write or Close returns ErrLeak and nothing of the secret has been emitted.
func (s *Scope) Stream(emit func(string) error) *Stream {
	return &Stream{scope: s, emit: emit, plain: true, proseFor: proseAgain}
}

// Hit returns why the answer was stopped, or nil.
func (t *Stream) Hit() *Hit { return t.hit }

// Write takes the next piece of the answer, cut anywhere. It returns ErrLeak when the answer must be replaced, or the
// error of emit; both stay.
func (t *Stream) Write(text string) error {
	for len(text) > 0 && t.err == nil {
		n := min(len(text), tickEvery-len(t.text)%tickEvery)
		t.text = append(t.text, text[:n]...)
		t.starts += utf8Starts(text[:n])
		t.track()
		text = text[n:]
		if len(t.text)%tickEvery == 0 {
			t.tick()
		}
	}
	t.release(t.safe())
	return t.err
}

// Close ends the answer: it lets out what is held, or returns ErrLeak.
func (t *Stream) Close() error {
	if t.err == nil {
		t.stop(t.scope.check(string(t.text), true))
	}
	t.release(len(t.text))
	return t.err
}

func (t *Stream) stop(hit *Hit) {
	if hit != nil && t.err == nil {
		t.hit, t.err = hit, ErrLeak
	}
}

func (t *Stream) release(to int) {
	if t.err != nil || to <= t.out {
		return
	}
	part := string(t.text[t.out:to])
	t.out, t.outs = to, t.outs+utf8Starts(part)
	if err := t.emit(part); err != nil {
		t.err = err
	}
}

// track follows the alive runs up to the last whole character.
func (t *Stream) track() {
	for t.tracks.at < len(t.text) {
		c := t.text[t.tracks.at]
		if c < utf8.RuneSelf {
			t.tracks.add(t.scope.filter, rune(c), t.tracks.at)
			t.tracks.at++
			continue
		}
		if !utf8.FullRune(t.text[t.tracks.at:]) {
			return
		}
		r, size := utf8.DecodeRune(t.text[t.tracks.at:])
		t.tracks.add(t.scope.filter, r, t.tracks.at)
		t.tracks.at += size
	}
}

// tick looks at the tail; where it does not look like natural language, or a run has grown long, all views are read.
// Ticks fall on places of the text, never on the pieces it came in, so any cutting leads to the same decisions.
func (t *Stream) tick() {
	n := len(t.text)
	if n > maxText {
		t.stop(&Hit{View: "too long"})
		return
	}
	switch {
	case t.scope.filter.prose.prose(t.text[max(0, n-proseTail):]):
		t.proseFor += tickEvery
	case n < proseTail: // the first words alone tell little
		t.proseFor = proseAgain - proseFirst
	default:
		t.proseFor = 0
	}
	was := t.plain
	t.plain = t.proseFor >= proseAgain || was && t.proseFor > 0 && n >= proseTail
	due := !t.plain && n-t.checked >= checkEvery || t.plain && !was || t.tracks.longest >= longRun
	if !due {
		return
	}
	t.checked = n
	window := checkWindow
	if start := t.tracks.start(); start < n-window || t.tracks.wide > 32 {
		window = wideWindow
		if t.tracks.longest >= nearlyLong && start < n-window {
			t.stop(&Hit{View: "held too long"})
			return
		}
	}
	from := max(0, n-window)
	for from > 0 && from < n && !utf8.RuneStart(t.text[from]) {
		from++
	}
	t.stop(t.scope.check(string(t.text[from:t.tracks.at]), false))
	t.tracks.longest, t.tracks.wide = 0, 0
}

// safe returns how much of the text may be out by now.
func (t *Stream) safe() int {
	n := len(t.text)
	to := n - proseHold
	if !t.plain {
		to = t.out
		for free := t.starts - t.outs - otherHold; free > 0; free-- {
			to++
			for to < n && !utf8.RuneStart(t.text[to]) {
				to++
			}
		}
	}
	to = min(to, t.tracks.start())
	for to > 0 && to < n && !utf8.RuneStart(t.text[to]) {
		to--
	}
	return to
}

// utf8Starts returns how many characters begin in s.
func utf8Starts(s string) (n int) {
	for i := range len(s) {
		n += btoi(utf8.RuneStart(s[i]))
	}
	return n
}
