package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
)

var errNoAgents = errors.New("no agent is registered for this tier")

// answer lets one agent answer, or several in sequence and then one synthesis, and releases the result.
func (o *Orchestrator) answer(ctx context.Context, guard Guard, agents []*agent.Agent, run *agent.Run,
	emit agent.Emit) (Reply, error) {
	out := newOutlet(guard, emit)
	var result agent.Result
	var err error
	if len(agents) == 1 {
		result, err = agents[0].Handle(ctx, run, out.emit())
	} else {
		result, err = o.pipeline(ctx, agents, run, out.emit())
	}
	if hit := out.hit(); hit != "" {
		return o.release(ctx, guard, hit, Reply{}), nil
	}
	if err != nil {
		return Reply{}, err
	}
	text, hit, err := out.close(result.Text)
	if err != nil {
		return Reply{}, err
	}
	actions := result.Actions
	if actions == nil {
		actions = []action.Action{}
	}
	return o.release(ctx, guard, hit, Reply{Kind: Response, Text: text, Actions: actions, Truncated: result.Truncated}), nil
}

// pipeline lets each agent work with the results of those before it; only the synthesis is heard by emit.
func (o *Orchestrator) pipeline(ctx context.Context, agents []*agent.Agent, run *agent.Run,
	emit agent.Emit) (agent.Result, error) {
	truncated := false
	for _, a := range agents {
		result, err := a.Handle(ctx, run, nil)
		if err != nil {
			return agent.Result{}, err
		}
		truncated = truncated || result.Truncated
		run = run.Next(agent.StepResult{Agent: a.Name(), Text: result.Text})
	}
	results := &strings.Builder{}
	for i, r := range run.Previous {
		fmt.Fprintf(results, "\n\nResult %d:\n%s", i+1, r.Text)
	}
	messages := []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, synthesis().Text),
		llms.TextParts(llms.ChatMessageTypeHuman, "Request:\n"+run.Message+results.String()),
	}
	result, err := agent.Loop(ctx, agent.LoopConfig{Model: o.cfg.Model, Run: run, Messages: messages}, emit)
	result.Truncated = result.Truncated || truncated
	return result, err
}

// plan lets the agent answer with steps.
func (o *Orchestrator) plan(ctx context.Context, guard Guard, a *agent.Agent, run *agent.Run) (Reply, error) {
	plan, err := a.Plan(ctx, run, o.cfg.Templates, o.cache)
	if err != nil {
		return Reply{}, err
	}
	return o.release(ctx, guard, "", Reply{Kind: Execution, Plan: &plan, Actions: []action.Action{}}), nil
}
