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

// maxAsked is how deep agents may ask each other: the first asks a second, the second a third.
const maxAsked = 2

// Registry holds the agents in the order of registration. What it answers never changes after NewRegistry.
type Registry struct {
	agents []*Agent
	asks   sync.Map // the names that may be asked → Tool
}

// Listing is what may be said of an agent.
type Listing struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Skills      []string `json:"skills"`
	Available   bool     `json:"available"` // for the tier that asked
}

var agentName = regexp.MustCompile(`^[a-z][a-z0-9_]{1,63}$`)

// NewRegistry returns the registry of these agents, or every fault of their definitions: a bad or doubled name, a missing
// description or prompt, an unknown tier, a tool name that occurs twice or is one of the shared tools'.
func NewRegistry(agents ...*Agent) (*Registry, error) {
	var faults []error
	seen := map[string]bool{}
	for _, a := range agents {
		if err := a.valid(); err != nil {
			faults = append(faults, fmt.Errorf("agent %q: %w", a.def.Name, err))
		}
		if seen[a.def.Name] {
			faults = append(faults, fmt.Errorf("agent %q is there twice", a.def.Name))
		}
		seen[a.def.Name] = true
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Registry{agents: slices.Clone(agents)}, nil
}

func (a *Agent) valid() error {
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
	seen := map[string]bool{askName: true}
	for _, t := range a.tools {
		if !agentName.MatchString(t.name) || seen[t.name] {
			return fmt.Errorf("tool %q is malformed or there twice", t.name)
		}
		seen[t.name] = true
	}
	return nil
}

// Get returns the agent of that exact name.
func (r *Registry) Get(name string) (*Agent, bool) {
	for _, a := range r.agents {
		if a.def.Name == name {
			return a, true
		}
	}
	return nil, false
}

// List returns every agent in the order of registration, and whether the tier has it.
func (r *Registry) List(t tier.Tier) []Listing {
	allowed := r.Allowed(t)
	list := make([]Listing, 0, len(r.agents))
	for _, a := range r.agents {
		list = append(list, Listing{a.Name(), a.Description(), a.Skills(), slices.Contains(allowed, a)})
	}
	return list
}

// Allowed returns the agents that the tier has: as many built-in ones as it includes, in the order of registration, and
// those with a tier of their own that is not above it.
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

// Prompts returns everything that no answer may repeat: the shared fragments and tools, and those of every agent.
func (r *Registry) Prompts() []Fragment {
	list := append(SharedFragments(), Fragment{ID: "shared/heading", Text: dataHeading})
	for _, t := range append(sharedTools(), askTool(nil)) {
		list = append(list, t.fragments("shared")...)
	}
	for _, a := range r.agents {
		list = append(list, a.Prompts()...)
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

const askName = "ask_agent"

type question struct {
	Agent string `json:"agent" desc:"Name of the colleague"`
	Query string `json:"query" desc:"What you need to know or have done, complete in itself"`
}

// askTool lets the agent of a run ask another one, unless the run is as deep as it may be or there is nobody to ask.
func (r *Registry) askTool(run *Run, self string) (Tool, bool) {
	if r == nil || len(run.path) > maxAsked {
		return Tool{}, false
	}
	var names []string
	for _, a := range r.Allowed(run.User.Tier) {
		if a.def.Name != self && !slices.Contains(run.path, a.def.Name) {
			names = append(names, a.def.Name)
		}
	}
	key := strings.Join(names, " ")
	tool, known := r.asks.Load(key)
	if !known { // its schema costs more than all else of a request's beginning
		tool, _ = r.asks.LoadOrStore(key, askTool(names))
	}
	return tool.(Tool), len(names) > 0
}

func askTool(names []string) Tool {
	tool := NewTool(askName, "Ask a specialist colleague a question outside your own field and get their answer.",
		func(ctx context.Context, run *Run, in question) (string, error) {
			return run.registry.CallAgent(ctx, run, in.Agent, in.Query)
		})
	if len(names) > 0 {
		arguments := schema.Of[question]()
		arguments.Properties["agent"].Enum = names
		tool = tool.withSchema(arguments)
	}
	return tool
}

// CallAgent asks the named agent within a run and returns its answer; what it proposes joins the run's actions. It fails
// when there is no such agent for the user's tier, when that agent is already being asked, when agents ask each other
// deeper than two levels, and with the asked agent's own faults.
func (r *Registry) CallAgent(ctx context.Context, run *Run, name, query string) (string, error) {
	asked, ok := r.Get(name)
	switch {
	case !ok || !slices.Contains(r.Allowed(run.User.Tier), asked):
		return "", fmt.Errorf("there is no agent %q to ask", name)
	case slices.Contains(run.path, name):
		return "", fmt.Errorf("agent %q is already working on this", name)
	case len(run.path) > maxAsked:
		return "", errors.New("agents ask each other at most two levels deep; answer yourself")
	case strings.TrimSpace(query) == "":
		return "", errors.New("the query is empty")
	}
	result, err := asked.Handle(ctx, run.asked(name, query), nil)
	if f := fault.From(err); err != nil && f.Code == ErrLoopLimit.Code {
		return "", fmt.Errorf("agent %q came to no answer", name)
	}
	return result.Text, err
}
