package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestC68_Handshake(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("shake@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	for name, c := range map[string]struct {
		query   string
		headers header
		status  int
		code    string
	}{
		"header":          {"", me, 101, ""},
		"own parameters":  {"?client=7", me, 101, ""},
		"none":            {"", nil, 401, "token_missing"},
		"broken":          {"", header{"Authorization": me["Authorization"] + "x"}, 401, "token_invalid"},
		"basic":           {"", header{"Authorization": "Basic YTpi"}, 401, "token_invalid"},
		"in query":        {"?access_token=" + token, nil, 400, "token_in_url"},
		"in query too":    {"?a=b&Token=" + token, me, 400, "token_in_url"},
		"in query hidden": {"?x=Bearer%20" + token, me, 400, "token_in_url"},
		"in query quoted": {"?a=b;%74oken=1", me, 400, "token_in_url"},
		"evil origin":     {"", with(me, "Origin", "https://evil.example"), 403, "origin_forbidden"},
		"null origin":     {"", with(me, "Origin", "null"), 403, "origin_forbidden"},
		"prefix origin":   {"", with(me, "Origin", "http://localhost.evil.example"), 403, "origin_forbidden"},
		"app origin":      {"", with(me, "Origin", "app://adiuva"), 101, ""},
		"page origin":     {"", with(me, "Origin", "http://localhost:5173"), 101, ""},
	} {
		s, got := a.handshake(c.query, c.headers)
		if got.status != c.status || got.code() != c.code || got.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %d %s, want %d %s", name, got.status, got.body, c.status, c.code)
		}
		if s != nil {
			check(t, s.conn.Close())
		}
	}
	if got := a.do("GET", streamPath, "", me); got.status != http.StatusUnprocessableEntity || got.code() != "validation_failed" {
		t.Errorf("without upgrade: %d %s", got.status, got.body)
	}
	if strings.Contains(a.logs.String(), token) {
		t.Error("a token reached the log")
	}
}

func TestSubprotocol(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("browser@example.com")
	token := strings.TrimPrefix(me["Authorization"], "Bearer ")
	s, got := a.handshake("", nil, "adiuva.chat.v1", "bearer."+token)
	if s == nil || s.conn.Subprotocol() != "adiuva.chat.v1" || got.header.Get("Sec-WebSocket-Extensions") != "" {
		t.Fatalf("%d %v", got.status, got.header)
	}
	s.ask("list my open tasks")
	if _, last := s.answer(); last.Error != nil {
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
		"bad header":  {header{"Authorization": "Bearer x"}, []string{"adiuva.chat.v1", "bearer." + token}, "token_invalid"},
	} {
		s, got := a.handshake("", c.headers, c.protocols...)
		if s == nil {
			t.Errorf("%s: %d %s", name, got.status, got.body)
			continue
		}
		s.ends(c.code, 4401)
	}
	if s, got := a.handshake("", nil, "bearer."+token); s != nil || got.code() != "token_missing" {
		t.Errorf("a bearer without its protocol: %d %s", got.status, got.body)
	}
	if strings.Contains(a.logs.String(), token) {
		t.Error("a token reached the log")
	}
}
