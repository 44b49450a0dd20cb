package agent

import "github.com/adiuva/cloud-api/internal/fault"

// ErrContextTooLarge means that a prompt does not fit into the model's context, even without the history. Its details
// name the member of the request to shorten, where that is known.
var ErrContextTooLarge = fault.New(fault.ContextTooLarge,
	"The request is too long for the language model. Shorten the member that errors names.")

// Limits are the sizes of a model, in tokens. A zero Limits means that nothing is known of them, and nothing is cut.
type Limits struct {
	ContextTokens   int // of the prompt and the answer together
	MaxOutputTokens int // of the answer
}

// PromptTokens returns how many tokens a prompt may have, or 0 if that is unknown.
func (l Limits) PromptTokens() int {
	if l.ContextTokens <= 0 {
		return 0
	}
	return max(l.ContextTokens-l.MaxOutputTokens, 1)
}

// HistoryUse says how many turns of the history a model has read, which are the newest, and how many were left out.
type HistoryUse struct {
	Used, Dropped int
}
