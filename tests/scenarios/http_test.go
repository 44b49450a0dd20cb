package scenarios_test

import (
	"context"
	"encoding/json"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/eval"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// current is a model that lets the watched session set last answer.
type current struct{ watch atomic.Pointer[eval.Watch] }

func (c *current) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	return c.watch.Load().Generate(ctx, call, emit)
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
	assistants := newAssistants(t)
	var now atomic.Pointer[time.Time]
	api := apitest.Start(t, model, func(c *httpapi.Config) {
		orchestrator, err := assistants.New(model, nil, func() time.Time { return *now.Load() })
		check(t, err)
		c.Chat = orchestrator
	})
	headers := map[string]apitest.Header{}
	for i, s := range read(t) {
		email, _ := s.Context.UserProfile["email"].(string)
		if headers[email] == nil {
			headers[email] = api.Register(email)
		}
		if i%every != 0 || s.Plan || s.Gap != "" {
			continue
		}
		t.Run(s.Category+"/"+s.Name(), func(t *testing.T) {
			check(t, api.Accounts.SetTier(t.Context(), email, s.Tier, 1))
			turn := s.Turns[0]
			session, err := eval.Scripted()(s)
			check(t, err)
			watch := eval.NewWatch(session, assistants.Agents)
			watch.Begin(0, turn.Say)
			model.watch.Store(watch)
			now.Store(&s.Now)
			outcome := watch.Outcome(send(t, api, headers[email], s, turn))
			var made []eval.Call
			for _, c := range outcome.Calls {
				made = append(made, eval.Call{Tool: c.Tool, Arguments: c.Arguments, Result: c.Result})
			}
			for _, wrong := range append(turn.Check(outcome, s.Now), failures(turn, made)...) {
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
