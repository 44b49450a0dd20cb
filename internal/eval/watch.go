package eval

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/scenario"
	"github.com/adiuva/cloud-api/internal/tokens"
)

// Watch is a model that passes everything on to a session, and notes what happens in one turn.
type Watch struct {
	session Session
	prompts []agentPrompt
	say     string

	agents []string // that answered the message, in order
	made   []scenario.Made
	ids    []string // of the calls made
	usage  agent.Usage
}

// NewWatch returns a Watch of the session. It recognises the agents by their prompts.
func NewWatch(session Session, agents *agent.Registry) *Watch {
	return &Watch{session: session, prompts: promptsOf(agents)}
}

// agentPrompt is the prompt by which an agent's calls are recognised.
type agentPrompt struct{ agent, text string }

// promptsOf returns the prompts of the agents, longest first: one may contain another.
func promptsOf(agents *agent.Registry) []agentPrompt {
	var list []agentPrompt
	for _, a := range agents.All() {
		for _, f := range a.Prompts() {
			if f.ID == a.Name()+"/prompt" {
				list = append(list, agentPrompt{a.Name(), f.Text})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b agentPrompt) int { return cmp.Compare(len(b.text), len(a.text)) })
	return list
}

// Begin begins a turn of the scenario, the first is 0, in which the person says say. It forgets the turn before.
func (w *Watch) Begin(turn int, say string) {
	w.session.Begin(turn)
	w.say, w.agents, w.made, w.ids, w.usage = say, nil, nil, nil, agent.Usage{}
}

// Generate implements agent.Model.
func (w *Watch) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	w.noteAgent(call)
	w.noteResults(call)
	answer, err := w.session.Generate(ctx, call, emit)
	if err != nil {
		return answer, err
	}
	for _, c := range answer.ToolCalls {
		if c.FunctionCall != nil {
			w.ids = append(w.ids, c.ID)
			w.made = append(w.made, scenario.Made{Tool: c.FunctionCall.Name, Arguments: c.FunctionCall.Arguments})
		}
	}
	w.usage.Add(usageOf(call, answer))
	return answer, nil
}

// noteAgent notes the agent that answers the person's message. Its colleagues, whom it asks, answer other questions.
func (w *Watch) noteAgent(call agent.ModelCall) {
	var system strings.Builder
	asked := false
	for _, m := range call.Messages {
		switch text := textOf(m); m.Role {
		case llms.ChatMessageTypeSystem:
			system.WriteString(text)
		case llms.ChatMessageTypeHuman:
			asked = asked || text == w.say
		}
	}
	if call.Small || !asked {
		return
	}
	for _, p := range w.prompts {
		if strings.Contains(system.String(), p.text) {
			if !slices.Contains(w.agents, p.agent) {
				w.agents = append(w.agents, p.agent)
			}
			return
		}
	}
}

// noteResults notes what the tools of the last round returned: the messages after the model's last one.
func (w *Watch) noteResults(call agent.ModelCall) {
	last := len(call.Messages)
	for last > 0 && call.Messages[last-1].Role == llms.ChatMessageTypeTool {
		last--
	}
	for _, m := range call.Messages[last:] {
		for _, part := range m.Parts {
			if result, ok := part.(llms.ToolCallResponse); ok {
				w.noteResult(result)
			}
		}
	}
}

func (w *Watch) noteResult(result llms.ToolCallResponse) {
	for i := range w.made {
		sameID := w.ids[i] == "" || w.ids[i] == result.ToolCallID
		if sameID && w.made[i].Tool == result.Name && w.made[i].Result == "" {
			w.made[i].Result = result.Content
			return
		}
	}
}

// textOf returns the text of a message, its parts joined.
func textOf(m llms.MessageContent) string {
	var b strings.Builder
	for _, part := range m.Parts {
		if text, ok := part.(llms.TextContent); ok {
			b.WriteString(text.Text)
		}
	}
	return b.String()
}

// usageOf returns what a call used, estimated where the model does not say.
func usageOf(call agent.ModelCall, answer agent.Answer) agent.Usage {
	used := answer.Usage
	used.ModelCalls = max(1, used.ModelCalls)
	if used.InputTokens == 0 {
		used.InputTokens, used.Estimated = int64(call.EstimateTokens()), true
	}
	if used.OutputTokens > 0 {
		return used
	}
	used.OutputTokens, used.Estimated = int64(tokens.Count(answer.Text)), true
	for _, c := range answer.ToolCalls {
		if c.FunctionCall != nil {
			used.OutputTokens += int64(tokens.Count(c.FunctionCall.Name) + tokens.Count(c.FunctionCall.Arguments))
		}
	}
	return used
}

// Outcome returns what came of the turn, with its reply, as scenarios compare it.
func (w *Watch) Outcome(reply chat.Reply) scenario.Outcome {
	out := scenario.Outcome{Agents: w.agents, Calls: w.made, Text: reply.Text,
		Tokens: w.usage.InputTokens + w.usage.OutputTokens}
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
