package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// errNoDatabase is returned by commands that need a database and find none.
var errNoDatabase = errors.New("there is no database: " +
	"set DATABASE_URL, or start 'adiuva-api serve' with the same ADIUVA_DATA_DIR first")

// findDSN returns the DSN of the configured database or of a running serve's embedded one, or errNoDatabase.
func findDSN(cfg config.Config) (string, error) {
	if dsn, ok := app.FindDSN(cfg); ok {
		return dsn, nil
	}
	return "", errNoDatabase
}

// withDatabase calls do with the configured database. Commands other than serve use it.
func withDatabase(ctx context.Context, env environment, do func(config.Config, *postgres.DB) error) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	dsn, err := findDSN(cfg)
	if err != nil {
		return err
	}
	db, err := postgres.OpenWithTimeouts(ctx, dsn, postgres.CommandTimeouts())
	if err != nil {
		return err
	}
	defer db.Close()
	return do(cfg, db)
}

func migrateCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Migrate the database up or down, or print its version"}
	add := func(use, short string, run func(ctx context.Context, dsn string) error) {
		cmd.AddCommand(&cobra.Command{Use: use, Short: short, Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error {
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
	thenStatus := func(do func(context.Context, string) error) func(context.Context, string) error {
		return func(ctx context.Context, dsn string) error {
			if err := do(ctx, dsn); err != nil {
				return err
			}
			return status(ctx, dsn)
		}
	}
	add("up", "Apply all missing migrations", thenStatus(postgres.MigrateUp))
	add("down", "Revert the last migration", thenStatus(postgres.MigrateDown))
	add("status", "Print the database's version", status)
	return cmd
}
