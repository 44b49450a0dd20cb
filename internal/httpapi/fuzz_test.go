package httpapi_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// edge returns a server without database and model, for requests that must be rejected before either is used.
func edge(tb testing.TB) *httpapi.Server {
	tb.Helper()
	fatal := func(err error) {
		if err != nil {
			tb.Fatal(err)
		}
	}
	db, err := postgres.Open(tb.Context(), "postgres://nobody@127.0.0.1:1/none")
	fatal(err)
	tb.Cleanup(db.Close)
	log := slog.New(slog.DiscardHandler)
	accounts, err := auth.New(auth.Config{SecretsKeys: []string{strings.Repeat("k", 32)},
		DB: db, Secret: strings.Repeat("s", 32), Pepper: "p",
		BcryptCost: 4, Log: log})
	fatal(err)
	site, err := docsite.New(docsite.Config{Version: "test"})
	fatal(err)
	server, err := httpapi.New(httpapi.Config{Auth: accounts, Docs: site, Ready: db.Ping, Log: log})
	fatal(err)
	return server
}

// FuzzAuthorization checks that every header value without a valid token gets 401 and a response that does not quote
// it.
func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"", "Bearer ", "bearer x", "Bearer a.b.c", "Basic YTpi", "Bearer  x y",
		"Bearer\tx", "\x00", "Bearer ..", "Digest",
		"Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer " + strings.Repeat("a", 20<<10)} {
		f.Add(seed)
	}
	server := edge(f)
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", "/api/v1/auth/me", nil)
		r.Header["Authorization"] = []string{value}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		body := w.Body.String()
		if len(value) > 31<<10 { // close to the limit of all headers
			return
		}
		if w.Code != http.StatusUnauthorized || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") ||
			!strings.Contains(body, `"code":"token_`) {
			t.Fatalf("Authorization %q: %d %s", value, w.Code, body)
		}
		if _, secret, ok := strings.Cut(value, " "); ok && len(secret) > 16 && strings.Contains(body, secret) {
			t.Fatalf("Authorization %q is quoted: %s", value, body)
		}
	})
}

// FuzzRequestID checks that a valid request id is returned as it is, and that any other is replaced.
func FuzzRequestID(f *testing.F) {
	f.Attr("case", "C132")
	for _, seed := range []string{"", "good_ID-1", "a\r\nSet-Cookie: x", "ä", strings.Repeat("a", 64),
		strings.Repeat("a", 65), "\x00", `a"b`} {
		f.Add(seed)
	}
	server := edge(f)
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
	f.Fuzz(func(t *testing.T, id string) {
		r := httptest.NewRequest("GET", "/api/v1/health", nil)
		r.Header["X-Request-Id"] = []string{id}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		kept := w.Header().Get("X-Request-Id")
		if len(id) > 31<<10 {
			return
		}
		valid := id != "" && len(id) <= 64 && strings.Trim(id, letters) == ""
		if w.Code != http.StatusOK || len(w.Header().Values("X-Request-Id")) != 1 || valid != (kept == id) {
			t.Fatalf("X-Request-Id %q: %d, became %q", id, w.Code, kept)
		}
		if kept == "" || len(kept) > 64 || strings.Trim(kept, letters) != "" {
			t.Fatalf("X-Request-Id %q became %q", id, kept)
		}
	})
}
