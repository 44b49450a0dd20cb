package agent

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/tmc/langchaingo/llms"
)

// Model is a language model. Package llm implements it over an OpenAI-compatible API, package offline without a
// network.
type Model interface {
	// Generate answers the messages. emit, when not nil, receives the text of the answer as it is produced, never tool
	// calls or reasoning; an error from emit ends the call with that error. Failures are the faults llm_unavailable,
	// llm_error and llm_timeout; when ctx is cancelled the error satisfies errors.Is(err, context.Canceled). Generate
	// never returns part of an answer as if it were complete.
	Generate(ctx context.Context, call ModelCall, emit Emit) (Answer, error)
}

// ErrModelRefused is the cause of a failure of Generate that every other call meets too: the key is refused or the
// quota is spent.
var ErrModelRefused = errors.New("the model refuses the key or the quota")

// ModelCall is one request to a Model.
type ModelCall struct {
	// Small selects the router model, which is short, cheap and has temperature 0.
	Small    bool
	Messages []llms.MessageContent
	Tools    []llms.Tool // none when the answer must be text
	// MaxTokens limits the answer; 0 leaves it to the model.
	MaxTokens   int
	Temperature float64
	// Schema, when set, is the JSON schema of the answer, an object. A model may ignore it.
	Schema json.RawMessage
}

// Answer is a model's answer.
type Answer struct {
	Text      string
	ToolCalls []llms.ToolCall
	// Truncated is true when the model reached its length limit.
	Truncated bool
}

// Emit receives the text of an answer as it is produced. A nil Emit means that the caller only wants the result.
type Emit func(text string) error
