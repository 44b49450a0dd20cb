//go:build soak

package system_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/httpapi"
)

// TestSoakSlowHeadersDelayNobody measures what 500 connections that drip a header cost everybody else: at p99 less than twice.
func TestSoakSlowHeadersDelayNobody(t *testing.T) {
	t.Attr("case", "C129")
	a := start(t, nil)
	ts := httptest.NewUnstartedServer(nil)
	ts.Config = httpapi.NewHTTPServer("", a.Server, slog.New(slog.DiscardHandler))
	ts.Start()
	t.Cleanup(ts.Close)
	me := a.Register("beside@example.com")
	p99 := func() time.Duration {
		var took []time.Duration
		for range 2000 {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ts.URL+"/api/v1/auth/me", nil)
			check(t, err)
			req.Header.Set("Authorization", me["Authorization"])
			begun := time.Now()
			resp, err := http.DefaultClient.Do(req)
			check(t, err)
			_, err = io.Copy(io.Discard, resp.Body)
			check(t, err)
			check(t, resp.Body.Close())
			took = append(took, time.Since(begun))
		}
		slices.Sort(took)
		return took[len(took)*99/100]
	}
	p99() // caches and connections
	alone := p99()
	for range 500 {
		conn, err := net.Dial("tcp", ts.Listener.Addr().String())
		check(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, "GET /api/v1/health HTTP/1.1\r\nHost: x\r\nX-Slow: a")
		check(t, err)
	}
	beside := p99()
	t.Logf("/auth/me at p99: %v alone, %v beside 500 slow headers", alone, beside)
	if beside >= 2*alone {
		t.Errorf("%.1f times as slow beside them", float64(beside)/float64(alone))
	}
}
