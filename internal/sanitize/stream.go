package sanitize

// Stream filters an answer while it is generated. It emits text once it can no longer be part of a leak. It is not safe
// for concurrent use.
type Stream struct {
	scanner *scanner
	tally   *tally
	emit    func(string) error
	sent    int // bytes emitted
	judged  int // bytes that were read when it was last decided what may be emitted
	err     error
}

// Stream returns a filter that passes text on to emit. The emitted pieces join to what Text returns for the same text.
// After a hit Write or Close returns ErrLeak. Nothing was emitted of a secret that the answer has in a row, and a few
// pieces at most of one that it has in pieces.
func (s *Scope) Stream(emit func(string) error) *Stream {
	t := &tally{filter: s.filter, ctx: s.ctx, own: s.own, work: &s.work, pieces: s.pieces}
	return &Stream{scanner: newScanner(s.filter, t, 0), tally: t, emit: emit}
}

// Hit returns why the answer was blocked, or nil.
func (t *Stream) Hit() *Hit { return t.tally.hit }

// Write adds the next piece of the answer, which may end anywhere, even inside a character. It returns ErrLeak when
// the answer must be replaced, or the error of emit; later calls return the same error.
func (t *Stream) Write(text string) error {
	if t.err != nil {
		return t.err
	}
	t.release(t.read(text, false))
	return t.err
}

// Close ends the answer. It emits what was held back, or returns ErrLeak or the error of emit. Nothing may be written
// after it.
func (t *Stream) Close() error {
	if t.scanner == nil {
		return t.err
	}
	if t.err == nil {
		t.release(t.read("", true))
	}
	t.scanner.free()
	t.scanner = nil
	return t.err
}

// read passes text to the scanner and returns how many bytes of the answer may be emitted. A panic is a hit, and so is
// an answer that is too long.
func (t *Stream) read(text string, final bool) (to int) {
	defer func() {
		if recover() != nil {
			t.tally.hit = &Hit{View: "failure"}
		}
	}()
	if len(t.scanner.text)+len(text) > maxText {
		t.tally.hit = &Hit{View: "too long"}
		return 0
	}
	t.scanner.write(text, final)
	t.tally.addToHistory()
	if final {
		return len(t.scanner.text)
	}
	if pos := t.scanner.reader.pos; pos != t.judged {
		t.judged = pos
		return t.scanner.held()
	}
	return 0
}

func (t *Stream) release(to int) {
	if t.tally.leaked() {
		t.err = ErrLeak
	}
	if t.err != nil || to <= t.sent {
		return
	}
	part := string(t.scanner.text[t.sent:to])
	t.sent = to
	t.err = t.emit(part)
}
