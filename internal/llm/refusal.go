package llm

import (
	"errors"
	"sync"
	"time"
)

const (
	// refusalPause is how long a refusal of the key or the quota is remembered. Then one call asks again.
	refusalPause = 5 * time.Second
	// forbidden403s is how many calls in a row must be answered with 403 before that counts as a refusal of the key.
	// Gateways also answer 403 to one message that they do not like, which must not stop the others.
	forbidden403s = 3
)

// refusals remembers that the upstream refuses our key or quota, so that not every request asks it again. It is safe
// for concurrent use.
type refusals struct {
	now       func() time.Time
	mu        sync.Mutex
	last      *failure // nil: the key was accepted, or nothing is known
	until     time.Time
	forbidden int // calls in a row that were answered with 403
}

// recall returns the remembered failure, or nil when the caller may ask the upstream: always, or as the one call after
// each refusalPause.
func (r *refusals) recall() *failure {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return nil
	}
	if now := r.now(); !now.Before(r.until) {
		r.until = now.Add(refusalPause)
		return nil
	}
	return r.last
}

// note remembers the outcome of a call. Only a refusal and an answer say something about the key.
func (r *refusals) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var f *failure
	switch {
	case err == nil:
		r.last, r.forbidden = nil, 0
	case !errors.As(err, &f) || !f.refusesKey():
	case f.status == 403 && r.forbidden+1 < forbidden403s:
		r.forbidden++
	default:
		r.forbidden++
		r.last, r.until = f, r.now().Add(refusalPause)
	}
}
