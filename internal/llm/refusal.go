package llm

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

const (
	// refusalPause is how long a refusal of the key or the quota is remembered. Then one call asks again.
	refusalPause = 5 * time.Second
	// minRefusals is how many calls in a row must be refused before the others are stopped.
	minRefusals = 2
)

// refusals remembers that the upstream refuses our key or quota, so that not every request asks it again. It is safe
// for concurrent use.
type refusals struct {
	now   func() time.Time
	mu    sync.Mutex
	inRow int      // refused calls since the last answer
	last  *failure // the last of them
	until time.Time
}

// recall returns the remembered failure, or nil when the caller may ask the upstream: always, or as the one call after
// each refusalPause.
func (r *refusals) recall() *failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inRow < minRefusals {
		return nil
	}
	if now := r.now(); !now.Before(r.until) {
		r.until = now.Add(refusalPause)
		return nil
	}
	return r.last
}

// note remembers the outcome of a call. Only a refusal and an answer say something about the key. A status of 403 is
// not remembered: gateways also answer it to a message that they do not like, and one user's words stop nobody else.
func (r *refusals) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var f *failure
	switch {
	case err == nil:
		r.inRow = 0
	case errors.As(err, &f) && f.refusesKey() && (f.status != http.StatusForbidden || f.quota):
		r.inRow++
		r.last, r.until = f, r.now().Add(refusalPause)
	}
}
