package agent

import "encoding/json"

// Limits on what a model reads of an agent before the request itself.
const (
	MaxTools        = 16    // tools of one request
	MaxPromptTokens = 2_500 // the system prompt and the tools
)

// charactersPerToken is the average of English prose. JSON has a little less, other languages have less.
const charactersPerToken = 4

// EstimateTokens estimates how many tokens a model reads in text: a quarter of its characters, rounded up. It does not
// depend on the model's vocabulary, which the server does not have.
func EstimateTokens(text string) int {
	return (len([]rune(text)) + charactersPerToken - 1) / charactersPerToken
}

// Size is how much a model reads of an agent in every request, without the date, a notice and the request itself.
type Size struct {
	Tools  int // the most of one request, in direct or plan mode
	Tokens int // of the system prompt and the tools, as EstimateTokens counts
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
		Tokens: EstimateTokens(a.system) + max(toolTokens(direct), toolTokens(plan)),
	}
}

// toolTokens estimates the tokens of the tools' definitions as they are sent.
func toolTokens(tools []Tool) int {
	n := 0
	for _, t := range tools {
		if text, err := json.Marshal(t.definition()); err == nil {
			n += EstimateTokens(string(text))
		}
	}
	return n
}
