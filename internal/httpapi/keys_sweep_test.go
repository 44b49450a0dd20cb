package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestKeyIsFoundNowhere(t *testing.T) {
	t.Attr("case", "K09")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	key := createKey(t, a, owner, "chat", "profile:read")
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/auth/me", ""}, {"GET", "/auth/me?x=" + key.Key, ""}, {"GET", "/auth/" + key.Key, ""},
		{"GET", "/keys", ""}, {"POST", "/chat", `{"message":"my key is ` + key.Key + `"}`}, {"POST", "/chat", key.Key},
		{"POST", "/auth/refresh", `{"refresh_token":"` + key.Key + `"}`}, {"DELETE", "/keys/" + key.ID, ""},
	} {
		a.Do(r.method, "/api/v1"+r.path, r.body, key.header())
	}
	socket := a.Dial(key.header())
	socket.Ask("what is overdue?")
	socket.Answer()
	a.Do("DELETE", "/api/v1/keys/"+key.ID, "", owner)
	a.Do("GET", "/api/v1/auth/me", "", key.header())
	secret := strings.TrimPrefix(key.Key, "adv_")[4:] // what is not kept as the prefix
	if strings.Contains(a.Logs.String(), secret) {
		t.Error("the log has the key")
	}
	if !strings.Contains(a.Logs.String(), key.ID) {
		t.Error("the log does not name the key's id")
	}
	rows, err := a.DB.Pool.Query(t.Context(), "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
	check(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)
	found := 0
	for _, table := range tables {
		for text, wanted := range map[string]bool{secret: false, fmt.Sprintf("%x", secret): false, key.ID: true} {
			var n int
			check(t, a.DB.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+pgx.Identifier{table}.Sanitize()+
				" row WHERE strpos(row::text, $1) > 0", text).Scan(&n))
			if wanted {
				found += n
			} else if n > 0 {
				t.Errorf("table %s has the key", table)
			}
		}
	}
	if found < 2 { // its row and its events
		t.Error("the search of the tables finds nothing at all")
	}
}

func TestKeyRequestsAreChecked(t *testing.T) {
	t.Attr("case", "K27")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	for _, body := range []string{
		`{}`, `{"name":"x"}`, `{"scopes":["chat"]}`, `{"name":"","scopes":["chat"]}`, `{"name":"x","scopes":[]}`,
		`{"name":"x","scopes":["none"]}`, `{"name":"x","scopes":["chat","admin"]}`,
		`{"name":"x","scopes":["chat","chat"]}`,
		`{"name":"x","scopes":"chat"}`, `{"name":"a\nb","scopes":["chat"]}`, `{"name":"a\u001b[2J","scopes":["chat"]}`,
		`{"name":"` + strings.Repeat("x", 101) + `","scopes":["chat"]}`,
		`{"name":"x","scopes":["chat"],"expires_at":1}`,
		`{"name":"x","scopes":["chat"],"expires_at":-1}`, `{"name":"x","scopes":["chat"],"expires_at":9e18}`,
		`{"name":"x","scopes":["chat"],"user_id":"0199a3f2-7c1e-7b41-9d55-5f0f2c6b8a11"}`,
	} {
		if got := a.Do("POST", "/api/v1/keys", body, owner); got.Code() != "validation_failed" {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
	if got := a.Do("GET", "/api/v1/keys", "", owner); got.Status != http.StatusOK || string(got.Body) != "[]\n" {
		t.Errorf("keys %q", got.Body)
	}
}
