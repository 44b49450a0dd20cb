package ratelimit

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"
)

// leases are what this replica holds in Redis.
type leases struct {
	ttl time.Duration

	mu      sync.Mutex
	keys    map[string]string // key in Redis by id
	stopped chan struct{}     // nil until the first lease
}

// Hold takes one of limit leases under key, which all replicas share, until release is called or this replica dies.
// It returns false if none is free. Without Redis, or while it does not answer, Hold allows everything: the caller has
// to count on its own as well. What was allowed meanwhile counts again when Redis is back.
func (l *Limiter) Hold(ctx context.Context, key string, limit int) (release func(), ok bool) {
	if l.redis == nil {
		return func() {}, true
	}
	return l.redis.hold(ctx, "adiuva:held:"+l.redis.hash([]byte(key)), limit)
}

func (s *redisStore) hold(ctx context.Context, key string, limit int) (release func(), ok bool) {
	id := uuid.NewString()
	if s.available() {
		n, err := s.lease(ctx, key, id, limit)
		s.report(ctx, err)
		if err == nil && n == 0 {
			return nil, false
		}
	}
	s.held.add(id, key, s.renewAll)
	return sync.OnceFunc(func() {
		s.held.remove(id)
		if !s.available() {
			return // it ends by itself
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		defer cancel()
		s.report(ctx, s.client.ZRem(ctx, key, id).Err())
	}), true
}

// lease takes or renews one lease. It returns 0 if none is free.
func (s *redisStore) lease(ctx context.Context, key, id string, limit int) (int64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	return leaseScript.Run(ctx, s.client, []string{key}, id, s.held.ttl.Milliseconds(), limit).Int64()
}

// renewAll renews every lease, and takes again those that Redis has lost. It stops at the first failure: the next round
// comes before a lease ends.
func (s *redisStore) renewAll() {
	for id, key := range s.held.all() {
		if !s.available() {
			return
		}
		_, err := s.lease(context.Background(), key, id, noLimit)
		s.report(context.Background(), err)
		if err != nil {
			return
		}
		if !s.held.has(id) { // released meanwhile
			s.report(context.Background(), s.client.ZRem(context.Background(), key, id).Err())
		}
	}
}

// add notes a lease. The first one starts calling renew, three times per ttl.
func (l *leases) add(id, key string, renew func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys, l.stopped = map[string]string{}, make(chan struct{})
		go l.run(renew, l.stopped)
	}
	l.keys[id] = key
}

func (l *leases) run(renew func(), stopped <-chan struct{}) {
	ticker := time.NewTicker(l.ttl / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			renew()
		case <-stopped:
			return
		}
	}
}

func (l *leases) remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, id)
}

func (l *leases) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.keys[id]
	return ok
}

func (l *leases) all() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.keys)
}

// stop ends the renewals for good.
func (l *leases) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = map[string]string{} // none will start
	}
	if l.stopped != nil {
		close(l.stopped)
		l.stopped = nil
	}
}
