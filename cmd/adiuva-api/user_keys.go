package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/auth"
)

func userKeys(env environment) *cobra.Command {
	var revoke string
	var all bool
	cmd := &cobra.Command{
		Use: "keys EMAIL [--revoke ID | --revoke-all]", Short: "List or revoke the API keys of an account",
		Long: "List the API keys of an account, or revoke one or all of them. Running servers refuse a revoked key " +
			"within 10 seconds.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := uuid.Parse(revoke)
			if revoke != "" && err != nil {
				return fmt.Errorf("--revoke %q is not a key's id", revoke)
			}
			return withAccounts(c.Context(), env, func(accounts *auth.Service) error {
				switch {
				case revoke != "":
					return operatorMessage(accounts.RevokeKey(c.Context(), args[0], id))
				case all:
					revoked, err := accounts.RevokeKeys(c.Context(), args[0])
					if err != nil {
						return operatorMessage(err)
					}
					_, err = fmt.Fprintf(env.out, "revoked %d\n", revoked)
					return err
				}
				keys, err := accounts.Keys(c.Context(), args[0])
				if err != nil {
					return operatorMessage(err)
				}
				return printKeys(env, keys)
			})
		},
	}
	cmd.Flags().StringVar(&revoke, "revoke", "", "revoke the key with this id")
	cmd.Flags().BoolVar(&all, "revoke-all", false, "revoke every key of the account")
	cmd.MarkFlagsMutuallyExclusive("revoke", "revoke-all")
	return cmd
}

// printKeys prints the keys. Their names are quoted: an account's owner chose them.
func printKeys(env environment, keys []apikey.Key) error {
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tPREFIX\tSCOPES\tCREATED\tEXPIRES\tLAST USED\tNAME")
	for _, k := range keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%q\n", k.ID, k.Prefix, strings.Join(k.Scopes, " "), day(&k.CreatedAt),
			day(k.ExpiresAt), day(k.LastUsedAt), k.Name)
	}
	return w.Flush()
}

// day returns the date in UTC, or "never" for no time.
func day(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.UTC().Format(time.DateOnly)
}
