package httpapi_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

func TestEveryAnswerHasSecurityHeaders(t *testing.T) {
	t.Attr("case", "S13")
	t.Parallel()
	a := start(t, nil, apitest.WithRateLimits(t))
	me := a.Register("headers@example.com")
	preflight := header{"Origin": "app://adiuva", "Access-Control-Request-Method": "POST"}
	login := `{"email":"headers@example.com","password":"wrong wrong"}`
	for _, c := range []struct {
		method, path, body string
		headers            header
		cache              string
	}{
		{"POST", "/api/v1/auth/login", login, nil, "no-store"},
		{"GET", "/api/v1/auth/me", "", me, "no-store"},
		{"GET", "/api/v1/auth/me", "", nil, "no-store"},
		{"POST", "/api/v1/chat", `{"message":"list my open tasks"}`, me, "no-store"},
		{"GET", "/api/v1/billing/tiers", "", nil, "no-store"},
		{"GET", "/api/v1/backup", "", me, "no-store"},
		{"GET", "/api/v1/nothing", "", me, "no-store"},
		{"PATCH", "/api/v1/auth/me", "", me, "no-store"},
		{"GET", "/api/v1/chat/stream", "", me, "no-store"},
		{"OPTIONS", "/api/v1/chat", "", preflight, "no-store"},
		{"GET", "/api/v1/auth/me", "", header{"Origin": "https://evil.example"}, "no-store"},
		{"GET", "/readyz", "", nil, "no-store"},
		{"GET", "/docs", "", nil, "no-cache"},
	} {
		got := a.Do(c.method, c.path, c.body, c.headers)
		for name, want := range map[string]string{
			"Cache-Control": c.cache, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Strict-Transport-Security": "",
		} {
			if values := got.Header.Values(name); strings.Join(values, "|") != want {
				t.Errorf("%s %s: %d, %s %q, want %q", c.method, c.path, got.Status, name, values, want)
			}
		}
		if csp := got.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("%s %s: Content-Security-Policy %q", c.method, c.path, csp)
		}
	}
}

func TestSchemeOfTheClientReachesTheAnswer(t *testing.T) {
	t.Attr("case", "H06")
	t.Attr("case", "S13")
	t.Parallel()
	a := start(t, nil, func(c *httpapi.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	for name, c := range map[string]struct {
		remote, header, value string
		https                 bool
	}{
		"a list from a proxy":      {"10.0.0.1:1", "X-Forwarded-Proto", "https, http", true},
		"Forwarded from a proxy":   {"10.0.0.1:1", "Forwarded", `for="[2001:db8::1]:4711";proto=https`, true},
		"http from a proxy":        {"10.0.0.1:1", "X-Forwarded-Proto", "http", false},
		"a list from a stranger":   {"198.51.100.1:1", "X-Forwarded-Proto", "https, http", false},
		"Forwarded of a stranger":  {"198.51.100.1:1", "Forwarded", "proto=https", false},
		"another header of a host": {"10.0.0.1:1", "X-Forwarded-Host", "evil.example", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "http://api.example.com/api/v1/auth/me", nil)
			r.RemoteAddr = c.remote
			r.Header.Set(c.header, c.value)
			w := httptest.NewRecorder()
			a.Server.ServeHTTP(w, r)
			scheme, sts := "http", ""
			if c.https {
				scheme, sts = "https", "max-age=31536000"
			}
			if got := w.Header().Get("Strict-Transport-Security"); got != sts {
				t.Errorf("Strict-Transport-Security %q, want %q", got, sts)
			}
			if want := `"type":"` + scheme + `://api.example.com/docs/errors/token_missing"`; !strings.Contains(
				w.Body.String(), want) {
				t.Errorf("%s, want %s", w.Body, want)
			}
		})
	}
}
