package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/continuation"
)

var errNoAgents = errors.New("no agent is registered for this tier")

// runAgents lets one agent answer, or several in a pipeline, and filters the result. Who writes the answer is told what
// the user's tier lacks, and the default agent what it has.
func (o *Orchestrator) runAgents(ctx context.Context, sink *answerSink, routing routing, run *agent.Run,
	req Request, to Listener) (Reply, error) {
	run.Notice = o.notice(routing, run.User.Tier)
	var result agent.Result
	var err error
	if len(routing.agents) == 1 {
		if err := to.agent(run, routing.agents[0], 1, 1); err != nil {
			return Reply{}, err
		}
		result, err = o.handle(ctx, routing.agents[0], run, sink.emitFunc())
	} else {
		result, err = o.pipeline(ctx, routing.agents, run, sink.emitFunc(), to)
	}
	if hit := sink.hit(); hit != "" { // an error of the agent is then that of the stream
		return o.finalize(ctx, sink.guard, hit, Reply{}, nil)
	}
	var suspended *agent.Suspended
	var leak leakToApp
	switch {
	case errors.As(err, &suspended) && o.cfg.Continuations != nil:
		return o.suspend(ctx, sink, routing, run, req, suspended)
	case errors.As(err, &leak):
		return o.finalize(ctx, sink.guard, leak.hit, Reply{}, nil)
	case errors.Is(err, agent.ErrRecord) || err == nil && run.Replaying():
		return Reply{}, continuation.ErrInvalid.WithCause(err) // the context is not the one that the answer began with
	case err != nil:
		return Reply{}, err
	}
	text, hit, err := sink.close(result.Text)
	if err != nil {
		return Reply{}, err
	}
	actions := result.Actions
	if actions == nil {
		actions = []action.Action{}
	}
	reply := Reply{Kind: KindResponse, Text: text, Actions: actions, Proposals: result.Proposals,
		Truncated: result.Truncated}
	return o.finalize(ctx, sink.guard, hit, reply, run)
}

// pipeline runs the agents in sequence, each with the results of those before it, and then a synthesis of the
// results. Only the synthesis is emitted.
func (o *Orchestrator) pipeline(ctx context.Context, agents []*agent.Agent, run *agent.Run,
	emit agent.Emit, to Listener) (agent.Result, error) {
	truncated := false
	system := []string{synthesisSecret().Text}
	if run.Notice != "" { // for the synthesis alone
		system = append(system, "\n\n"+run.Notice)
		run.Notice = ""
	}
	for i, a := range agents {
		if err := to.agent(run, a, i+1, len(agents)); err != nil {
			return agent.Result{}, err
		}
		result, err := o.handle(ctx, a, run, nil)
		if err != nil {
			return agent.Result{}, err
		}
		truncated = truncated || result.Truncated
		run = run.Next(agent.StepResult{Agent: a.Name(), Text: result.Text})
	}
	var results strings.Builder
	for i, r := range run.Previous {
		fmt.Fprintf(&results, "\n\nResult %d:\n%s", i+1, r.Text)
	}
	messages := []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeSystem, system...),
		llms.TextParts(llms.ChatMessageTypeHuman, "Request:\n"+run.Message+results.String()),
	}
	result, err := agent.Loop(ctx, agent.LoopConfig{Model: o.cfg.Model, Run: run, Messages: messages}, emit)
	result.Truncated = result.Truncated || truncated
	return result, err
}

// plan lets the agent answer with a plan.
func (o *Orchestrator) plan(ctx context.Context, guard Guard, a *agent.Agent, run *agent.Run,
	to Listener) (Reply, error) {
	if err := to.agent(run, a, 1, 1); err != nil {
		return Reply{}, err
	}
	plan, err := a.Plan(ctx, run, o.cfg.Templates, o.cache)
	if err != nil {
		return Reply{}, err
	}
	return o.finalize(ctx, guard, "", Reply{Kind: KindPlan, Plan: &plan, Actions: []action.Action{},
		Proposals: run.Proposals()}, run)
}
