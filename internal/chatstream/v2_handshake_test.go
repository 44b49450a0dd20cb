package chatstream_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

func TestVersionIsNegotiated(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	const v1, v2 = "adiuva.chat.v1", "adiuva.chat.v2"
	for name, c := range map[string]struct {
		query     string
		header    bool // the token is in the header, not among the sub-protocols
		protocols []string
		chosen    string
		version   int // 0 if the handshake is refused
	}{
		"neither":                 {"", true, nil, "", 1},
		"query":                   {"?v=2", true, nil, "", 2},
		"query of version 1":      {"?v=1", true, nil, "", 1},
		"offered":                 {"", false, []string{v2}, v2, 2},
		"version 1":               {"", false, []string{v1}, v1, 1},
		"both":                    {"", false, []string{v1, v2}, v2, 2},
		"both, the other way":     {"", false, []string{v2, v1}, v2, 2},
		"offered, with a header":  {"", true, []string{v2}, v2, 2},
		"offered and query":       {"?v=2", false, []string{v2}, v2, 2},
		"both and query":          {"?v=2", false, []string{v1, v2}, v2, 2},
		"query beside version 1":  {"?v=2", false, []string{v1}, "", 0},
		"query of no version":     {"?v=3", true, nil, "", 0},
		"empty query":             {"?v=", true, nil, "", 0},
		"query beside an unknown": {"?v=2", true, []string{"graphql-ws"}, "", 2},
	} {
		s, got := a.negotiate(c.query, c.header, c.protocols)
		if c.version == 0 {
			if s != nil || got.Status != 422 || got.Code() != "validation_failed" ||
				!strings.Contains(string(got.Body), "/query/v") {
				t.Errorf("%s: %d %s, want 422", name, got.Status, got.Body)
			}
			continue
		}
		if s == nil {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
			continue
		}
		if s.Conn.Subprotocol() != c.chosen {
			t.Errorf("%s: the answer names %q, want %q", name, s.Conn.Subprotocol(), c.chosen)
		}
		s.Ask("list my open tasks")
		_, data, err := s.Conn.ReadMessage()
		check(t, err)
		if version2 := strings.Contains(string(data), `"type":"started"`); version2 != (c.version == 2) {
			t.Errorf("%s: the first frame is %s, want version %d", name, data, c.version)
		}
		check(t, s.Conn.Close())
	}
}

// negotiate tries to open a socket of an account of its own, since an account has at most five.
func (a *api) negotiate(query string, inHeader bool, protocols []string) (*stream, answer) {
	a.T.Helper()
	id, err := uuid.NewV7()
	check(a.T, err)
	me := a.Register(id.String() + "@example.com")
	if inHeader {
		return a.Handshake(query, me, protocols...)
	}
	token := "bearer." + strings.TrimPrefix(me["Authorization"], "Bearer ")
	return a.Handshake(query, nil, append(protocols, token)...)
}

func TestBadTokensCloseVersion2(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("refused@example.com")
	token := "bearer." + strings.TrimPrefix(me["Authorization"], "Bearer ")
	for code, protocols := range map[string][]string{
		"token_missing": {"adiuva.chat.v2"},
		"token_invalid": {"adiuva.chat.v1", "adiuva.chat.v2", token + "x"},
	} {
		s, got := a.Handshake("", nil, protocols...)
		if s == nil {
			t.Fatalf("%s: %d %s", code, got.Status, got.Body)
		}
		s.Events().ExpectClose(code, 4401)
	}
	if s, got := a.Handshake("?v=2", nil); s != nil || got.Status != 401 || got.Code() != "token_missing" {
		t.Errorf("without a token: %d %s", got.Status, got.Body)
	}
	if s, got := a.Handshake("?v=2&access_token=x", me); s != nil || got.Code() != "token_in_url" {
		t.Errorf("token in the URL: %d %s", got.Status, got.Body)
	}
}

// TestVersion2ClosesAfterFramesThatCannotBeRead breaks the rules of frames, which no other question can mend.
func TestVersion2ClosesAfterFramesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	model, started, ended := blockingModel("")
	a := start(t, model)
	me := a.Register("rules2@example.com")
	for name, c := range map[string]struct {
		send    func(s *apitest.EventSocket)
		code    string
		closing int
	}{
		"binary": {func(s *apitest.EventSocket) {
			check(t, s.Conn.WriteMessage(websocket.BinaryMessage, []byte(`{"message":"x"}`)))
		}, "unsupported_media_type", 1003},
		"too large": {func(s *apitest.EventSocket) {
			s.Send(`{"message":"` + strings.Repeat("x", 1<<20) + `"}`)
		}, "body_too_large", 1009},
		"binary during an answer": {func(s *apitest.EventSocket) {
			s.Ask("one")
			<-started
			check(t, s.Conn.WriteMessage(websocket.BinaryMessage, nil))
			<-ended
		}, "unsupported_media_type", 1003},
		"too large during an answer": {func(s *apitest.EventSocket) {
			s.Ask("one")
			<-started
			s.Send(`{"type":"tool_result","id":"x","content":"` + strings.Repeat("x", 1<<20) + `"}`)
			<-ended
		}, "body_too_large", 1009},
	} {
		t.Run(name, func(t *testing.T) { // not parallel: an account has at most five sockets
			s := a.DialEvents(me)
			s.T = t
			c.send(s)
			s.ExpectClose(c.code, c.closing)
		})
	}
}

func TestLogoutClosesVersion2(t *testing.T) {
	t.Parallel()
	model, started, _ := blockingModel("some words that wait")
	a := start(t, model)
	me := a.Register("leaves@example.com")
	s := a.DialEvents(me)
	s.Ask("please")
	<-started
	if got := a.Do("POST", "/api/v1/auth/logout", "", me); got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	s.ExpectClose("token_invalid", 4401)
}
