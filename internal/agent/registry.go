package agent

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/adiuva/cloud-api/internal/agent/schema"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/tier"
)

// maxDelegation limits how deep agents delegate: the first to a second, the second to a third.
const maxDelegation = 2

// Registry holds the agents in the order of registration. It is immutable and safe for concurrent use.
type Registry struct {
	agents     []*Agent
	toolNames  map[string]bool // of all agents, in lower case
	delegating sync.Map        // an agent's name and those of its possible delegates → []Tool
}

// Listing is the public description of an agent.
type Listing struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Skills      []string `json:"skills"`
	Available   bool     `json:"available"` // in the tier that was asked for
}

var agentName = regexp.MustCompile(`^[a-z][a-z0-9_]{1,63}$`)

// NewRegistry returns a registry of the agents. The error joins all errors of their definitions: a malformed or
// duplicate name, a missing description or prompt, an unknown tier, a tool name that is malformed, duplicate or
// shared.
func NewRegistry(agents ...*Agent) (*Registry, error) {
	var problems []error
	seen := map[string]bool{}
	for _, a := range agents {
		if err := a.validate(); err != nil {
			problems = append(problems, fmt.Errorf("agent %q: %w", a.def.Name, err))
		}
		if seen[a.def.Name] {
			problems = append(problems, fmt.Errorf("duplicate agent %q", a.def.Name))
		}
		seen[a.def.Name] = true
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return &Registry{agents: slices.Clone(agents), toolNames: toolNames(agents)}, nil
}

func (a *Agent) validate() error {
	switch d := a.def; {
	case !agentName.MatchString(d.Name):
		return errors.New("a name is 2 to 64 of a-z, 0-9 and _ and starts with a letter")
	case strings.TrimSpace(d.Description) == "" || strings.TrimSpace(d.Prompt) == "":
		return errors.New("needs a description and a prompt")
	case d.Tier != "":
		if _, err := tier.Parse(string(d.Tier)); err != nil {
			return err
		}
	}
	seen := map[string]bool{delegateToolName: true}
	for _, t := range a.tools {
		if !agentName.MatchString(t.name) || seen[t.name] {
			return fmt.Errorf("tool %q is invalid or duplicate", t.name)
		}
		seen[t.name] = true
	}
	return nil
}

// Get returns the agent with that name.
func (r *Registry) Get(name string) (*Agent, bool) {
	for _, a := range r.agents {
		if a.def.Name == name {
			return a, true
		}
	}
	return nil, false
}

// All returns all agents in the order of registration.
func (r *Registry) All() []*Agent { return slices.Clone(r.agents) }

// LowestTier returns the lowest tier that has the agent, or false when none has it.
func (r *Registry) LowestTier(a *Agent) (tier.Tier, bool) {
	for _, t := range tier.All() {
		if slices.Contains(r.Allowed(t), a) {
			return t, true
		}
	}
	return "", false
}

// List returns all agents in the order of registration and says which of them the tier has.
func (r *Registry) List(t tier.Tier) []Listing {
	allowed := r.Allowed(t)
	list := make([]Listing, 0, len(r.agents))
	for _, a := range r.agents {
		list = append(list, Listing{a.Name(), a.Description(), a.Skills(), slices.Contains(allowed, a)})
	}
	return list
}

// Allowed returns the agents that the tier has: the first built-in ones, as many as the tier includes, and those
// whose own tier is not higher.
func (r *Registry) Allowed(t tier.Tier) []*Agent {
	var list []*Agent
	left := t.Features().Agents
	for _, a := range r.agents {
		if a.def.Tier != "" {
			if a.def.Tier.Rank() <= t.Rank() {
				list = append(list, a)
			}
			continue
		}
		if left == 0 {
			continue
		}
		if left > 0 {
			left--
		}
		list = append(list, a)
	}
	return list
}

// Prompts returns everything that an answer must not repeat: the shared fragments and tools, and those of all agents.
func (r *Registry) Prompts() []Fragment {
	list := append(SharedFragments(), Fragment{ID: "shared/heading", Text: dataHeading})
	for _, t := range append(r.sharedTools(), newDelegateTool(nil)) {
		list = append(list, t.fragments("shared")...)
	}
	for _, a := range r.agents {
		list = append(list, a.Prompts()...)
	}
	return list
}

// sharedTools returns the shared tools of all agents, each once.
func (r *Registry) sharedTools() []Tool {
	var list []Tool
	seen := map[string]bool{}
	for _, a := range r.agents {
		for _, t := range a.def.Shared {
			if !seen[t.name] {
				seen[t.name] = true
				list = append(list, t)
			}
		}
	}
	return list
}

// Templates returns the templates that the plans of all agents name.
func (r *Registry) Templates() []playbook.Template {
	var list []playbook.Template
	for _, a := range r.agents {
		list = append(list, a.Templates()...)
	}
	return list
}

const delegateToolName = "ask_agent"

type question struct {
	Agent string `json:"agent" desc:"Name of the colleague"`
	Query string `json:"query" desc:"What you need to know or have done, complete in itself"`
}

// withDelegate returns the agent's tools with the one that delegates to another agent, which is missing when the run is
// as deep as it may be or no other agent is available. The caller must not change the list.
func (r *Registry) withDelegate(run *Run, agent *Agent) []Tool {
	if r == nil || len(run.path) > maxDelegation {
		return agent.tools
	}
	var names []string
	for _, a := range r.Allowed(run.User.Tier) {
		if a != agent && !slices.Contains(run.path, a.def.Name) {
			names = append(names, a.def.Name)
		}
	}
	if len(names) == 0 {
		return agent.tools
	}
	key := agent.def.Name + ": " + strings.Join(names, " ")
	tools, ok := r.delegating.Load(key)
	if !ok { // making its schema costs more than everything else before the first model call
		tools, _ = r.delegating.LoadOrStore(key, append(slices.Clip(agent.tools), newDelegateTool(names)))
	}
	return tools.([]Tool)
}

func newDelegateTool(names []string) Tool {
	tool := NewTool(delegateToolName, "Ask a specialist colleague a question outside your own field and get "+
		"their answer.",
		func(ctx context.Context, run *Run, in question) (string, error) {
			return run.registry.CallAgent(ctx, run, in.Agent, in.Query)
		}).As(AsksAgent)
	if len(names) > 0 {
		arguments := schema.Of[question]()
		arguments.Properties["agent"].Enum = names
		tool = tool.withSchema(arguments)
	}
	return tool
}

// CallAgent delegates query to the named agent within a run and returns its answer; its proposals join the run's. It
// fails when the user's tier has no such agent, when that agent is already working on the run, when the run is two
// delegations deep, and with the agent's own faults.
func (r *Registry) CallAgent(ctx context.Context, run *Run, name, query string) (string, error) {
	delegate, ok := r.Get(name)
	switch {
	case !ok || !slices.Contains(r.Allowed(run.User.Tier), delegate):
		return "", fmt.Errorf("there is no agent %q to ask", name)
	case slices.Contains(run.path, name):
		return "", fmt.Errorf("agent %q is already working on this", name)
	case len(run.path) > maxDelegation:
		return "", errors.New("agents ask each other at most two levels deep; answer yourself")
	case strings.TrimSpace(query) == "":
		return "", errors.New("the query is empty")
	}
	result, err := delegate.Handle(ctx, run.forDelegate(name, query), nil)
	if f := fault.From(err); err != nil && f.Code == ErrLoopLimit.Code {
		return "", fmt.Errorf("agent %q came to no answer", name)
	}
	return result.Text, err
}
