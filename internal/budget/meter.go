package budget

import (
	"context"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tokens"
)

// defaultOutput is the length of an answer, in tokens, where nothing limits it.
const defaultOutput = 4_096

// Meter returns model with every call counted: it adds to the usage of the call's request, with estimates where the
// provider gave no numbers, and limits answers to the request's MaxOutputTokens. Besides the errors of model its
// Generate returns ErrExceeded, ErrReserved, and db_unavailable. The request has to end with ModelRequest.End.
func (s *Service) Meter(model agent.Model) agent.Model { return &meter{s: s, model: model} }

type meter struct {
	s     *Service
	model agent.Model
}

func (m *meter) Generate(ctx context.Context, call agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
	request := call.Request
	if request == nil {
		return m.model.Generate(ctx, call, emit)
	}
	if call.MaxTokens == 0 {
		call.MaxTokens = request.Limits.MaxOutputTokens
	}
	input := int64(call.EstimateTokens())
	var held *reservation
	if !request.Choice.Key.IsSet() {
		held = m.s.reservationOf(request)
		needed, wanted := reserve(call, input)
		if err := held.cover(ctx, needed, wanted); err != nil {
			return agent.Answer{}, err
		}
	}
	emitted := int64(0)
	listen := emit
	if emit != nil {
		listen = func(text string) error {
			emitted += int64(tokens.Count(text))
			return emit(text)
		}
	}
	answer, err := m.model.Generate(ctx, call, listen)
	used := answer.Usage
	if err != nil {
		used = spent(ctx, input, emitted)
	} else {
		used = complete(used, input, answer)
		answer.Usage = used
	}
	if used.ModelCalls > 0 {
		request.Usage.Add(used)
	}
	if held != nil {
		held.used += used.InputTokens + used.OutputTokens
	}
	return answer, err
}

// toolRound is what a round of tools usually adds to a prompt, in tokens: the model's calls and their results.
const toolRound = 1_000

// reserve returns how many tokens the call may use, and how many to reserve if they are not covered yet. After the
// router's call those of an agent follow, with the same message, and of the last one the longest answer. One
// reservation covers the router and two calls of the agent, which is what most answers take.
func reserve(call agent.ModelCall, input int64) (needed, wanted int64) {
	output := int64(call.MaxTokens)
	if output == 0 {
		output = defaultOutput
	}
	needed = input + output
	if !call.Small {
		return needed, needed
	}
	longest := int64(call.Request.Limits.MaxOutputTokens)
	if longest == 0 {
		longest = defaultOutput
	}
	return needed, needed + longest + 2*(agent.MaxPromptTokens+input) + toolRound
}

// complete returns the usage of an answer with estimates for what the provider did not say.
func complete(used agent.Usage, input int64, answer agent.Answer) agent.Usage {
	used.ModelCalls = max(used.ModelCalls, 1)
	if used.InputTokens == 0 {
		used.InputTokens, used.Estimated = input, true
	}
	if n := answerTokens(answer); used.OutputTokens == 0 && n > 0 {
		used.OutputTokens, used.Estimated = n, true
	}
	return used
}

func answerTokens(answer agent.Answer) int64 {
	n := tokens.Count(answer.Text)
	for _, c := range answer.ToolCalls {
		if c.FunctionCall != nil {
			n += tokens.Count(c.FunctionCall.Name) + tokens.Count(c.FunctionCall.Arguments)
		}
	}
	return int64(n)
}

// spent estimates the usage of a call that failed: none if the provider failed before it answered, and the prompt with
// the text so far if the answer was cut, or if the caller left.
func spent(ctx context.Context, input, emitted int64) agent.Usage {
	if emitted == 0 && ctx.Err() == nil {
		return agent.Usage{}
	}
	return agent.Usage{InputTokens: input, OutputTokens: emitted, ModelCalls: 1, Estimated: true}
}
