package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const rightPassword = "correct horse battery"

// countPasswords starts the service with limits on wrong passwords, behind a trusted proxy.
func countPasswords(t *testing.T) (*api, *auth.Service) {
	t.Helper()
	db := pgtest.New(t)
	accounts, err := auth.New(auth.Config{SecretsKeys: []string{strings.Repeat("k", 32)},
		DB: db, Secret: strings.Repeat("s", 32), Pepper: strings.Repeat("p", 32),
		BcryptCost: 4, LoginFailures: auth.DefaultLoginFailures})
	check(t, err)
	return start(t, nil, func(c *httpapi.Config) {
		c.Auth, c.Ready = accounts, db.Ping
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}), accounts
}

type signedIn struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

func (s signedIn) bearer() header { return header{"Authorization": "Bearer " + s.AccessToken} }

func signIn(t *testing.T, a *api, path, email, address string) signedIn {
	t.Helper()
	got := a.Do("POST", path, fmt.Sprintf(`{"email":%q,"password":%q}`, email, rightPassword),
		header{"X-Forwarded-For": address})
	var tokens signedIn
	if err := json.Unmarshal(got.Body, &tokens); err != nil || tokens.AccessToken == "" {
		t.Fatalf("%s: %d %s", path, got.Status, got.Body)
	}
	return tokens
}

func TestWrongPasswordsAreCountedByTheClientsNetwork(t *testing.T) {
	t.Attr("case", "A01")
	t.Attr("case", "A02")
	t.Parallel()
	a, accounts := countPasswords(t)
	const email, home = "anna@example.com", "203.0.113.1"
	tokens := signIn(t, a, "/api/v1/auth/register", email, home)
	start, refused := accounts.PasswordChecks(), 0
	for i := range 60 {
		from := tokens.bearer().With("X-Forwarded-For", fmt.Sprintf("198.51.100.%d", i))
		got := []func() answer{
			func() answer {
				body := `{"current_password":"x","new_password":"staple battery"}`
				return a.Do("PUT", "/api/v1/auth/password", body, from)
			},
			func() answer { return a.Do("POST", "/api/v1/auth/me/deletion", `{"password":"x"}`, from) },
		}[i%2]()
		switch {
		case got.Status == http.StatusTooManyRequests && got.Header.Get("Retry-After") != "":
			refused++
		case got.Status != http.StatusForbidden || got.Code() != "password_wrong":
			t.Fatalf("attempt %d: %d %s", i, got.Status, got.Body)
		}
		if challenge := got.Header.Get("WWW-Authenticate"); challenge != "" {
			t.Fatalf("WWW-Authenticate: %s", challenge)
		}
	}
	if checked := accounts.PasswordChecks() - start; checked != 10 || refused != 50 {
		t.Errorf("%d checked, %d refused", checked, refused)
	}
	signIn(t, a, "/api/v1/auth/login", email, home)
}

func TestLogInTakesTheRefreshTokenOfAnEndedSession(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	a, _ := countPasswords(t)
	tokens := signIn(t, a, "/api/v1/auth/register", "anna@example.com", "203.0.113.1")
	a.Do("POST", "/api/v1/auth/logout", "", tokens.bearer())
	login := func(address, password, refreshToken string) answer {
		body := fmt.Sprintf(`{"email":"anna@example.com","password":%q,"refresh_token":%q}`, password, refreshToken)
		return a.Do("POST", "/api/v1/auth/login", body, header{"X-Forwarded-For": address})
	}
	for i := range 101 {
		login(fmt.Sprintf("198.51.100.%d", i), "wrong", "nonsense")
	}
	if got := login("192.0.2.1", rightPassword, "nonsense"); got.Status != http.StatusTooManyRequests {
		t.Errorf("a stranger: %d", got.Status)
	}
	if got := login("192.0.2.1", rightPassword, tokens.RefreshToken); got.Status != http.StatusOK {
		t.Errorf("the device: %d %s", got.Status, got.Body)
	}
}

func TestEndedSessionsLogOutOfNothingElse(t *testing.T) {
	t.Attr("case", "S7")
	t.Parallel()
	a, _ := countPasswords(t)
	const email, home = "anna@example.com", "203.0.113.1"
	ended, open := signIn(t, a, "/api/v1/auth/register", email, home), signIn(t, a, "/api/v1/auth/login", email, home)
	for i, c := range []struct {
		tokens signedIn
		query  string
		status int
	}{
		{ended, "", 200}, {ended, "", 200}, {ended, "?all=true", 401}, {ended, "?all=false", 200},
		{open, "?all=true", 200}, {open, "?all=true", 401}, {open, "", 200},
	} {
		if i == 4 && a.Do("GET", "/api/v1/auth/me", "", open.bearer()).Status != http.StatusOK {
			t.Error("the other session has ended")
		}
		if got := a.Do("POST", "/api/v1/auth/logout"+c.query, "", c.tokens.bearer()); got.Status != c.status {
			t.Errorf("%d: %d %s, want %d", i, got.Status, got.Body, c.status)
		}
	}
}

func TestSessionsArePaged(t *testing.T) {
	t.Attr("case", "A03")
	t.Parallel()
	a, _ := countPasswords(t)
	me := signIn(t, a, "/api/v1/auth/register", "anna@example.com", "203.0.113.1")
	for range 4 {
		signIn(t, a, "/api/v1/auth/login", "anna@example.com", "203.0.113.1")
	}
	list := func(query string) (ids []string) {
		got := a.Do("GET", "/api/v1/auth/sessions"+query, "", me.bearer())
		var sessions []struct{ ID string }
		if err := json.Unmarshal(got.Body, &sessions); err != nil {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		for _, one := range sessions {
			ids = append(ids, one.ID)
		}
		return ids
	}
	all := list("")
	first := list("?limit=3")
	second := list("?limit=3&before=" + first[2])
	if joined := append(first, second...); len(all) != 5 || strings.Join(joined, " ") != strings.Join(all, " ") {
		t.Errorf("%v, in pages %v", all, joined)
	}
	for _, wrong := range []string{"limit=0", "limit=201", "limit=-1", "limit=x", "before=x"} {
		got := a.Do("GET", "/api/v1/auth/sessions?"+wrong, "", me.bearer())
		if got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", wrong, got.Status)
		}
	}
}
