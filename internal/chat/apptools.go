package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/adiuva/cloud-api/internal/action"
	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/continuation"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

// leakToApp ends an answer whose calls of the app's tools the leak filter blocked. The person gets FallbackAnswer.
type leakToApp struct{ hit string }

func (leakToApp) Error() string { return "a call of the app's tools was blocked by the leak filter" }

// open returns what a continuation holds, and fills req in from it: the message, the tools, the clock and the model
// are those of the request that began the answer. The fault is continuation_invalid, or validation_failed where the
// results are not those of the calls that wait, or where the caller's own key of a model is needed again.
func (o *Orchestrator) open(ctx context.Context, u identity.User, req *Request) (continuation.State, error) {
	if o.cfg.Continuations == nil {
		return continuation.State{}, continuation.ErrInvalid
	}
	state, err := o.cfg.Continuations.Open(ctx, u, req.Continuation)
	if err != nil {
		return continuation.State{}, err
	}
	wrong := checkResults(state.Waiting, req.ToolResults)
	if state.OwnKey && !req.Model.Key.IsSet() {
		wrong = append(wrong, fault.Detail{Pointer: "/model/api_key",
			Message: "is needed again, because the answer began with it and it is not kept"})
	}
	if len(wrong) > 0 {
		return continuation.State{}, fault.ErrValidation.WithDetails(wrong...)
	}
	if req.Model == (agent.ModelChoice{}) {
		req.Model = agent.ModelChoice{Provider: state.Provider, Name: state.Model}
	}
	req.Message, req.Mode, req.AppTools = state.Message, ModeDirect, state.Tools
	for _, result := range req.ToolResults {
		state.Record.Results = append(state.Record.Results, result.Bounded())
	}
	return state, nil
}

// checkResults returns a detail for every call that has not exactly one result.
func checkResults(waiting []string, results []agent.AppResult) []fault.Detail {
	var wrong []fault.Detail
	missing := slices.Clone(waiting)
	for i, result := range results {
		place := slices.Index(missing, result.ID)
		if place < 0 {
			message := "is not the id of a call that waits for a result"
			if slices.Contains(waiting, result.ID) {
				message = "is the id of an earlier result in this list"
			}
			wrong = append(wrong, fault.Detail{Pointer: fmt.Sprintf("/tool_results/%d/id", i), Message: message})
			continue
		}
		missing = slices.Delete(missing, place, place+1)
	}
	if len(missing) > 0 {
		wrong = append(wrong, fault.Detail{Pointer: "/tool_results",
			Message: fmt.Sprintf("needs a result for every call; there are none for %d calls", len(missing))})
	}
	return wrong
}

// routingOf returns the routing that a continuation holds.
func (o *Orchestrator) routingOf(u identity.User, state continuation.State) (routing, error) {
	var r routing
	for _, name := range state.Agents {
		a, ok := o.cfg.Agents.Get(name)
		if !ok || !slices.Contains(o.cfg.Agents.Allowed(u.Tier), a) {
			return routing{}, continuation.ErrInvalid // made by a server with other agents
		}
		r.agents = append(r.agents, a)
	}
	if a, ok := o.cfg.Agents.Get(state.Upgrade); ok {
		r.upgrade = o.upgradeTo(a)
	}
	if len(r.agents) == 0 {
		return routing{}, continuation.ErrInvalid
	}
	return r, nil
}

// suspend returns the reply that asks the app for results.
func (o *Orchestrator) suspend(ctx context.Context, sink *answerSink, routing routing, run *agent.Run, req Request,
	s *agent.Suspended) (Reply, error) {
	text := s.Text
	if len(routing.agents) > 1 {
		text = "" // that of a stage of the pipeline, which is not shown
	}
	shown, hit, err := sink.pause(text)
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Kind: KindToolCalls, Text: shown, Actions: []action.Action{}, Calls: s.Calls}
	if hit == "" {
		hit = callTexts(run.AppCalls()).hit(sink.guard)
	}
	if hit != "" {
		return o.finalize(ctx, sink.guard, hit, reply, nil)
	}
	state := continuation.State{Message: req.Message, Tools: req.AppTools, Record: run.Record(),
		Now: req.Context.Now, Shown: len(text), Provider: req.Model.Provider, Model: req.Model.Name,
		OwnKey: req.Model.Key.IsSet()}
	for _, a := range routing.agents {
		state.Agents = append(state.Agents, a.Name())
	}
	if routing.upgrade != nil {
		state.Upgrade = routing.upgrade.Feature
	}
	for _, c := range s.Calls {
		state.Waiting = append(state.Waiting, c.ID)
	}
	reply.Continuation, err = o.cfg.Continuations.Seal(ctx, run.User, state)
	if errors.Is(err, continuation.ErrTooLarge) {
		err = agent.ErrContextTooLarge.WithCause(err).WithDetails(fault.Detail{Pointer: "/tool_results",
			Message: "are too many for one answer; ask for less at once"})
	}
	return reply, err
}

// judgedCaller is an agent.AppCaller that sends only calls which the leak filter lets pass.
type judgedCaller struct {
	agent.AppCaller
	guard Guard
	run   *agent.Run
}

func (j *judgedCaller) CallApp(ctx context.Context, calls []agent.AppCall) ([]agent.AppResult, error) {
	if hit := callTexts(j.run.AppCalls()).hit(j.guard); hit != "" {
		return nil, leakToApp{hit}
	}
	return j.AppCaller.CallApp(ctx, calls)
}

// callTexts returns the texts in the arguments of the calls.
func callTexts(calls []agent.AppCall) *fieldTexts {
	var fields fieldTexts
	for _, c := range calls {
		var arguments map[string]any
		if json.Unmarshal(c.Arguments, &arguments) == nil {
			fields.add(arguments)
		}
	}
	return &fields
}

// appTexts returns the caller's texts about tools of the app, which an answer may repeat.
func appTexts(tools []agent.AppTool, results []agent.AppResult) []string {
	var texts []string
	for _, t := range tools {
		texts = append(texts, t.Name, t.Description, string(t.Parameters))
	}
	for _, result := range results {
		texts = append(texts, result.Content, result.Error)
	}
	return texts
}
