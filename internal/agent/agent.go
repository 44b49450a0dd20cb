package agent

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"
	"go.opentelemetry.io/otel/attribute"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/span"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Definition describes an agent.
type Definition struct {
	Name        string // unique, for routing and display, e.g. "task_agent"
	Description string // one public sentence, from which the router chooses the agent
	// Examples are messages for this agent, in words that people use. They are public, and the router reads them.
	Examples []string
	Skills   []string // short public labels
	// Tier, when set, is the lowest tier that has this agent. Without it the agent is built-in: each tier has a
	// number of built-in agents, in the order of registration.
	Tier tier.Tier
	// Prompt is the agent's own part of the system prompt, after SharedFragments.
	Prompt string
	Tools  []Tool
	// Shared are the tools that all agents have in common.
	Shared []Tool
	// Outlines are the kinds of plan that this agent offers in plan mode; the first is the default.
	Outlines []Outline
}

// Agent answers messages on its subject with a model and tools. It is immutable and safe for concurrent use.
type Agent struct {
	model  Model
	def    Definition
	system string
	tools  []Tool // the agent's own and the shared ones
}

// New returns an agent that uses model. NewRegistry validates the definition.
func New(model Model, def Definition) *Agent {
	var parts []string
	for _, f := range SharedFragments() {
		parts = append(parts, f.Text)
	}
	parts = append(parts, def.prompt().Text)
	return &Agent{model: model, def: def, system: strings.Join(parts, "\n\n"),
		tools: slices.Concat(def.Tools, def.Shared)}
}

// Name returns the agent's name.
func (a *Agent) Name() string { return a.def.Name }

// Description returns the agent's public sentence.
func (a *Agent) Description() string { return a.def.Description }

// Examples returns messages for this agent, in words that people use.
func (a *Agent) Examples() []string { return slices.Clone(a.def.Examples) }

// Skills returns the agent's public labels.
func (a *Agent) Skills() []string { return slices.Clone(a.def.Skills) }

// Tier returns the lowest tier that has this agent, or "" for a built-in agent.
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
	Actions   []action.Action // all actions of the request so far, other agents' included
	Proposals []Proposal      // likewise
	Truncated bool            // the model reached its length limit
}

// Handle answers run.Message. emit, when not nil, receives the text as it is produced; the pieces add up to
// Result.Text. Errors are the model's faults, ErrLoopLimit, ErrNoAnswer, the error of ctx, Suspended, and ErrRecord.
func (a *Agent) Handle(ctx context.Context, run *Run, emit Emit) (Result, error) {
	return a.loop(ctx, run, a.toolsFor(run), emit)
}

func (a *Agent) loop(ctx context.Context, run *Run, tools []Tool, emit Emit) (Result, error) {
	if len(run.path) == 0 {
		run = run.forAgent(a.def.Name)
	}
	messages, history := a.messages(run)
	ctx, s := span.Start(ctx, "invoke_agent "+a.def.Name, attribute.String("gen_ai.operation.name", "invoke_agent"),
		attribute.String("gen_ai.agent.name", a.def.Name))
	result, err := Loop(ctx, LoopConfig{Model: a.model, Run: run, Tools: tools, Messages: messages,
		History: history}, emit)
	span.End(s, failureCode(err))
	return result, err
}

// toolsFor returns the agent's tools, with the one that delegates when the run allows it, and those of the app.
func (a *Agent) toolsFor(run *Run) []Tool {
	tools := run.registry.withDelegate(run, a)
	if ofApp := run.appTools(); len(ofApp) > 0 {
		return append(slices.Clip(tools), ofApp...)
	}
	return tools
}

// messages returns the conversation for the model: the system prompt, the data of the request under a heading that says
// so, the history, and the user's message alone at the end. It also says which of them are the history.
func (a *Agent) messages(run *Run) ([]llms.MessageContent, Span) {
	zone := run.Context.Zone()
	now := run.Context.LocalNow()
	today := fmt.Sprintf("\n\nToday is %s (%s), time zone %s. The local time is %s.",
		now.Format("2006-01-02"), now.Weekday(), zone, now.Format("15:04"))
	if run.Notice != "" {
		today += "\n\n" + run.Notice
	}
	list := []llms.MessageContent{llms.TextParts(llms.ChatMessageTypeSystem, a.system, today)}
	if data := contextPrompt(run); data != "" {
		list = append(list, llms.TextParts(llms.ChatMessageTypeHuman, data))
	}
	history := Span{From: len(list), To: len(list) + len(run.Context.History)}
	for _, turn := range run.Context.History {
		role := llms.ChatMessageTypeHuman
		if turn.Role == "assistant" {
			role = llms.ChatMessageTypeAI
		}
		list = append(list, llms.TextParts(role, turn.Content))
	}
	return append(list, llms.TextParts(llms.ChatMessageTypeHuman, run.Message)), history
}

// Fragment is a secret text of an agent with an ID that may be logged. Canary is the marker that Text contains, if any.
type Fragment struct {
	ID     string
	Text   string
	Canary string
}

// withCanary returns the fragment as models receive it.
func withCanary(id, text string) Fragment {
	s := sanitize.WithCanary(id, text)
	return Fragment{ID: id, Text: s.Text, Canary: s.Canary}
}

func (d Definition) prompt() Fragment { return withCanary(d.Name+"/prompt", d.Prompt) }

// Prompts returns everything of this agent that an answer must not repeat: its prompt, and the definitions of its tools
// and outlines.
func (a *Agent) Prompts() []Fragment {
	list := []Fragment{a.def.prompt()}
	for _, t := range a.def.Tools {
		list = append(list, t.fragments(a.def.Name)...)
	}
	for _, o := range a.def.Outlines {
		list = append(list, o.tool(nil).fragments(a.def.Name)...)
	}
	return list
}
