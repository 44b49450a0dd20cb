package bench_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// startService starts the service with one account, and returns the server and the account's Authorization header.
// limiter may be nil.
func startService(b *testing.B, cost int, limiter *ratelimit.Limiter) (server *httptest.Server, bearer string) {
	b.Helper()
	cfg := apitest.Config(b)
	cfg.BcryptCost = cost
	service, err := app.New(b.Context(), cfg, app.Options{
		Log: slog.New(slog.DiscardHandler), Version: "bench", DB: pgtest.New(b),
		HTTP: func(c *httpapi.Config) { c.Limiter = limiter },
	})
	check(b, err)
	b.Cleanup(service.Close)
	tokens, err := service.Auth.Register(b.Context(), auth.Credentials{Email: "bench@example.com", Password: password})
	check(b, err)
	server = httptest.NewServer(service.API)
	b.Cleanup(server.Close)
	return server, "Bearer " + tokens.AccessToken
}

// fetch requests url and returns the body. Another status than 200 ends the benchmark.
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

// BenchmarkLimiterAdds measures how much time the in-memory limiter adds to a request, without network.
func BenchmarkLimiterAdds(b *testing.B) {
	clock := apitest.NewClock()
	limiter, err := ratelimit.New(ratelimit.Config{Now: clock.Now})
	if err != nil {
		b.Fatal(err)
	}
	var spent [2]time.Duration
	var servers [2]http.Handler
	for i, l := range []*ratelimit.Limiter{nil, limiter} {
		server, _ := startService(b, 4, l)
		servers[i] = server.Config.Handler
	}
	const turn = 100 // below the limit, and each turn has its own window
	for b.Loop() {
		clock.Advance(time.Minute)
		for i, handler := range servers {
			start := time.Now()
			for range turn {
				w := &statusOnly{header: http.Header{}}
				handler.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/health", http.NoBody))
				if w.status != http.StatusOK {
					b.Fatal(w.status)
				}
			}
			spent[i] += time.Since(start)
		}
	}
	b.ReportMetric(float64(spent[1]-spent[0])/float64(b.N*turn), "ns-added/op")
}

// statusOnly is a ResponseWriter that keeps the status alone. A recorder would copy every header.
type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header { return w.header }

func (w *statusOnly) WriteHeader(status int) { w.status = status }

func (w *statusOnly) Write(p []byte) (int, error) { return len(p), nil }
