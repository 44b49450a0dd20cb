package system_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// loginsFrom tries to log in once from each address, behind a trusted proxy.
func loginsFrom(a *api, n int, address func(i int) string) *statusCounts {
	var counts statusCounts
	for i := range n {
		counts.add(a.Do("POST", "/api/v1/auth/login", `{"email":"nobody@example.com","password":"wrong"}`,
			header{"X-Forwarded-For": address(i)}).Status)
	}
	return &counts
}

func TestWiderNetworksHaveLimitsOfTheirOwn(t *testing.T) {
	t.Attr("case", "S6")
	t.Parallel()
	for name, c := range map[string]struct {
		address func(i int) string
		want    map[int]int
	}{
		"one /64": {func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }, map[int]int{401: 10, 429: 50}},
		"one /56": {func(i int) string { return fmt.Sprintf("2001:db8:1:%x::1", i) }, map[int]int{401: 20, 429: 40}},
		"one /48": {func(i int) string { return fmt.Sprintf("2001:db8:1:%x00::1", i) }, map[int]int{401: 40, 429: 20}},
		"many /48s": {
			func(i int) string { return fmt.Sprintf("[2001:db8:%x::1]:443", i) }, map[int]int{401: 60},
		},
		"IPv4 neighbours": {
			func(i int) string { return fmt.Sprintf("203.0.113.%d:%d", i+1, 50000+i) }, map[int]int{401: 60},
		},
		"IPv4 through NAT64": {
			func(i int) string { return fmt.Sprintf("64:ff9b::203.0.113.%d", i+1) }, map[int]int{401: 60},
		},
		"one address, spelled in many ways": {
			func(i int) string {
				return []string{"203.0.113.7", "203.0.113.7:1", "::ffff:203.0.113.7", `"[::ffff:cb00:7107]:2"`}[i%4]
			}, map[int]int{401: 10, 429: 50},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, nil, withLimits(t, apitest.NewClock(), pgtest.New(t), ratelimit.Config{}),
				trustProxies("127.0.0.0/8"))
			loginsFrom(a, 60, c.address).expect(t, "60 logins", c.want)
		})
	}
}

func TestHiddenClientsHaveLimitsOfTheirOwn(t *testing.T) {
	t.Attr("case", "H01")
	t.Parallel()
	a := start(t, nil, withLimits(t, apitest.NewClock(), pgtest.New(t), ratelimit.Config{}),
		trustProxies("127.0.0.0/8"))
	var counts statusCounts
	for i := range 60 {
		counts.add(a.Do("POST", "/api/v1/auth/login", `{"email":"nobody@example.com","password":"wrong"}`,
			header{"Forwarded": fmt.Sprintf("for=_%d;proto=https", i%30)}).Status)
	}
	counts.expect(t, "60 logins of 30 clients that one proxy hides", map[int]int{401: 40, 429: 20})
	got := a.Do("POST", "/api/v1/auth/login", `{"email":"nobody@example.com","password":"wrong"}`,
		header{"Forwarded": "for=203.0.113.7"})
	if got.Status != http.StatusUnauthorized {
		t.Errorf("a client with an address behind that proxy: %d", got.Status)
	}
}

func TestWrongTokensOfOneNetworkEndBeforeTheDatabase(t *testing.T) {
	t.Attr("case", "S11")
	t.Parallel()
	clock, db := apitest.NewClock(), pgtest.New(t)
	a := start(t, nil, withLimits(t, clock, db, ratelimit.Config{}), trustProxies("127.0.0.0/8"))
	other := start(t, nil, withLimits(t, clock, db, ratelimit.Config{})) // where a session is good that a does not know
	out, in := a.Register("out@example.com"), other.Register("in@example.com")
	if got := a.Do("POST", "/api/v1/auth/logout", "", out); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	ask := func(who header, from string) answer {
		return a.Do("GET", "/api/v1/auth/me", "", header{
			"Authorization": who["Authorization"], "X-Forwarded-For": from,
		})
	}
	known := a.Register("known@example.com")
	if got := ask(known, "203.0.113.7"); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var counts statusCounts
	for range 320 {
		counts.add(ask(out, "203.0.113.7").Status)
	}
	counts.expect(t, "320 requests with a token of an ended session", map[int]int{401: 300, 429: 20})
	got := ask(in, "203.0.113.7")
	if got.Code() != "rate_limited" || got.Header.Get("Retry-After") != "61" {
		t.Errorf("a good token from that network: %d, Retry-After %q", got.Status, got.Header.Get("Retry-After"))
	}
	socket := header{"Authorization": in["Authorization"], "X-Forwarded-For": "203.0.113.7"}
	if s, got := a.Handshake("", socket); s != nil || got.Code() != "rate_limited" {
		t.Errorf("a socket from that network: %d", got.Status)
	}
	if got := ask(known, "203.0.113.7"); got.Status != http.StatusOK {
		t.Errorf("a session known to be good, from that network: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/auth/logout", "", known); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	for _, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		if got := ask(known, "203.0.113.7"); got.Status != want {
			t.Errorf("a known session that has ended: %d, want %d", got.Status, want)
		}
	}
	if got := ask(in, "203.0.113.8"); got.Status != http.StatusOK {
		t.Errorf("a good token from elsewhere: %d", got.Status)
	}
	clock.Advance(61 * time.Second)
	if got := ask(in, "203.0.113.7"); got.Status != http.StatusOK {
		t.Errorf("a good token after Retry-After: %d", got.Status)
	}
}

func TestFiveSocketsOverAllReplicas(t *testing.T) {
	t.Attr("case", "S12")
	t.Parallel()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		url = startRedis(t).url()
	}
	db, clock := pgtest.New(t), apitest.NewClock()
	shared := ratelimit.Config{RedisURL: url, Timeout: generousTimeout}
	proxies := trustProxies("127.0.0.0/8")
	replicas := []*api{
		start(t, nil, withLimits(t, clock, db, shared), proxies),
		start(t, nil, withLimits(t, clock, db, shared), proxies),
	}
	got := replicas[0].Do("POST", "/api/v1/auth/register",
		fmt.Sprintf(`{"email":"five@example.com","password":%q}`, password), header{"X-Forwarded-For": freshAddress()})
	me := header{"Authorization": "Bearer " + got.JSON(t)["access_token"].(string)}
	var open []*apitest.Stream
	for i := range 5 {
		open = append(open, replicas[i%2].Dial(me))
	}
	for _, a := range replicas {
		if s, got := a.Handshake("", me); s != nil || got.Code() != "rate_limited" ||
			got.Header.Get("Retry-After") == "" || !strings.Contains(string(got.Body), "5 sockets") {
			t.Errorf("a sixth socket: %d %s", got.Status, got.Body)
		}
	}
	check(t, open[0].Conn.Close())
	pgtest.Eventually(t, generousTimeout, func() error {
		if s, got := replicas[1].Handshake("", me); s == nil {
			return fmt.Errorf("a closed socket is still counted: %d", got.Status)
		}
		return nil
	})
}
