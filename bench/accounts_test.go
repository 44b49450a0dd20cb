package bench_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v5"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// accountsServer is a server over HTTP with one account, as in production but for the limiter, which may be nil.
func accountsServer(b *testing.B, cost int, limiter *ratelimit.Limiter) (server *httptest.Server, bearer string) {
	b.Helper()
	fatal := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	cfg := apitest.Config(b)
	cfg.BcryptCost = cost
	service, err := app.New(b.Context(), cfg, app.Options{
		Log: slog.New(slog.DiscardHandler), Version: "bench", DB: pgtest.New(b),
		HTTP: func(c *httpapi.Config) { c.Limiter = limiter },
	})
	fatal(err)
	b.Cleanup(service.Close)
	tokens, err := service.Auth.Register(b.Context(), "bench@example.com", thePassword)
	fatal(err)
	server = httptest.NewServer(service.API)
	b.Cleanup(server.Close)
	return server, "Bearer " + tokens.AccessToken
}

// fetch asks url once and returns the length of a 200's body.
func fetch(b *testing.B, client *http.Client, url, bearer string) []byte {
	b.Helper()
	req, err := http.NewRequest("GET", url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Authorization", bearer)
	resp, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body := make([]byte, max(resp.ContentLength, 0))
	for read := 0; read < len(body); {
		n, err := resp.Body.Read(body[read:])
		if read += n; err != nil && read < len(body) {
			b.Fatal(err)
		}
	}
	if resp.StatusCode != http.StatusOK {
		b.Fatalf("%d %s", resp.StatusCode, body)
	}
	return body
}

// BenchmarkMe compares an authenticated GET /auth/me with a bare Echo handler that answers the same bytes, in turns
// over loopback, so that other work on the machine disturbs both alike. ratio is ours by theirs in requests a second.
func BenchmarkMe(b *testing.B) {
	server, bearer := accountsServer(b, 4, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	bytes := fetch(b, client, server.URL+"/api/v1/auth/me", bearer)
	e := echo.New()
	e.GET("/api/v1/auth/me", func(c *echo.Context) error { return c.JSONBlob(http.StatusOK, bytes) })
	bare := httptest.NewServer(e)
	b.Cleanup(bare.Close)
	fetch(b, client, bare.URL+"/api/v1/auth/me", bearer)
	var ours, theirs time.Duration
	const turn = 50
	for b.Loop() {
		for _, t := range []struct {
			url   string
			spent *time.Duration
		}{{server.URL, &ours}, {bare.URL, &theirs}} {
			begun := time.Now()
			for range turn {
				fetch(b, client, t.url+"/api/v1/auth/me", bearer)
			}
			*t.spent += time.Since(begun)
		}
	}
	b.ReportMetric(float64(theirs)/float64(ours), "ratio")
	b.ReportMetric(float64(ours.Nanoseconds())/float64(b.N*turn), "ns/me")
	b.ReportMetric(float64(theirs.Nanoseconds())/float64(b.N*turn), "ns/bare")
}

// BenchmarkLimiterAdds is the in-memory limiter's part of a request, without network.
func BenchmarkLimiterAdds(b *testing.B) {
	clock := apitest.NewClock()
	limiter, err := ratelimit.New(ratelimit.Config{Now: clock.Now})
	if err != nil {
		b.Fatal(err)
	}
	var spent [2]time.Duration
	var servers [2]http.Handler
	for i, l := range []*ratelimit.Limiter{nil, limiter} {
		server, _ := accountsServer(b, 4, l)
		servers[i] = server.Config.Handler
	}
	const turn = 100 // below the limit of the route, and each turn has a window of its own
	for b.Loop() {
		clock.Advance(time.Minute)
		for i, handler := range servers {
			begun := time.Now()
			for range turn {
				w := &statusOnly{header: http.Header{}}
				handler.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/health", http.NoBody))
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
			spent[i] += time.Since(begun)
		}
	}
	b.ReportMetric(float64(spent[1]-spent[0])/float64(b.N*turn), "ns-added/op")
}

// statusOnly is a response of which only the status is kept; a recorder would copy every header once more.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header         { return w.header }
func (w *statusOnly) WriteHeader(status int)      { w.status = status }
func (w *statusOnly) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkLoginStorm keeps 32 log-ins under way at the production cost and measures GET /auth/me beside them. storm/idle
// is the ratio of the 99th percentiles, logins/s what was admitted.
func BenchmarkLoginStorm(b *testing.B) {
	server, bearer := accountsServer(b, 12, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	p99 := func() time.Duration {
		var took []time.Duration
		for range 1000 {
			begun := time.Now()
			fetch(b, client, server.URL+"/api/v1/auth/me", bearer)
			took = append(took, time.Since(begun))
		}
		slices.Sort(took)
		return took[len(took)*99/100]
	}
	for b.Loop() {
		idle := p99()
		stop := make(chan struct{})
		var storm sync.WaitGroup
		var in, busy atomic.Int64
		begun := time.Now()
		for range 32 {
			storm.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					body := strings.NewReader(`{"email":"bench@example.com","password":"` + thePassword + `"}`)
					resp, err := client.Post(server.URL+"/api/v1/auth/login", "application/json", body)
					if err != nil {
						b.Error(err)
						return
					}
					resp.Body.Close()
					switch resp.StatusCode {
					case http.StatusOK:
						in.Add(1)
					case http.StatusServiceUnavailable:
						busy.Add(1)
					default:
						b.Errorf("login: %d", resp.StatusCode)
						return
					}
				}
			})
		}
		loaded := p99()
		pgtest.Eventually(b, time.Minute, func() error {
			if time.Since(begun) < 10*time.Second {
				return http.ErrHandlerTimeout
			}
			return nil
		})
		rate := float64(in.Load()) / time.Since(begun).Seconds()
		close(stop)
		storm.Wait()
		b.ReportMetric(float64(loaded)/float64(idle), "storm/idle")
		b.ReportMetric(float64(idle.Microseconds()), "idle-p99-µs")
		b.ReportMetric(float64(loaded.Microseconds()), "storm-p99-µs")
		b.ReportMetric(rate, "logins/s")
		b.ReportMetric(float64(busy.Load()), "busy")
	}
}
