package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/sso/connection"
)

func teamSSO(env environment) *cobra.Command {
	var optional bool
	cmd := &cobra.Command{
		Use: "sso EMAIL [--optional]", Short: "Show the provider that an account's team signs in with",
		Long: "Show the provider that an account's team signs in with, and the domains that the team has proved. " +
			"--optional first lets the members sign in with passwords and passkeys again, where the provider is " +
			"broken and its owner cannot sign in either.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			show := func(connections *connection.Service, id uuid.UUID) error {
				if optional {
					if err := connections.Lift(c.Context(), id); err != nil {
						return err
					}
				}
				settings, err := connections.SettingsOf(c.Context(), id)
				if err != nil {
					return err
				}
				return printSSO(env, settings)
			}
			return withConnections(c.Context(), env, args[0], show)
		},
	}
	cmd.Flags().BoolVar(&optional, "optional", false, "no longer require the provider")
	return cmd
}

// withConnections calls do with the providers of teams in the configured database and the team of an account.
func withConnections(
	ctx context.Context, env environment, email string, do func(*connection.Service, uuid.UUID) error,
) error {
	return withDatabase(ctx, env, func(cfg config.Config, db *postgres.DB) error {
		teams, connections, err := app.OpenConnections(cfg, db, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		t, _, err := teams.MembersOf(ctx, email, 1, uuid.Nil)
		if err != nil {
			return operatorMessage(err)
		}
		return operatorMessage(do(connections, t.ID))
	})
}

func printSSO(env environment, settings connection.Settings) error {
	way := "one way to sign in"
	if settings.Required {
		way = "the only way to sign in"
	}
	fmt.Fprintf(env.out, "issuer %s, client %q: %s\n", settings.Issuer, settings.ClientID, way)
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DOMAIN\tSTATE\tTXT RECORD\tTOKEN")
	for _, d := range settings.Domains {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Name, d.State, d.Record, d.Token)
	}
	return w.Flush()
}
