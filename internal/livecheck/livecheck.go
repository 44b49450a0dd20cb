// Package livecheck tells whether logins or API keys are still live. Each open stream asks every few seconds. Checks
// that come at about the same time are one query, so that thousands of streams do not keep the database busy.
package livecheck

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Limits of one query.
const (
	// wait is how long the first check waits for others. It delays the end of a stream, which has ten seconds.
	wait = 100 * time.Millisecond
	// mostIDs is how many ids a query has; a full one does not wait.
	mostIDs = 1000
	// timeout bounds the query. The next check comes three seconds after the last.
	timeout = 1500 * time.Millisecond
)

// Find returns the owners of those of the ids that are live.
type Find func(ctx context.Context, ids []uuid.UUID) (owners map[uuid.UUID]uuid.UUID, err error)

// Checks collects checks into queries. It is safe for concurrent use.
type Checks struct {
	find Find
	mu   sync.Mutex
	open *query // what further checks join; nil when there is none
}

// query is one call of Find. Its results may be read once done is closed.
type query struct {
	ids    map[uuid.UUID]struct{}
	timer  *time.Timer
	done   chan struct{}
	owners map[uuid.UUID]uuid.UUID
	err    error
}

// New returns Checks that ask find.
func New(find Find) *Checks { return &Checks{find: find} }

// Ended reports whether the owner's login or key is not live any more. It returns the error of Find, or the context's
// where that ends first, which ends the query for nobody else.
func (c *Checks) Ended(ctx context.Context, id, owner uuid.UUID) (bool, error) {
	q := c.join(id)
	select {
	case <-q.done:
		live, ok := q.owners[id]
		return q.err == nil && (!ok || live != owner), q.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// join adds the id to the open query, and opens one where there is none.
func (c *Checks) join(id uuid.UUID) *query {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.open
	if q == nil {
		q = &query{ids: map[uuid.UUID]struct{}{}, done: make(chan struct{})}
		q.timer = time.AfterFunc(wait, func() { c.run(q) })
		c.open = q
	}
	q.ids[id] = struct{}{}
	if len(q.ids) >= mostIDs {
		c.open = nil
		if q.timer.Stop() { // else it is on its way
			go c.run(q)
		}
	}
	return q
}

// run closes the query to further checks and asks.
func (c *Checks) run(q *query) {
	c.mu.Lock()
	if c.open == q {
		c.open = nil
	}
	c.mu.Unlock()
	ids := make([]uuid.UUID, 0, len(q.ids))
	for id := range q.ids {
		ids = append(ids, id)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	q.owners, q.err = c.find(ctx, ids)
	close(q.done)
}
