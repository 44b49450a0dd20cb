package ratelimit

import (
	"testing"
	"time"

	"github.com/ulule/limiter/v3"
)

// The limiter itself calls Get and Increment only.
func TestMemoryStoreImplementsPeekAndReset(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := limiter.New(newMemoryStore(10, func() time.Time { return now }), limiter.Rate{Limit: 2, Period: time.Minute})
	type method func(*limiter.Limiter) (limiter.Context, error)
	get := func(l *limiter.Limiter) (limiter.Context, error) { return l.Get(t.Context(), "user") }
	peek := func(l *limiter.Limiter) (limiter.Context, error) { return l.Peek(t.Context(), "user") }
	reset := func(l *limiter.Limiter) (limiter.Context, error) { return l.Reset(t.Context(), "user") }
	for i, step := range []struct {
		call      method
		remaining int64
		reached   bool
	}{
		{peek, 2, false},
		{get, 1, false},
		{peek, 1, false},
		{get, 0, false},
		{get, 0, true},
		{peek, 0, true}, // as in ulule's own stores, a refused request is counted until it is taken back
		{reset, 2, false},
		{get, 1, false},
	} {
		want := limiter.Context{
			Limit: 2, Remaining: step.remaining, Reset: now.Add(time.Minute).Unix(), Reached: step.reached,
		}
		if got, err := step.call(l); got != want || err != nil {
			t.Errorf("step %d: %+v, %v, want %+v", i, got, err, want)
		}
	}
}
