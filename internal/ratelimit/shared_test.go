package ratelimit_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/ratelimit"
)

// startServer starts a Redis server and returns it with a client of the test's own.
func startServer(t *testing.T) (*server, *redis.Client) {
	t.Helper()
	s := newServer(t)
	s.start()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket})
	t.Cleanup(func() { _ = client.Close() })
	return s, client
}

func keys(t *testing.T, client *redis.Client, pattern string) []string {
	t.Helper()
	list, err := client.Keys(t.Context(), pattern).Result()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWindowsSlideInRedis(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s, client := startServer(t)
	l := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout})
	const limit, window = 20, 24 * time.Hour // so long that no window ends during the test
	if d := take(t, l, "user", limit, window); d.Remaining != limit-1 {
		t.Fatalf("first: %+v", d)
	}
	key := keys(t, client, "adiuva:rl:*")[0]
	name, text, _ := cutLast(key, ":")
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Set(t.Context(), fmt.Sprint(name, ":", index-1), limit, window).Err(); err != nil {
		t.Fatal(err)
	}
	left := time.Unix(0, (index+1)*int64(window)).Sub(time.Now())
	want := limit - int((limit*int64(left)+int64(window)-1)/int64(window)) // what the day before leaves over
	allowed := 1
	for range limit {
		d := take(t, l, "user", limit, window)
		if d.Allowed {
			allowed++
		} else if d.Reset <= 0 || d.Reset > left+window || d.Remaining != 0 {
			t.Errorf("refused: %+v", d)
		}
	}
	if allowed < want || allowed > max(want, 1)+1 { // a step may have passed meanwhile
		t.Errorf("%d allowed beside a full day before with %v left, want %d", allowed, left, want)
	}
	if n, err := client.Get(t.Context(), key).Int(); err != nil || n != allowed {
		t.Errorf("Redis has %d, %v: refused requests were counted", n, err)
	}
}

func cutLast(text, separator string) (before, after string, found bool) {
	i := strings.LastIndex(text, separator)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+len(separator):], true
}

func TestReplicasWithWrongClocksShareWindows(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s, _ := startServer(t)
	behind, ahead := newClock(), newClock()
	ahead.Advance(1000*time.Hour + 17*time.Second)
	one := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout, Now: behind.Now})
	two := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout, Now: ahead.Now})
	if got := takeInParallel(t, 40, "user", 20, one, two); got != 20 {
		t.Errorf("40 in parallel over two replicas: %d allowed", got)
	}
}

// TestClockThatJumpsChangesNoCount moves the replica's clock in the middle of a window, forwards and backwards.
func TestClockThatJumpsChangesNoCount(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s, _ := startServer(t)
	clock := newClock()
	l := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout, Now: clock.Now})
	allowed := 0
	for i := range 30 {
		switch i {
		case 3:
			clock.Advance(72 * time.Hour)
		case 7:
			clock.Advance(-200 * time.Hour)
		}
		if take(t, l, "user", 20, 24*time.Hour).Allowed {
			allowed++
		}
	}
	if allowed != 20 {
		t.Errorf("30 requests with a clock that jumps: %d allowed, want 20", allowed)
	}
}

func TestTakeNeedsOneRoundTrip(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s, client := startServer(t)
	l := newLimiter(t, ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout})
	reads := func() int {
		t.Helper()
		info, err := client.Info(t.Context(), "stats").Result()
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(info, "total_reads_processed:")
		text, _, _ = strings.Cut(text, "\r\n")
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Skip("this Redis does not count reads")
		}
		return n
	}
	take(t, l, "user", 1000, time.Minute) // connects, and loads scripts
	before := reads()
	for range 100 {
		take(t, l, "user", 1000, time.Minute)
	}
	if got := reads() - before; got > 105 {
		t.Errorf("100 requests took %d round trips", got)
	}
}

func TestRedisDoesNotSeeWhatIsCounted(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	s, client := startServer(t)
	mine := ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout, Secret: []byte("one secret")}
	other := mine
	other.Secret = []byte("another secret")
	for _, cfg := range []ratelimit.Config{mine, other} {
		l := newLimiter(t, cfg)
		take(t, l, "login:203.0.113.7/32", 10, time.Minute)
		if _, ok := l.Hold(t.Context(), "0190b2a4-user", 5); !ok {
			t.Error("nothing held, and none is free")
		}
	}
	all := keys(t, client, "*")
	for _, key := range all {
		for _, word := range []string{"203", "login", "0190b2a4", "user"} {
			if strings.Contains(key, word) {
				t.Errorf("key %q shows %s", key, word)
			}
		}
	}
	if got := keys(t, client, "adiuva:held:*"); len(got) != 2 {
		t.Errorf("keys %q do not depend on the secret", all)
	}
}

func TestReplicasDivideTheLimitWithoutRedis(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	s, _ := startServer(t)
	clocks := [3]*clock{newClock(), newClock(), newClock()}
	var replicas []*ratelimit.Limiter
	for _, c := range clocks {
		replicas = append(replicas, newLimiter(t,
			ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout, Now: c.Now}))
	}
	for range 2 { // at the second announcement each knows of all
		for i, l := range replicas {
			take(t, l, "other", 100, time.Minute)
			clocks[i].Advance(10 * time.Second)
		}
	}
	s.kill()
	if got := takeInParallel(t, 90, "user", 20, replicas...); got != 18 {
		t.Errorf("three replicas without Redis let %d through under a limit of 20, want 6 each", got)
	}
	if got := takeInParallel(t, 30, "small", 2, replicas...); got != 3 {
		t.Errorf("three replicas let %d through under a limit of 2, want one each", got)
	}
	replicas[0].Refund(t.Context(), "user", 20, time.Minute)
	if !take(t, replicas[0], "user", 20, time.Minute).Allowed || take(t, replicas[0], "user", 20, time.Minute).Allowed {
		t.Error("a refund did not allow exactly one more")
	}
}

func TestReplicasShareWhatIsHeld(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s, client := startServer(t)
	cfg := ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout}
	one, two := newLimiter(t, cfg), newLimiter(t, cfg)
	hold := func(l *ratelimit.Limiter, want bool) func() {
		t.Helper()
		release, ok := l.Hold(t.Context(), "user", 5)
		if ok != want {
			t.Fatalf("held: %v, want %v", ok, want)
		}
		return release
	}
	first := hold(one, true)
	for range 2 {
		hold(one, true)
		hold(two, true)
	}
	hold(one, false)
	hold(two, false)
	if release, ok := two.Hold(t.Context(), "other", 5); !ok {
		t.Error("another user's leases were counted")
	} else {
		release()
	}
	first()
	first() // releasing twice frees one
	hold(two, true)
	hold(one, false)
	if got := keys(t, client, "adiuva:held:*"); len(got) != 1 {
		t.Errorf("keys %q, want that of the one who holds something", got)
	}
}

func TestHeldLeasesOutliveTheirTTLAndEndWithTheirReplica(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s, client := startServer(t)
	cfg := ratelimit.Config{RedisURL: s.url(), Timeout: longTimeout, LeaseTTL: 300 * time.Millisecond}
	dies, err := ratelimit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := dies.Hold(t.Context(), "user", 1); !ok {
		t.Fatal("not held")
	}
	key := keys(t, client, "adiuva:held:*")[0]
	expiry := func() float64 {
		t.Helper()
		all, err := client.ZRangeWithScores(t.Context(), key, 0, -1).Result()
		if err != nil || len(all) > 1 {
			t.Fatalf("%v, %v", all, err)
		}
		if len(all) == 0 {
			return 0
		}
		return all[0].Score
	}
	eventually := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !done(); {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	first := expiry()
	eventually("the lease is not renewed", func() bool { return expiry() > first+300 })
	if err := client.FlushAll(t.Context()).Err(); err != nil { // as if Redis had restarted
		t.Fatal(err)
	}
	eventually("a lease that Redis lost is not taken again", func() bool { return expiry() > 0 })
	if err := dies.Close(); err != nil {
		t.Fatal(err)
	}
	lives := newLimiter(t, cfg)
	eventually("the lease of a dead replica does not end", func() bool {
		_, ok := lives.Hold(t.Context(), "user", 1)
		return ok
	})
}

func TestHoldAllowsEverythingWithoutRedis(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	s := newServer(t) // is not started
	for _, cfg := range []ratelimit.Config{{}, {RedisURL: s.url(), Timeout: longTimeout}} {
		l := newLimiter(t, cfg)
		for range 3 {
			release, ok := l.Hold(t.Context(), "user", 1)
			if !ok {
				t.Fatal("refused")
			}
			defer release()
		}
	}
}
