// Package sessioncache keeps the state of sessions in memory for a few seconds, so that most requests are authenticated
// without the database. Concurrent loads of one session are shared, and a load that started before an invalidation is
// neither stored nor joined after it.
package sessioncache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"
)

// MaxAge is how old a cached state may be. It bounds how long a replica goes on accepting a session that another one
// ended.
const MaxAge = 10 * time.Second

const (
	loadTimeout = 3 * time.Second // of a shared load, however long its callers would wait
	maxEntries  = 16384
)

// Load reads the state of a user's session. It may call the cache's Invalidate.
type Load[S any] func(ctx context.Context, userID, sessionID uuid.UUID) (S, error)

// Cache caches states of type S by session. It is safe for concurrent use.
type Cache[S any] struct {
	load    Load[S]
	now     func() time.Time
	isEnded func(error) bool
	entries *lru.Cache[uuid.UUID, entry[S]]
	// ended has sessions that load found ended. They are apart so that they cannot displace live ones.
	ended *lru.Cache[uuid.UUID, endedEntry]
	// Sessions share 256 shards: with a single one, busy refreshing elsewhere would keep every load from being stored
	// and joined.
	shards [256]shard
	mu     sync.Mutex // orders put against invalidations
}

type shard struct {
	// epoch counts invalidations. A load is stored only while the epoch of its session is the one it started in.
	epoch atomic.Uint64
	// flights are the loads that callers may join. Each invalidation starts a new group.
	flights atomic.Pointer[singleflight.Group]
}

func (s *shard) invalidate() {
	s.epoch.Add(1)
	s.flights.Store(new(singleflight.Group))
}

type endedEntry struct {
	userID   uuid.UUID
	err      error
	loadedAt time.Time
}

type entry[S any] struct {
	userID   uuid.UUID
	state    S
	loadedAt time.Time
}

// New returns an empty Cache over load. isEnded reports whether an error of load says that the session has ended for
// good; such errors are cached like states.
func New[S any](now func() time.Time, load Load[S], isEnded func(error) bool) (*Cache[S], error) {
	entries, err := lru.New[uuid.UUID, entry[S]](maxEntries)
	if err != nil {
		return nil, err
	}
	ended, err := lru.New[uuid.UUID, endedEntry](maxEntries)
	if err != nil {
		return nil, err
	}
	c := &Cache[S]{load: load, now: now, isEnded: isEnded, entries: entries, ended: ended}
	for i := range c.shards {
		c.shards[i].flights.Store(new(singleflight.Group))
	}
	return c, nil
}

// Get returns the state of the user's session, at most MaxAge old. Callers who miss at the same time share one
// load, which a caller who leaves does not cancel. The error is load's, or the context's when the caller left.
func (c *Cache[S]) Get(ctx context.Context, userID, sessionID uuid.UUID) (S, error) {
	if e, ok := c.entries.Get(sessionID); ok && e.userID == userID && c.now().Sub(e.loadedAt) < MaxAge {
		return e.state, nil
	}
	return c.loadShared(ctx, userID, sessionID)
}

// Refresh loads the state now and stores it. It joins no other load, because that may have started too early to see a
// change the caller must see. Only a session found ended within MaxAge is not loaded again.
func (c *Cache[S]) Refresh(ctx context.Context, userID, sessionID uuid.UUID) (S, error) {
	loadedAt := c.now()
	if e, ok := c.ended.Get(sessionID); ok && e.userID == userID && loadedAt.Sub(e.loadedAt) < MaxAge {
		var none S
		return none, e.err
	}
	epoch := c.shardOf(sessionID).epoch.Load()
	state, err := c.load(ctx, userID, sessionID)
	switch {
	case err == nil:
		c.put(sessionID, entry[S]{userID, state, loadedAt}, epoch)
	case c.isEnded(err):
		c.putEnded(sessionID, endedEntry{userID, err, loadedAt})
	}
	return state, err
}

func (c *Cache[S]) loadShared(ctx context.Context, userID, sessionID uuid.UUID) (state S, err error) {
	result := c.shardOf(sessionID).flights.Load().DoChan(sessionID.String()+userID.String(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return c.Refresh(ctx, userID, sessionID)
	})
	select {
	case <-ctx.Done():
		return state, ctx.Err()
	case r := <-result:
		if r.Err != nil {
			return state, r.Err
		}
		return r.Val.(S), nil
	}
}

func (c *Cache[S]) put(sessionID uuid.UUID, e entry[S], epoch uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.ended.Peek(sessionID); ok && old.userID == e.userID && c.now().Sub(old.loadedAt) < MaxAge {
		return // this load started before the session ended
	}
	if c.shardOf(sessionID).epoch.Load() == epoch {
		c.entries.Add(sessionID, e)
	}
}

func (c *Cache[S]) putEnded(sessionID uuid.UUID, e endedEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries.Peek(sessionID); ok && old.userID == e.userID {
		c.entries.Remove(sessionID)
	}
	c.ended.Add(sessionID, e)
}

// Invalidate drops the session's state; the next Get loads it.
func (c *Cache[S]) Invalidate(sessionID uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shardOf(sessionID).invalidate()
	c.entries.Remove(sessionID)
	c.ended.Remove(sessionID)
}

// InvalidateUser drops the states of all the user's sessions.
func (c *Cache[S]) InvalidateUser(userID uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.shards { // a session of the user that is being loaded for the first time may have any of them
		c.shards[i].invalidate()
	}
	for _, sessionID := range c.entries.Keys() {
		if e, ok := c.entries.Peek(sessionID); ok && e.userID == userID {
			c.entries.Remove(sessionID)
		}
	}
}

// shardOf picks the shard by the id's last byte, which is random.
func (c *Cache[S]) shardOf(sessionID uuid.UUID) *shard {
	return &c.shards[sessionID[len(sessionID)-1]]
}
