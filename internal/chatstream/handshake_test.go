package chatstream_test

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

func TestHandshake(t *testing.T) {
	t.Attr("case", "C68")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("shake@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	for name, c := range map[string]struct {
		query   string
		headers header
		status  int
		code    string
	}{
		"header":          {"", me, 101, ""},
		"own parameters":  {"?client=7", me, 101, ""},
		"no token":        {"", nil, 401, "token_missing"},
		"altered token":   {"", header{"Authorization": me["Authorization"] + "x"}, 401, "token_invalid"},
		"basic":           {"", header{"Authorization": "Basic YTpi"}, 401, "token_invalid"},
		"token in query":  {"?access_token=" + token, nil, 400, "token_in_url"},
		"also in query":   {"?a=b&Token=" + token, me, 400, "token_in_url"},
		"in other value":  {"?x=Bearer%20" + token, me, 400, "token_in_url"},
		"percent-encoded": {"?a=b;%74oken=1", me, 400, "token_in_url"},
		"evil origin":     {"", me.With("Origin", "https://evil.example"), 403, "origin_forbidden"},
		"null origin":     {"", me.With("Origin", "null"), 403, "origin_forbidden"},
		"prefix origin":   {"", me.With("Origin", "http://localhost.evil.example"), 403, "origin_forbidden"},
		"app origin":      {"", me.With("Origin", "app://adiuva"), 101, ""},
		"page origin":     {"", me.With("Origin", "http://localhost:5173"), 101, ""},
	} {
		s, got := a.Handshake(c.query, c.headers)
		if got.Status != c.status || got.Code() != c.code || got.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %s, want %d %s", name, got.Status, got.Body, c.status, c.code)
		}
		if s != nil {
			check(t, s.Conn.Close())
		}
	}
	if got := a.Do("GET", apitest.StreamPath, "", me); got.Status != http.StatusUpgradeRequired ||
		got.Code() != "upgrade_required" {
		t.Errorf("without upgrade: %d %s", got.Status, got.Body)
	}
	if strings.Contains(a.Logs.String(), token) {
		t.Error("a token was logged")
	}
}

// merged returns base with more headers.
func merged(more, base header) header {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

func TestHandshakeWithoutUpgradeSaysWhatToAskFor(t *testing.T) {
	t.Attr("case", "F7")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("upgrade@example.com")
	key := header{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
	good := key.With("Upgrade", "websocket").With("Connection", "Upgrade").With("Sec-WebSocket-Version", "13")
	for name, c := range map[string]struct {
		method  string
		headers header
		status  int
		code    string
	}{
		"upgrade dropped":    {"GET", key.With("Connection", "Upgrade").With("Sec-WebSocket-Version", "13"), 426, ""},
		"both dropped":       {"GET", key.With("Sec-WebSocket-Version", "13"), 426, ""},
		"connection dropped": {"GET", key.With("Upgrade", "websocket").With("Sec-WebSocket-Version", "13"), 426, ""},
		"other upgrade":      {"GET", header{"Upgrade": "h2c"}.With("Connection", "Upgrade"), 426, ""},
		"other version":      {"GET", merged(header{"Sec-WebSocket-Version": "8"}, good), 426, ""},
		"no version":         {"GET", merged(header{"Sec-WebSocket-Version": ""}, good), 426, ""},
		"HEAD":               {"HEAD", good, 426, ""},
		"POST":               {"POST", good, 405, "method_not_allowed"},
		"no key":             {"GET", merged(header{"Sec-WebSocket-Key": ""}, good), 422, "validation_failed"},
		"short key":          {"GET", merged(header{"Sec-WebSocket-Key": "YQ=="}, good), 422, "validation_failed"},
	} {
		got := a.Send(c.method, apitest.StreamPath, http.NoBody, merged(c.headers, me))
		if got.Status != c.status || c.method != "HEAD" && got.Code() != cmp.Or(c.code, "upgrade_required") {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
		if c.status == http.StatusUpgradeRequired && (got.Header.Get("Upgrade") != "websocket" ||
			got.Header.Get("Connection") != "Upgrade" || got.Header.Get("Sec-WebSocket-Version") != "13") {
			t.Errorf("%s: %v", name, got.Header)
		}
	}
}

func TestTokenInSubprotocol(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("browser@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	s, got := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+token)
	if s == nil || s.Conn.Subprotocol() != "adiuva.chat.v1" || got.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	s.Ask("list my open tasks")
	if _, last := s.Answer(); last.Error != nil {
		t.Errorf("%+v", last.Error)
	}
	for name, c := range map[string]struct {
		headers   header
		protocols []string
		code      string
	}{
		"no token":    {nil, []string{"adiuva.chat.v1"}, "token_missing"},
		"empty token": {nil, []string{"adiuva.chat.v1", "bearer."}, "token_missing"},
		"bad token":   {nil, []string{"adiuva.chat.v1", "bearer." + token + "x"}, "token_invalid"},
		"two tokens":  {nil, []string{"bearer." + token, "adiuva.chat.v1", "bearer." + token}, "token_invalid"},
		"bad header": {header{"Authorization": "Bearer x"}, []string{"adiuva.chat.v1", "bearer." + token},
			"token_invalid"},
	} {
		s, got := a.Handshake("", c.headers, c.protocols...)
		if s == nil {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
			continue
		}
		s.ExpectClose(c.code, 4401)
	}
	if s, got := a.Handshake("", nil, "bearer."+token); s != nil || got.Code() != "token_missing" {
		t.Errorf("token without the chat protocol: %d %s", got.Status, got.Body)
	}
	if strings.Contains(a.Logs.String(), token) {
		t.Error("a token was logged")
	}
}
