package httpapi

import (
	"bytes"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

const (
	// coalesceTime is how long the text after a frame may wait for more: tokens that arrive together leave together.
	coalesceTime = 5 * time.Millisecond
	// writeTime is how long one frame may take; a client that does not read for ten seconds is closed within them.
	writeTime = 9 * time.Second
	// kernelBuffer bounds what the kernel keeps for a client that does not read. Beyond it writes block, and with them
	// the model's answer, so that nothing piles up here.
	kernelBuffer = 64 << 10
	// maxPending is how much text leaves at once without waiting for more.
	maxPending = 16 << 10
)

// writer sends the text and the last frame of each answer. The first text after a pause leaves at once.
type writer struct {
	conn *websocket.Conn
	lost func() // told when a write fails; may be nil

	mu      sync.Mutex
	pending []byte // text that waits
	last    time.Time
	timer   *time.Timer
	armed   bool // the timer will flush
	err     error
}

// text sends text, now or a little later. After a failed write it returns that failure, whoever met it.
func (w *writer) text(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.err
	}
	w.pending = append(w.pending, text...)
	wait := coalesceTime - time.Since(w.last)
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
		_ = w.flush(false) // kept in w.err for the next call
	}
}

// finish sends what waits and then the last frame.
func (w *writer) finish(frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disarm()
	if err := w.flush(true); err != nil {
		return err
	}
	return w.frame(frame, writeTime)
}

// abort sends frame as the last one of the socket, without what waits.
func (w *writer) abort(frame []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disarm()
	return w.frame(frame, closeTime)
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

// flush sends what waits as one frame, or as two where one would look like a JSON object. A character that is not whole
// waits for its rest; at the answer's end and elsewhere bytes that are no text become U+FFFD, as in the last frame.
func (w *writer) flush(end bool) error {
	n := len(w.pending)
	if !end {
		n = wholeRunes(w.pending)
	}
	if n == 0 {
		return w.err
	}
	text := w.pending[:n]
	if !utf8.Valid(text) {
		text = []byte(string([]rune(string(text))))
	}
	head := objectHead(text)
	if head > 0 {
		if err := w.frame(text[:head], writeTime); err != nil {
			return err
		}
	}
	err := w.frame(text[head:], writeTime)
	w.pending = append(w.pending[:0], w.pending[n:]...)
	w.last = time.Now()
	return err
}

// frame sends one text frame; its failure stays.
func (w *writer) frame(data []byte, within time.Duration) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.conn.SetWriteDeadline(time.Now().Add(within)); w.err == nil {
		w.err = w.conn.WriteMessage(websocket.TextMessage, data)
	}
	if w.err != nil && w.lost != nil {
		w.lost()
	}
	return w.err
}

// wholeRunes returns how much of b is left without a character whose end is still to come.
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

// jsonSpace is the white space of JSON.
const jsonSpace = " \t\r\n"

// objectHead returns 0 for a text that no JSON parser, however lax, takes for an object, and otherwise where to cut it
// so that this holds for both parts: the first has no closing brace, the second does not begin with an opening one.
func objectHead(text []byte) int {
	body := bytes.Trim(text, jsonSpace)
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' {
		return 0
	}
	return len(text) - len(bytes.TrimLeft(text, jsonSpace+"{"))
}
