package httpapi_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

func TestForgedTokensHoldUpNoSessionOfTheirNetwork(t *testing.T) {
	t.Attr("case", "S11")
	t.Parallel()
	db := pgtest.New(t)
	accounts, err := auth.New(auth.Config{
		SecretsKeys: []string{strings.Repeat("k", 32)},
		DB:          db, Secret: strings.Repeat("s", 32), Pepper: strings.Repeat("p", 32), BcryptCost: 4,
	})
	check(t, err)
	a := start(t, nil, apitest.WithRateLimits(t), func(c *httpapi.Config) {
		c.Auth, c.Ready = accounts, db.Ping
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	})
	const address = "198.51.100.7"
	me := func(token string) answer {
		return a.Do("GET", "/api/v1/auth/me", "",
			header{"Authorization": "Bearer " + token, "X-Forwarded-For": address})
	}
	// As on another replica, so that this one does not know the sessions.
	registered, err := accounts.Register(t.Context(), auth.Credentials{
		Email: "anna@example.com", Password: rightPassword,
	})
	check(t, err)
	ended, err := accounts.Register(t.Context(), auth.Credentials{Email: "bob@example.com", Password: rightPassword})
	check(t, err)
	bob, err := accounts.Authenticate(t.Context(), ended.AccessToken)
	check(t, err)
	check(t, accounts.Logout(t.Context(), bob))
	wantLimited := func(token string) {
		t.Helper()
		for range 300 {
			if got := me(token); got.Status != http.StatusUnauthorized {
				t.Fatalf("a wrong token: %d %s", got.Status, got.Body)
			}
		}
	}
	wantLimited("forged")
	if got := me("forged"); got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("forged token: %d, Retry-After %q", got.Status, got.Header.Get("Retry-After"))
	}
	if got := me(registered.AccessToken); got.Status != http.StatusOK {
		t.Errorf("session that this replica does not know: %d %s", got.Status, got.Body)
	}
	wantLimited(ended.AccessToken)
	if got := me(ended.AccessToken); got.Status != http.StatusTooManyRequests {
		t.Errorf("token of an ended session: %d", got.Status)
	}
	signedIn := signIn(t, a, "/api/v1/auth/login", "anna@example.com", address)
	if got := me(signedIn.AccessToken); got.Status != http.StatusOK {
		t.Errorf("session that has just begun: %d %s", got.Status, got.Body)
	}
}
