package app

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Assistants makes the service's orchestrator over any model, without a database, an account or a budget. It is safe
// for concurrent use.
type Assistants struct {
	Agents *agent.Registry // over no model: for names, prompts and tools
	Filter chat.Filter     // that no history of an account changes

	manifests *declared.Set
	templates *playbook.Templates
}

// NewAssistants returns the Assistants with the built-in agents and those of AGENTS_DIR. Its errors are those of
// LoadManifests.
func NewAssistants(cfg config.Config) (*Assistants, error) {
	manifests, err := LoadManifests(cfg)
	if err != nil {
		return nil, err
	}
	agents, err := NewAgents(nil, manifests)
	if err != nil {
		return nil, err
	}
	templates, err := NewTemplates(agents)
	if err != nil {
		return nil, err
	}
	filter := chat.NewFilter(sanitize.New(chat.Secrets(agents, templates)...), nil)
	return &Assistants{Agents: agents, Filter: filter, manifests: manifests, templates: templates}, nil
}

// New returns an orchestrator whose clock is now. limits, which may be nil, has the sizes of the model.
func (a *Assistants) New(
	model agent.Model, limits func(*agent.ModelRequest) agent.Limits, now func() time.Time,
) (*chat.Orchestrator, error) {
	agents, err := NewAgents(model, a.manifests)
	if err != nil {
		return nil, err
	}
	return chat.New(chat.Config{Agents: agents, Model: model, Templates: a.templates, Filter: a.Filter, Limits: limits,
		Now: now, Log: slog.New(slog.DiscardHandler)}), nil
}

// ModelChoice says which configured model to use. Empty members mean: the first provider, and its own models.
type ModelChoice struct{ Provider, Model, Router string }

// ChosenModel is one model of one provider.
type ChosenModel struct {
	agent.Model
	Provider, Name, Router string
	Limits                 func(*agent.ModelRequest) agent.Limits
	Close                  func()
}

// OfflineProvider is the name of the offline model, which needs no provider.
const OfflineProvider = "offline"

// OpenModel opens the model that choice names, of the providers that the service would use, for every tier. Without
// providers it is the offline model. A provider that does not exist is a ConfigError that names those that do.
func OpenModel(cfg config.Config, getenv func(string) string, choice ModelChoice) (*ChosenModel, error) {
	list, err := LoadProviders(cfg, getenv)
	if err != nil {
		return nil, err
	}
	chosen, err := chooseProvider(list, choice)
	if err != nil {
		return nil, err
	}
	cfg.OfflinePace = 0 // it would only add to the latency
	log := slog.New(slog.DiscardHandler)
	models, stop, err := openModels(cfg, chosen, Options{Log: log, Getenv: getenv}, nil)
	if err != nil {
		return nil, err
	}
	out := &ChosenModel{Model: models, Close: stop, Limits: models.Limits}
	out.Provider, out.Name, out.Router = OfflineProvider, OfflineProvider, OfflineProvider
	if len(chosen) > 0 {
		out.Provider, out.Name, out.Router = chosen[0].Name, chosen[0].Agent, chosen[0].Router
	}
	return out, nil
}

// chooseProvider returns the provider of the choice alone, or none for the offline model.
func chooseProvider(list []provider.Provider, choice ModelChoice) ([]provider.Provider, error) {
	i := 0
	if choice.Provider != "" {
		i = slices.IndexFunc(list, func(p provider.Provider) bool { return p.Name == choice.Provider })
	}
	if choice.Provider == OfflineProvider && i < 0 || len(list) == 0 && choice.Provider == "" {
		if choice.Model+choice.Router != "" {
			return nil, ConfigError{errors.New("the offline model has no other models: leave out --model and " +
				"--router-model, or configure a provider with OPENAI_API_KEY or LLM_PROVIDERS_FILE")}
		}
		return nil, nil
	}
	if i < 0 {
		names := []string{OfflineProvider}
		for _, p := range list {
			names = append(names, p.Name)
		}
		return nil, ConfigError{fmt.Errorf("there is no provider %q; there are %s", choice.Provider,
			strings.Join(names, ", "))}
	}
	one := list[i]
	one.Tier = tier.Free
	if choice.Model != "" {
		one.Agent = choice.Model
	}
	if choice.Router != "" {
		one.Router = choice.Router
	}
	return []provider.Provider{one}, nil
}
