package chat

import (
	_ "embed"
	"encoding/json"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
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

// Secrets returns everything that no answer of a service with these agents and templates may give away: the prompts of
// the agents and of this package, tool definitions, descriptions, and the templates' texts, each by an id that may be
// logged.
func Secrets(agents *agent.Registry, templates *playbook.Templates) []sanitize.Secret {
	var list []sanitize.Secret
	for _, f := range append(agents.Prompts(), Prompts()...) {
		list = append(list, sanitize.Secret{ID: f.ID, Text: f.Text})
	}
	for _, t := range templates.All() {
		list = append(list, sanitize.Secret{ID: t.ID, Text: t.Text})
	}
	return list
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
