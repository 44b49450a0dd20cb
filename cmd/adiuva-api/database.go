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

// errNoDatabase says where commands look for a database.
var errNoDatabase = errors.New("there is no database: set DATABASE_URL, or start 'adiuva-api serve' with the same ADIUVA_DATA_DIR first")

func findDSN(cfg config.Config) (string, error) {
	if dsn, ok := app.FindDSN(cfg); ok {
		return dsn, nil
	}
	return "", errNoDatabase
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
