// Package redisclient connects to Redis for what a request waits for: counts and bitmaps that this process has as well,
// so that a slow or lost Redis costs a short time once and nothing else.
package redisclient

import (
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// New returns a client for a URL (redis://, rediss:// or unix://). It does not connect, so it succeeds while Redis is
// down. A call takes at most timeout and is never repeated. New fails only on a URL that it cannot read; the error does
// not repeat the URL, which may have a password.
func New(url string, timeout time.Duration) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("the Redis URL cannot be read")
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout = timeout
	options.ReadTimeout = timeout
	options.WriteTimeout = timeout
	options.PoolTimeout = timeout
	options.MaxRetries = -1
	options.DialerRetries = 1
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(options), nil
}
