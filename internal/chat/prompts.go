package chat

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/tier"
)

//go:embed prompts/router.md
var routerPrompt string

//go:embed prompts/synthesis.md
var synthesisPrompt string

//go:embed prompts/step.md
var stepPrompt string

//go:embed prompts/compact.md
var compactPrompt string

//go:embed prompts/records.md
var recordsPrompt string

// Prompts returns this package's own prompts, which no answer may contain.
func Prompts() []agent.Fragment {
	var list []agent.Fragment
	records := sanitize.Secret{ID: "chat/records", Text: recordsPrompt}
	for _, s := range []sanitize.Secret{routerSecret(), synthesisSecret(), stepSecret(), compactSecret(), records} {
		list = append(list, agent.Fragment{ID: s.ID, Text: s.Text, Canary: s.Canary})
	}
	return list
}

func routerSecret() sanitize.Secret    { return sanitize.WithCanary("chat/router", routerPrompt) }
func synthesisSecret() sanitize.Secret { return sanitize.WithCanary("chat/synthesis", synthesisPrompt) }
func stepSecret() sanitize.Secret      { return sanitize.WithCanary("chat/step", stepPrompt) }

// Secrets returns everything that the answers of these agents and templates must not contain: the prompts of the
// agents and of this package, tool definitions, and the templates' texts. Their ids may be logged. The descriptions and
// examples of agents are public: an answer to "what can you do?" may repeat them.
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

// routerPromptFor returns the router's system prompt for a tier: what is the same for all tiers first, because models
// cache the beginning of a prompt. The router may name an agent that the tier lacks, so that the answer can say so.
func routerPromptFor(agents *agent.Registry, t tier.Tier) string {
	allowed := agents.Allowed(t)
	lacked := slices.DeleteFunc(agents.All(), func(a *agent.Agent) bool { return slices.Contains(allowed, a) })
	text := routerSecret().Text + "\n\nAgents:\n" + agentLines(allowed)
	if len(lacked) > 0 {
		text += "Higher plans:\n" + agentLines(lacked)
	}
	return text + "\nExamples:\n" + exampleLines(slices.Concat(allowed, lacked))
}

// agentLines returns a line for each agent.
func agentLines(agents []*agent.Agent) string {
	var b strings.Builder
	for _, a := range agents {
		fmt.Fprintf(&b, "- %s: %s\n", a.Name(), oneLine(a.Description()))
	}
	return b.String()
}

// exampleLines returns the agents' examples as questions with the router's answers. Agents alternate, and the first one
// is last, because small models prefer the last answer that they read.
func exampleLines(agents []*agent.Agent) string {
	var b strings.Builder
	example := func(message, answer string) {
		fmt.Fprintf(&b, "%s%s\n%s%s\n", messageMark, oneLine(message), answerMark, answer)
	}
	if len(agents) > 1 {
		first, second := agents[0].Examples(), agents[1].Examples()
		if len(first) > 0 && len(second) > 0 {
			example(first[0]+" "+second[0], agents[0].Name()+", "+agents[1].Name())
		}
	}
	for i := 0; ; i++ {
		before := b.Len()
		for _, a := range slices.Backward(agents) {
			if list := a.Examples(); i < len(list) {
				example(list[i], a.Name())
			}
		}
		if b.Len() == before {
			return b.String()
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
