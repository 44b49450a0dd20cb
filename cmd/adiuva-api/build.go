package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/analytics"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/docs"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/offline"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

// app is the wired service and what must be closed when it ends.
type app struct {
	api    *httpapi.Server
	auth   *auth.Service
	closer []func()
}

// close undoes build, last things first.
func (a *app) close() {
	for i := len(a.closer) - 1; i >= 0; i-- {
		a.closer[i]()
	}
}

// build opens the database and wires everything on top of it; what it opened is closed again when it fails.
func build(ctx context.Context, env environment, cfg config.Config, log *slog.Logger) (*app, error) {
	cfg, err := cfg.WithDevSecrets()
	if err != nil {
		return nil, err
	}
	db, stop, err := openDatabase(ctx, env, cfg)
	if err != nil {
		return nil, err
	}
	a := &app{closer: []func(){stop}}
	if err := a.wire(cfg, db, log); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// wire makes everything, top to bottom, once.
func (a *app) wire(cfg config.Config, db *postgres.DB, log *slog.Logger) (err error) {
	if a.auth, err = auth.New(authConfig(cfg, db, log)); err != nil {
		return err
	}
	model, stopModel, err := chooseModel(cfg, log)
	if err != nil {
		return err
	}
	a.closer = append(a.closer, stopModel)
	talk, err := buildChat(model, log)
	if err != nil {
		return err
	}
	limiter, stopLimiter, err := chooseLimiter(cfg, log)
	if err != nil {
		return err
	}
	a.closer = append(a.closer, stopLimiter)
	site, err := docs.New(docs.Config{Version: version})
	if err != nil {
		return err
	}
	a.api, err = httpapi.New(httpapi.Config{
		Auth: a.auth, Chat: talk.orchestrator, Agents: talk.agents, Playbooks: talk.playbooks, Docs: site, Limiter: limiter,
		Ready: db.Ping, Version: version, CORSOrigins: cfg.CORSOrigins, TrustedProxies: cfg.TrustedProxies, Log: log,
	})
	return err
}

// conversation is the talking half of the service.
type conversation struct {
	agents       *agent.Registry
	playbooks    *playbook.Library
	orchestrator *chat.Orchestrator
}

func buildChat(model agent.Model, log *slog.Logger) (conversation, error) {
	agents, err := builtinAgents(model)
	if err != nil {
		return conversation{}, err
	}
	catalogue, err := playbook.Catalogue()
	if err != nil {
		return conversation{}, fmt.Errorf("templates: %w", err)
	}
	templates, err := playbook.NewTemplates(slices.Concat(catalogue, task.Templates(), calendar.Templates(), email.Templates(), analytics.Templates())...)
	if err != nil {
		return conversation{}, fmt.Errorf("templates: %w", err)
	}
	library, err := playbook.Playbooks(templates)
	if err != nil {
		return conversation{}, fmt.Errorf("playbooks: %w", err)
	}
	filter := sanitize.New(chat.Secrets(agents, templates)...)
	return conversation{agents: agents, playbooks: library, orchestrator: chat.New(chat.Config{
		Agents: agents, Model: model, Templates: templates, Filter: chat.Sanitized(filter), Log: log,
	})}, nil
}

// builtinAgents registers the agents; the order is the one in which tiers include them.
func builtinAgents(model agent.Model) (*agent.Registry, error) {
	return agent.NewRegistry(task.New(model), calendar.New(model), email.New(model), analytics.New(model))
}

// chooseModel returns the configured model, or the offline one, and what closes its connections.
func chooseModel(cfg config.Config, log *slog.Logger) (agent.Model, func(), error) {
	if !cfg.OpenAIAPIKey.IsSet() {
		return offline.New(offline.Config{}), func() {}, nil
	}
	client, err := llm.New(llm.Config{
		APIKey: cfg.OpenAIAPIKey.Reveal(), BaseURL: cfg.OpenAIBaseURL, Model: cfg.LLMModel, RouterModel: cfg.LLMRouterModel,
		FirstTokenTimeout: cfg.LLMFirstTokenTimeout, IdleTimeout: cfg.LLMIdleTimeout, Timeout: cfg.LLMTimeout, Log: log,
	})
	if err != nil {
		return nil, nil, err
	}
	return client, client.Close, nil
}

// chooseLimiter returns the limiter and what closes it. It is nil, which is no limit, only with RATE_LIMITS=off.
func chooseLimiter(cfg config.Config, log *slog.Logger) (*ratelimit.Limiter, func(), error) {
	if !cfg.Limited() {
		return nil, func() {}, nil
	}
	limiter, err := ratelimit.New(ratelimit.Config{RedisURL: cfg.RedisURL.Reveal(), Log: log})
	if err != nil {
		return nil, nil, err
	}
	return limiter, func() {
		if err := limiter.Close(); err != nil {
			log.Warn("closing the rate limiter", slog.Any("error", err))
		}
	}, nil
}
