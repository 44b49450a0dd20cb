// Package ratelimit decides whether a caller may make one more request, and how many things of a kind a caller may hold
// at once. It counts requests in a sliding window: those of the current fixed window, and of the one before as much as
// lies within one length from now. So a caller cannot use two limits around the moment at which one window follows the
// other. Counting goes through ulule/limiter's Store interface:
//
//	Take ──► Redis configured and up? ──yes──► ulule's Redis store ──► Decision, copied to memory
//	                     │
//	                     no, or it failed
//	                     ▼
//	             store in memory ──► Decision
//
// With Redis all replicas share their counts. While Redis is down or slow, each replica counts in memory, starting from
// the last counts it saw, and takes for itself the limit divided by the replicas that it last saw. Without Redis, each
// replica allows the whole limit.
package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Bucket is what a request is counted against.
type Bucket struct {
	Key    string
	Limit  int           // requests per Window, at least 1
	Window time.Duration // at least a millisecond
}

// Decision is the outcome of one request.
type Decision struct {
	Allowed   bool
	Limit     int // requests per window, as given to Take
	Remaining int // requests that are left now, after this one
	// Reset is always positive. It is the time until a request is allowed again if none remains, and otherwise the time
	// until the current window ends.
	Reset time.Duration
}

// Config configures a Limiter.
type Config struct {
	RedisURL string           // redis://, rediss:// or unix://; empty: counts are kept in this process only
	Secret   []byte           // keys of buckets are stored in Redis as hashes with it; the same on all replicas
	Timeout  time.Duration    // how long to wait for Redis before counting locally; 0: 100 ms
	MaxKeys  int              // windows kept in memory; 0: 250,000 (about 50 MB when full)
	LeaseTTL time.Duration    // how long Redis keeps what a replica holds after it died; 0: one minute
	Now      func() time.Time // nil: time.Now. With Redis, windows run by its clock
	Log      *slog.Logger     // logs when Redis is lost and when it is back; nil: no logging
}

// Limiter counts requests by bucket. It is safe for concurrent use.
type Limiter struct {
	now    func() time.Time
	memory *memoryStore
	redis  *redisStore // nil without Redis
}

var errRate = errors.New("ratelimit: a limit is at least 1 and a window at least a millisecond")

// New returns a Limiter. It does not connect to Redis, so it succeeds while Redis is down; it fails only on a URL that
// cannot be parsed. The error does not repeat the URL.
func New(cfg Config) (*Limiter, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 100 * time.Millisecond
	}
	if cfg.MaxKeys <= 0 {
		cfg.MaxKeys = 250_000
	}
	if cfg.LeaseTTL <= 0 {
		cfg.LeaseTTL = time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l := &Limiter{now: cfg.Now, memory: newMemoryStore(cfg.MaxKeys, cfg.Now)}
	if cfg.RedisURL == "" {
		return l, nil
	}
	var err error
	l.redis, err = newRedisStore(cfg)
	return l, err
}

// Take counts one request against key, with at most limit requests per window, and decides whether it is allowed. A
// refused request is not counted. Cancelling ctx does not undo the count: a caller who hangs up has still made a
// request. Take fails only for a limit below 1 or a window below a millisecond; when Redis fails it counts in memory.
func (l *Limiter) Take(ctx context.Context, key string, limit int, window time.Duration) (Decision, error) {
	return l.TakeAll(ctx, Bucket{Key: key, Limit: limit, Window: window})
}

// TakeAll counts one request against all buckets, of which there is at least one, as Take does. It is allowed if every
// bucket allows it, and otherwise counted in none. The decision is that of the bucket with the least remaining, or of
// the one that refuses for longest, with the limit of the first.
func (l *Limiter) TakeAll(ctx context.Context, buckets ...Bucket) (Decision, error) {
	if len(buckets) == 0 {
		return Decision{}, errRate
	}
	for _, b := range buckets {
		if !b.valid() {
			return Decision{}, errRate
		}
	}
	var least Decision
	for i, b := range buckets {
		d := l.take(ctx, b)
		if i == 0 || !d.Allowed || d.Remaining < least.Remaining {
			least = d
		}
		if !d.Allowed {
			l.RefundAll(ctx, buckets[:i]...)
			least.Reset = max(least.Reset, l.refusedFor(buckets[i+1:]))
			break
		}
	}
	least.Limit = buckets[0].Limit
	return least, nil
}

func (l *Limiter) take(ctx context.Context, b Bucket) Decision {
	if l.redis != nil && l.redis.available() {
		if d, ok := l.redis.take(ctx, b, l.memory); ok {
			return d
		}
	}
	w, cost := b.localWindow(l.sharedNow()), l.localCost(b)
	current, previous := l.memory.add(w, cost)
	d := w.decide(current, previous, cost)
	if !d.Allowed {
		l.memory.add(w, -cost)
	}
	return d
}

// sharedNow is the time by which windows begin and end: that of Redis, if it ever answered.
func (l *Limiter) sharedNow() time.Time {
	if l.redis == nil {
		return l.now()
	}
	return l.redis.sharedNow()
}

// localCost is what a request costs that is counted in memory: as much as there are replicas, because each of them
// lets the same number through, but never more than the whole limit.
func (l *Limiter) localCost(b Bucket) int64 {
	if l.redis == nil {
		return 1
	}
	return min(l.redis.replicas.Load(), int64(b.Limit))
}

// refusedFor returns how long it takes until each of the buckets allows a request, by what this replica knows, or 0 if
// all of them do now.
func (l *Limiter) refusedFor(buckets []Bucket) time.Duration {
	var wait time.Duration
	for _, b := range buckets {
		if d := l.peek(b); !d.Allowed {
			wait = max(wait, d.Reset)
		}
	}
	return wait
}

// peek decides about one request without counting it, by what this replica knows.
func (l *Limiter) peek(b Bucket) Decision {
	w := b.localWindow(l.sharedNow())
	current, previous := l.memory.add(w, 0)
	return w.decide(current+1, previous, 1)
}

// Check decides about one request without counting it, by what this replica knows: with Redis, the counts of other
// replicas as of the last Take here.
func (l *Limiter) Check(buckets ...Bucket) (Decision, error) {
	for _, b := range buckets {
		if !b.valid() {
			return Decision{}, errRate
		}
	}
	least := Decision{Allowed: true}
	for i, b := range buckets {
		if d := l.peek(b); i == 0 || !d.Allowed {
			least = d
		}
		if !least.Allowed {
			least.Reset = max(least.Reset, l.refusedFor(buckets[i+1:]))
			break
		}
	}
	return least, nil
}

// Refund gives one request back, for failures that are ours. Key, limit and window are those of the Take. The refund
// goes to the current window; if nothing is counted in it, Refund does nothing.
func (l *Limiter) Refund(ctx context.Context, key string, limit int, window time.Duration) {
	l.RefundAll(ctx, Bucket{Key: key, Limit: limit, Window: window})
}

// RefundAll gives one request back to every bucket of a TakeAll, as Refund does.
func (l *Limiter) RefundAll(ctx context.Context, buckets ...Bucket) {
	for _, b := range buckets {
		if !b.valid() {
			continue
		}
		cost := l.localCost(b)
		if l.redis != nil && l.redis.available() && l.redis.refund(ctx, b) {
			cost = 1
		}
		l.memory.add(b.localWindow(l.sharedNow()), -cost)
	}
}

// Close closes the connections to Redis. A closed Limiter counts in memory.
func (l *Limiter) Close() error {
	if l.redis == nil {
		return nil
	}
	return l.redis.close()
}

func (b Bucket) valid() bool { return b.Limit >= 1 && b.Window >= time.Millisecond }
