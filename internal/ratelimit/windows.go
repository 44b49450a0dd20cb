package ratelimit

import (
	"strings"
	"sync"
	"time"
)

// windows counts in memory. It holds at most max windows: ended ones go as new ones come, and when all are running the
// one that ends first gives way. Windows of one length end in the order they began, so a queue per length finds both
// at its head, and no request pays for a sweep of the whole map.
type windows struct {
	max int

	mu     sync.Mutex
	byKey  map[bucket]*running
	queues map[time.Duration]*queue
	size   int // windows in all queues
}

// running is one window. Once it has ended it may be replaced in the map before its turn in the queue comes.
type running struct {
	bucket bucket
	used   int
	ends   time.Time
	next   *running
}

type queue struct{ head, tail *running }

func newWindows(max int) *windows {
	return &windows{max: max, byKey: make(map[bucket]*running), queues: make(map[time.Duration]*queue)}
}

func (w *windows) take(b bucket, now time.Time) Decision {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.byKey[b]
	if r == nil || !now.Before(r.ends) {
		r = w.begin(b, now, now.Add(b.window))
	}
	allowed := r.used < b.limit
	if allowed {
		r.used++
	}
	return Decision{Allowed: allowed, Limit: b.limit, Remaining: b.limit - r.used, Reset: r.ends.Sub(now)}
}

func (w *windows) refund(b bucket, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if r := w.byKey[b]; r != nil && now.Before(r.ends) && r.used > 0 {
		r.used--
	}
}

// learn keeps what the shared count said, so that a caller who has used a window up there cannot begin anew here when
// Redis is lost.
func (w *windows) learn(b bucket, d Decision, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.byKey[b]
	if r == nil || !now.Before(r.ends) {
		r = w.begin(b, now, now.Add(d.Reset))
	}
	r.used = max(r.used, b.limit-d.Remaining)
}

// begin makes room and puts a new window in place.
func (w *windows) begin(b bucket, now, ends time.Time) *running {
	for _, q := range w.queues {
		for q.head != nil && !now.Before(q.head.ends) {
			w.drop(q)
		}
	}
	for w.size >= w.max {
		w.drop(w.firstToEnd())
	}
	b.key = strings.Clone(b.key) // a key may be a piece of something much larger
	r := &running{bucket: b, ends: ends}
	q := w.queues[b.window]
	if q == nil {
		q = &queue{}
		w.queues[b.window] = q
	}
	if q.tail == nil {
		q.head = r
	} else {
		q.tail.next = r
	}
	q.tail = r
	w.byKey[b] = r
	w.size++
	return r
}

func (w *windows) firstToEnd() *queue {
	var first *queue
	for _, q := range w.queues {
		if q.head != nil && (first == nil || q.head.ends.Before(first.head.ends)) {
			first = q
		}
	}
	return first
}

func (w *windows) drop(q *queue) {
	r := q.head
	q.head = r.next
	if q.head == nil {
		q.tail = nil
	}
	w.size--
	if w.byKey[r.bucket] == r {
		delete(w.byKey, r.bucket)
	}
}
