// Package agenttest has helpers for tests of agents: a scripted model, times, and calls of tools as the loop makes
// them.
package agenttest

import (
	"context"
	"testing"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Script is an agent.Model that returns the next answer at each call and records the calls. Only one goroutine at a
// time may use it.
type Script struct {
	Answers []agent.Answer
	Calls   []agent.ModelCall
}

func (s *Script) Generate(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	s.Calls = append(s.Calls, call)
	return s.Answers[len(s.Calls)-1], nil
}

// ToolCall returns an answer that calls one tool.
func ToolCall(name, arguments string) agent.Answer {
	return agent.Answer{ToolCalls: []llms.ToolCall{{ID: "1", Type: "function",
		FunctionCall: &llms.FunctionCall{Name: name, Arguments: arguments}}}}
}

// Zone loads an IANA time zone.
func Zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// At returns an RFC 3339 time in milliseconds since the epoch.
func At(t *testing.T, text string) int64 {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m.UnixMilli()
}

// NewRun returns the run of a request by a user of the pro tier, mara@example.com.
func NewRun(t *testing.T, a *agent.Agent, c agent.Context) *agent.Run {
	t.Helper()
	reg, err := agent.NewRegistry(a)
	if err != nil {
		t.Fatal(err)
	}
	return reg.NewRun(identity.User{Tier: tier.Pro, Email: "mara@example.com"}, "message", c)
}

// RunTool calls a tool of the agent and returns the text that the model would read, and the run.
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
