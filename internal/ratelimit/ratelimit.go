// Package ratelimit says whether a caller may have one more request now. It counts in fixed windows that begin with a
// key's first request. Without Redis the counts live in this process; with Redis all replicas share them, and when
// Redis fails or is slow a local count takes over until it is back, so that limits may get coarser but never vanish.
package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// Decision is the answer to one request.
type Decision struct {
	Allowed   bool
	Limit     int           // requests a window, as asked
	Remaining int           // requests left in the running window after this one
	Reset     time.Duration // until the running window ends; always positive
}

// Config says where counts live.
type Config struct {
	RedisURL string           // redis://, rediss:// or unix://; empty: this process alone counts
	Timeout  time.Duration    // how long Redis may take before the local count answers; 0: 100 ms
	MaxKeys  int              // windows kept in memory; 0: 250,000 (some 50 MB when all are in use)
	Now      func() time.Time // nil: time.Now. Shared windows run by Redis' own clock
	Log      *slog.Logger     // told when Redis is lost and found; nil: nobody
}

// Limiter counts requests by key. It is safe for concurrent use.
type Limiter struct {
	now    func() time.Time
	local  *windows
	shared *shared // nil without Redis
}

// bucket is what is counted apart: a caller whose plan changes begins anew under the new limit.
type bucket struct {
	key    string
	limit  int
	window time.Duration
}

var errRate = errors.New("ratelimit: a limit is at least 1 and a window at least a millisecond")

// New returns a Limiter. It does not ask Redis anything, so it also succeeds while Redis is away; it fails only on an
// URL that cannot be read, whose text the error does not repeat.
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
	l := &Limiter{now: cfg.Now, local: newWindows(cfg.MaxKeys)}
	if cfg.RedisURL == "" {
		return l, nil
	}
	var err error
	l.shared, err = newShared(cfg)
	return l, err
}

// Take counts one request against key, at most limit a window, and says whether it is within. A refused request is not
// counted. The count stands whatever becomes of ctx: who hangs up has still asked. The error is for a limit below 1 or
// a window below a millisecond alone; Redis' troubles are answered by the local count.
func (l *Limiter) Take(ctx context.Context, key string, limit int, window time.Duration) (Decision, error) {
	if limit < 1 || window < time.Millisecond {
		return Decision{}, errRate
	}
	b := bucket{key, limit, window}
	if l.shared != nil && l.shared.allows(l.now()) {
		if d, ok := l.shared.take(context.WithoutCancel(ctx), b); ok {
			l.local.learn(b, d, l.now())
			return d, nil
		}
	}
	return l.local.take(b, l.now()), nil
}

// Refund gives one request back, for when the failure was ours. Key, limit and window are those of the Take. It is
// credited to the window that runs now, which never ends up with more than limit; without one it does nothing.
func (l *Limiter) Refund(ctx context.Context, key string, limit int, window time.Duration) {
	if limit < 1 || window < time.Millisecond {
		return
	}
	b := bucket{key, limit, window}
	if l.shared != nil && l.shared.allows(l.now()) {
		l.shared.refund(context.WithoutCancel(ctx), b)
	}
	l.local.refund(b, l.now())
}

// Close ends the connections to Redis. A Limiter that is still asked afterwards counts locally.
func (l *Limiter) Close() error {
	if l.shared == nil {
		return nil
	}
	return l.shared.close()
}
