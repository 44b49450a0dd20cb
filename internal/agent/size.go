package agent

import (
	"encoding/json"

	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/tokens"
)

// Limits on what a model reads of an agent before the request itself.
const (
	MaxTools        = 16    // tools of one request
	MaxPromptTokens = 2_500 // the system prompt and the tools
)

// Size is how much a model reads of an agent in every request, without the date, a notice and the request itself.
type Size struct {
	Tools  int // the most of one request, in direct or plan mode
	Tokens int // of the system prompt and the tools, as package tokens estimates them
}

// Size returns the size of the agent for a tier that has all agents.
func (r *Registry) Size(a *Agent) Size {
	var others []string
	for _, other := range r.agents {
		if other != a {
			others = append(others, other.Name())
		}
	}
	direct := a.tools
	if len(others) > 0 {
		direct = append(direct[:len(direct):len(direct)], newDelegateTool(others))
	}
	plan := a.planTools(nil)
	return Size{
		Tools:  max(len(direct), len(plan)),
		Tokens: tokens.Count(a.system) + max(toolTokens(direct), toolTokens(plan)),
	}
}

// toolTokens estimates the tokens of the tools' definitions.
func toolTokens(tools []Tool) int {
	n := 0
	for _, t := range tools {
		n += t.tokens
	}
	return n
}

// definitionTokens estimates the tokens of a tool's definition as it is sent.
func definitionTokens(t llms.Tool) int {
	if t.Function == nil {
		return 0
	}
	n := messageTokens + tokens.Count(t.Function.Name) + tokens.Count(t.Function.Description)
	switch parameters := t.Function.Parameters.(type) {
	case nil:
	case json.RawMessage:
		n += tokens.Count(string(parameters))
	default:
		if text, err := json.Marshal(parameters); err == nil {
			n += tokens.Count(string(text))
		}
	}
	return n
}
