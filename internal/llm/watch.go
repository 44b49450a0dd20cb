package llm

import (
	"context"
	"time"
)

// watch ends an exchange that is silent for too long. It belongs to the goroutine that reads the answer.
type watch struct {
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
	begun  bool
}

// newWatch gives the upstream first until its first token, and then idle between signs of life.
func newWatch(cancel context.CancelCauseFunc, first, idle time.Duration) *watch {
	return &watch{cancel: cancel, idle: idle, timer: time.AfterFunc(first, func() { cancel(errFirst) })}
}

// token notes a part of the answer. The first one ends the wait for it.
func (w *watch) token() {
	if w.begun {
		return
	}
	w.begun = true
	w.timer.Stop()
	w.timer = time.AfterFunc(w.idle, func() { w.cancel(errIdle) })
}

// alive notes that something arrived, a comment perhaps, which keeps an answer alive but does not begin one.
func (w *watch) alive() {
	if w.begun {
		w.timer.Reset(w.idle)
	}
}

// drain leaves d for the rest of an answer that is whole already; no sign of life prolongs it.
func (w *watch) drain(d time.Duration) {
	w.begun = false
	w.timer.Stop()
	w.timer = time.AfterFunc(d, func() { w.cancel(errIdle) })
}

func (w *watch) stop() { w.timer.Stop() }
