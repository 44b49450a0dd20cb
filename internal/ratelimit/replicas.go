package ratelimit

import (
	"context"
	"time"

	libredis "github.com/redis/go-redis/v9"
)

// replicasKey is a sorted set of the replicas that use Redis, by the time until which they count.
const replicasKey = "adiuva:replicas"

// A replica announces itself when it takes a request, at most once per announceInterval.
const (
	announceInterval = 10 * time.Second
	announceTTL      = 30 * time.Second
)

// leaseScript gives ARGV[1] a place in the sorted set KEYS[1] for ARGV[2] milliseconds, if it has one or fewer than
// ARGV[3] others do. It returns how many have one, or 0 if there was none left. Times are by the clock of Redis.
var leaseScript = libredis.NewScript(`
local time = redis.call("time")
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call("zremrangebyscore", KEYS[1], "-inf", now)
if not redis.call("zscore", KEYS[1], ARGV[1]) and redis.call("zcard", KEYS[1]) >= tonumber(ARGV[3]) then
	return 0
end
redis.call("zadd", KEYS[1], now + tonumber(ARGV[2]), ARGV[1])
redis.call("pexpire", KEYS[1], ARGV[2])
return redis.call("zcard", KEYS[1])`)

// noLimit as a limit of leaseScript is never reached.
const noLimit = 1_000_000_000

// countReplicas announces this replica, if that is due, and notes how many there are.
func (s *redisStore) countReplicas(ctx context.Context) error {
	now := s.now()
	s.mu.Lock()
	due := !now.Before(s.announce)
	if due {
		s.announce = now.Add(announceInterval)
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	n, err := leaseScript.Run(ctx, s.client, []string{replicasKey}, s.id, announceTTL.Milliseconds(), noLimit).Int64()
	if err == nil {
		s.replicas.Store(max(n, 1))
	}
	return err
}
