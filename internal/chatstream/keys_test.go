package chatstream_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// newKey creates an API key and returns it with its id. extra are further members of the request.
func newKey(t *testing.T, a *api, owner header, scope, extra string) (key, id string) {
	t.Helper()
	got := a.Do("POST", "/api/v1/keys", fmt.Sprintf(`{"name":"test","scopes":[%q]%s}`, scope, extra), owner)
	if got.Status != http.StatusCreated {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	body := got.JSON(t)
	return body["key"].(string), body["id"].(string)
}

func TestKeyOpensTheStreamInBothWays(t *testing.T) {
	t.Attr("case", "K16")
	t.Parallel()
	a := start(t, nil)
	owner := a.Register("anna@example.com")
	chat, _ := newKey(t, a, owner, "chat", "")
	plans, _ := newKey(t, a, owner, "plans", "")
	s, _ := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+chat)
	for _, socket := range []*stream{s, a.Dial(header{"Authorization": "Bearer " + chat})} {
		socket.Ask("what is overdue?")
		if _, last := socket.Answer(); last.Error != nil {
			t.Errorf("last frame %+v", last)
		}
	}
	refused, _ := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+plans)
	refused.ExpectClose("scope_required", 1008)
	if socket, got := a.Handshake("", header{"Authorization": "Bearer " + plans}); socket != nil ||
		got.Code() != "scope_required" {
		t.Errorf("without the scope: %d %s", got.Status, got.Body)
	}
	wrong, _ := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+chat[:43])
	wrong.ExpectClose("token_invalid", 4401)
}

func TestRevokedKeyEndsARunningAnswer(t *testing.T) {
	t.Attr("case", "K02")
	t.Parallel()
	model, started, ended := blockingModel("some words that wait")
	shared := pgtest.New(t)
	one := &api{apitest.StartReplica(t, apitest.Replica{Config: apitest.Config(t), DB: shared}, model)}
	two := &api{apitest.StartReplica(t, apitest.Replica{Config: apitest.Config(t), DB: shared}, nil)}
	owner := one.Register("anna@example.com")
	key, id := newKey(t, one, owner, "chat", "")
	s := one.Dial(header{"Authorization": "Bearer " + key})
	s.Ask("please")
	<-started
	if got := two.Do("DELETE", "/api/v1/keys/"+id, "", owner); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	waitFor(t, 10*time.Second, ended, "the end of the model's call")
	s.ExpectClose("token_invalid", 4401)
}

func TestKeyThatExpiresInTheMiddleOfAnAnswerEndsIt(t *testing.T) {
	t.Attr("case", "K04")
	t.Parallel()
	model, started, ended := blockingModel("some words that wait")
	clock := apitest.NewClock()
	a := &api{apitest.StartReplica(t,
		apitest.Replica{Config: apitest.Config(t), DB: pgtest.New(t), Now: clock.Now}, model)}
	expires := fmt.Sprintf(`,"expires_at":%d`, clock.Now().Add(time.Minute).UnixMilli())
	key, _ := newKey(t, a, a.Register("anna@example.com"), "chat", expires)
	s := a.Dial(header{"Authorization": "Bearer " + key})
	s.Ask("please")
	<-started
	clock.Advance(time.Minute)
	waitFor(t, 10*time.Second, ended, "the end of the model's call")
	s.ExpectClose("token_invalid", 4401)
	again, _ := a.Handshake("", nil, "adiuva.chat.v1", "bearer."+key)
	again.ExpectClose("key_expired", 4401)
}
