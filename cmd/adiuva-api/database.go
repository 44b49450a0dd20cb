package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devpg"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// stopTimeout is how long our own PostgreSQL may take to shut down.
const stopTimeout = 10 * time.Second

// openDatabase opens the configured database, or our own under the data directory, and brings its schema up to date.
func openDatabase(ctx context.Context, env environment, cfg config.Config) (*postgres.DB, func(), error) {
	dsn, stop := cfg.DatabaseURL.Reveal(), func() {}
	if dsn == "" {
		server, err := devpg.Start(ctx, devpg.Config{
			DataDir: cfg.DataDir + "/postgres", Durable: true,
			Progress: func(step string) { fmt.Fprintln(env.out, step) },
		})
		if err != nil {
			return nil, nil, err
		}
		dsn, stop = server.DSN(), func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
			defer cancel()
			if err := server.Stop(ctx); err != nil {
				fmt.Fprintln(env.err, "adiuva-api: stopping PostgreSQL:", err)
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

// errNoDatabase tells an operator where commands look.
var errNoDatabase = errors.New("there is no database: set DATABASE_URL, or start 'adiuva-api serve' with the same ADIUVA_DATA_DIR first")

// findDSN returns the configured database, or the embedded one of a running serve.
func findDSN(cfg config.Config) (string, error) {
	if cfg.DatabaseURL.IsSet() {
		return cfg.DatabaseURL.Reveal(), nil
	}
	dsn, ok := devpg.Find(cfg.DataDir + "/postgres")
	if !ok {
		return "", errNoDatabase
	}
	return dsn, nil
}

// withDatabase runs do on the configured database, for a command that is not serve.
func withDatabase(ctx context.Context, env environment, do func(config.Config, *postgres.DB) error) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	dsn, err := findDSN(cfg)
	if err != nil {
		return err
	}
	db, err := postgres.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(cfg, db)
}

func authConfig(cfg config.Config, db *postgres.DB, log *slog.Logger) auth.Config {
	failures := auth.DefaultLoginFailures
	if !cfg.Limited() {
		failures = 0
	}
	return auth.Config{
		DB: db, Secret: cfg.JWTSecret.Reveal(), PreviousSecrets: config.Reveal(cfg.JWTPreviousSecrets),
		Algorithm: cfg.JWTAlgorithm, Pepper: cfg.PasswordPepper.Reveal(), AccessTTL: cfg.JWTAccessTTL,
		RefreshTTL: cfg.JWTRefreshTTL, BcryptCost: cfg.BcryptCost, LoginFailures: failures, Log: log,
	}
}

func migrateCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Bring the database's schema up, down or tell where it is"}
	add := func(use, short string, run func(ctx context.Context, dsn string) error) {
		cmd.AddCommand(&cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := env.load()
			if err != nil {
				return err
			}
			dsn, err := findDSN(cfg)
			if err != nil {
				return err
			}
			return run(c.Context(), dsn)
		}})
	}
	status := func(ctx context.Context, dsn string) error {
		at, err := postgres.MigrateStatus(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.out, at)
		return err
	}
	then := func(do func(context.Context, string) error) func(context.Context, string) error {
		return func(ctx context.Context, dsn string) error {
			if err := do(ctx, dsn); err != nil {
				return err
			}
			return status(ctx, dsn)
		}
	}
	add("up", "Apply every migration that is missing", then(postgres.MigrateUp))
	add("down", "Take the last migration back", then(postgres.MigrateDown))
	add("status", "Print the schema's version", status)
	return cmd
}
