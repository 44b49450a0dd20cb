package app

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devpg"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// stopTimeout is how long the embedded PostgreSQL may take to shut down.
const stopTimeout = 10 * time.Second

// openDatabase opens the configured database, or an embedded one under the data directory, and migrates it. It
// returns a function that closes it.
func openDatabase(ctx context.Context, cfg config.Config, opts Options) (*postgres.DB, func(), error) {
	dsn, stop := cfg.DatabaseURL.Reveal(), func() {}
	if dsn == "" {
		server, err := devpg.Start(
			ctx,
			devpg.Config{DataDir: embeddedDatabase(cfg), Durable: true, Progress: opts.Progress},
		)
		if err != nil {
			return nil, nil, err
		}
		dsn = server.DSN()
		stop = func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
			defer cancel()
			if err := server.Stop(ctx); err != nil {
				opts.Log.Error("stopping the embedded PostgreSQL", slog.Any("error", err))
			}
		}
	}
	if err := postgres.MigrateUp(ctx, dsn); err != nil {
		stop()
		return nil, nil, fmt.Errorf("migrating the database: %w", err)
	}
	db, err := postgres.Open(ctx, dsn)
	if err != nil {
		stop()
		return nil, nil, err
	}
	return db, func() { db.Close(); stop() }, nil
}

func embeddedDatabase(cfg config.Config) string { return filepath.Join(cfg.DataDir, "postgres") }

// FindDSN returns the address of the configured database or, where none is configured, of the embedded one that a
// running serve has started under the same data directory. It reports false where there is neither.
func FindDSN(cfg config.Config) (dsn string, ok bool) {
	if cfg.DatabaseURL.IsSet() {
		return cfg.DatabaseURL.Reveal(), true
	}
	return devpg.Find(embeddedDatabase(cfg))
}

// OpenAccounts returns the accounts in db, for commands; New wires those of the service.
func OpenAccounts(cfg config.Config, db *postgres.DB, log *slog.Logger) (*auth.Service, error) {
	cfg, err := cfg.WithDevSecrets()
	if err != nil {
		return nil, err
	}
	return auth.New(authConfig(cfg, db, log))
}

func authConfig(cfg config.Config, db *postgres.DB, log *slog.Logger) auth.Config {
	failures := auth.DefaultLoginFailures
	if !cfg.Limited() {
		failures = 0
	}
	return auth.Config{
		DB: db, Secret: cfg.JWTSecret.Reveal(), PreviousSecrets: config.Reveal(cfg.JWTPreviousSecrets),
		Algorithm: cfg.JWTAlgorithm, Pepper: cfg.PasswordPepper.Reveal(),
		PreviousPeppers: config.Reveal(cfg.PasswordPreviousPeppers), AccessTTL: cfg.JWTAccessTTL,
		SecretsKeys:    append([]string{cfg.SecretsKey.Reveal()}, config.Reveal(cfg.SecretsPreviousKeys)...),
		CodesUnlimited: !cfg.Limited(), RefreshTTL: cfg.JWTRefreshTTL, BcryptCost: cfg.BcryptCost,
		LoginFailures: failures, Log: log,
	}
}
