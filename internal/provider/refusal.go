package provider

import (
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/agent"
)

const (
	// refusalPause is how long a refusal of the key or the quota is remembered. Then one call asks again.
	refusalPause = 5 * time.Second
	// minRefusals is how many calls in a row must be refused before the others are stopped.
	minRefusals = 2
)

// refusals remembers that a provider refuses our key or quota, so that not every request asks it again. It is safe for
// concurrent use.
type refusals struct {
	now       func() time.Time
	mu        sync.Mutex
	inRow     int                 // refused calls since the last answer
	last      *agent.ModelFailure // the last of them
	until     time.Time
	forbidden map[uuid.UUID]bool // the first users who were answered 403 since the last answer, at most two
}

// recall returns the remembered failure, or nil when the caller may ask the provider: always, or as the one call after
// each refusalPause.
func (r *refusals) recall() *agent.ModelFailure {
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

// note remembers the outcome of a user's call, and reports whether only an operator can help. Only a refusal and an
// answer say something about the key. A refusal that is unclear, such as a bare status of 403, is not remembered:
// gateways also answer it to a message that they do not like, and one user's words stop nobody else. It becomes the
// operator's business when a second user meets it and nobody was answered in between.
func (r *refusals) note(user uuid.UUID, err error) (alert bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var f *agent.ModelFailure
	switch {
	case err == nil:
		r.inRow = 0
		clear(r.forbidden)
	case !errors.As(err, &f) || f.Kind != agent.FailureRefused:
	case f.Model:
		return true
	case f.Unclear:
		if len(r.forbidden) < 2 {
			r.forbidden[user] = true
		}
		return len(r.forbidden) > 1
	default:
		r.inRow++
		r.last, r.until = f, r.now().Add(refusalPause)
		return true
	}
	return false
}
