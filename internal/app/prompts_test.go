package app_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/leakhistory"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

var snakeCase = regexp.MustCompile(`\b[a-z]+(?:_[a-z]+)+\b`)

// TestPromptsNameOnlyToolsOfTheAgent reads the prompts that an agent's model gets for words that look like a tool.
func TestPromptsNameOnlyToolsOfTheAgent(t *testing.T) {
	t.Parallel()
	registry, _ := tools(t)
	values := []string{"in_progress"} // of columns
	for _, a := range registry.All() {
		var known []string
		for _, tool := range a.Tools() {
			known = append(known, tool.Name())
		}
		for _, f := range append(agent.SharedFragments(), a.Prompts()[0]) {
			for _, word := range snakeCase.FindAllString(f.Text, -1) {
				if !slices.Contains(known, word) && !slices.Contains(values, word) {
					t.Errorf("%s of %s names %s, which is no tool of it", f.ID, a.Name(), word)
				}
			}
		}
	}
}

// TestPromptsHaveNoMilliseconds covers agents, tools, plan templates and the orchestrator: models read and write local
// times.
func TestPromptsHaveNoMilliseconds(t *testing.T) {
	t.Parallel()
	registry, _ := tools(t)
	templates, err := app.NewTemplates(registry)
	if err != nil {
		t.Fatal(err)
	}
	texts := append(registry.Prompts(), chat.Prompts()...)
	for _, template := range templates.All() {
		texts = append(texts, agent.Fragment{ID: template.ID, Text: template.Text})
	}
	for _, f := range texts {
		if regexp.MustCompile(`(?i)millisecond|\bms\b|epoch|_ms\b`).MatchString(f.Text) {
			t.Errorf("%s speaks of milliseconds", f.ID)
		}
	}
}

// TestAgentsAreSmall covers the built-in agents and the examples of manifests.
func TestAgentsAreSmall(t *testing.T) {
	t.Parallel()
	registry, _ := tools(t)
	for _, a := range registry.All() {
		size := registry.Size(a)
		t.Logf("%s: %d tools, %d tokens", a.Name(), size.Tools, size.Tokens)
		if size.Tools > agent.MaxTools || size.Tokens > agent.MaxPromptTokens {
			t.Errorf("%s has %+v, more than %d tools or %d tokens", a.Name(), size, agent.MaxTools,
				agent.MaxPromptTokens)
		}
	}
}

// TestAnswersMayDescribeAgents shows that the leak filter passes what is public about agents, all of it in one hour.
func TestAnswersMayDescribeAgents(t *testing.T) {
	t.Parallel()
	registry, _ := tools(t)
	templates, err := app.NewTemplates(registry)
	if err != nil {
		t.Fatal(err)
	}
	histories, err := leakhistory.New(leakhistory.Config{})
	if err != nil {
		t.Fatal(err)
	}
	filter := chat.NewFilter(sanitize.New(chat.Secrets(registry, templates)...), histories.For)
	var all []string
	for _, a := range registry.All() {
		all = append(all, a.Name()+": "+a.Description(), strings.Join(a.Skills(), ", "),
			strings.Join(a.Examples(), "\n"))
	}
	for _, text := range append(all, strings.Join(all, "\n")) {
		guard := filter(t.Context(), identity.User{}, "What can you do?")
		if _, hit := guard.Text(text); hit != "" {
			t.Errorf("%s stops %q", hit, text)
		}
	}
}

// TestReplicasAgreeAboutSecrets shows that replicas can add up what answers had of the same secrets.
func TestReplicasAgreeAboutSecrets(t *testing.T) {
	t.Parallel()
	digest := func() string {
		registry, _ := tools(t)
		templates, err := app.NewTemplates(registry)
		if err != nil {
			t.Fatal(err)
		}
		return sanitize.New(chat.Secrets(registry, templates)...).Digest()
	}
	if one, two := digest(), digest(); one != two {
		t.Errorf("got the digests %s and %s", one, two)
	}
}

// TestBuiltinAgentsHaveExamples covers what the router reads of them.
func TestBuiltinAgentsHaveExamples(t *testing.T) {
	t.Parallel()
	registry, err := app.NewAgents(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range registry.All() {
		if len(a.Examples()) < 2 || strings.Contains(a.Description(), "\n") {
			t.Errorf("%s has the examples %q", a.Name(), a.Examples())
		}
	}
}
