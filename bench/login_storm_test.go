package bench_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// BenchmarkLoginStorm measures GET /auth/me during 32 concurrent logins at the production bcrypt cost. storm/idle is
// the ratio of the 99th percentiles, logins/s the rate of successful logins.
func BenchmarkLoginStorm(b *testing.B) {
	server, bearer := startService(b, 12, nil)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	p99 := func() time.Duration {
		var took []time.Duration
		for range 1000 {
			start := time.Now()
			fetch(b, client, server.URL+"/api/v1/auth/me", bearer)
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		return took[len(took)*99/100]
	}
	for b.Loop() {
		idle := p99()
		storm := startLoginStorm(b, client, server.URL)
		loaded := p99()
		pgtest.Eventually(b, time.Minute, func() error {
			if time.Since(storm.start) < 10*time.Second {
				return http.ErrHandlerTimeout
			}
			return nil
		})
		rate := float64(storm.succeeded.Load()) / time.Since(storm.start).Seconds()
		close(storm.stop)
		storm.clients.Wait()
		b.ReportMetric(float64(loaded)/float64(idle), "storm/idle")
		b.ReportMetric(float64(idle.Microseconds()), "idle-p99-µs")
		b.ReportMetric(float64(loaded.Microseconds()), "storm-p99-µs")
		b.ReportMetric(rate, "logins/s")
		b.ReportMetric(float64(storm.busy.Load()), "busy")
	}
}

// loginStorm is 32 clients that keep logging in until stop is closed.
type loginStorm struct {
	start           time.Time
	stop            chan struct{}
	clients         sync.WaitGroup
	succeeded, busy atomic.Int64
}

func startLoginStorm(b *testing.B, client *http.Client, url string) *loginStorm {
	b.Helper()
	storm := &loginStorm{start: time.Now(), stop: make(chan struct{})}
	for range 32 {
		storm.clients.Go(func() {
			for {
				select {
				case <-storm.stop:
					return
				default:
				}
				body := strings.NewReader(`{"email":"bench@example.com","password":"` + password + `"}`)
				resp, err := client.Post(url+"/api/v1/auth/login", "application/json", body)
				if err != nil {
					b.Error(err)
					return
				}
				resp.Body.Close()
				switch resp.StatusCode {
				case http.StatusOK:
					storm.succeeded.Add(1)
				case http.StatusServiceUnavailable:
					storm.busy.Add(1)
				default:
					b.Errorf("login: %d", resp.StatusCode)
					return
				}
			}
		})
	}
	return storm
}
