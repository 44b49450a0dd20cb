// Package scenarios_test runs natural requests, which the YAML files beside it describe, through the whole assistant.
// A model that plays the expected calls shows that the data and the changes get through; under make soak a real small
// model shows where its routing and its plain answers stand.
package scenarios_test

import (
	"context"
	"log/slog"
	"os"
	"slices"
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
	return assistant{model, agents, templates, chat.NewFilter(sanitize.New(chat.Secrets(agents, templates)...), nil)}
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
	return o.Run(ctx, user(s), req, chat.Listener{})
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
	for _, one := range reply.Proposals {
		change := scenario.Change{Type: one.Type, Table: one.Table, Data: one.Data}
		if one.Source != nil {
			change.Source = scenario.Source{Table: one.Source.Table, ID: one.Source.ID}
		}
		out.Proposals = append(out.Proposals, change)
	}
	if reply.Upgrade != nil {
		out.Upgrade = &scenario.Upgrade{Feature: reply.Upgrade.Feature, Tier: reply.Upgrade.Tier}
	}
	if reply.Plan != nil {
		for _, step := range reply.Plan.Steps {
			out.Steps = append(out.Steps, string(step.Action))
		}
	}
	return out
}

// TestScenarios plays every turn of every scenario. It skips those where the service falls short, and fails when such a
// gap is closed, so that nobody forgets to take the mark away.
func TestScenarios(t *testing.T) {
	t.Parallel()
	a := newAssistant(t, byContext{})
	messages := 0
	for _, s := range read(t) {
		messages += len(s.Turns)
		t.Run(s.Category+"/"+s.Name(), func(t *testing.T) {
			t.Parallel()
			wrong := play(t, a, s)
			switch {
			case s.Gap == "":
				for _, one := range wrong {
					t.Error(one)
				}
			case len(wrong) == 0:
				t.Errorf("the gap is closed, take it out: %s", s.Gap)
			default:
				t.Skipf("GAP: %s", s.Gap)
			}
		})
	}
	if messages < 200 {
		t.Errorf("there are %d messages", messages)
	}
}

// play plays the turns of a scenario and returns what is wrong with the outcomes.
func play(t *testing.T, a assistant, s scenario.Scenario) (wrong []string) {
	t.Helper()
	history := slices.Clone(s.Context.History)
	for _, turn := range s.Turns {
		p := newPlayer(turn, a.tools())
		reply, err := a.answer(context.WithValue(t.Context(), playerKey{}, p), s, turn, history)
		check(t, err)
		wrong = append(append(wrong, turn.Check(outcome(reply, p), s.Now)...), p.failures()...)
		history = append(history, agent.Turn{Role: "user", Content: turn.Say},
			agent.Turn{Role: "assistant", Content: reply.Text})
	}
	return wrong
}

// user returns the person of the scenario's workspace.
func user(s scenario.Scenario) identity.User {
	email, _ := s.Context.UserProfile["email"].(string)
	return identity.User{Tier: s.Tier, Email: email}
}
