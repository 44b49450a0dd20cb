package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

func userCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "user", Short: "Manage accounts"}
	cmd.AddCommand(userCreate(env), userList(env), userSetTier(env), userKeys(env),
		emailCommand(env, "revoke-sessions EMAIL", "End every session of an account", (*auth.Service).RevokeSessions),
		emailCommand(env, "delete EMAIL", "Delete an account with everything it has", (*auth.Service).DeleteUser))
	return cmd
}

// withAccounts calls do with the account service of the configured database.
func withAccounts(ctx context.Context, env environment, do func(*auth.Service) error) error {
	return withDatabase(ctx, env, func(cfg config.Config, db *postgres.DB) error {
		accounts, err := app.OpenAccounts(cfg, db, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		return do(accounts)
	})
}

func userCreate(env environment) *cobra.Command {
	var password, name string
	cmd := &cobra.Command{
		Use: "create EMAIL [--tier T]", Short: "Create an account", Args: cobra.ExactArgs(1),
		Long: "Create an account. The password is asked for, or read from standard input where that is no terminal.",
		RunE: func(c *cobra.Command, args []string) error {
			t, err := tier.Parse(name)
			if err != nil {
				return err
			}
			if !c.Flags().Changed("password") {
				if password, err = readPassword(env); err != nil {
					return err
				}
			}
			return withAccounts(c.Context(), env, func(accounts *auth.Service) error {
				p, err := accounts.CreateUser(c.Context(), args[0], password, t)
				if err != nil {
					return operatorMessage(err)
				}
				_, err = fmt.Fprintf(env.out, "%s\t%s\t%s\n", p.ID, p.Email, p.Tier)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&password, "password", "",
		"the account's password, 8 to 1024 bytes; other users of the machine may see it")
	cmd.Flags().StringVar(&name, "tier", string(tier.Free), "free, pro, power or team")
	return cmd
}

// maxUserPage bounds the accounts of one answer of user list.
const maxUserPage = 1000

func userList(env environment) *cobra.Command {
	var after string
	limit := 100
	cmd := &cobra.Command{
		Use: "list [--limit N] [--after ID]", Short: "List the accounts, oldest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cursor, err := uuid.Parse(cmp.Or(after, uuid.Nil.String()))
			if err != nil {
				return fmt.Errorf("--after %q is not an account's id", after)
			}
			if limit < 1 || limit > maxUserPage {
				return fmt.Errorf("--limit is %d: it must be 1 to %d", limit, maxUserPage)
			}
			return withAccounts(c.Context(), env, func(accounts *auth.Service) error {
				users, err := accounts.Users(c.Context(), cursor, limit+1)
				if err != nil {
					return operatorMessage(err)
				}
				return printUsers(env, users, limit)
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many accounts, 1 to 1000")
	cmd.Flags().StringVar(&after, "after", "", "only accounts created after the one with this id")
	return cmd
}

// printUsers prints at most limit users, and how to list the next ones where there are more.
func printUsers(env environment, users []auth.Profile, limit int) error {
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tE-MAIL\tTIER\tSEATS\tCREATED")
	page := users[:min(limit, len(users))]
	for _, p := range page {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", p.ID, p.Email, p.Tier, p.Seats, p.CreatedAt.UTC().Format("2006-01-02"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(users) > limit {
		fmt.Fprintf(env.err, "there are more: --after %s\n", page[limit-1].ID)
	}
	return nil
}

func userSetTier(env environment) *cobra.Command {
	seats := 1
	cmd := &cobra.Command{
		Use:   "set-tier EMAIL TIER [--seats N]",
		Short: "Grant a tier in addition to any subscription; free removes the grant",
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := tier.Parse(args[1])
			if err != nil {
				return err
			}
			return withAccounts(c.Context(), env, func(accounts *auth.Service) error {
				return operatorMessage(accounts.SetTier(c.Context(), args[0], t, seats))
			})
		},
	}
	cmd.Flags().IntVar(&seats, "seats", 1, "seats of a team")
	return cmd
}

// emailCommand is a command that takes the e-mail address of an account and does one thing with it.
func emailCommand(
	env environment, use, short string, do func(*auth.Service, context.Context, string) error,
) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withAccounts(c.Context(), env, func(accounts *auth.Service) error {
				return operatorMessage(do(accounts, c.Context(), args[0]))
			})
		},
	}
}
