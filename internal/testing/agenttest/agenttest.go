// Package agenttest helps the tests of agents: a scripted model, rows' times, and one tool called as the loop would
// call it. Only tests import it.
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

// Script is an agent.Model that answers each call with the next answer and keeps the calls. It is for one goroutine.
type Script struct {
	Answers []agent.Answer
	Calls   []agent.ModelCall
}

// Generate returns the next answer.
func (s *Script) Generate(_ context.Context, call agent.ModelCall, _ agent.Emit) (agent.Answer, error) {
	s.Calls = append(s.Calls, call)
	return s.Answers[len(s.Calls)-1], nil
}

// ToolCall is the answer that calls one tool.
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

// At reads an RFC 3339 time as milliseconds since the epoch.
func At(t *testing.T, text string) int64 {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m.UnixMilli()
}

// NewRun starts a run of a pro user, mara@example.com.
func NewRun(t *testing.T, a *agent.Agent, c agent.Context) *agent.Run {
	t.Helper()
	reg, err := agent.NewRegistry(a)
	if err != nil {
		t.Fatal(err)
	}
	return reg.NewRun(identity.User{Tier: tier.Pro, Email: "mara@example.com"}, "message", c)
}

// RunTool calls one tool of the agent on the context and returns what the model would read.
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
