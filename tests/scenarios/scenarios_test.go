// Package scenarios_test runs natural requests, which the YAML files beside it describe, through the whole assistant.
// A model that plays the expected calls shows that the data and the changes get through; under make soak a real small
// model shows where its routing and its plain answers stand.
package scenarios_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/tier"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB) []scenario.Scenario {
	t.Helper()
	list, err := scenario.Read(os.DirFS("."))
	check(t, err)
	return list
}

// assistant is everything that answers a message, over one model.
type assistant struct {
	model     agent.Model
	agents    *agent.Registry
	templates *playbook.Templates
	filter    chat.Filter
}

func newAssistant(t testing.TB, model agent.Model) assistant {
	t.Helper()
	agents, err := app.NewAgents(model, nil)
	check(t, err)
	templates, err := app.NewTemplates(agents)
	check(t, err)
	return assistant{model, agents, templates, chat.NewFilter(sanitize.New(chat.Secrets(agents, templates)...))}
}

// answer sends one turn of the scenario.
func (a assistant) answer(ctx context.Context, s scenario.Scenario, turn scenario.Turn,
	history []agent.Turn) (chat.Reply, error) {
	o := chat.New(chat.Config{Agents: a.agents, Model: a.model, Templates: a.templates, Filter: a.filter,
		Now: func() time.Time { return s.Now }, Log: slog.New(slog.DiscardHandler)})
	req := chat.Request{Message: turn.Say, Mode: chat.ModeDirect, Timezone: s.Timezone, Context: s.Context}
	if s.Plan {
		req.Mode = chat.ModePlan
	}
	req.Context.History = history
	return o.Run(ctx, user(s), req, nil)
}

// tools returns the names of the tools of each agent.
func (a assistant) tools() map[string][]string {
	list := map[string][]string{}
	for _, listing := range a.agents.List(tier.Team) {
		one, _ := a.agents.Get(listing.Name)
		for _, tool := range one.Tools() {
			list[listing.Name] = append(list[listing.Name], tool.Name())
		}
	}
	return list
}

func outcome(reply chat.Reply, p *player) scenario.Outcome {
	out := scenario.Outcome{Agents: p.asked, Calls: p.made, Text: reply.Text}
	for _, a := range reply.Actions {
		out.Actions = append(out.Actions, scenario.Change{Type: a.Type, Table: a.Table, Data: a.Data})
	}
	if reply.Plan != nil {
		for _, step := range reply.Plan.Steps {
			out.Steps = append(out.Steps, string(step.Action))
		}
	}
	return out
}

// TestScenarios plays every turn of every scenario.
func TestScenarios(t *testing.T) {
	t.Parallel()
	a := newAssistant(t, byContext{})
	agents := a.tools()
	messages := 0
	for _, s := range read(t) {
		messages += len(s.Turns)
		t.Run(s.Category+"/"+s.Name(), func(t *testing.T) {
			t.Parallel()
			history := slices.Clone(s.Context.History)
			for _, turn := range s.Turns {
				skipWithoutTools(t, turn, agents)
				p := newPlayer(turn, agents)
				reply, err := a.answer(context.WithValue(t.Context(), playerKey{}, p), s, turn, history)
				check(t, err)
				for _, wrong := range turn.Check(outcome(reply, p), s.Now) {
					t.Error(wrong)
				}
				checkCalls(t, turn, p)
				history = append(history, agent.Turn{Role: "user", Content: turn.Say},
					agent.Turn{Role: "assistant", Content: reply.Text})
			}
		})
	}
	if messages < 200 {
		t.Errorf("there are %d messages", messages)
	}
}

// checkCalls checks that every call was made and succeeded.
func checkCalls(t *testing.T, turn scenario.Turn, p *player) {
	t.Helper()
	if p.played < len(turn.Calls) {
		t.Errorf("%s is offered to no agent that answers", turn.Calls[p.played].Tool)
	}
	for i, m := range p.made {
		if strings.HasPrefix(m.Result, "error:") && !turn.Calls[i].Refused {
			t.Errorf("%s %s: %s", m.Tool, m.Arguments, m.Result)
		}
		if strings.Contains(m.Result, "_ms") {
			t.Errorf("%s returned milliseconds: %s", m.Tool, m.Result)
		}
	}
	if t.Failed() {
		for _, m := range p.made {
			t.Logf("%s %s\n  %s", m.Tool, m.Arguments, m.Result)
		}
	}
}

func skipWithoutTools(t *testing.T, turn scenario.Turn, agents map[string][]string) {
	t.Helper()
	for _, call := range turn.Calls {
		known := slices.ContainsFunc(slices.Collect(maps.Values(agents)), func(tools []string) bool {
			return slices.Contains(tools, call.Tool)
		})
		if !known && call.Tool != "ask_agent" && !strings.HasPrefix(call.Tool, "plan_") {
			t.Skipf("there is no tool %s", call.Tool)
		}
	}
}

// user returns the person of the scenario's workspace.
func user(s scenario.Scenario) identity.User {
	email, _ := s.Context.UserProfile["email"].(string)
	return identity.User{Tier: s.Tier, Email: email}
}
