package ratelimit

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	libredis "github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/redis"

	"github.com/adiuva/cloud-api/internal/redisclient"
)

// prefix starts the keys of counts in Redis; ulule's store adds a colon.
const prefix = "adiuva:rl"

// retryInterval is how long Redis is left alone after a failure, and the least time between two attempts while it is
// down.
const retryInterval = time.Second

// refundScript takes one off a count that is above zero.
var refundScript = libredis.NewScript(`
if tonumber(redis.call("get", KEYS[1]) or "0") > 0 then
	redis.call("decr", KEYS[1])
end
return 0`)

// redisStore counts in Redis through ulule's store, and stops asking for a while when Redis fails.
type redisStore struct {
	client  *libredis.Client
	secret  []byte
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	id       string       // of this replica
	replicas atomic.Int64 // that used Redis lately, at least 1
	ahead    atomic.Int64 // by how many nanoseconds the clock of Redis is ahead of ours
	held     leases

	mu       sync.Mutex
	ulule    limiter.Store // nil until Redis has answered once
	down     bool
	retry    time.Time // when the next request may try Redis again, while it is down
	announce time.Time // when to announce this replica again
}

func newRedisStore(cfg Config) (*redisStore, error) {
	client, err := redisclient.New(cfg.RedisURL, cfg.Timeout)
	if err != nil {
		return nil, fmt.Errorf("ratelimit: %w", err)
	}
	s := &redisStore{
		client: client, secret: cfg.Secret, timeout: cfg.Timeout, now: cfg.Now, log: cfg.Log,
		id: uuid.NewString(), held: leases{ttl: cfg.LeaseTTL},
	}
	s.replicas.Store(1)
	return s, nil
}

// available reports whether Redis may be asked now. While it is down, one caller per retryInterval may.
func (s *redisStore) available() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.down {
		return true
	}
	now := s.now()
	if now.Before(s.retry) {
		return false
	}
	s.retry = now.Add(retryInterval)
	return true
}

// take counts one request, whether ctx is cancelled or not, and copies the counts to memory. It returns false if Redis
// did not answer.
func (s *redisStore) take(ctx context.Context, b Bucket, memory *memoryStore) (d Decision, ok bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	store, err := s.store()
	if err != nil {
		s.report(ctx, err)
		return Decision{}, false
	}
	now := s.sharedNow()
	w := s.window(b, now)
	current, previous, err := s.add(ctx, store, w, 1)
	if corrected := s.sharedNow(); err == nil && corrected.Sub(now).Abs() > maxSkew {
		if right := s.window(b, corrected); right.current != w.current { // our clock was wrong about the window
			err = s.takeBack(ctx, w)
			now, w = corrected, right
			if err == nil {
				current, previous, err = s.add(ctx, store, w, 1)
			}
		}
	}
	if err != nil {
		s.report(ctx, err)
		return Decision{}, false
	}
	if d = w.decide(current, previous, 1); !d.Allowed {
		current--
		err = s.takeBack(ctx, w)
	}
	s.report(ctx, errors.Join(err, s.countReplicas(ctx)))
	memory.raise(b.localWindow(now), current, previous)
	return d, true
}

// add adds n to the window's count and returns it and the count of the window before, in one round trip.
func (s *redisStore) add(
	ctx context.Context, store limiter.Store, w window, n int64,
) (current, previous int64, err error) {
	before := &previousCount{key: prefix + ":" + w.previous}
	state, err := store.Increment(context.WithValue(ctx, previousCountKey{}, before), w.current, n, w.rate)
	if err != nil {
		return 0, 0, err
	}
	s.compareClocks(before.now)
	if state.Reached {
		return state.Limit + 1, before.n, nil
	}
	return state.Limit - state.Remaining, before.n, nil
}

// window returns the bucket's window in Redis.
func (s *redisStore) window(b Bucket, now time.Time) window {
	return b.window([]byte(s.hash(b.appendName(nil))), now)
}

// hash returns the name under which Redis knows something. Our own names contain addresses and ids of users, which do
// not belong there.
func (s *redisStore) hash(name []byte) string {
	h := hmac.New(sha256.New, s.secret)
	h.Write(name)
	const enough = 18 // bytes
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:enough])
}

// store returns ulule's store. Making it loads its scripts into Redis, which must be up for that, so it is made with
// the first request. Requests that race for it each make one; they are alike.
func (s *redisStore) store() (limiter.Store, error) {
	s.mu.Lock()
	store := s.ulule
	s.mu.Unlock()
	if store != nil {
		return store, nil
	}
	now, err := s.client.Time(context.Background()).Result()
	if err != nil {
		return nil, err
	}
	s.compareClocks(now)
	store, err = redis.NewStoreWithOptions(connection{s.client}, limiter.StoreOptions{Prefix: prefix})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.ulule = store
	s.mu.Unlock()
	return store, nil
}

// sharedNow is the time by the clock of Redis, as far as it is known.
func (s *redisStore) sharedNow() time.Time { return s.now().Add(time.Duration(s.ahead.Load())) }

// maxSkew is how far our clock may be from that of Redis before it is corrected.
const maxSkew = 500 * time.Millisecond

// compareClocks corrects our clock by that of Redis, so that replicas agree about windows even if their clocks do not.
func (s *redisStore) compareClocks(now time.Time) {
	ahead := now.Sub(s.now())
	if skew := ahead - time.Duration(s.ahead.Load()); skew.Abs() > maxSkew {
		s.ahead.Store(int64(ahead))
	}
}

// connection is the client that ulule's store uses. Where the context has a previousCount, it is filled in the same
// round trip in which ulule's script counts.
type connection struct{ *libredis.Client }

type previousCountKey struct{}

type previousCount struct {
	key string
	n   int64
	now time.Time // by the clock of Redis
}

// EvalSha runs a script.
func (c connection) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *libredis.Cmd {
	before, ok := ctx.Value(previousCountKey{}).(*previousCount)
	if !ok {
		return c.Client.EvalSha(ctx, sha, keys, args...)
	}
	pipe := c.Pipeline()
	counted, read, clock := pipe.EvalSha(ctx, sha, keys, args...), pipe.Get(ctx, before.key), pipe.Time(ctx)
	_, _ = pipe.Exec(ctx) // each command has its own error
	before.n, _ = read.Int64()
	before.now = clock.Val()
	err := errors.Join(read.Err(), clock.Err())
	if errors.Is(read.Err(), libredis.Nil) {
		err = clock.Err()
	}
	if err != nil && counted.Err() == nil {
		counted.SetErr(err)
	}
	return counted
}

// refund takes one back from the current window, and returns false if Redis did not answer.
func (s *redisStore) refund(ctx context.Context, b Bucket) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	err := s.takeBack(ctx, s.window(b, s.sharedNow()))
	s.report(ctx, err)
	return err == nil
}

func (s *redisStore) takeBack(ctx context.Context, w window) error {
	return refundScript.Run(ctx, s.client, []string{prefix + ":" + w.current}).Err()
}

// close closes the connections after giving up what this replica holds.
func (s *redisStore) close() error {
	s.held.stop()
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	if s.available() {
		s.report(ctx, s.client.ZRem(ctx, replicasKey, s.id).Err())
	}
	return s.client.Close()
}

// report records how a call to Redis ended, and logs a change between up and down.
func (s *redisStore) report(ctx context.Context, err error) {
	s.mu.Lock()
	changed := s.down != (err != nil)
	s.down = err != nil
	if s.down {
		s.retry = s.now().Add(retryInterval)
	}
	s.mu.Unlock()
	switch {
	case changed && err != nil:
		s.log.WarnContext(ctx, "rate limits are counted locally: Redis does not answer", slog.Any("error", err))
	case changed:
		s.log.InfoContext(ctx, "rate limits are shared again: Redis answers")
	}
}
