package leakhistory

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/redisclient"
)

// prefix starts the keys of bitmaps in Redis.
const prefix = "adiuva:leaks:"

// lifetime is how long Redis keeps a bitmap after a change: it counts for the rest of its hour and in the next one.
const lifetime = 2 * time.Hour

// The least time between two attempts while Redis is down, and between two lines in the log that say so.
const (
	retryInterval = time.Second
	logInterval   = time.Minute
)

// redisStore has the bitmaps in Redis, and stops asking for a while when Redis fails.
type redisStore struct {
	client  *redis.Client
	digest  string
	secret  []byte
	timeout time.Duration
	now     func() time.Time
	log     *slog.Logger

	mu      sync.Mutex
	down    bool
	retry   time.Time // when the next call may try Redis again, while it is down
	nextLog time.Time // when it may be logged again that Redis is down
}

func newRedisStore(cfg Config) (*redisStore, error) {
	client, err := redisclient.New(cfg.RedisURL, cfg.Timeout)
	if err != nil {
		return nil, fmt.Errorf("leakhistory: %w", err)
	}
	return &redisStore{
		client: client, digest: cfg.Digest, secret: cfg.Secret, timeout: cfg.Timeout, now: cfg.Now,
		log: cfg.Log,
	}, nil
}

// key returns the key of an account's bitmap. It has no id of a user, which does not belong there.
func (s *redisStore) key(account string, hour int64) string {
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte(s.digest + ":" + account))
	const enough = 18 // bytes
	return prefix + base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:enough]) + ":" + strconv.FormatInt(hour, 10)
}

// add adds units to the bitmap of the hour. It returns it and those of the hours beside it, since another replica's
// clock may be ahead. It returns none if Redis does not answer.
func (s *redisStore) add(ctx context.Context, account string, hour int64, units []int) (bitmaps [][]byte) {
	if !s.available() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	var values *redis.SliceCmd
	key := s.key(account, hour)
	_, err := s.client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, u := range units {
			pipe.SetBit(ctx, key, int64(u^7), 1) // Redis counts the bits of a byte from the highest
		}
		pipe.Expire(ctx, key, lifetime)
		values = pipe.MGet(ctx, s.key(account, hour-1), key, s.key(account, hour+1))
		return nil
	})
	s.report(ctx, err)
	for _, v := range values.Val() {
		if text, ok := v.(string); ok {
			bitmaps = append(bitmaps, []byte(text))
		}
	}
	return bitmaps
}

// available reports whether Redis may be asked now. While it is down, one caller per retryInterval may.
func (s *redisStore) available() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.down && now.Before(s.retry) {
		return false
	}
	s.retry = now.Add(retryInterval)
	return true
}

// report notes whether Redis has answered, and logs err unless one was logged within logInterval.
func (s *redisStore) report(ctx context.Context, err error) {
	s.mu.Lock()
	now := s.now()
	s.down = err != nil
	log := s.down && !now.Before(s.nextLog)
	if log {
		s.nextLog = now.Add(logInterval)
	}
	s.mu.Unlock()
	if log {
		s.log.WarnContext(ctx, "leak histories are kept locally: Redis does not answer", slog.Any("error", err))
	}
}
