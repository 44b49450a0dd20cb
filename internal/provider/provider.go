package provider

import (
	"slices"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Kind is the protocol that a provider speaks.
type Kind string

// The kinds.
const (
	OpenAI    Kind = "openai"    // OpenAI's protocol, which most servers speak
	Azure     Kind = "azure"     // OpenAI's protocol at Azure's URLs, with the header api-key
	GoogleAI  Kind = "googleai"  // OpenAI's protocol at Gemini's own endpoint for it
	Mistral   Kind = "mistral"   // OpenAI's protocol at Mistral
	Anthropic Kind = "anthropic" // Anthropic's messages
	Ollama    Kind = "ollama"    // Ollama's own chat API
)

// Defaults of a Provider.
const (
	DefaultContextTokens   = 128_000
	DefaultMaxOutputTokens = 4096
)

// Provider describes one provider of language models.
type Provider struct {
	Name    string
	Kind    Kind
	BaseURL string
	APIKey  agent.Key // the operator's; empty for servers without keys
	Agent   string    // the model of agents
	Router  string    // the small model that picks the agent
	// ContextTokens is how many tokens prompt and answer may have together, MaxOutputTokens how many the answer.
	ContextTokens   int
	MaxOutputTokens int
	Tier            tier.Tier // the lowest that may use the provider
	Vision          bool      // whether the agents' model takes images
	StrictSchemas   bool      // whether the provider enforces JSON schemas
	Line            int       // in the providers file; 0 without one
}

func (p Provider) limits() agent.Limits {
	return agent.Limits{ContextTokens: p.ContextTokens, MaxOutputTokens: p.MaxOutputTokens}
}

// models returns the names of the provider's models, each once.
func (p Provider) models() []string {
	return slices.Compact([]string{p.Agent, p.Router})
}
