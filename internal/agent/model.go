package agent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/identity"
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
	// History are the messages that are turns of the conversation so far, which FitTo may leave out.
	History Span
	Tools   []llms.Tool
	// ToolTokens estimates the tokens of the definitions of Tools. 0 means that nobody has counted them yet.
	ToolTokens int
	// TextOnly says that the model must answer in text. Tools are then those that Messages have calls of, which some
	// servers want to see.
	TextOnly bool
	// MaxTokens limits the answer; 0 leaves it to the model.
	MaxTokens   int
	Temperature float64
	// Schema, when set, is the JSON schema of the answer, an object. A model may ignore it.
	Schema json.RawMessage
	// Request is the request that the call belongs to. It is nil only in tests.
	Request *ModelRequest
	// Attempt is set by package provider for the client of one provider.
	Attempt Attempt
}

// Attempt says how the client of a provider makes a call. The zero value means as the client is configured.
type Attempt struct {
	Model      string        // the model's name at the provider, in place of the configured one
	Key        Key           // the caller's own key, in place of ours
	FirstToken time.Duration // an upper limit of the time until the first part of the answer
	Once       bool          // no second try after a failure: another provider is asked instead
}

// ModelRequest is what the model calls of one request have in common: who asks, which model they want, and what was
// used so far. Only one goroutine at a time may use it.
type ModelRequest struct {
	User   identity.User
	Choice ModelChoice
	Limits Limits     // of the model that answers
	Usage  Usage      // of all calls so far
	Held   Held       // what a budget holds for the request; nil before the first call
	Turns  HistoryUse // the fewest turns of the history that a call has read
	// Failed are the providers that failed during this request. Its further calls ask them last, so that the caller
	// does not wait for a provider that hangs at every call. Package provider keeps it.
	Failed []string
}

// Held is what a budget holds for a running request. End returns it, and counts what the request has used.
type Held interface {
	End(ctx context.Context)
}

// End returns what a budget holds for the request, if anything. The last call of the request must have ended. It works
// after ctx has ended too.
func (r *ModelRequest) End(ctx context.Context) {
	if r.Held != nil {
		r.Held.End(context.WithoutCancel(ctx))
		r.Held = nil
	}
}

// noteTurns keeps the fewest turns that a call has read. total is at least 1.
func (r *ModelRequest) noteTurns(used, total int) {
	if r.Turns == (HistoryUse{}) || used < r.Turns.Used {
		r.Turns = HistoryUse{Used: used, Dropped: total - used}
	}
}

// ModelChoice is the provider and the model that the caller asks for, and the caller's own key. An empty one is the
// operator's choice.
type ModelChoice struct {
	Provider string
	Name     string
	Key      Key
}

// Usage is what calls of a model used, in tokens.
type Usage struct {
	InputTokens  int64
	OutputTokens int64
	ModelCalls   int
	// Estimated is true if a part of it is our estimate, because the provider said nothing.
	Estimated bool
	// Provider and Model are those of the last call.
	Provider string
	Model    string
}

// Add adds what another call used.
func (u *Usage) Add(call Usage) {
	u.InputTokens += call.InputTokens
	u.OutputTokens += call.OutputTokens
	u.ModelCalls += call.ModelCalls
	u.Estimated = u.Estimated || call.Estimated
	u.Provider, u.Model = call.Provider, call.Model
}

// Answer is a model's answer.
type Answer struct {
	Text      string
	ToolCalls []llms.ToolCall
	// Truncated is true when the model reached its length limit.
	Truncated bool
	// Usage is that of this call alone.
	Usage Usage
	// State, when not nil, belongs into the message with ToolCalls, as a ModelState.
	State any
}

// ModelState is a part of an assistant's message that only the Model that returned it reads, such as the signature of
// its reasoning, which it wants back with the results of its tool calls. Everybody else leaves it out.
type ModelState struct {
	llms.TextContent // empty; it makes a ModelState a part of a message
	Value            any
}

// PortableState is a State that another replica can use. Save returns what of it may leave the server, sealed:
// signatures, but no reasoning, which may quote prompts and rows. It is nil if there is nothing to save.
type PortableState interface{ Save() SavedState }

// SavedState is what a PortableState saved, as JSON. It stands in a ModelState where the State stood.
type SavedState json.RawMessage

// Emit receives the text of an answer as it is produced. A nil Emit means that the caller only wants the result.
type Emit func(text string) error
