package scenarios_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// current is a model that lets the player set last answer.
type current struct{ player atomic.Pointer[player] }

func (c *current) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	return byContext{}.Generate(context.WithValue(ctx, playerKey{}, c.player.Load()), call, emit)
}

// httpReply is what this test reads of a ChatResponse.
type httpReply struct {
	Response  string          `json:"response"`
	Actions   []action.Action `json:"actions"`
	Proposals []struct {
		action.Action
		Source *agent.Source `json:"source"`
	} `json:"proposals"`
	Upgrade *chat.Upgrade `json:"upgrade"`
}

// TestScenariosOverHTTP sends every eighth scenario as an app does.
func TestScenariosOverHTTP(t *testing.T) {
	t.Parallel()
	const every = 8
	model := &current{}
	a := newAssistant(t, model)
	var now atomic.Pointer[time.Time]
	api := apitest.Start(t, model, func(c *httpapi.Config) {
		c.Chat = chat.New(chat.Config{Agents: c.Agents, Model: model, Templates: a.templates, Filter: a.filter,
			Now: func() time.Time { return *now.Load() }, Log: slog.New(slog.DiscardHandler)})
	})
	headers := map[string]apitest.Header{}
	for i, s := range read(t) {
		email := user(s).Email
		if headers[email] == nil {
			headers[email] = api.Register(email)
		}
		if i%every != 0 || s.Plan || s.Gap != "" {
			continue
		}
		t.Run(s.Category+"/"+s.Name(), func(t *testing.T) {
			check(t, api.Accounts.SetTier(t.Context(), email, s.Tier, 1))
			turn := s.Turns[0]
			p := newPlayer(turn, a.tools())
			model.player.Store(p)
			now.Store(&s.Now)
			reply := send(t, api, headers[email], s, turn)
			for _, wrong := range append(turn.Check(outcome(reply, p), s.Now), p.failures()...) {
				t.Error(wrong)
			}
		})
	}
}

func send(t *testing.T, api *apitest.API, headers apitest.Header, s scenario.Scenario, turn scenario.Turn) chat.Reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": turn.Say, "context": s.Wire(s.Context.History)})
	check(t, err)
	got := api.Do("POST", "/api/v1/chat", string(body), headers)
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var reply httpReply
	check(t, json.Unmarshal(got.Body, &reply))
	out := chat.Reply{Text: reply.Response, Upgrade: reply.Upgrade}
	for _, a := range reply.Actions {
		checked, err := a.Check()
		check(t, err)
		out.Actions = append(out.Actions, checked)
	}
	for _, p := range reply.Proposals {
		checked, err := p.Check()
		check(t, err)
		out.Proposals = append(out.Proposals, agent.Proposal{Action: checked, Source: p.Source})
	}
	return out
}
