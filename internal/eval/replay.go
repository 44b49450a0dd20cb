package eval

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/scenario"
)

// Replay returns sessions that answer from the recordings in the folder, without a model. A scenario that asks for
// what was not recorded fails, and says so. anyPrompt also takes answers to other prompts and tools than the present
// ones: they test the code around the model, and say nothing about the prompts.
func Replay(folder fs.FS, anyPrompt bool) Open {
	return func(s scenario.Scenario) (Session, error) {
		file, err := readRecording(folder, s.ID())
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, errors.New("not recorded: there is no " + fileOf(s.ID()))
		case err != nil:
			return nil, fmt.Errorf("the recording cannot be read: %w", err)
		}
		return &replayer{file: file, anyPrompt: anyPrompt}, nil
	}
}

type replayer struct {
	file      recording
	anyPrompt bool
	turn      int
	left      []answer // of the turn
	missing   error    // the first request that was not recorded
}

// Begin implements Session.
func (r *replayer) Begin(turn int) {
	r.turn, r.left = turn, nil
	if turn < len(r.file.Turns) {
		r.left = append(r.left, r.file.Turns[turn]...)
	}
}

// End implements Session.
func (r *replayer) End() error { return r.missing }

// errNotRecorded is what a caller gets of a model that has no answer.
var errNotRecorded = fault.New(fault.LLMUnavailable, "This request was not recorded.")

// Generate implements agent.Model.
func (r *replayer) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	if err := ctx.Err(); err != nil {
		return agent.Answer{}, err
	}
	kept, why := r.find(call)
	if why != "" {
		if r.missing == nil {
			r.missing = fmt.Errorf("not recorded: %s", why)
		}
		return agent.Answer{}, errNotRecorded
	}
	if kept.Error != "" {
		return agent.Answer{}, fault.New(fault.Code(kept.Error), "The model failed when this was recorded.")
	}
	got := agent.Answer{Text: kept.Text, Truncated: kept.Truncated,
		Usage: agent.Usage{InputTokens: kept.InputTokens, OutputTokens: kept.OutputTokens, ModelCalls: 1}}
	if kept.Withheld {
		got.Text = systemOf(call) // the leak filter meets a prompt again
	}
	for _, c := range kept.Calls {
		got.ToolCalls = append(got.ToolCalls, llms.ToolCall{ID: c.ID, Type: "function",
			FunctionCall: &llms.FunctionCall{Name: c.Tool, Arguments: c.Arguments}})
	}
	return emitWhole(got, emit)
}

// find takes the answer to the call from those that are left, or says why there is none.
func (r *replayer) find(call agent.ModelCall) (found answer, why string) {
	prompt, request := hashes(call)
	who := "an agent"
	if call.Small {
		who = "the router"
	}
	why = fmt.Sprintf("in turn %d %s is asked something else than when it was recorded", r.turn+1, who)
	for i, one := range r.left {
		if one.Request != request {
			continue
		}
		if one.Prompt != prompt && !r.anyPrompt {
			why = fmt.Sprintf("in turn %d %s has other prompts or tools than when it was recorded; record it again",
				r.turn+1, who)
			continue
		}
		r.left = append(r.left[:i:i], r.left[i+1:]...)
		return one, ""
	}
	return answer{}, why
}

// systemOf returns the system prompt of the call.
func systemOf(call agent.ModelCall) string {
	for _, m := range call.Messages {
		if m.Role == llms.ChatMessageTypeSystem {
			return textOf(m)
		}
	}
	return ""
}
