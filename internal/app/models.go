package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/langchain"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/metrics"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/tracing"
)

// LoadProviders returns the providers of LLM_PROVIDERS_FILE, or the one that the OPENAI_ and LLM_ variables describe.
// It returns nil where neither names one. getenv, which may be nil, has the variables that the file names. What is
// wrong with the file is a ConfigError that names each line and reason.
func LoadProviders(cfg config.Config, getenv func(string) string) ([]provider.Provider, error) {
	if cfg.LLMProvidersFile == "" {
		if !cfg.OpenAIAPIKey.IsSet() {
			return nil, nil
		}
		return []provider.Provider{{
			Name: "openai", Kind: provider.OpenAI, BaseURL: cfg.OpenAIBaseURL, Tier: tier.Free,
			APIKey: agent.NewKey(cfg.OpenAIAPIKey.Reveal()), Agent: cfg.LLMModel, Router: cfg.LLMRouterModel,
			ContextTokens: cfg.LLMContextTokens, MaxOutputTokens: cfg.LLMMaxTokens,
			StrictSchemas: cfg.LLMStrictSchemas,
		}}, nil
	}
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	list, err := provider.Load(cfg.LLMProvidersFile, provider.Source{ReadFile: os.ReadFile, Getenv: getenv})
	faults := []error{err}
	for _, p := range list {
		if cfg.SendsInTheClear(p.BaseURL) {
			faults = append(faults, fmt.Errorf("%s:%d: base_url sends the key and what people write unencrypted over "+
				"a public network: use an https:// URL", cfg.LLMProvidersFile, p.Line))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, ConfigError{fmt.Errorf("the providers in LLM_PROVIDERS_FILE are wrong:\n%w", err)}
	}
	return list, nil
}

// openModels returns the set of the providers and a function that closes its connections. Without providers it is the
// offline model. Calls are counted in m unless it is nil.
func openModels(
	cfg config.Config, list []provider.Provider, opts Options, m *metrics.Metrics,
) (*provider.Set, func(), error) {
	set := provider.Config{FirstToken: cfg.LLMFirstTokenTimeout, Timeout: cfg.LLMTimeout, Log: opts.Log}
	switch {
	case opts.Model != nil:
		set.Clients = standIn("test", cfg, opts.Model)
		return newSet(set, m), func() {}, nil
	case len(list) == 0:
		set.Clients = standIn("offline", cfg, offline.New(offline.Config{Pace: cfg.OfflinePace}))
		return newSet(set, m), func() {}, nil
	}
	clients, stop, err := NewClients(cfg, list, opts.Log)
	if err != nil {
		return nil, nil, err
	}
	set.Clients = clients
	return newSet(set, m), stop, nil
}

// newSet returns the set with the calls of each provider counted and traced, unless m is nil.
func newSet(set provider.Config, m *metrics.Metrics) *provider.Set {
	if m == nil {
		return provider.New(set)
	}
	for i, c := range set.Clients {
		names := []string{c.Provider.Agent, c.Provider.Router}
		set.Clients[i].Model = tracing.Model(m.Model(c.Model, c.Provider.Name, names), c.Provider.Name, names)
	}
	return provider.New(set)
}

// standIn returns model as the only provider.
func standIn(name string, cfg config.Config, model agent.Model) []provider.Client {
	return []provider.Client{{Model: model, Provider: provider.Provider{
		Name: name, Agent: name, Router: name, Tier: tier.Free,
		ContextTokens: cfg.LLMContextTokens, MaxOutputTokens: cfg.LLMMaxTokens,
	}}}
}

// NewClients returns a client of each provider, and a function that closes their connections.
func NewClients(cfg config.Config, list []provider.Provider, log *slog.Logger) ([]provider.Client, func(), error) {
	var clients []provider.Client
	var closers []func()
	stop := func() {
		for _, closer := range closers {
			closer()
		}
	}
	for _, p := range list {
		model, closer, err := newClient(cfg, p, log)
		if err != nil {
			stop()
			return nil, nil, ConfigError{fmt.Errorf("provider %s: %w", p.Name, err)}
		}
		clients = append(clients, provider.Client{Provider: p, Model: model})
		closers = append(closers, closer)
	}
	return clients, stop, nil
}

// newClient returns the client of a provider's kind, and a function that closes its connections.
func newClient(cfg config.Config, p provider.Provider, log *slog.Logger) (agent.Model, func(), error) {
	chain := langchain.Config{APIKey: p.APIKey, BaseURL: p.BaseURL, Model: p.Agent, RouterModel: p.Router,
		ContextTokens: p.ContextTokens, FirstTokenTimeout: cfg.LLMFirstTokenTimeout,
		IdleTimeout: cfg.LLMIdleTimeout, Timeout: cfg.LLMTimeout}
	var model interface {
		agent.Model
		Close()
	}
	var err error
	switch p.Kind {
	case provider.Anthropic:
		model, err = langchain.NewAnthropic(chain)
	case provider.Ollama:
		model, err = langchain.NewOllama(chain)
	default:
		header := ""
		if p.Kind == provider.Azure {
			header = "api-key"
		}
		model, err = llm.New(llm.Config{
			APIKey: p.APIKey.Reveal(), APIKeyHeader: header, BaseURL: p.BaseURL, Model: p.Agent, RouterModel: p.Router,
			FirstTokenTimeout: cfg.LLMFirstTokenTimeout, IdleTimeout: cfg.LLMIdleTimeout, Timeout: cfg.LLMTimeout,
			StrictSchemas: p.StrictSchemas, Provider: p.Name, MaxTokens: p.MaxOutputTokens, Log: log,
		})
	}
	if err != nil {
		return nil, nil, err
	}
	return model, model.Close, nil
}
