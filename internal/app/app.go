// Package app wires the service: it opens what the configuration names, or the embedded stand-in where it names
// nothing, and puts the packages together by hand, top to bottom, once. The serve command, the tests of the whole
// service and the benchmarks all start here, so that they run the same service.
//
//	config.Config ─┬─ database.go  PostgreSQL, or dev/devpg
//	               ├─ backups.go   S3, or dev/diskblob
//	               ├─ billing.go   Stripe, or dev/devstripe
//	               ├─ agents.go    built-in agents and the manifests of AGENTS_DIR
//	               ├─ models.go    the providers of language models, or dev/offline
//	               ├─ mail.go      SMTP, or dev/mailbox
//	               ├─ teams.go     accounts and teams, which use each other
//	               ├─ sso.go       sign-ins with the providers of the operator and of teams
//	               └─ app.go       the limiter and the histories of leaks (Redis or memory), chat, the HTTP edge
//
// It serves no listener and runs no background work until Run is called.
package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/budget"
	"github.com/adiuva/cloud-api/internal/chat"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/dev/mailbox"
	"github.com/adiuva/cloud-api/internal/docsite"
	"github.com/adiuva/cloud-api/internal/export"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/leakhistory"
	"github.com/adiuva/cloud-api/internal/listener"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/metrics"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/playbook"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/provider"
	"github.com/adiuva/cloud-api/internal/ratelimit"
	"github.com/adiuva/cloud-api/internal/s3blob"
	"github.com/adiuva/cloud-api/internal/sanitize"
	"github.com/adiuva/cloud-api/internal/sso"
	"github.com/adiuva/cloud-api/internal/sso/connection"
	"github.com/adiuva/cloud-api/internal/team"
	"github.com/adiuva/cloud-api/internal/tracing"
)

// Options are what New needs beside the configuration. Log is required.
type Options struct {
	Log      *slog.Logger
	Version  string
	BaseURL  string                // where this process reaches itself, and a browser on the same machine reaches it
	Progress func(step string)     // called while the embedded PostgreSQL is set up; may be nil
	DB       *postgres.DB          // an open, migrated database in place of the configured one; the caller closes it
	Model    agent.Model           // in place of the configured ones
	Getenv   func(string) string   // the variables that the providers file names; nil means none
	Now      func() time.Time      // the clock of accounts and of the HTTP edge; nil means time.Now
	Resolver *net.Resolver         // of issuers' names and the records of domains; nil means the system's
	HTTP     func(*httpapi.Config) // changes the configuration of the HTTP edge last; may be nil
	Chat     func(*chat.Config)    // changes the configuration of the orchestrator last; may be nil
}

// App is the wired service. Close ends it.
type App struct {
	API   *httpapi.Server
	DB    *postgres.DB
	Auth  *auth.Service
	Keys  *apikey.Service
	Teams *team.Service
	// Connections are the providers that teams sign in with.
	Connections *connection.Service
	// SSO are the sign-ins with them and with those of the operator.
	SSO     *sso.Service
	Audit   *audit.Log
	Backups *backup.Service
	Billing *billing.Service
	Budget  *budget.Service
	Metrics *metrics.Metrics
	Stripe  *devstripe.Server // the stand-in for Stripe; nil where STRIPE_SECRET_KEY is set
	Mail    *mail.Worker
	Mailbox *mailbox.Mailbox // the stand-in for a mail server; nil where SMTP_URL is set
	// MailboxURL is the mailbox's page; "" without one.
	MailboxURL string
	traces     *tracing.Tracing
	closers    []func()
}

// LogHandler returns next with what tells in every line to which request and to which trace it belongs.
func LogHandler(next slog.Handler) slog.Handler { return httpapi.LogHandler(tracing.LogHandler(next)) }

// ConfigError is returned for a fault of the configuration that shows only when the service is put together.
type ConfigError struct{ Err error }

// Error returns the fault's text.
func (e ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns the fault.
func (e ConfigError) Unwrap() error { return e.Err }

// New opens the database and wires everything on top of it. When it fails, it closes again what it opened.
func New(ctx context.Context, cfg config.Config, opts Options) (*App, error) {
	cfg, err := cfg.WithDevSecrets()
	if err != nil {
		return nil, err
	}
	manifests, err := LoadManifests(cfg)
	if err != nil {
		return nil, err
	}
	providers, err := LoadProviders(cfg, opts.Getenv)
	if err != nil {
		return nil, err
	}
	signIns, err := LoadSSOProviders(cfg)
	if err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	a := &App{DB: opts.DB, Metrics: metrics.New(opts.Version)}
	if err := a.openTraces(ctx, cfg, opts); err != nil {
		return nil, err
	}
	if a.DB == nil {
		db, stop, err := openDatabase(ctx, cfg, opts, a.traces)
		if err != nil {
			return nil, err
		}
		a.DB = db
		a.closers = append(a.closers, stop)
	}
	if err := a.wire(ctx, cfg, loaded{manifests, providers, signIns}, opts); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

// openTraces opens the traces first, so that they are closed last. What was not sent by then has traceTimeout.
func (a *App) openTraces(ctx context.Context, cfg config.Config, opts Options) (err error) {
	a.traces, err = tracing.Open(ctx, tracing.Config{Endpoint: cfg.TracesEndpoint, Version: opts.Version})
	if err != nil {
		return ConfigError{err}
	}
	a.closers = append(a.closers, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceTimeout)
		defer cancel()
		if err := a.traces.Close(ctx); err != nil {
			opts.Log.Warn("some traces were not sent", slog.Any("error", err))
		}
	})
	return nil
}

// traceTimeout is how long the last traces may take to be sent.
const traceTimeout = 5 * time.Second

// Close undoes New in reverse order. It does not wait for requests.
func (a *App) Close() {
	for _, closer := range slices.Backward(a.closers) {
		closer()
	}
}

// Run does the background work, such as expiring sessions and processing Stripe's events, until ctx ends.
func (a *App) Run(ctx context.Context) {
	jobs := []func(context.Context){a.Auth.Maintain, a.Backups.Maintain, a.Billing.Maintain,
		a.Budget.Maintain, a.Audit.Maintain, a.Mail.Maintain, a.Teams.Maintain, a.Connections.Maintain,
		a.SSO.Maintain}
	if a.Stripe != nil {
		jobs = append(jobs, a.Stripe.Maintain)
	}
	var running sync.WaitGroup
	for _, job := range jobs {
		running.Go(func() { job(ctx) })
	}
	running.Wait()
}

// loaded are the files that the configuration names.
type loaded struct {
	manifests *declared.Set
	models    []provider.Provider
	signIns   []oidc.Named
}

func (a *App) wire(ctx context.Context, cfg config.Config, files loaded, opts Options) (err error) {
	a.watchDatabase(opts.Now)
	var stopBackups func()
	settings := backup.Config{DB: a.DB, Log: opts.Log, QuotaDrift: a.Metrics.QuotaDrift}
	watched := func(store backup.Store) backup.Store { return tracing.Store(a.Metrics.Store(store)) }
	if a.Backups, stopBackups, err = openBackups(ctx, cfg, settings, watched, (*s3blob.Store).Probe); err != nil {
		return err
	}
	a.closers = append(a.closers, stopBackups)
	if err := a.wireBilling(ctx, cfg, opts); err != nil {
		return err
	}
	a.Budget = openBudget(cfg, a.DB, opts, a.Metrics.Budgeted)
	if err := a.wireAccounts(cfg, files.signIns, opts); err != nil {
		return err
	}
	models, stopModels, err := openModels(cfg, files.models, opts, a.Metrics)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, stopModels)
	agents, playbooks, orchestrator, err := a.wireChat(cfg, models, files.manifests, opts)
	if err != nil {
		return err
	}
	limiter, stopLimiter, err := chooseLimiter(cfg, opts.Log)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, stopLimiter)
	site, err := docsite.New(docsite.Config{Version: opts.Version})
	if err != nil {
		return err
	}
	edge := httpapi.Config{
		Auth: a.Auth, Keys: a.Keys, Teams: a.Teams, SSO: a.SSO, Connections: a.Connections, Audit: a.Audit,
		Export: export.New(a.DB, opts.Now),
		Chat:   orchestrator, Agents: agents, Models: models, Backups: a.Backups, Billing: a.Billing,
		Budget:    a.Budget,
		Playbooks: playbooks,
		Docs:      site, Limiter: limiter, Ready: a.DB.Ping, Version: opts.Version, CORSOrigins: cfg.CORSOrigins,
		PublicURL:      cfg.PublicURL,
		TrustedProxies: cfg.TrustedProxies, ClientIPHeader: cfg.ClientIPHeader, TrustedProxyHops: cfg.TrustedProxyHops,
		WSPingInterval: cfg.WSPingInterval, Now: opts.Now, Log: opts.Log,
		Metrics: a.Metrics, Traces: a.traces.Provider(),
		MaxConnections: cfg.MaxConnections, Timeouts: listener.Timeouts{Idle: cfg.IdleTimeout},
	}
	if opts.HTTP != nil {
		opts.HTTP(&edge)
	}
	a.API, err = httpapi.New(edge)
	return err
}

// wireAccounts opens accounts with their keys, events, mails and providers.
func (a *App) wireAccounts(cfg config.Config, signIns []oidc.Named, opts Options) (err error) {
	if err := a.wireKeys(opts); err != nil {
		return err
	}
	accounts := authConfig(cfg, a.DB, opts.Log)
	accounts.Now, accounts.Keys, accounts.Audit = opts.Now, a.Keys, a.Audit
	accounts.MailAdded = func() { a.Mail.Notify() }
	accounts.EmailChanged = a.Billing.EmailChanged
	accounts.Deletion = []auth.DeletionStep{
		{Name: "backups", Run: a.Backups.PurgeUser}, {Name: "billing", Run: a.Billing.PurgeUser},
		{Name: "budget", Run: a.Budget.PurgeUser},
	}
	if a.Auth, a.Teams, err = openAccountsAndTeams(accounts); err != nil {
		return err
	}
	issuers := openIssuers(cfg, opts)
	if a.Connections, err = openConnections(accounts, a.Auth, a.Teams, issuers, opts); err != nil {
		return err
	}
	a.SSO = a.openSSO(signIns, issuers, opts)
	return a.wireMail(cfg, opts)
}

// wireKeys opens the record of events and the API keys.
func (a *App) wireKeys(opts Options) (err error) {
	a.Audit = audit.New(audit.Config{DB: a.DB, Now: opts.Now, Log: opts.Log})
	outbox := mail.NewOutbox(opts.Now)
	a.Keys, err = apikey.New(apikey.Config{DB: a.DB, Audit: a.Audit, Now: opts.Now, Log: opts.Log,
		NotifyCreated: func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
			return outbox.Notify(ctx, tx, user, mail.NewAPIKey)
		}})
	return err
}

func (a *App) wireChat(
	cfg config.Config, models *provider.Set, manifests *declared.Set, opts Options,
) (*agent.Registry, *playbook.Library, *chat.Orchestrator, error) {
	metered := a.Budget.Meter(models)
	agents, err := NewAgents(metered, manifests)
	if err != nil {
		return nil, nil, nil, err
	}
	templates, err := NewTemplates(agents)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("templates: %w", err)
	}
	library, err := playbook.Playbooks(templates)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("playbooks: %w", err)
	}
	continuations, err := a.openContinuations(cfg, opts)
	if err != nil {
		return nil, nil, nil, err
	}
	filter := sanitize.New(chat.Secrets(agents, templates)...)
	histories, stopHistories, err := openHistories(cfg, filter.Digest(), opts)
	if err != nil {
		return nil, nil, nil, err
	}
	a.closers = append(a.closers, stopHistories)
	chatConfig := chat.Config{
		Agents: agents, Model: metered, CheckModel: models.Validate, Templates: templates, Log: opts.Log,
		Continuations: continuations, Filter: chat.NewFilter(filter, histories.For),
		Limits: models.Limits, Metrics: a.Metrics,
	}
	if opts.Chat != nil {
		opts.Chat(&chatConfig)
	}
	return agents, library, chat.New(chatConfig), nil
}

// openHistories returns what the answers of each account had of the secrets with this digest, and a function that
// closes the connections to Redis.
func openHistories(cfg config.Config, digest string, opts Options) (*leakhistory.Store, func(), error) {
	secret, err := redisSecret(cfg, "names of leak histories in Redis")
	if err != nil {
		return nil, nil, err
	}
	histories, err := leakhistory.New(leakhistory.Config{
		Digest: digest, RedisURL: cfg.RedisURL.Reveal(), Secret: secret, Now: opts.Now, Log: opts.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	return histories, func() {
		if err := histories.Close(); err != nil {
			opts.Log.Warn("closing the leak histories", slog.Any("error", err))
		}
	}, nil
}

// redisSecret returns a key of its own for a purpose, derived from a secret that all replicas have: without it, hashes
// of addresses and accounts in Redis could be found by trying all of them.
func redisSecret(cfg config.Config, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(cfg.JWTSecret.Reveal()), nil, purpose, sha256.Size)
}

// chooseLimiter returns the limiter and a function that closes it. It is nil, which is no limit, only with
// RATE_LIMITS=off.
func chooseLimiter(cfg config.Config, log *slog.Logger) (*ratelimit.Limiter, func(), error) {
	if !cfg.Limited() {
		return nil, func() {}, nil
	}
	secret, err := redisSecret(cfg, "names of rate limits in Redis")
	if err != nil {
		return nil, nil, err
	}
	limiter, err := ratelimit.New(ratelimit.Config{RedisURL: cfg.RedisURL.Reveal(), Secret: secret, Log: log})
	if err != nil {
		return nil, nil, err
	}
	return limiter, func() {
		if err := limiter.Close(); err != nil {
			log.Warn("closing the rate limiter", slog.Any("error", err))
		}
	}, nil
}
