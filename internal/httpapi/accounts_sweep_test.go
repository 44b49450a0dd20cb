package httpapi_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// secrets is what must be found nowhere, by the name to report it under.
type secrets map[string]string

// add notes a secret, also as a code is printed, without its space.
func (s secrets) add(name, secret string) string {
	s[name] = secret
	s[name+" without spaces"] = strings.ReplaceAll(secret, " ", "")
	return secret
}

// forms returns how a text may be written: plain, as bytea prints it, and in Base64.
func forms(text string) []string {
	return []string{text, hex.EncodeToString([]byte(text)), base64.StdEncoding.EncodeToString([]byte(text)),
		base64.RawURLEncoding.EncodeToString([]byte(text))}
}

// search fails where a secret is in a table, in the log, or in Redis.
func (s secrets) search(t *testing.T, a *apitest.API, when string) {
	t.Helper()
	everything := map[string]string{"the log": a.Logs.String(), "Redis": dumpRedis(t)}
	rows, err := a.DB.Pool.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	for _, table := range tables {
		var text *string
		check(t, a.DB.Pool.QueryRow(t.Context(),
			"SELECT string_agg(row::text, E'\n') FROM "+pgx.Identifier{table}.Sanitize()+" row").Scan(&text))
		if text != nil {
			everything["table "+table] = *text
		}
	}
	for place, text := range everything {
		for name, secret := range s {
			for _, form := range forms(secret) {
				if strings.Contains(text, form) {
					t.Errorf("%s: %s has %s", when, place, name)
				}
			}
		}
	}
	if !strings.Contains(everything["table users"], "@example.com") ||
		!strings.Contains(everything["the log"], "user_id") ||
		os.Getenv("TEST_REDIS_URL") != "" && everything["Redis"] == "" {
		t.Error("the search finds nothing at all")
	}
}

// dumpRedis returns the names and values of Redis, where the tests have one.
func dumpRedis(t *testing.T) string {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		return ""
	}
	options, err := redis.ParseURL(url)
	check(t, err)
	client := redis.NewClient(options)
	defer client.Close()
	var all strings.Builder
	keys := client.Scan(t.Context(), 0, "*", 1000).Iterator()
	for keys.Next(t.Context()) {
		value, err := client.Dump(t.Context(), keys.Val()).Result()
		if err == nil { // a key may end meanwhile
			fmt.Fprintln(&all, keys.Val(), value)
		}
	}
	check(t, keys.Err())
	return all.String()
}

// TestAccountFlowsLeaveNoSecret goes through every flow of an account, with rate limits in Redis and the log at debug,
// and searches for passwords, tokens, keys, handles, codes and the text of mails, with mails waiting and at the end.
func TestAccountFlowsLeaveNoSecret(t *testing.T) {
	t.Attr("case", "MC45")
	t.Parallel()
	a := apitest.StartConfigured(t, func(c *config.Config) {
		c.RateLimits, c.RedisURL = "on", config.NewSecret(os.Getenv("TEST_REDIS_URL"))
	})
	found := secrets{}
	const email, next = "anna@example.com", "next@example.com"
	first := found.add("the first password", "correct horse battery")
	second := found.add("the second password", "staple battery horse")
	third := found.add("the third password", "zebra umbrella canyon")
	do := func(method, path, body string, h apitest.Header, want int) apitest.Response {
		t.Helper()
		got := a.Do(method, "/api/v1"+path, body, h)
		if got.Status != want {
			t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Body)
		}
		return got
	}
	signIn := func(path, address, password string, want int) apitest.Header {
		t.Helper()
		tokens := do("POST", path, fmt.Sprintf(`{"email":%q,"password":%q}`, address, password), nil, want).JSON(t)
		found.add("an access token of "+path, tokens["access_token"].(string))
		found.add("a refresh token of "+path, tokens["refresh_token"].(string))
		return apitest.Header{"Authorization": "Bearer " + tokens["access_token"].(string)}
	}
	code := func(name, to string) string {
		t.Helper()
		return found.add(name, lastCode(t, a, to))
	}

	me := signIn("/auth/register", email, first, http.StatusCreated)
	verification := code("the code of the registration", email)
	do("POST", "/auth/email/verification/confirm", `{"code":"`+verification+`"}`, me, 200)
	handle := found.add("the handle", startReset(t, a, email))
	found.add("the handle of nobody", startReset(t, a, "nobody@example.com"))
	found.search(t, a, "with mails waiting")
	reset := code("the code of the reset", email)
	do("POST", "/auth/password/reset/confirm", resetBody(handle, "00000000", second), nil, 422)
	found.search(t, a, "with a code mailed")
	do("POST", "/auth/password/reset/confirm", resetBody(handle, reset, second), nil, 200)
	me = signIn("/auth/login", email, second, http.StatusOK)
	do("POST", "/auth/login", `{"email":"anna@example.com","password":"`+third+`"}`, nil, 401)
	key := do("POST", "/keys", `{"name":"mine","scopes":["chat"]}`, me, 201).JSON(t)["key"].(string)
	found.add("the API key", strings.TrimPrefix(key, "adv_")[4:]) // the first characters are shown in lists
	do("PUT", "/auth/email", fmt.Sprintf(`{"email":%q,"password":%q}`, next, second), me, 202)
	do("POST", "/auth/email/confirm", `{"code":"`+code("the code of the new address", next)+`"}`, me, 200)
	do("PUT", "/auth/password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, second, third), me, 200)
	check(t, a.Mail.SendDue(t.Context()))
	for i, m := range a.Mailbox.Mails("") {
		for _, line := range strings.Split(m.Text, "\n") {
			if len(line) > 20 {
				found[fmt.Sprintf("mail %d, %q", i, line)] = line
			}
		}
	}
	found.search(t, a, "after all mails")
	do("POST", "/auth/me/deletion", fmt.Sprintf(`{"password":%q}`, third), me, 202)
	found.search(t, a, "after the request for deletion")
}
