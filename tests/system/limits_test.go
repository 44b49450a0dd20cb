package system_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// withLimits makes the service keep its accounts in db and its limits where cfg says, both by the clock.
func withLimits(t *testing.T, clock *apitest.Clock, db *postgres.DB, cfg ratelimit.Config) option {
	return func(c *httpapi.Config) {
		accounts, err := auth.New(auth.Config{SecretsKeys: []string{strings.Repeat("k", 32)},
			DB: db, Secret: strings.Repeat("s", 32),
			Pepper: strings.Repeat("p", 32), BcryptCost: 4, Log: c.Log, Now: clock.Now})
		check(t, err)
		cfg.Log, cfg.Now = c.Log, clock.Now
		limiter, err := ratelimit.New(cfg)
		check(t, err)
		t.Cleanup(func() { check(t, limiter.Close()) })
		c.Auth, c.Ready, c.Limiter, c.Now = accounts, db.Ping, limiter, clock.Now
	}
}

func trustProxies(proxies ...string) option {
	return func(c *httpapi.Config) {
		for _, p := range proxies {
			c.TrustedProxies = append(c.TrustedProxies, netip.MustParsePrefix(p))
		}
	}
}

// statusCounts counts responses by status.
type statusCounts struct {
	mu sync.Mutex
	n  map[int]int
}

func (c *statusCounts) add(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[int]int{}
	}
	c.n[status]++
}

func (c *statusCounts) expect(t *testing.T, what string, want map[int]int) {
	t.Helper()
	if fmt.Sprint(c.n) != fmt.Sprint(want) {
		t.Errorf("%s: responses by status %v, want %v", what, c.n, want)
	}
}

func TestConcurrentRequestsShareTheLimit(t *testing.T) {
	t.Attr("case", "C42")
	t.Parallel()
	a := start(t, nil, withLimits(t, apitest.NewClock(), pgtest.New(t), ratelimit.Config{}))
	me := a.Register("burst@example.com")
	var all sync.WaitGroup
	var counts statusCounts
	for range 21 {
		all.Go(func() {
			got, err := a.tryDo("POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me)
			if err != nil {
				t.Error(err)
			}
			counts.add(got.Status)
			if p := got.Header.Get("RateLimit-Policy"); p != `"free";q=20;w=60` {
				t.Errorf("RateLimit-Policy %q", p)
			}
			if got.Status != http.StatusTooManyRequests {
				return
			}
			if wait, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 63 {
				t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
			}
			if got.Code() != "rate_limited" || got.Header.Get("RateLimit") != `"free";r=0;t=63` {
				t.Errorf("%s, RateLimit %q", got.Code(), got.Header.Get("RateLimit"))
			}
		})
	}
	all.Wait()
	counts.expect(t, "21 at once", map[int]int{200: 20, 429: 1})
}

func TestRetryAfterIsExact(t *testing.T) {
	t.Attr("case", "C43")
	t.Parallel()
	clock := apitest.NewClock()
	a := start(t, nil, withLimits(t, clock, pgtest.New(t), ratelimit.Config{}))
	me := a.Register("exact@example.com")
	for range 20 {
		if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusOK {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
	}
	clock.Advance(17300 * time.Millisecond)
	got := a.Do("GET", "/api/v1/auth/me", "", me) // the minute has 42.7 s left, and 3 s later one of the 20 has passed
	if got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "46" {
		t.Fatalf("%d, Retry-After %q, want 429 and 46", got.Status, got.Header.Get("Retry-After"))
	}
	clock.Advance(45 * time.Second)
	if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusTooManyRequests ||
		got.Header.Get("Retry-After") != "1" {
		t.Errorf("a second too early: %d, Retry-After %q", got.Status, got.Header.Get("Retry-After"))
	}
	clock.Advance(time.Second)
	if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusOK {
		t.Errorf("after the wait: %d", got.Status)
	}
}

// redisServer is a Redis server of one test.
type redisServer struct {
	t      *testing.T
	socket string
	cmd    *exec.Cmd
}

func startRedis(t *testing.T) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed")
	}
	folder, err := os.MkdirTemp("", "rl") // the names of t.TempDir are too long for a socket
	check(t, err)
	r := &redisServer{t: t, socket: filepath.Join(folder, "redis.sock")}
	t.Cleanup(func() {
		r.kill()
		check(t, os.RemoveAll(folder))
	})
	r.start()
	return r
}

func (r *redisServer) url() string { return "unix://" + r.socket }

// start starts the server and returns when it answers.
func (r *redisServer) start() {
	r.t.Helper()
	r.cmd = exec.Command("redis-server", "--port", "0", "--unixsocket", r.socket, "--save", "", "--appendonly", "no",
		"--dir", filepath.Dir(r.socket), "--daemonize", "no")
	check(r.t, r.cmd.Start())
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: r.socket})
	defer client.Close()
	pgtest.Eventually(r.t, 20*time.Second, func() error { return client.Ping(context.Background()).Err() })
}

func (r *redisServer) kill() {
	if r.cmd == nil {
		return
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait() // reports the kill
	r.cmd = nil
}

// generousTimeout is not reached even on a busy machine.
const generousTimeout = 20 * time.Second

func TestReplicasShareTheLimit(t *testing.T) {
	t.Attr("case", "C44")
	t.Parallel()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		url = startRedis(t).url()
	}
	db, clock := pgtest.New(t), apitest.NewClock()
	shared := ratelimit.Config{RedisURL: url, Timeout: generousTimeout}
	proxies := trustProxies("127.0.0.0/8") // a Redis of earlier runs has counted registrations from loopback
	one, two := start(t, nil, withLimits(t, clock, db, shared), proxies),
		start(t, nil, withLimits(t, clock, db, shared), proxies)
	accounts := one.Do("POST", "/api/v1/auth/register",
		fmt.Sprintf(`{"email":"two@example.com","password":%q}`, password),
		header{"X-Forwarded-For": freshAddress()})
	me := header{"Authorization": "Bearer " + accounts.JSON(t)["access_token"].(string)}
	var all sync.WaitGroup
	var counts statusCounts
	for i := range 40 {
		all.Go(func() {
			got, err := []*api{one, two}[i%2].tryDo("GET", "/api/v1/auth/me", "", me)
			if err != nil {
				t.Error(err)
			}
			counts.add(got.Status)
		})
	}
	all.Wait()
	counts.expect(t, "40 at once over two replicas", map[int]int{200: 20, 429: 20})
}

// freshAddress returns an address of the IPv6 documentation range that no other test uses.
func freshAddress() string {
	n := time.Now().UnixNano()
	return fmt.Sprintf("2001:db8:%x:%x::1", uint16(n>>16), uint16(n))
}

func TestLimitsSurviveRedisOutage(t *testing.T) {
	t.Attr("case", "C46")
	t.Parallel()
	r, clock := startRedis(t), apitest.NewClock()
	a := start(t, nil, withLimits(t, clock, pgtest.New(t),
		ratelimit.Config{RedisURL: r.url(), Timeout: generousTimeout}), trustProxies("127.0.0.0/8"))
	logins := func(ip string, n int) *statusCounts {
		var counts statusCounts
		for range n {
			counts.add(a.Do("POST", "/api/v1/auth/login", `{"email":"nobody@example.com","password":"wrong"}`,
				header{"X-Forwarded-For": ip}).Status)
		}
		return &counts
	}
	logins("198.51.100.1", 10).expect(t, "with Redis", map[int]int{401: 10})
	r.kill()
	logins("198.51.100.1", 3).expect(t, "an address at its limit after Redis was killed", map[int]int{429: 3})
	logins("198.51.100.2", 30).expect(t, "a new address while Redis is away", map[int]int{401: 10, 429: 20})
	me := a.Register("local@example.com")
	if got := a.Do("GET", "/api/v1/auth/me", "", me); got.Status != http.StatusOK ||
		!strings.HasPrefix(got.Header.Get("RateLimit"), `"free";r=19;t=`) {
		t.Errorf("with Redis killed: %d, RateLimit %q", got.Status, got.Header.Get("RateLimit"))
	}
	r.start()
	clock.Advance(2 * time.Second)
	logins("198.51.100.3", 12).expect(t, "with Redis back", map[int]int{401: 10, 429: 2})
}

func TestUpgradeAndSeatsRaiseTheLimit(t *testing.T) {
	t.Attr("case", "C47")
	t.Parallel()
	clock, db := apitest.NewClock(), pgtest.New(t)
	a := start(t, nil, withLimits(t, clock, db, ratelimit.Config{}))
	operator, err := auth.New(auth.Config{SecretsKeys: []string{strings.Repeat("k", 32)},
		DB: db, Secret: strings.Repeat("s", 32), Now: clock.Now}) // another process
	check(t, err)
	me, other := a.Register("buyer@example.com"), a.Register("other@example.com")
	request := func(who header, n int) *statusCounts {
		var counts statusCounts
		for range n {
			counts.add(a.Do("GET", "/api/v1/auth/me", "", who).Status)
		}
		return &counts
	}
	request(me, 21).expect(t, "free", map[int]int{200: 20, 429: 1})
	check(t, operator.SetTier(t.Context(), "buyer@example.com", tier.Pro, 1))
	clock.Advance(10 * time.Second)
	request(me, 61).expect(t, "pro, ten seconds later", map[int]int{200: 60, 429: 1})
	check(t, operator.SetTier(t.Context(), "buyer@example.com", tier.Team, 2))
	clock.Advance(10 * time.Second)
	if p := a.Do("GET", "/api/v1/auth/me", "", me).Header.Get("RateLimit-Policy"); p != `"team";q=400;w=60` {
		t.Errorf("two seats: RateLimit-Policy %q", p)
	}
	request(me, 400).expect(t, "two seats", map[int]int{200: 399, 429: 1})
	request(other, 21).expect(t, "another account, which has a limit of its own", map[int]int{200: 20, 429: 1})
}

func TestPublicLimitsCountClientAddresses(t *testing.T) {
	t.Attr("case", "C48")
	t.Parallel()
	login := func(a *api, forwarded string) int {
		return a.Do("POST", "/api/v1/auth/login", `{"email":"nobody@example.com","password":"wrong"}`,
			header{"X-Forwarded-For": forwarded}).Status
	}
	for name, c := range map[string]struct {
		proxies []string
		address func(i int) string
		want    map[int]int
	}{
		"no proxy is trusted": {nil, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) },
			map[int]int{401: 10, 429: 2}},
		"a proxy is trusted": {[]string{"127.0.0.0/8"},
			func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }, map[int]int{401: 12}},
		"a spoofed prefix": {[]string{"127.0.0.0/8"},
			func(i int) string { return fmt.Sprintf("203.0.113.%d, 198.51.100.1", i) },
			map[int]int{401: 10, 429: 2}},
		"two proxies in a row": {[]string{"127.0.0.0/8", "10.0.0.0/8"},
			func(i int) string { return fmt.Sprintf("203.0.113.%d, 10.1.2.3", i) },
			map[int]int{401: 12}},
		"nonsense": {[]string{"127.0.0.0/8"}, func(i int) string { return fmt.Sprintf("x%d", i) },
			map[int]int{401: 10, 429: 2}},
		"one IPv6 network": {[]string{"127.0.0.0/8"},
			func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }, map[int]int{401: 10, 429: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil, withLimits(t, apitest.NewClock(), pgtest.New(t), ratelimit.Config{}),
				trustProxies(c.proxies...))
			var counts statusCounts
			for i := range 12 {
				counts.add(login(a, c.address(i)))
			}
			counts.expect(t, "12 logins", c.want)
		})
	}
}

func TestLimitsOfPublicOperations(t *testing.T) {
	t.Attr("case", "C48")
	t.Parallel()
	clock := apitest.NewClock()
	a := start(t, nil, withLimits(t, clock, pgtest.New(t), ratelimit.Config{}))
	for _, c := range []struct {
		path, body, policy string
		limit, status      int
		window             time.Duration
	}{
		{"/auth/login", `{"email":"nobody@example.com","password":"wrong"}`, `"login";q=10;w=60`, 10, 401, time.Minute},
		{"/auth/register", `{"email":"a@example.com","password":"short"}`, `"register";q=5;w=3600`, 5, 422, time.Hour},
		{"/auth/refresh", `{"refresh_token":"nonsense"}`, `"refreshTokens";q=60;w=60`, 60, 401, time.Minute},
	} {
		ask := func() answer { return a.Do("POST", "/api/v1"+c.path, c.body, nil) }
		for i := range c.limit {
			if got := ask(); got.Status != c.status || got.Header.Get("RateLimit-Policy") != c.policy {
				t.Fatalf("%s, request %d: %d, RateLimit-Policy %q: %s", c.path, i+1, got.Status,
					got.Header.Get("RateLimit-Policy"), got.Body)
			}
		}
		got := ask()
		wait, err := strconv.Atoi(got.Header.Get("Retry-After"))
		longest := c.window + c.window/time.Duration(c.limit) + time.Second // until one of the limit has passed
		if got.Code() != "rate_limited" || err != nil || wait < 1 || time.Duration(wait)*time.Second > longest {
			t.Errorf("%s above the limit: %d, Retry-After %q", c.path, got.Status, got.Header.Get("Retry-After"))
		}
		clock.Advance(time.Duration(wait-1)*time.Second - time.Millisecond)
		if got := ask(); got.Status != http.StatusTooManyRequests {
			t.Errorf("%s more than a second too early: %d", c.path, got.Status)
		}
		clock.Advance(time.Second + time.Millisecond)
		if got := ask(); got.Status != c.status {
			t.Errorf("%s after Retry-After: %d", c.path, got.Status)
		}
	}
}

func TestServerErrorsAreNotCounted(t *testing.T) {
	t.Attr("case", "C49")
	t.Parallel()
	blocking := make(chan struct{}, 1) // full while the model fails at once, empty for one call that blocks
	fails := llmtest.NewModelFunc(func(ctx context.Context, _ agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
		select {
		case blocking <- struct{}{}:
			<-ctx.Done()
			return agent.Answer{}, ctx.Err()
		default:
			return agent.Answer{}, fault.New(fault.LLMUnavailable, "The model is unavailable.")
		}
	})
	blocking <- struct{}{}
	a := start(t, fails, withLimits(t, apitest.NewClock(), pgtest.New(t), ratelimit.Config{}))
	me := a.Register("refund@example.com")
	left := func() string { return a.Do("GET", "/api/v1/auth/me", "", me).Header.Get("RateLimit") }
	if l := left(); l != `"free";r=19;t=60` {
		t.Fatalf("first request: %s", l)
	}
	for i := range 30 {
		if got := a.Do("POST", "/api/v1/chat", `{"message":"list my open tasks"}`,
			me); got.Status != http.StatusServiceUnavailable {
			t.Fatalf("server error %d: %d %s", i+1, got.Status, got.Body)
		}
	}
	if l := left(); l != `"free";r=18;t=60` {
		t.Errorf("after 30 server errors: %s", l)
	}
	if got := a.Do("POST", "/api/v1/chat", `{"message":7}`, me); got.Status != http.StatusUnprocessableEntity {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if l := left(); l != `"free";r=16;t=60` {
		t.Errorf("after an invalid request: %s", l)
	}

	<-blocking // the next call of the model blocks
	ctx, disconnect := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequestWithContext(ctx, "POST", "/api/v1/chat",
			strings.NewReader(`{"message":"list my open tasks"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", me["Authorization"])
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("the connection of a client that left was not cut: %v", v)
			}
		}()
		a.Server.ServeHTTP(httptest.NewRecorder(), r)
	}()
	pgtest.Eventually(t, 10*time.Second, func() error {
		if len(blocking) == 0 {
			return fmt.Errorf("the model was not called")
		}
		return nil
	})
	disconnect()
	<-done
	if l := left(); l != `"free";r=14;t=60` {
		t.Errorf("after a disconnect: %s", l)
	}
}
