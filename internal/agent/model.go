package agent

import (
	"context"

	"github.com/tmc/langchaingo/llms"
)

// Model is the language model as agents see it: the far side of a network, and so one of the product's three
// interfaces. Package llm satisfies it over an OpenAI-compatible API, package offline without any network.
type Model interface {
	// Generate answers the messages. emit, when not nil, receives the answer's text as it is produced and nothing else:
	// never tool calls, never reasoning; an error from emit ends the call with that error. Failures are faults:
	// llm_unavailable, llm_error or llm_timeout; when ctx is cancelled the error satisfies
	// errors.Is(err, context.Canceled). A partial answer is never returned as a whole one.
	Generate(ctx context.Context, call ModelCall, emit Emit) (Answer, error)
}

// ModelCall is one request to a Model.
type ModelCall struct {
	// Small asks for the router model: short, cheap, temperature 0.
	Small    bool
	Messages []llms.MessageContent
	Tools    []llms.Tool // none on a call that must answer in text
	// MaxTokens bounds the answer; 0 leaves it to the model.
	MaxTokens int
	// Temperature is sent as it is.
	Temperature float64
}

// Answer is what a Model said.
type Answer struct {
	Text      string
	ToolCalls []llms.ToolCall
	// Truncated is true when the model stopped for length.
	Truncated bool
}

// Emit receives answer text as it is produced. A nil Emit means the caller wants only the whole.
type Emit func(text string) error
