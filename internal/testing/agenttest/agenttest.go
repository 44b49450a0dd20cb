// Package agenttest has what the tests of agents share: time zones, times of rows, and a tool called as the agent
// loop calls it. Only tests import it.
package agenttest

import (
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Zone loads an IANA time zone.
func Zone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// At returns an RFC 3339 time in milliseconds since the epoch.
func At(t *testing.T, text string) int64 {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when.UnixMilli()
}

// NewRun starts a run of a pro user, mara@example.com, in which the tools propose whatever they are told: package
// consent judges changes only once text of others is in the prompt.
func NewRun(t *testing.T, a *agent.Agent, c agent.Context) *agent.Run {
	t.Helper()
	reg, err := agent.NewRegistry(a)
	if err != nil {
		t.Fatal(err)
	}
	run := reg.NewRun(identity.User{Tier: tier.Pro, Email: "mara@example.com"}, "message", agent.Context{})
	run.Context = c
	return run
}

// RunTool calls one tool of the agent in a new run and returns the result as the model sees it.
func RunTool(t *testing.T, a *agent.Agent, c agent.Context, name, arguments string) (string, *agent.Run) {
	t.Helper()
	run := NewRun(t, a, c)
	for _, tool := range a.Tools() {
		if tool.Name() == name {
			text, err := tool.Call(t.Context(), run, arguments)
			if err != nil {
				t.Fatal(err)
			}
			return text, run
		}
	}
	t.Fatalf("no tool %s", name)
	return "", nil
}

// Plan returns the agent's plan for a run without data.
func Plan(t *testing.T, a *agent.Agent) playbook.Plan {
	t.Helper()
	templates, err := playbook.NewTemplates(a.Templates()...)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := a.Plan(t.Context(), NewRun(t, a, agent.Context{}), templates, playbook.NewCache())
	if err != nil {
		t.Fatal(err)
	}
	return plan
}
