package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/llm"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/sanitize"
)

// app is the wired service and what must be closed when it ends.
type app struct {
	api     *httpapi.Server
	auth    *auth.Service
	backups *backup.Service
	billing *billing.Service
	stripe  *devstripe.Server // Stripe's stand-in; nil where there is a key
	closer  []func()
}

// close undoes build, last things first.
func (a *app) close() {
	for i := len(a.closer) - 1; i >= 0; i-- {
		a.closer[i]()
	}
}

// build opens the database and wires everything on top of it; what it opened is closed again when it fails. self is the
// address at which this process can be reached by itself and by a browser beside it.
func build(ctx context.Context, env environment, cfg config.Config, self string, log *slog.Logger) (*app, error) {
	cfg, err := cfg.WithDevSecrets()
	if err != nil {
		return nil, err
	}
	manifests, err := loadManifests(cfg)
	if err != nil {
		return nil, err
	}
	db, stop, err := openDatabase(ctx, env, cfg)
	if err != nil {
		return nil, err
	}
	a := &app{closer: []func(){stop}}
	if err := a.wire(ctx, cfg, db, manifests, self, log); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// wire makes everything, top to bottom, once.
func (a *app) wire(ctx context.Context, cfg config.Config, db *postgres.DB, manifests *declared.Set, self string, log *slog.Logger) (err error) {
	backups, stopBackups, err := buildBackups(ctx, cfg, db, log)
	if err != nil {
		return err
	}
	a.closer = append(a.closer, stopBackups)
	if err := a.wireBilling(ctx, cfg, db, self, log); err != nil {
		return err
	}
	accounts := authConfig(cfg, db, log)
	accounts.Deletion = deletionSteps(backups, a.billing)
	if a.auth, err = auth.New(accounts); err != nil {
		return err
	}
	a.backups = backups
	model, stopModel, err := chooseModel(cfg, log)
	if err != nil {
		return err
	}
	a.closer = append(a.closer, stopModel)
	talk, err := buildChat(model, manifests, log)
	if err != nil {
		return err
	}
	limiter, stopLimiter, err := chooseLimiter(cfg, log)
	if err != nil {
		return err
	}
	a.closer = append(a.closer, stopLimiter)
	site, err := docsite.New(docsite.Config{Version: version})
	if err != nil {
		return err
	}
	a.api, err = httpapi.New(httpapi.Config{
		Auth: a.auth, Chat: talk.orchestrator, Agents: talk.agents, Backups: backups, Billing: a.billing, Playbooks: talk.playbooks, Docs: site, Limiter: limiter,
		Ready: db.Ping, Version: version, CORSOrigins: cfg.CORSOrigins, TrustedProxies: cfg.TrustedProxies,
		WSPingInterval: cfg.WSPingInterval, Log: log,
	})
	return err
}

// conversation is the talking half of the service.
type conversation struct {
	agents       *agent.Registry
	playbooks    *playbook.Library
	orchestrator *chat.Orchestrator
}

func buildChat(model agent.Model, manifests *declared.Set, log *slog.Logger) (conversation, error) {
	agents, err := registerAgents(model, manifests)
	if err != nil {
		return conversation{}, err
	}
	catalogue, err := playbook.Catalogue()
	if err != nil {
		return conversation{}, fmt.Errorf("templates: %w", err)
	}
	templates, err := playbook.NewTemplates(slices.Concat(catalogue, agents.Templates())...)
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
