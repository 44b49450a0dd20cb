package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pquerna/otp/totp"

	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

const annaCredentials = `{"email":"anna@example.com","password":"` + rightPassword + `"}`

// guarded registers Anna with a second factor and returns her session, her secret and her recovery codes.
func guarded(t *testing.T, a *api) (owner header, secret string, recovery []string) {
	t.Helper()
	owner = a.Register("anna@example.com")
	created := a.Do("POST", "/api/v1/auth/totp", `{"password":"`+rightPassword+`"}`, owner)
	if created.Status != http.StatusCreated {
		t.Fatalf("create: %d %s", created.Status, created.Body)
	}
	secret = created.JSON(t)["secret"].(string)
	for _, code := range created.JSON(t)["recovery_codes"].([]any) {
		recovery = append(recovery, code.(string))
	}
	code, err := totp.GenerateCode(secret, time.Now())
	check(t, err)
	if got := a.Do("POST", "/api/v1/auth/totp/confirm", `{"code":"`+code+`"}`, owner); got.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	return owner, secret, recovery
}

func TestSecondFactorOverHTTP(t *testing.T) {
	t.Attr("case", "SF01")
	t.Attr("case", "SF25")
	t.Parallel()
	a := start(t, nil)
	owner, _, recovery := guarded(t, a)
	state := a.Do("GET", "/api/v1/auth/totp", "", owner).JSON(t)
	if state["active"] != true || state["recovery_codes_left"] != 10.0 || state["confirmed_at"] == nil {
		t.Errorf("state %v", state)
	}
	login := a.Do("POST", "/api/v1/auth/login", annaCredentials, nil)
	ticket, _ := login.JSON(t)["ticket"].(string)
	if login.Status != http.StatusUnauthorized || login.Code() != "second_factor_required" || len(ticket) != 26 ||
		login.Header.Get("WWW-Authenticate") != "Bearer" || login.JSON(t)["access_token"] != nil {
		t.Fatalf("log-in: %d %s", login.Status, login.Body)
	}
	redeem := func(ticket, code string) answer {
		body := fmt.Sprintf(`{"ticket":%q,"code":%q}`, ticket, code)
		return a.Do("POST", "/api/v1/auth/login/second-factor", body, nil)
	}
	wrong, unknown := redeem(ticket, "000000"), redeem(strings.Repeat("A", 26), recovery[0])
	if wrong.Code() != "code_invalid" || unknown.Code() != "code_invalid" ||
		wrong.JSON(t)["detail"] != unknown.JSON(t)["detail"] {
		t.Errorf("a wrong code %s, an unknown ticket %s", wrong.Body, unknown.Body)
	}
	signedIn := redeem(ticket, recovery[0])
	if signedIn.Status != http.StatusOK || signedIn.JSON(t)["access_token"] == nil {
		t.Fatalf("with the code: %d %s", signedIn.Status, signedIn.Body)
	}
	removal := fmt.Sprintf(`{"password":%q,"code":%q}`, rightPassword, recovery[1])
	if got := a.Do("DELETE", "/api/v1/auth/totp", removal, owner); got.Status != http.StatusOK {
		t.Errorf("removal: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/auth/login", annaCredentials, nil); got.Status != http.StatusOK {
		t.Errorf("log-in afterwards: %d %s", got.Status, got.Body)
	}
	kinds := a.Do("GET", "/api/v1/auth/events", "", owner).Body
	for _, kind := range []string{"second_factor_added", "second_factor_asked", "recovery_code_used",
		"second_factor_removed"} {
		if !strings.Contains(string(kinds), `"`+kind+`"`) {
			t.Errorf("no event %s in %s", kind, kinds)
		}
	}
}

func TestSecretsOfFactorsAreFoundNowhere(t *testing.T) {
	t.Attr("case", "SF23")
	t.Attr("case", "PK18")
	t.Parallel()
	a := start(t, nil)
	owner, secret, recovery := guarded(t, a)
	ticket := a.Do("POST", "/api/v1/auth/login", annaCredentials, nil).JSON(t)["ticket"].(string)
	a.Do("POST", "/api/v1/auth/login/second-factor", fmt.Sprintf(`{"ticket":%q,"code":%q}`, ticket, recovery[0]), nil)
	waiting := a.Do("POST", "/api/v1/auth/login", annaCredentials, nil).JSON(t)["ticket"].(string)
	registration := a.Do("POST", "/api/v1/auth/passkeys/registration",
		`{"password":"`+rightPassword+`","name":"laptop"}`, owner)
	if registration.Status != http.StatusCreated {
		t.Fatalf("registration: %d %s", registration.Status, registration.Body)
	}
	login := a.Do("POST", "/api/v1/auth/passkeys/login", `{"redirect_uri":"adiuva://auth","code_challenge":"`+
		strings.Repeat("x", 43)+`","state":"the app's state"}`, nil)
	tickets := []string{registration.JSON(t)["ticket"].(string), login.JSON(t)["ticket"].(string)}
	for _, ticket := range tickets {
		a.Do("POST", "/api/v1/auth/passkeys/options", `{"ticket":"`+ticket+`"}`, nil)
		a.Do("GET", "/passkeys?"+ticket, "", nil)
	}
	check(t, a.Mail.SendDue(t.Context()))
	secrets := append(append(recovery, tickets...), secret, ticket, waiting)
	logs := a.Logs.String()
	rows, err := a.DB.Pool.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	for _, text := range secrets {
		if strings.Contains(logs, text) {
			t.Errorf("the log has %s", text)
		}
		for _, table := range tables {
			var n int
			check(t, a.DB.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()+
				" row WHERE strpos(row::text, $1) > 0 OR strpos(row::text, $2) > 0 OR strpos(row::text, $3) > 0",
				text, strings.ReplaceAll(text, "-", ""), fmt.Sprintf("%x", text)).Scan(&n))
			if n > 0 {
				t.Errorf("table %s has %s", table, text)
			}
		}
		for _, mail := range a.Mailbox.Mails("anna@example.com") {
			if strings.Contains(mail.Text, text) {
				t.Errorf("a mail has %s", text)
			}
		}
	}
	if !strings.Contains(logs, "second_factor_asked") {
		t.Error("the log has no event of the second factor")
	}
}

func TestPasskeyPageMayCallTheServiceAndNothingElse(t *testing.T) {
	t.Attr("case", "PK19")
	t.Parallel()
	const public = "https://api.example.com" // a proxy in front does not say so
	a := &api{apitest.Start(t, nil, func(c *httpapi.Config) { c.PublicURL = public })}
	page := a.Do("GET", "/passkeys", "", nil)
	policy := page.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'",
		"frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q has no %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || page.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("policy %q, referrer policy %q", policy, page.Header.Get("Referrer-Policy"))
	}
	for origin, want := range map[string]int{
		a.URL: http.StatusUnprocessableEntity, public: http.StatusUnprocessableEntity,
		"http://api.example.com": http.StatusForbidden, "https://evil.example.com": http.StatusForbidden,
	} {
		got := a.Do("POST", "/api/v1/auth/passkeys/options", `{"ticket":"x"}`, apitest.Header{"Origin": origin})
		if got.Status != want {
			t.Errorf("%s: %d %s", origin, got.Status, got.Body)
		}
	}
}

func TestSecondFactorRequestsAreLimitedByAddress(t *testing.T) {
	t.Attr("case", "SF26")
	t.Parallel()
	a := &api{apitest.Start(t, nil, apitest.WithRateLimits(t))}
	limited := 0
	for range 12 {
		got := a.Do("POST", "/api/v1/auth/login/second-factor", `{"ticket":"x","code":"000000"}`, nil)
		if got.Code() == "rate_limited" {
			limited++
		}
	}
	if limited != 2 {
		t.Errorf("%d of 12 were limited, want 2", limited)
	}
}
