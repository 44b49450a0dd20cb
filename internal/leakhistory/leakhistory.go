// Package leakhistory keeps, for each account and about an hour, what its answers had of the secrets that the leak
// filter looks for. Package sanitize adds it up, so that a prompt cannot leave in many answers with a little each.
//
// It keeps numbers of places in the secrets, as a bitmap for each account and hour of the clock, and nothing that a
// user said or was told. A bitmap counts until the hour after its own has ended, so that a place counts for one to two
// hours.
//
// With Redis all replicas share the bitmaps. Each replica also has those of its own answers in memory, and nothing else
// while Redis does not answer.
package leakhistory

import (
	"context"
	"log/slog"
	"time"

	"github.com/adiuva/cloud-api/internal/sanitize"
)

// Config configures a Store.
type Config struct {
	Digest     string           // of the filter, see sanitize.Filter.Digest: other filters' places are others
	RedisURL   string           // redis://, rediss:// or unix://; empty: bitmaps are in this process only
	Secret     []byte           // accounts are stored in Redis as hashes with it; the same on all replicas
	Timeout    time.Duration    // how long to wait for Redis; a request waits at most twice as long; 0: 100 ms
	MaxBitmaps int              // in memory, of some kilobytes each; 0: 10,000
	Now        func() time.Time // nil: time.Now
	Log        *slog.Logger     // says at most once a minute that Redis does not answer; nil: no logging
}

// Store has the bitmaps of all accounts. It is safe for concurrent use.
type Store struct {
	now    func() time.Time
	memory *memoryStore
	redis  *redisStore // nil without Redis
}

// New returns a Store. It does not connect to Redis, so it succeeds while Redis is down; it fails only on a URL that
// cannot be parsed. The error does not repeat the URL.
func New(cfg Config) (*Store, error) {
	if cfg.Timeout <= 0 {
		cfg.Timeout = 100 * time.Millisecond
	}
	if cfg.MaxBitmaps <= 0 {
		cfg.MaxBitmaps = 10_000
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{now: cfg.Now, memory: newMemoryStore(cfg.MaxBitmaps)}
	if cfg.RedisURL == "" {
		return s, nil
	}
	var err error
	s.redis, err = newRedisStore(cfg)
	return s, err
}

// Close closes the connections to Redis. A closed Store uses memory.
func (s *Store) Close() error {
	if s.redis == nil {
		return nil
	}
	return s.redis.client.Close()
}

// For returns the history of the account with this id, for one request. It is not safe for concurrent use.
func (s *Store) For(account string) sanitize.History { return &history{store: s, account: account} }

// history is the history of one account.
type history struct {
	store   *Store
	account string
	waited  time.Duration // for Redis
}

// hourOf returns the number of the hour since the epoch.
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

// Add adds units to the bitmap of the current hour and returns it together with the one before. It asks Redis even if
// ctx has been canceled.
func (h *history) Add(ctx context.Context, units []int) []byte {
	hour := hourOf(h.store.now())
	all := h.store.memory.add(h.account, hour, units)
	if r := h.store.redis; r != nil && h.waited < r.timeout {
		start := time.Now()
		for _, bitmap := range r.add(ctx, h.account, hour, units) {
			all = union(all, bitmap)
		}
		h.waited += time.Since(start)
	}
	return all
}

// union adds the bits of b to a.
func union(a, b []byte) []byte {
	if more := len(b) - len(a); more > 0 {
		a = append(a, make([]byte, more)...)
	}
	for i, bits := range b {
		a[i] |= bits
	}
	return a
}
