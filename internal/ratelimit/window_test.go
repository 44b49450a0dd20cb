package ratelimit_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/ratelimit"
)

func TestRequestsOfThePreviousWindowCountAsFarAsTheyReach(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	c := newClock() // at the start of a minute
	l := newLimiter(t, ratelimit.Config{Now: c.Now})
	for _, step := range []struct {
		advance time.Duration
		want    ratelimit.Decision
	}{
		{0, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 3, Reset: time.Minute}},
		{50 * time.Second, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 2, Reset: 10 * time.Second}},
		{0, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 1, Reset: 10 * time.Second}},
		{0, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 0, Reset: 25 * time.Second}},
		{0, ratelimit.Decision{Allowed: false, Limit: 4, Remaining: 0, Reset: 25 * time.Second}},
		{10 * time.Second, ratelimit.Decision{Allowed: false, Limit: 4, Remaining: 0, Reset: 15 * time.Second}},
		{15*time.Second - 1, ratelimit.Decision{Allowed: false, Limit: 4, Remaining: 0, Reset: 1}},
		{1, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 0, Reset: 15 * time.Second}},
		{45 * time.Second, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 2, Reset: time.Minute}},
		{2 * time.Minute, ratelimit.Decision{Allowed: true, Limit: 4, Remaining: 3, Reset: time.Minute}},
	} {
		c.Advance(step.advance)
		if got := take(t, l, "user", 4, time.Minute); got != step.want {
			t.Errorf("at %s: %+v, want %+v", c.Now().Format("15:04:05.999999999"), got, step.want)
		}
	}
}

// At most the limit and one fit into a few seconds, wherever they lie.
func TestBurstsAroundTheEndOfAWindowFitIntoOneLimit(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	for _, limit := range []int{1, 5, 20, 400} {
		c := newClock()
		l := newLimiter(t, ratelimit.Config{Now: c.Now})
		c.Advance(59100 * time.Millisecond)
		allowed := 0
		for range 2 * limit { // 1.8 s around the end of the minute
			if take(t, l, "user", limit, time.Minute).Allowed {
				allowed++
			}
			c.Advance(1800 * time.Millisecond / time.Duration(2*limit))
		}
		if most := limit + max(limit/20, 1); allowed < limit || allowed > most {
			t.Errorf("a limit of %d let %d through in 1.8 s, want at most %d", limit, allowed, most)
		}
	}
}

// checkWaits takes at random times and checks every Reset: whoever waits for it is allowed, and nobody who came a
// moment earlier would have been.
func checkWaits(t *testing.T, l *ratelimit.Limiter, c *clock, rounds int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for _, limit := range []int{1, 3, 20, 7919} {
		window := time.Duration(limit) * 1234567891
		key := t.Name()
		for range rounds {
			for range random.IntN(limit + 2) {
				take(t, l, key, limit, window)
			}
			d := take(t, l, key, limit, window)
			if d.Reset <= 0 || d.Reset > 2*window || d.Remaining < 0 || d.Remaining > limit {
				t.Fatalf("limit %d: %+v", limit, d)
			}
			if !d.Allowed {
				c.Advance(d.Reset - time.Microsecond)
				if d.Reset > time.Microsecond && take(t, l, key, limit, window).Allowed {
					t.Fatalf("limit %d: allowed before the end of %v", limit, d.Reset)
				}
				c.Advance(time.Microsecond)
				if got := take(t, l, key, limit, window); !got.Allowed {
					t.Fatalf("limit %d: refused after waiting for %v: %+v", limit, d.Reset, got)
				}
			}
			c.Advance(time.Duration(random.Int64N(int64(window))))
		}
	}
}

func TestWaitingForResetIsExactlyEnough(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	c := newClock()
	checkWaits(t, newLimiter(t, ratelimit.Config{Now: c.Now}), c, 50)
}

// remaining requests are really left.
func TestRemainingRequestsAreAllowed(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	c, random := newClock(), rand.New(rand.NewPCG(3, 4))
	l := newLimiter(t, ratelimit.Config{Now: c.Now})
	for range 300 {
		d := take(t, l, "user", 20, time.Minute)
		for i := range d.Remaining {
			if got := take(t, l, "user", 20, time.Minute); !got.Allowed || got.Remaining != d.Remaining-1-i {
				t.Fatalf("%d were left, and of these number %d: %+v", d.Remaining, i+1, got)
			}
		}
		if take(t, l, "user", 20, time.Minute).Allowed {
			t.Fatalf("%d were left, and one more was allowed", d.Remaining)
		}
		c.Advance(time.Duration(random.Int64N(int64(70 * time.Second))))
	}
}

func TestRefusedRequestsCountInNoBucket(t *testing.T) {
	t.Attr("case", "S6")
	t.Parallel()
	c := newClock()
	l := newLimiter(t, ratelimit.Config{Now: c.Now})
	narrow := func(key string) ratelimit.Bucket { return ratelimit.Bucket{Key: key, Limit: 2, Window: time.Minute} }
	wide := ratelimit.Bucket{Key: "wide", Limit: 3, Window: time.Minute}
	both := func(key string) ratelimit.Decision {
		t.Helper()
		d, err := l.TakeAll(t.Context(), narrow(key), wide)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for range 10 { // eight are refused by the narrow bucket
		both("a")
	}
	if d := both("b"); !d.Allowed || d.Remaining != 0 || d.Limit != 2 {
		t.Errorf("the third in the wide bucket: %+v", d)
	}
	for range 10 {
		if both("b").Allowed || both("c").Allowed {
			t.Fatal("more than three in the wide bucket")
		}
	}
	l.RefundAll(t.Context(), narrow("a"), wide)
	if d := both("c"); !d.Allowed {
		t.Errorf("what the wide bucket refused was counted in the narrow one: %+v", d)
	}
	if _, err := l.TakeAll(t.Context(), wide, ratelimit.Bucket{Key: "x"}); err == nil {
		t.Error("a bucket without a limit was accepted")
	}
}

func TestResetIsThatOfTheBucketThatRefusesForLongest(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	c := newClock()
	l := newLimiter(t, ratelimit.Config{Now: c.Now})
	narrow := ratelimit.Bucket{Key: "narrow", Limit: 2, Window: time.Minute}
	wide := ratelimit.Bucket{Key: "wide", Limit: 3, Window: time.Hour}
	both := func() ratelimit.Decision {
		t.Helper()
		d, err := l.TakeAll(t.Context(), narrow, wide)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	both()
	both()
	take(t, l, wide.Key, wide.Limit, wide.Window) // both are full
	d := both()
	if checked, err := l.Check(narrow, wide); err != nil || d.Allowed || checked.Reset != d.Reset {
		t.Fatalf("%+v, and checked: %+v, %v", d, checked, err)
	}
	c.Advance(d.Reset - time.Microsecond)
	if both().Allowed {
		t.Errorf("allowed before the end of %v", d.Reset)
	}
	c.Advance(time.Microsecond)
	if got := both(); !got.Allowed {
		t.Errorf("refused after waiting for %v: %+v", d.Reset, got)
	}
}

func TestCheckDoesNotCount(t *testing.T) {
	t.Parallel()
	l := newLimiter(t, ratelimit.Config{Now: newClock().Now})
	b := ratelimit.Bucket{Key: "user", Limit: 1, Window: time.Minute}
	for range 5 {
		if d, err := l.Check(b); err != nil || !d.Allowed {
			t.Fatalf("%+v, %v", d, err)
		}
	}
	take(t, l, b.Key, b.Limit, b.Window)
	if d, err := l.Check(b); err != nil || d.Allowed || d.Reset != 2*time.Minute {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := l.Check(ratelimit.Bucket{}); err == nil {
		t.Error("a bucket without a limit was accepted")
	}
}
