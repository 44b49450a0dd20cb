package ratelimit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	libredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/redis"
)

// prefix starts all our keys in Redis; ulule's store adds a colon.
const prefix = "adiuva:rl"

// retryInterval is how long Redis is left alone after a failure, and the least time between two attempts while it is
// down.
const retryInterval = time.Second

// refundScript takes one off the current window. Ulule counts refused requests as well, so the count is first reduced
// to the limit.
var refundScript = libredis.NewScript(`
local used = tonumber(redis.call("get", KEYS[1]) or "0")
if used > 0 then
	redis.call("decrby", KEYS[1], used - math.min(used, tonumber(ARGV[1])) + 1)
end
return 0`)

// redisStore counts in Redis through ulule's store, and stops asking for a while when Redis fails.
type redisStore struct {
	client  *libredis.Client
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	mu    sync.Mutex
	ulule limiter.Store // nil until Redis has answered once
	down  bool
	retry time.Time // when the next request may try Redis again, while it is down
}

func newRedisStore(cfg Config) (*redisStore, error) {
	options, err := libredis.ParseURL(cfg.RedisURL)
	if err != nil {
		return nil, errors.New("ratelimit: the Redis URL cannot be read") // err repeats the URL, with its password
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout = cfg.Timeout
	options.ReadTimeout = cfg.Timeout
	options.WriteTimeout = cfg.Timeout
	options.PoolTimeout = cfg.Timeout
	options.MaxRetries = -1 // the count in memory is the second try
	options.DialerRetries = 1
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &redisStore{client: libredis.NewClient(options), timeout: cfg.Timeout, now: cfg.Now, log: cfg.Log}, nil
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

// take counts one request, whether ctx is cancelled or not. It returns false if Redis did not answer.
func (s *redisStore) take(ctx context.Context, key string, rate limiter.Rate) (Decision, bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	d, err := s.count(ctx, key, rate)
	s.report(ctx, err)
	return d, err == nil
}

func (s *redisStore) count(ctx context.Context, key string, rate limiter.Rate) (Decision, error) {
	store, err := s.store()
	if err != nil {
		return Decision{}, err
	}
	state, err := store.Get(ctx, key, rate)
	if err != nil {
		return Decision{}, err
	}
	if !state.Reached && state.Remaining == rate.Limit-1 { // the first of its window, which ulule has just begun
		return decision(state, rate.Period), nil
	}
	// state.Reset is rounded down to the second: whoever waited for it would come too early.
	left, err := s.client.PTTL(ctx, prefix+":"+key).Result()
	return decision(state, left), err
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
	store, err := redis.NewStoreWithOptions(s.client, limiter.StoreOptions{Prefix: prefix})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.ulule = store
	s.mu.Unlock()
	return store, nil
}

func (s *redisStore) refund(ctx context.Context, key string, rate limiter.Rate) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	s.report(ctx, refundScript.Run(ctx, s.client, []string{prefix + ":" + key}, rate.Limit).Err())
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
