package ratelimit

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/ulule/limiter/v3"
	"github.com/ulule/limiter/v3/drivers/store/common"
)

// memoryStore is a limiter.Store in memory. Unlike ulule's own it takes the time from a clock it is given and keeps a
// bounded number of counts.
//
// When a count begins, a few of those that have ended are dropped; if there are still maxKeys, the one that ends first
// is dropped as well. Counts of one length end in the order they began, so a queue per length has the next to end at
// its head, and no request pays for a sweep of the whole map.
type memoryStore struct {
	maxKeys int
	now     func() time.Time

	mu     sync.Mutex
	byKey  map[string]*count
	queues map[time.Duration]*queue
	size   int // counts in all queues
}

var _ limiter.Store = (*memoryStore)(nil)

// count is the count of one key. Once it has ended, a new one may take its place in byKey while it is still queued.
type count struct {
	key  string
	n    int64
	ends time.Time
	next *count
}

type queue struct{ head, tail *count }

func newMemoryStore(maxKeys int, now func() time.Time) *memoryStore {
	return &memoryStore{
		maxKeys: maxKeys,
		now:     now,
		byKey:   make(map[string]*count),
		queues:  make(map[time.Duration]*queue),
	}
}

// Get counts one request.
func (m *memoryStore) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, 1, rate)
}

// Increment adds n, which may be negative, to the current count, and begins one if there is none and n is positive. A
// count is never below zero. The result is Reached if the count exceeds the rate's limit.
func (m *memoryStore) Increment(_ context.Context, key string, n int64, rate limiter.Rate) (limiter.Context, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	total, ends := m.increment(now, key, n, rate.Period)
	return common.GetContextFromState(now, rate, ends, total), nil
}

// Peek returns the state of the current count without counting.
func (m *memoryStore) Peek(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, 0, rate)
}

// Reset sets the current count to zero; its end stays.
func (m *memoryStore) Reset(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, math.MinInt64/2, rate)
}

// add adds n to the window's count and returns it and the count of the window before.
func (m *memoryStore) add(w window, n int64) (current, previous int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	current, _ = m.increment(now, w.current, n, w.rate.Period)
	previous, _ = m.increment(now, w.previous, 0, w.rate.Period)
	return current, previous
}

// raise brings the counts up to those in Redis, so that callers cannot start again from zero here when Redis is lost.
func (m *memoryStore) raise(w window, current, previous int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	m.raiseOne(now, w.current, current, w.rate.Period)
	m.raiseOne(now, w.previous, previous, w.rate.Period)
}

func (m *memoryStore) raiseOne(now time.Time, key string, n int64, period time.Duration) {
	if known, _ := m.increment(now, key, 0, period); known < n {
		m.increment(now, key, n-known, period)
	}
}

// increment returns the count of key after adding n, and when it ends.
func (m *memoryStore) increment(now time.Time, key string, n int64, period time.Duration) (int64, time.Time) {
	c := m.byKey[key]
	if c == nil || !now.Before(c.ends) {
		if n <= 0 {
			return 0, now.Add(period)
		}
		c = m.begin(key, period, now)
	}
	c.n = max(c.n+n, 0)
	return c.n, c.ends
}

// maxDropped bounds how many ended counts one request drops per length of window. Two are enough for the number of
// counts to shrink.
const maxDropped = 4

// begin makes room and starts a count.
func (m *memoryStore) begin(key string, length time.Duration, now time.Time) *count {
	for _, q := range m.queues {
		for range maxDropped {
			if q.head == nil || now.Before(q.head.ends) {
				break
			}
			m.dropHead(q)
		}
	}
	for m.size >= m.maxKeys {
		m.dropHead(m.firstToEnd())
	}
	w := &count{key: key, ends: now.Add(length)}
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
