//go:build soak

package system_test

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// p99 returns the 99th percentile of the time that 2,000 requests take, one after the other.
func (a *api) p99(path string, headers header) time.Duration {
	a.T.Helper()
	var took []time.Duration
	for range 2000 {
		req, err := http.NewRequestWithContext(a.T.Context(), http.MethodGet, a.URL+path, nil)
		check(a.T, err)
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		start := time.Now()
		resp, err := http.DefaultClient.Do(req)
		check(a.T, err)
		_, err = io.Copy(io.Discard, resp.Body)
		check(a.T, err)
		check(a.T, resp.Body.Close())
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// TestSoakIdleConnectionsDelayNobody measures requests beside 5,000 connections that have made one request and are
// idle, and 500 that ask for large answers and read none. At p99 they take less than three times as long.
func TestSoakIdleConnectionsDelayNobody(t *testing.T) {
	t.Attr("case", "S2")
	a := start(t, nil)
	me := a.Register("healthy@example.com")
	a.p99("/api/v1/auth/me", me) // fill caches and open connections
	alone := a.p99("/api/v1/auth/me", me)
	dial := func(request string) net.Conn {
		conn, err := net.Dial("tcp", strings.TrimPrefix(a.URL, "http://"))
		check(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = io.WriteString(conn, request)
		check(t, err)
		return conn
	}
	for range 5000 {
		conn := dial("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
		_, err := conn.Read(make([]byte, 1024))
		check(t, err)
	}
	for range 500 {
		dial(strings.Repeat("GET /openapi.yaml HTTP/1.1\r\nHost: x\r\n\r\n", 100))
	}
	loaded := a.p99("/api/v1/auth/me", me)
	t.Logf("/auth/me at p99: %v alone, %v beside 5,000 idle connections and 500 that never read", alone, loaded)
	if loaded >= 3*alone {
		t.Errorf("%.1f times as slow", float64(loaded)/float64(alone))
	}
}
