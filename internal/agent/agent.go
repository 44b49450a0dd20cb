// Package agent is the framework the product's agents are made of: what an agent is, the tools it calls, the loop in
// which a model uses them, the state of one request, and the registry through which agents are found and ask each other.
// It declares Model, the far side, and knows nothing of HTTP or of any vendor.
package agent

import (
	"context"
	"fmt"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Definition is everything that makes one agent different from another.
type Definition struct {
	Name        string   // as routed and shown, e.g. "task_agent"
	Description string   // one public sentence; the router decides by it
	Skills      []string // short public labels
	// Tier, when set, is the least tier that has this agent. Without it the agent counts towards the tier's number of
	// built-in agents, in the order of registration.
	Tier tier.Tier
	// Prompt is the agent's own fragment; SharedFragments are put before it.
	Prompt string
	Tools  []Tool
	// Outlines are the plan shapes this agent offers in plan mode; the first is the default.
	Outlines []Outline
}

// Agent answers messages in its field through a model and its tools. It is immutable and safe for concurrent use.
type Agent struct {
	model  Model
	def    Definition
	system string
	tools  []Tool // the agent's own and the shared ones
}

// New returns the agent of that definition on that model. NewRegistry checks the definition.
func New(model Model, def Definition) *Agent {
	parts := []string{}
	for _, f := range SharedFragments() {
		parts = append(parts, f.Text)
	}
	return &Agent{model: model, def: def, system: strings.Join(append(parts, def.prompt().Text), "\n\n"),
		tools: append(append([]Tool(nil), def.Tools...), sharedTools()...)}
}

// Name returns the agent's name.
func (a *Agent) Name() string { return a.def.Name }

// Description returns the agent's public sentence.
func (a *Agent) Description() string { return a.def.Description }

// Skills returns the agent's public labels.
func (a *Agent) Skills() []string { return append([]string(nil), a.def.Skills...) }

// Tier returns the least tier that has this agent, or "" for a built-in one that counts towards the tier's number.
func (a *Agent) Tier() tier.Tier { return a.def.Tier }

// Templates returns the templates that the agent's plans name.
func (a *Agent) Templates() []playbook.Template {
	list := make([]playbook.Template, 0, len(a.def.Outlines))
	for _, o := range a.def.Outlines {
		list = append(list, o.template())
	}
	return list
}

// Tools returns the agent's own tools and the shared ones.
func (a *Agent) Tools() []Tool { return a.tools }

// Result is an agent's answer.
type Result struct {
	Text      string
	Actions   []action.Action // everything proposed in the request so far
	Truncated bool            // the model stopped for length
}

// Handle answers run.Message. emit, when not nil, receives the text as it is produced; joined it equals Result.Text.
// It fails with the model's faults, with ErrLoopLimit, or with what ctx ended for.
func (a *Agent) Handle(ctx context.Context, run *Run, emit Emit) (Result, error) {
	return a.loop(ctx, run, a.toolsFor(run), emit)
}

func (a *Agent) loop(ctx context.Context, run *Run, tools []Tool, emit Emit) (Result, error) {
	if len(run.path) == 0 {
		run = run.entering(a.def.Name)
	}
	return Loop(ctx, LoopConfig{Model: a.model, Run: run, Tools: tools, Messages: a.messages(run)}, emit)
}

// entering marks which agent works on the run, so that no agent asks one that is already waiting.
func (r *Run) entering(name string) *Run {
	next := *r
	next.path = []string{name}
	return &next
}

func (a *Agent) toolsFor(run *Run) []Tool {
	if ask, ok := run.registry.askTool(run, a.def.Name); ok {
		return append(a.tools[:len(a.tools):len(a.tools)], ask)
	}
	return a.tools
}

// messages is the conversation sent to the model: the system prompt, the request's data marked as such, the history, and
// the message itself, alone in the last message.
func (a *Agent) messages(run *Run) []llms.MessageContent {
	zone := run.Context.Zone()
	now := run.Context.Now.In(zone)
	today := fmt.Sprintf("\n\nToday is %s (%s), time zone %s. The local time is %s.",
		now.Format("2006-01-02"), now.Weekday(), zone, now.Format("15:04"))
	list := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeSystem, a.system, today)}
	if data := dataOf(run); data != "" {
		list = append(list, llms.TextParts(llms.ChatMessageTypeHuman, data))
	}
	for _, turn := range run.Context.History {
		role := llms.ChatMessageTypeHuman
		if turn.Role == "assistant" {
			role = llms.ChatMessageTypeAI
		}
		list = append(list, llms.TextParts(role, turn.Content))
	}
	return append(list, llms.TextParts(llms.ChatMessageTypeHuman, run.Message))
}

// Fragment is one secret text of an agent, by an id that may be logged. Canary is the marker planted in Text, if any.
type Fragment struct {
	ID     string
	Text   string
	Canary string
}

// marked is the fragment as models are told it.
func marked(id, text string) Fragment {
	s := sanitize.Marked(id, text)
	return Fragment{ID: id, Text: s.Text, Canary: s.Canary}
}

// prompt is the agent's own fragment.
func (d Definition) prompt() Fragment { return marked(d.Name+"/prompt", d.Prompt) }

// Prompts returns everything of this agent that an answer must not repeat: its prompt, its description, and what
// the model is told of its tools and outlines.
func (a *Agent) Prompts() []Fragment {
	list := []Fragment{a.def.prompt(), {ID: a.def.Name + "/description", Text: a.def.Description}}
	for _, t := range a.def.Tools {
		list = append(list, t.fragments(a.def.Name)...)
	}
	for _, o := range a.def.Outlines {
		list = append(list, o.tool(nil).fragments(a.def.Name)...)
	}
	return list
}
