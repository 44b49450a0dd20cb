package sanitize

import "unicode/utf8"

const (
	sampleEvery = 16 // bytes between two samples of the language at the end of the text
	sampleSize  = 48 // bytes in a sample

	naturalHold         = 64   // bytes held back of natural language
	otherHold           = 1024 // characters held back of anything else
	naturalAfter        = 128  // bytes of natural language that end a stretch of other text
	naturalAfterOpening = 80   // the same when only the opening words did not look natural

	searchEvery      = 512  // bytes between two searches of text that is not natural language
	searchWindow     = 1536 // bytes at the end of the text that are searched
	wideSearchWindow = 4096 // the same for multi-byte text; also the most bytes that are held for a run
	longRun          = 23   // matching 5-grams in a row that trigger a search
)

// Stream filters an answer while it is generated. It emits text once it can no longer be part of a leak: it holds
// back at most 64 characters of natural language and up to 1024 of anything else. It is not safe for concurrent
// use.
type Stream struct {
	scope        *Scope
	emit         func(string) error
	text         []byte
	chars        int  // characters in text
	sent         int  // bytes emitted
	sentChars    int  // characters emitted
	searched     int  // length of text at the last search
	naturalBytes int  // bytes of natural language up to the end of text
	natural      bool // whether the end of text is treated as natural language
	runs         runTracker
	hit          *Hit
	err          error
}

// Stream returns a filter that passes text on to emit. The emitted pieces join to what Text returns for the same
// text. After a hit Write or Close returns ErrLeak, and nothing of the secret was emitted.
func (s *Scope) Stream(emit func(string) error) *Stream {
	return &Stream{scope: s, emit: emit, natural: true, naturalBytes: naturalAfter}
}

// Hit returns why the answer was blocked, or nil.
func (t *Stream) Hit() *Hit { return t.hit }

// Write adds the next piece of the answer, which may end anywhere, even inside a character. It returns ErrLeak when
// the answer must be replaced, or the error of emit; later calls return the same error.
func (t *Stream) Write(text string) error {
	for len(text) > 0 && t.err == nil {
		n := min(len(text), sampleEvery-len(t.text)%sampleEvery)
		t.text = append(t.text, text[:n]...)
		t.chars += countChars(text[:n])
		t.trackRuns()
		text = text[n:]
		if len(t.text)%sampleEvery == 0 {
			t.sample()
		}
	}
	t.releaseUpTo(t.releasable())
	return t.err
}

// Close ends the answer. It emits what was held back, or returns ErrLeak or the error of emit.
func (t *Stream) Close() error {
	if t.err == nil {
		t.block(t.scope.findLeak(string(t.text), true))
	}
	t.releaseUpTo(len(t.text))
	return t.err
}

func (t *Stream) block(hit *Hit) {
	if hit != nil && t.err == nil {
		t.hit, t.err = hit, ErrLeak
	}
}

func (t *Stream) releaseUpTo(to int) {
	if t.err != nil || to <= t.sent {
		return
	}
	part := string(t.text[t.sent:to])
	t.sent, t.sentChars = to, t.sentChars+countChars(part)
	if err := t.emit(part); err != nil {
		t.err = err
	}
}

// trackRuns passes the text up to the last whole character to the run tracker.
func (t *Stream) trackRuns() {
	for t.runs.pos < len(t.text) {
		c := t.text[t.runs.pos]
		if c < utf8.RuneSelf {
			t.runs.add(t.scope.filter, rune(c), t.runs.pos)
			t.runs.pos++
			continue
		}
		if !utf8.FullRune(t.text[t.runs.pos:]) {
			return
		}
		r, size := utf8.DecodeRune(t.text[t.runs.pos:])
		t.runs.add(t.scope.filter, r, t.runs.pos)
		t.runs.pos += size
	}
}

// sample checks whether the end of the text is natural language, and searches it when it is not or when a run is
// long. It is called at fixed positions of the text, so that the result does not depend on how the text was split.
func (t *Stream) sample() {
	n := len(t.text)
	if n > maxText {
		t.block(&Hit{View: "too long"})
		return
	}
	wasNatural := t.natural
	switch {
	case t.scope.filter.language.isNatural(t.text[max(0, n-sampleSize):]):
		t.naturalBytes += sampleEvery
	case n < sampleSize: // a few opening words say little about the answer
		t.naturalBytes = naturalAfter - naturalAfterOpening
	default:
		t.naturalBytes = 0
	}
	t.natural = t.naturalBytes >= naturalAfter || wasNatural && t.naturalBytes > 0 && n >= sampleSize
	if !t.natural && n-t.searched >= searchEvery || t.natural && !wasNatural || t.runs.longest >= longRun {
		t.searchTail()
	}
}

// searchTail searches the end of the text. It blocks the answer as well when a nearly long run began before the
// window.
func (t *Stream) searchTail() {
	n := len(t.text)
	t.searched = n
	window := searchWindow
	if start := t.runs.runStart(); start < n-window || t.runs.multibyte > 32 {
		window = wideSearchWindow
		if t.runs.longest >= nearLongRun && start < n-window {
			t.block(&Hit{View: "held too long"})
			return
		}
	}
	from := max(0, n-window)
	for from > 0 && from < n && !utf8.RuneStart(t.text[from]) {
		from++
	}
	t.block(t.scope.findLeak(string(t.text[from:t.runs.pos]), false))
	t.runs.longest, t.runs.multibyte = 0, 0
}

// releasable returns how many bytes of the text may be emitted.
func (t *Stream) releasable() int {
	n := len(t.text)
	to := n - naturalHold
	if !t.natural {
		to = t.sent
		for free := t.chars - t.sentChars - otherHold; free > 0; free-- {
			to++
			for to < n && !utf8.RuneStart(t.text[to]) {
				to++
			}
		}
	}
	to = min(to, t.runs.runStart())
	for to > 0 && to < n && !utf8.RuneStart(t.text[to]) {
		to--
	}
	return to
}

// countChars returns how many characters begin in s.
func countChars(s string) (n int) {
	for i := range len(s) {
		n += btoi(utf8.RuneStart(s[i]))
	}
	return n
}
