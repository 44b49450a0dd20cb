package chatstream

import (
	"bytes"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// coalesceWindow is how long text after a frame may wait for more: tokens that arrive together are sent together.
	coalesceWindow = 5 * time.Millisecond
	// writeTimeout is how long one frame may take; a client that does not read for ten seconds is closed within them.
	writeTimeout = 9 * time.Second
	// kernelBuffer is how many bytes the kernel keeps for a client that does not read. Beyond it writes block, and
	// with them the model's answer, so that nothing piles up here.
	kernelBuffer = 64 << 10
	// maxPending is how many bytes are sent at once without waiting for more.
	maxPending = 16 << 10
)

// writer sends the text and the last frame of each answer. The first text after a pause is sent at once.
type writer struct {
	// send sends one frame within a time.
	send    func(frame []byte, within time.Duration) error
	events  bool   // text is sent as events of version 2
	onError func() // called when a write fails; may be nil

	mu      sync.Mutex
	pending []byte    // text not yet sent
	sent    time.Time // when the last text frame was sent
	timer   *time.Timer
	armed   bool // the timer will flush
	err     error
}

// text sends text now or a little later. After a failed write it returns that failure, also where another call met it.
func (w *writer) text(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.pending = append(w.pending, text...)
	wait := coalesceWindow - time.Since(w.sent)
	if wait <= 0 || len(w.pending) >= maxPending {
		w.disarm()
		return w.flush(false)
	}
	if w.armed {
		return nil
	}
	w.armed = true
	if w.timer == nil {
		w.timer = time.AfterFunc(wait, w.flushLater)
	} else {
		w.timer.Reset(wait)
	}
	return nil
}

func (w *writer) flushLater() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.armed {
		w.armed = false
		_ = w.flush(false) // w.err keeps the failure for the next call
	}
}

// last sends what is pending and then the last frame.
func (w *writer) last(frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disarm()
	if err := w.flush(true); err != nil {
		return err
	}
	return w.frame(frame, writeTimeout)
}

// event sends what is pending, apart from an incomplete character, and then the frame.
func (w *writer) event(frame []byte) error {
	return w.eventIf(func() bool { return true }, frame)
}

// eventIf is event while is holds, and nothing otherwise.
func (w *writer) eventIf(is func() bool, frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !is() {
		return nil
	}
	w.disarm()
	if err := w.flush(false); err != nil {
		return err
	}
	return w.frame(frame, writeTimeout)
}

// close lets all later frames fail.
func (w *writer) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disarm()
	if w.err == nil {
		w.err = errClientGone
	}
}

// only sends frame as the last one of the socket, without what is pending.
func (w *writer) only(frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disarm()
	return w.frame(frame, closeTimeout)
}

// failed reports whether a write failed, after which no frame gets through.
func (w *writer) failed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err != nil
}

func (w *writer) disarm() {
	if w.armed {
		w.timer.Stop()
		w.armed = false
	}
}

// flush sends what is pending as one frame, or as two where one would look like a JSON object. An incomplete
// character waits for its rest; at the answer's end it and any other invalid UTF-8 become U+FFFD, as in the last
// frame.
func (w *writer) flush(end bool) error {
	n := len(w.pending)
	if !end {
		n = wholeRunes(w.pending)
	}
	if n == 0 {
		return w.err
	}
	text := w.pending[:n]
	if w.events {
		err := w.frame(textEvent(text), writeTimeout)
		w.pending = append(w.pending[:0], w.pending[n:]...)
		w.sent = time.Now()
		return err
	}
	if !utf8.Valid(text) {
		text = []byte(string([]rune(string(text))))
	}
	head := splitJSONLookalike(text)
	if head > 0 {
		if err := w.frame(text[:head], writeTimeout); err != nil {
			return err
		}
	}
	err := w.frame(text[head:], writeTimeout)
	w.pending = append(w.pending[:0], w.pending[n:]...)
	w.sent = time.Now()
	return err
}

// frame sends one text frame. After a failure it sends nothing more and returns that failure.
func (w *writer) frame(data []byte, within time.Duration) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.send(data, within)
	if w.err != nil && w.onError != nil {
		w.onError()
	}
	return w.err
}

// wholeRunes returns the length of b without an incomplete character at its end.
func wholeRunes(b []byte) int {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if utf8.FullRune(b[i:]) {
				break
			}
			return i
		}
	}
	return len(b)
}

const jsonSpace = " \t\r\n"

// splitJSONLookalike returns 0 for a text that no JSON parser, however lenient, takes for an object. Otherwise it
// returns where to cut the text so that this holds for both parts: the first has no closing brace, the second no
// opening one at its start.
func splitJSONLookalike(text []byte) int {
	body := bytes.Trim(text, jsonSpace)
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' {
		return 0
	}
	return len(text) - len(bytes.TrimLeft(text, jsonSpace+"{"))
}
