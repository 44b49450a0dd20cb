package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	libredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/redis"
)

// prefix begins every key of ours in Redis; ulule's store puts a colon behind it.
const prefix = "adiuva:rl"

// pause is how long Redis is left alone after a failure, and the least time between two attempts while it is away.
const pause = time.Second

// giveBack takes one off a running window. Refused requests are counted by ulule's script as well, so the count is
// first cut to the limit.
const giveBack = `
local used = tonumber(redis.call("get", KEYS[1]) or "0")
if used > 0 then
	redis.call("decrby", KEYS[1], used - math.min(used, tonumber(ARGV[1])) + 1)
end
return 0`

// shared counts in Redis.
type shared struct {
	client   *libredis.Client
	store    limiter.Store
	giveBack *libredis.Script
	timeout  time.Duration
	now      func() time.Time
	log      *slog.Logger

	mu    sync.Mutex
	away  bool
	retry time.Time // when the next request may try Redis again, while it is away
}

func newShared(cfg Config) (*shared, error) {
	options, err := libredis.ParseURL(cfg.RedisURL)
	if err != nil {
		return nil, errors.New("ratelimit: the Redis URL cannot be read") // err repeats the URL, with its password
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = cfg.Timeout, cfg.Timeout, cfg.Timeout
	options.PoolTimeout = cfg.Timeout
	options.MaxRetries = -1 // the local count is the second try
	options.DialerRetries = 1
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	client := libredis.NewClient(options)
	scripts := &scriptClient{Client: client}
	store, err := redis.NewStoreWithOptions(scripts, limiter.StoreOptions{Prefix: prefix})
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	scripts.started = true
	return &shared{
		client: client, store: store, giveBack: libredis.NewScript(giveBack),
		timeout: cfg.Timeout, now: cfg.Now, log: cfg.Log,
	}, nil
}

// allows reports whether Redis may be asked now. While it is away one caller a second may.
func (s *shared) allows(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.away {
		return true
	}
	if now.Before(s.retry) {
		return false
	}
	s.retry = now.Add(pause)
	return true
}

// take reports false when Redis did not answer.
func (s *shared) take(ctx context.Context, b bucket) (Decision, bool) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	left := b.window
	rate := limiter.Rate{Period: b.window, Limit: int64(b.limit)}
	answer, err := s.store.Get(context.WithValue(ctx, leftKey{}, &left), b.name(), rate)
	s.heard(ctx, err)
	if err != nil {
		return Decision{}, false
	}
	return Decision{Allowed: !answer.Reached, Limit: b.limit, Remaining: int(answer.Remaining), Reset: left}, true
}

func (s *shared) refund(ctx context.Context, b bucket) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	s.heard(ctx, s.giveBack.Run(ctx, s.client, []string{prefix + ":" + b.name()}, b.limit).Err())
}

// heard notes how a call to Redis ended, and logs when that is news.
func (s *shared) heard(ctx context.Context, err error) {
	s.mu.Lock()
	news := s.away != (err != nil)
	s.away = err != nil
	if s.away {
		s.retry = s.now().Add(pause)
	}
	s.mu.Unlock()
	switch {
	case news && err != nil:
		s.log.WarnContext(ctx, "rate limits are counted locally: Redis does not answer", slog.Any("error", err))
	case news:
		s.log.InfoContext(ctx, "rate limits are shared again: Redis answers")
	}
}

func (s *shared) close() error { return s.client.Close() }

// name is the bucket's key in Redis, behind the prefix.
func (b bucket) name() string {
	return fmt.Sprintf("%s:%d:%d", b.key, b.limit, b.window.Milliseconds())
}

// leftKey is where a context carries a *time.Duration that scriptClient fills in.
type leftKey struct{}

// scriptClient is the client ulule's store speaks through. The store asks for its scripts to be loaded when it is made,
// which would need Redis to be up by then, and rounds the time left down to whole seconds, which would send a caller
// back too early; both are mended here.
type scriptClient struct {
	*libredis.Client
	started bool // set once, before the first request
}

// ScriptLoad answers a script's hash without loading it while the store is being made. The store loads a script that
// the server does not know, so nothing is lost.
func (c *scriptClient) ScriptLoad(ctx context.Context, script string) *libredis.StringCmd {
	if !c.started {
		return libredis.NewStringResult(libredis.NewScript(script).Hash(), nil)
	}
	return c.Client.ScriptLoad(ctx, script)
}

// EvalSha runs a script and keeps the milliseconds left, its second result, where leftKey says.
func (c *scriptClient) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *libredis.Cmd {
	cmd := c.Client.EvalSha(ctx, sha, keys, args...)
	left, wanted := ctx.Value(leftKey{}).(*time.Duration)
	if fields, err := cmd.Int64Slice(); wanted && err == nil && len(fields) == 2 && fields[1] > 0 {
		*left = time.Duration(fields[1]) * time.Millisecond
	}
	return cmd
}
