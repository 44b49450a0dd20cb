package chat

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
)

//go:embed prompts/router.md
var routerPrompt string

//go:embed prompts/synthesis.md
var synthesisPrompt string

//go:embed prompts/step.md
var stepPrompt string

//go:embed prompts/records.md
var recordsPrompt string

// Prompts returns this package's own prompts, which no answer may repeat.
func Prompts() []agent.Fragment {
	return []agent.Fragment{
		{ID: "chat/router", Text: routerPrompt}, {ID: "chat/synthesis", Text: synthesisPrompt},
		{ID: "chat/step", Text: stepPrompt}, {ID: "chat/records", Text: recordsPrompt},
	}
}

// routerPromptFor is the router's system prompt over these agents.
func routerPromptFor(agents []*agent.Agent) string {
	type entry struct {
		Name        string `json:"name"`
		Description string `json:"description"`
	}
	list := make([]entry, 0, len(agents))
	for _, a := range agents {
		list = append(list, entry{a.Name(), a.Description()})
	}
	text, err := json.Marshal(list)
	if err != nil {
		return routerPrompt
	}
	return strings.TrimSpace(routerPrompt) + "\n" + string(text)
}
