package ratelimit_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/ratelimit"
)

// clock is a fake clock that moves only by Advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newLimiter(t testing.TB, cfg ratelimit.Config) *ratelimit.Limiter {
	t.Helper()
	l, err := ratelimit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func take(t testing.TB, l *ratelimit.Limiter, key string, limit int, window time.Duration) ratelimit.Decision {
	t.Helper()
	d, err := l.Take(t.Context(), key, limit, window)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// takeInParallel takes n times in parallel, from the limiters in turn, and returns how many were allowed.
func takeInParallel(t testing.TB, n int, key string, limit int, limiters ...*ratelimit.Limiter) int {
	t.Helper()
	var allowed atomic.Int64
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			d, err := limiters[i%len(limiters)].Take(t.Context(), key, limit, time.Minute)
			if err != nil {
				t.Error(err)
			}
			if d.Allowed {
				allowed.Add(1)
			}
		})
	}
	close(start)
	group.Wait()
	return int(allowed.Load())
}

func TestParallelTakesAreCountedExactly(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, ratelimit.Config{})
	if got := takeInParallel(t, 21, "user", 20, l); got != 20 {
		t.Errorf("21 at once under a limit of 20: %d allowed", got)
	}
	if got := takeInParallel(t, 1000, "other", 7, l); got != 7 {
		t.Errorf("1000 at once under a limit of 7: %d allowed", got)
	}
}

func TestKeysLimitsAndWindowsAreCountedSeparately(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, ratelimit.Config{Now: newClock().Now})
	take(t, l, "user", 1, time.Minute)
	for _, c := range []struct {
		key    string
		limit  int
		window time.Duration
		want   bool
	}{
		{"user", 1, time.Minute, false},
		{"other", 1, time.Minute, true},
		{"user", 2, time.Minute, true},
		{"user", 1, time.Hour, true},
	} {
		if got := take(t, l, c.key, c.limit, c.window); got.Allowed != c.want {
			t.Errorf("%+v: allowed %v", c, got.Allowed)
		}
	}
}

func TestRefundAllowsOneMoreRequest(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), newClock()
	l := newLimiter(t, ratelimit.Config{Now: c.Now})
	checkRefund(t, l)

	l.Refund(ctx, "nobody", 1, time.Minute)
	if got := takeInParallel(t, 2, "nobody", 1, l); got != 1 {
		t.Errorf("after a refund without a window %d were allowed, want the limit of 1", got)
	}
	c.Advance(time.Hour)
	l.Refund(ctx, "nobody", 1, time.Minute)
	if got := takeInParallel(t, 2, "nobody", 1, l); got != 1 {
		t.Errorf("after a refund past the window's end %d were allowed, want the limit of 1", got)
	}
	l.Refund(ctx, "nobody", 0, 0) // a rate that Take rejects is ignored
}

// checkRefund runs against counts in memory and in Redis.
func checkRefund(t *testing.T, l *ratelimit.Limiter) {
	t.Helper()
	key := t.Name()
	for range 10 { // refused requests must not use up the refund
		take(t, l, key, 3, time.Minute)
	}
	l.Refund(t.Context(), key, 3, time.Minute)
	if d := take(t, l, key, 3, time.Minute); !d.Allowed || d.Remaining != 0 {
		t.Errorf("after a refund: %+v, want one more", d)
	}
	if d := take(t, l, key, 3, time.Minute); d.Allowed {
		t.Error("one refund allowed two requests")
	}
	for range 10 {
		l.Refund(t.Context(), key, 3, time.Minute)
	}
	if got := takeInParallel(t, 10, key, 3, l); got != 3 {
		t.Errorf("after ten refunds %d were allowed, want the limit of 3", got)
	}
}

func TestTakeRejectsInvalidRates(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, ratelimit.Config{})
	for limit, window := range map[int]time.Duration{
		0:  time.Minute,
		-1: time.Minute,
		1:  time.Millisecond - 1,
		2:  -time.Minute,
	} {
		if d, err := l.Take(t.Context(), "user", limit, window); err == nil || d.Allowed {
			t.Errorf("limit %d in %v: %+v, %v", limit, window, d, err)
		}
	}
}

func TestMemoryHoldsABoundedNumberOfWindows(t *testing.T) {
	t.Attr("case", "C51")
	t.Parallel()
	c := newClock()
	l := newLimiter(t, ratelimit.Config{Now: c.Now, MaxKeys: 100})
	take(t, l, "early hour", 1, time.Hour)
	for i := range 100 { // the last of these evicts the one that ends first
		c.Advance(time.Millisecond)
		take(t, l, fmt.Sprint(i), 1, time.Minute)
	}
	for key, want := range map[string]bool{"1": false, "99": false} {
		if got := take(t, l, key, 1, time.Minute); got.Allowed != want {
			t.Errorf("key %s was evicted", key)
		}
	}
	if take(t, l, "early hour", 1, time.Hour).Allowed {
		t.Error("the window that ends last was evicted")
	}
	if !take(t, l, "0", 1, time.Minute).Allowed {
		t.Error("the window that ends first was not evicted")
	}
	c.Advance(time.Minute) // all one-minute windows have ended: 99 new keys fit beside the hour
	for i := range 99 {
		take(t, l, fmt.Sprint("new", i), 1, time.Minute)
	}
	if take(t, l, "early hour", 1, time.Hour).Allowed {
		t.Error("a running window was evicted while ended ones were kept")
	}
}

func TestCancelledRequestIsCounted(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, ratelimit.Config{})
	checkCancelledRequestIsCounted(t, l)
}

func checkCancelledRequestIsCounted(t *testing.T, l *ratelimit.Limiter) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 3 {
		d, err := l.Take(ctx, t.Name(), 2, time.Minute)
		if err != nil || d.Allowed != (i < 2) {
			t.Errorf("request %d with a cancelled context: %+v, %v", i, d, err)
		}
	}
}

func BenchmarkTake(b *testing.B) {
	l := newLimiter(b, ratelimit.Config{})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = l.Take(b.Context(), "018f2b1e-7d1c-7c3a-9a51-0242ac120002", 20, time.Minute)
	}
}

func BenchmarkTakeInParallel(b *testing.B) {
	l := newLimiter(b, ratelimit.Config{})
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = l.Take(b.Context(), "018f2b1e-7d1c-7c3a-9a51-0242ac120002", 20, time.Minute)
		}
	})
}

// BenchmarkTakeManyKeys is an attack from a new address with each request; MB is the size of a full store.
func BenchmarkTakeManyKeys(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := newLimiter(b, ratelimit.Config{})
	for i := range 1_000_000 {
		_, _ = l.Take(b.Context(), fmt.Sprintf("login:2001:db8:85a3:%x::/64", i), 10, time.Minute)
	}
	i := 0
	for b.Loop() {
		i++
		_, _ = l.Take(b.Context(), fmt.Sprintf("login:2001:db8:85a4:%x::/64", i), 10, time.Minute)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB")
	runtime.KeepAlive(l)
}
