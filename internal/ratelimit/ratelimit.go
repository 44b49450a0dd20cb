// Package ratelimit decides whether a caller may make one more request. It counts in fixed windows that begin with a
// key's first request. Counting goes through ulule/limiter's Store interface:
//
//	Take ──► Redis configured and up? ──yes──► ulule's Redis store ──► Decision, copied to memory
//	                     │
//	                     no, or it failed
//	                     ▼
//	             store in memory ──► Decision
//
// With Redis all replicas share their counts. While Redis is down or slow, each replica counts in memory, starting from
// the last counts it saw, so limits become coarser but never disappear.
package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/ulule/limiter/v3"
)

// Decision is the outcome of one request.
type Decision struct {
	Allowed   bool
	Limit     int           // requests per window, as given to Take
	Remaining int           // requests left in the current window after this one
	Reset     time.Duration // time until the current window ends; always positive
}

// Config configures a Limiter.
type Config struct {
	RedisURL string           // redis://, rediss:// or unix://; empty: counts are kept in this process only
	Timeout  time.Duration    // how long to wait for Redis before counting locally; 0: 100 ms
	MaxKeys  int              // windows kept in memory; 0: 250,000 (about 50 MB when full)
	Now      func() time.Time // nil: time.Now. Windows in Redis run by its own clock
	Log      *slog.Logger     // logs when Redis is lost and when it is back; nil: no logging
}

// Limiter counts requests by key. It is safe for concurrent use.
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
	if limit < 1 || window < time.Millisecond {
		return Decision{}, errRate
	}
	rate := limiter.Rate{Period: window, Limit: int64(limit)}
	key = windowKey(key, rate)
	if l.redis != nil && l.redis.available() {
		if d, ok := l.redis.take(ctx, key, rate); ok {
			l.memory.raise(key, rate, d)
			return d, nil
		}
	}
	return l.takeInMemory(ctx, key, rate)
}

func (l *Limiter) takeInMemory(ctx context.Context, key string, rate limiter.Rate) (Decision, error) {
	state, err := l.memory.Get(ctx, key, rate)
	return decision(state, l.memory.timeLeft(key)), err
}

// Refund gives one request back, for failures that are ours. Key, limit and window are those of the Take. The refund
// goes to the current window, which never ends up with more than limit; if there is none, Refund does nothing.
func (l *Limiter) Refund(ctx context.Context, key string, limit int, window time.Duration) {
	if limit < 1 || window < time.Millisecond {
		return
	}
	rate := limiter.Rate{Period: window, Limit: int64(limit)}
	key = windowKey(key, rate)
	if l.redis != nil && l.redis.available() {
		l.redis.refund(ctx, key, rate)
	}
	_, _ = l.memory.Increment(ctx, key, -1, rate) // it never fails
}

// Close closes the connections to Redis. A closed Limiter counts in memory.
func (l *Limiter) Close() error {
	if l.redis == nil {
		return nil
	}
	return l.redis.client.Close()
}

// windowKey includes the rate, so that a caller whose plan changes starts a new count under the new limit.
func windowKey(key string, rate limiter.Rate) string {
	return key + ":" + strconv.FormatInt(rate.Limit, 10) + ":" + strconv.FormatInt(rate.Period.Milliseconds(), 10)
}

// decision adds to ulule's state the exact time left, of which state.Reset has whole seconds only. The window may have
// ended since it was counted in; the least time left is one nanosecond.
func decision(state limiter.Context, left time.Duration) Decision {
	return Decision{
		Allowed:   !state.Reached,
		Limit:     int(state.Limit),
		Remaining: int(state.Remaining),
		Reset:     max(left, 1),
	}
}
