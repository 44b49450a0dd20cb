package ratelimit

import (
	"context"
	"sync"
	"time"

	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/common"
)

// memoryStore is a limiter.Store in memory. Unlike ulule's own it takes the time from a clock it is given, keeps a
// bounded number of windows and does not count refused requests.
//
// When a window begins, those that have ended are dropped; if there are still maxKeys, the one that ends first is
// dropped as well. Windows of one length end in the order they began, so a queue per length has the next to end at its
// head, and no request pays for a sweep of the whole map.
type memoryStore struct {
	maxKeys int
	now     func() time.Time

	mu     sync.Mutex
	byKey  map[string]*window
	queues map[time.Duration]*queue
	size   int // windows in all queues
}

var _ limiter.Store = (*memoryStore)(nil)

// window is the count of one key. Once it has ended, a new window may take its place in byKey while it is still queued.
type window struct {
	key   string
	count int64
	ends  time.Time
	next  *window
}

type queue struct{ head, tail *window }

func newMemoryStore(maxKeys int, now func() time.Time) *memoryStore {
	return &memoryStore{
		maxKeys: maxKeys,
		now:     now,
		byKey:   make(map[string]*window),
		queues:  make(map[time.Duration]*queue),
	}
}

// Get counts one request.
func (m *memoryStore) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, 1, rate)
}

// Increment adds count, which may be negative, to the current window, and begins one if there is none and count is
// positive. What is kept stays between zero and the rate's limit; the result is Reached if count does not fit.
func (m *memoryStore) Increment(
	_ context.Context, key string, count int64, rate limiter.Rate,
) (limiter.Context, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	w := m.current(key, now)
	if w == nil {
		if count <= 0 {
			return common.GetContextFromState(now, rate, now.Add(rate.Period), 0), nil
		}
		w = m.begin(key, rate.Period, now, now.Add(rate.Period))
	}
	total := max(w.count+count, 0)
	w.count = min(total, rate.Limit)
	return common.GetContextFromState(now, rate, w.ends, total), nil
}

// Peek returns the state of the current window without counting.
func (m *memoryStore) Peek(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, 0, rate)
}

// Reset sets the current window's count to zero; its end stays.
func (m *memoryStore) Reset(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, -rate.Limit, rate)
}

// timeLeft returns the time until key's window ends, or zero without one.
func (m *memoryStore) timeLeft(key string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if w := m.current(key, now); w != nil {
		return w.ends.Sub(now)
	}
	return 0
}

// raise brings a window up to a decision made by Redis, so that callers cannot start again from zero here when Redis
// is lost.
func (m *memoryStore) raise(key string, rate limiter.Rate, d Decision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	w := m.current(key, now)
	if w == nil {
		w = m.begin(key, rate.Period, now, now.Add(d.Reset))
	}
	w.count = max(w.count, rate.Limit-int64(d.Remaining))
}

// current returns key's window, or nil if it has none or it has ended.
func (m *memoryStore) current(key string, now time.Time) *window {
	if w := m.byKey[key]; w != nil && now.Before(w.ends) {
		return w
	}
	return nil
}

// begin makes room and starts a window.
func (m *memoryStore) begin(key string, length time.Duration, now, ends time.Time) *window {
	for _, q := range m.queues {
		for q.head != nil && !now.Before(q.head.ends) {
			m.dropHead(q)
		}
	}
	for m.size >= m.maxKeys {
		m.dropHead(m.firstToEnd())
	}
	w := &window{key: key, ends: ends}
	q := m.queues[length]
	if q == nil {
		q = &queue{}
		m.queues[length] = q
	}
	if q.tail == nil {
		q.head = w
	} else {
		q.tail.next = w
	}
	q.tail = w
	m.byKey[key] = w
	m.size++
	return w
}

func (m *memoryStore) firstToEnd() *queue {
	var first *queue
	for _, q := range m.queues {
		if q.head != nil && (first == nil || q.head.ends.Before(first.head.ends)) {
			first = q
		}
	}
	return first
}

func (m *memoryStore) dropHead(q *queue) {
	w := q.head
	q.head = w.next
	if q.head == nil {
		q.tail = nil
	}
	m.size--
	if m.byKey[w.key] == w {
		delete(m.byKey, w.key)
	}
}
