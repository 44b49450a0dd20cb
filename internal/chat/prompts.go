package chat

import (
	_ "embed"
	"encoding/json"

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

// Prompts returns this package's own prompts, which no answer may contain.
func Prompts() []agent.Fragment {
	var list []agent.Fragment
	records := sanitize.Secret{ID: "chat/records", Text: recordsPrompt}
	for _, s := range []sanitize.Secret{routerSecret(), synthesisSecret(), stepSecret(), records} {
		list = append(list, agent.Fragment{ID: s.ID, Text: s.Text, Canary: s.Canary})
	}
	return list
}

func routerSecret() sanitize.Secret    { return sanitize.WithCanary("chat/router", routerPrompt) }
func synthesisSecret() sanitize.Secret { return sanitize.WithCanary("chat/synthesis", synthesisPrompt) }
func stepSecret() sanitize.Secret      { return sanitize.WithCanary("chat/step", stepPrompt) }

// Secrets returns everything that the answers of these agents and templates must not contain: the prompts of the
// agents and of this package, tool definitions, descriptions, and the templates' texts. Their ids may be logged.
func Secrets(agents *agent.Registry, templates *playbook.Templates) []sanitize.Secret {
	var list []sanitize.Secret
	for _, f := range append(agents.Prompts(), Prompts()...) {
		list = append(list, sanitize.Secret{ID: f.ID, Text: f.Text, Canary: f.Canary})
	}
	for _, t := range templates.All() {
		list = append(list, sanitize.WithCanary(t.ID, t.Text))
	}
	return list
}

// routerPromptFor returns the router's system prompt for a choice of agents.
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
		return routerSecret().Text
	}
	return routerSecret().Text + "\n" + string(text)
}
