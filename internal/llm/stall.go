package llm

import (
	"context"
	"time"
)

// stallTimer cancels an exchange whose upstream is silent for too long. Only the goroutine that reads the answer may
// use it.
type stallTimer struct {
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	idle    time.Duration
	started bool // the first part of the answer has arrived, so idle applies
}

// newStallTimer starts a timer that allows firstToken until the first part of the answer and idle between reads after
// it.
func newStallTimer(cancel context.CancelCauseFunc, firstToken, idle time.Duration) *stallTimer {
	return &stallTimer{
		cancel: cancel,
		idle:   idle,
		timer:  time.AfterFunc(firstToken, func() { cancel(errFirstTokenTimeout) }),
	}
}

// onToken is called for each part of the answer. The first one starts the idle timeout.
func (t *stallTimer) onToken() {
	if t.started {
		return
	}
	t.started = true
	t.timer.Stop()
	t.timer = time.AfterFunc(t.idle, func() { t.cancel(errIdleTimeout) })
}

// onBytes is called when any line has arrived. Comments keep an answer alive, but they do not start one.
func (t *stallTimer) onBytes() {
	if t.started {
		t.timer.Reset(t.idle)
	}
}

// startDrain allows d for the rest of the body, whatever arrives.
func (t *stallTimer) startDrain(d time.Duration) {
	t.started = false
	t.timer.Stop()
	t.timer = time.AfterFunc(d, func() { t.cancel(errIdleTimeout) })
}

func (t *stallTimer) stop() { t.timer.Stop() }
