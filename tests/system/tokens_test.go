package system_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestRegisterRejectsMembersOutsideTheSchema(t *testing.T) {
	t.Attr("case", "C11")
	t.Parallel()
	a := start(t, nil)
	const account = `{"email":"mass@example.com","password":"correct horse battery"`
	for _, extra := range []string{`"tier":"team"`, `"id":"0193b5a0-7c1e-7a52-9d6e-2f9a2f1c0b11"`,
		`"stripe_customer_id":"cus_x"`, `"Tier":"team"`} {
		if got := a.Do("POST", "/api/v1/auth/register", account+","+extra+"}", nil); got.Status != 422 ||
			got.Code() != "validation_failed" {
			t.Errorf("%s: %d %s", extra, got.Status, got.Body)
		}
	}
	// 201: none of the requests above created the account
	got := a.Do("POST", "/api/v1/auth/register", account+"}", nil)
	if got.Status != http.StatusCreated {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	me := a.Do("GET", "/api/v1/auth/me", "",
		header{"Authorization": "Bearer " + got.JSON(t)["access_token"].(string)}).JSON(t)
	if me["tier"] != "free" || me["id"] == "0193b5a0-7c1e-7a52-9d6e-2f9a2f1c0b11" {
		t.Errorf("me: %v", me)
	}
}

func TestTokensAreNotInterchangeable(t *testing.T) {
	t.Attr("case", "C20")
	t.Parallel()
	a := start(t, nil)
	tokens := a.Do("POST", "/api/v1/auth/register", `{"email":"a@example.com","password":"correct horse battery"}`,
		nil).JSON(t)
	got := a.Do("GET", "/api/v1/auth/me", "", header{"Authorization": "Bearer " + tokens["refresh_token"].(string)})
	if got.Status != 401 || got.Code() != "token_invalid" ||
		got.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
		t.Errorf("refresh token as bearer token: %d %s", got.Status, got.Body)
	}
	got = a.Do("POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, tokens["access_token"]), nil)
	if got.Status != 401 || got.Code() != "refresh_invalid" {
		t.Errorf("refresh with an access token: %d %s", got.Status, got.Body)
	}
}

func TestTokensOfAnotherIssuerAreInvalid(t *testing.T) {
	t.Attr("case", "C21")
	t.Parallel()
	a := start(t, nil)
	good := strings.TrimPrefix(a.Register("a@example.com")["Authorization"], "Bearer ")
	parts := strings.Split(good, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	check(t, err)
	forge := func(claim string, value any) string {
		var claims map[string]any
		d := json.NewDecoder(strings.NewReader(string(payload)))
		d.UseNumber()
		check(t, d.Decode(&claims))
		claims[claim] = value
		if value == nil {
			delete(claims, claim)
		}
		body, err := json.Marshal(claims)
		check(t, err)
		signed := parts[0] + "." + base64.RawURLEncoding.EncodeToString(body)
		mac := hmac.New(sha256.New, []byte(strings.Repeat("s", 32))) // the key of the server under test
		mac.Write([]byte(signed))
		return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	for name, c := range map[string]struct {
		token  string
		status int
	}{
		"unchanged":        {forge("jti", nil), 200},
		"another issuer":   {forge("iss", "staging"), 401},
		"another audience": {forge("aud", "staging"), 401},
		"no issuer":        {forge("iss", nil), 401},
		"no audience":      {forge("aud", nil), 401},
		"no expiry":        {forge("exp", nil), 401},
	} {
		got := a.Do("GET", "/api/v1/auth/me", "", header{"Authorization": "Bearer " + c.token})
		if got.Status != c.status || c.status == 401 && got.Code() != "token_invalid" {
			t.Errorf("%s: %d %s, want %d", name, got.Status, got.Body, c.status)
		}
	}
}

// TestTwoAuthorizationHeadersAreInvalid sends a valid token twice. Proxies differ in which of two headers they use.
func TestTwoAuthorizationHeadersAreInvalid(t *testing.T) {
	t.Attr("case", "C23")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("a@example.com")["Authorization"]
	got := a.sendRaw("GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: " + me +
		"\r\nAuthorization: " + me + "\r\n\r\n")
	if !strings.HasPrefix(got, "HTTP/1.1 401 ") || !strings.Contains(got, `"code":"token_invalid"`) {
		t.Errorf("two Authorization headers: %s", got)
	}
}
