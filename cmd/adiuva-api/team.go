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
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/team"
)

func teamCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "team", Short: "Manage teams"}
	cmd.AddCommand(teamList(env), teamShow(env), teamSSO(env),
		memberCommand(env, "remove EMAIL", "Remove an account from its team",
			"Remove an account from its team. Its data stays; running servers treat it by its own plan within 10 "+
				"seconds. The owner cannot be removed: transfer the team first.", (*team.Service).RemoveMember),
		memberCommand(env, "transfer EMAIL", "Make a member the owner of its team",
			"Make a member the owner of the team that it is in. The present owner becomes an admin, and its "+
				"subscription goes on to pay for the team.", (*team.Service).Transfer))
	return cmd
}

// withTeams calls do with the team service of the configured database.
func withTeams(ctx context.Context, env environment, do func(*team.Service) error) error {
	return withDatabase(ctx, env, func(cfg config.Config, db *postgres.DB) error {
		teams, err := app.OpenTeams(cfg, db, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		return operatorMessage(do(teams))
	})
}

// page has the flags of a list.
type page struct {
	limit int
	after string
}

func (p *page) flags(cmd *cobra.Command, what string) {
	cmd.Flags().IntVar(&p.limit, "limit", 100, "how many "+what+", 1 to 1000")
	cmd.Flags().StringVar(&p.after, "after", "", "only "+what+" after the one with this id")
}

// cursor checks the flags and returns the id after which the list begins.
func (p *page) cursor() (uuid.UUID, error) {
	after, err := uuid.Parse(cmp.Or(p.after, uuid.Nil.String()))
	if err != nil {
		return uuid.Nil, fmt.Errorf("--after %q is not an id", p.after)
	}
	if p.limit < 1 || p.limit > maxUserPage {
		return uuid.Nil, fmt.Errorf("--limit is %d: it must be 1 to %d", p.limit, maxUserPage)
	}
	return after, nil
}

func teamList(env environment) *cobra.Command {
	var p page
	cmd := &cobra.Command{
		Use: "list [--limit N] [--after ID]", Short: "List the teams, oldest first", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			after, err := p.cursor()
			if err != nil {
				return err
			}
			return withTeams(c.Context(), env, func(teams *team.Service) error {
				list, err := teams.Teams(c.Context(), after, p.limit+1)
				if err != nil {
					return err
				}
				return printTeams(env, list, p.limit)
			})
		},
	}
	p.flags(cmd, "teams")
	return cmd
}

// printTeams prints at most limit teams, and how to list the next ones where there are more. The names are quoted: the
// teams' owners chose them.
func printTeams(env environment, list []team.Summary, limit int) error {
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tOWNER\tPAID BY\tSEATS\tMEMBERS\tINVITED\tCREATED\tNAME")
	shown := list[:min(limit, len(list))]
	for _, t := range shown {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%q\n", t.ID, t.Owner, cmp.Or(t.Payer, t.Owner), t.Seats, t.Members,
			t.Invitations, day(&t.CreatedAt), t.Name)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(list) > limit {
		fmt.Fprintf(env.err, "there are more: --after %s\n", shown[limit-1].ID)
	}
	return nil
}

func teamShow(env environment) *cobra.Command {
	var p page
	cmd := &cobra.Command{
		Use: "show EMAIL [--limit N] [--after ID]", Short: "List the members of an account's team",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			after, err := p.cursor()
			if err != nil {
				return err
			}
			return withTeams(c.Context(), env, func(teams *team.Service) error {
				t, members, err := teams.MembersOf(c.Context(), args[0], p.limit+1, after)
				if err != nil {
					return err
				}
				return printMembers(env, t, members, p.limit)
			})
		},
	}
	p.flags(cmd, "members")
	return cmd
}

func printMembers(env environment, t team.Team, members []team.Person, limit int) error {
	fmt.Fprintf(env.out, "team %s %q: %d members, %d open invitations, %d seats\n", t.ID, t.Name, t.Members,
		t.Invitations, t.Seats)
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tE-MAIL\tROLE\tSEAT\tJOINED")
	shown := members[:min(limit, len(members))]
	for _, m := range shown {
		seat := "no"
		if m.HasSeat {
			seat = "yes"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.ID, m.Email, m.Role, seat, day(&m.JoinedAt))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(members) > limit {
		fmt.Fprintf(env.err, "there are more: --after %s\n", shown[limit-1].ID)
	}
	return nil
}

// memberCommand is a command that takes the e-mail address of a member and does one thing with it.
func memberCommand(
	env environment, use, short, long string, do func(*team.Service, context.Context, string) error,
) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withTeams(c.Context(), env, func(teams *team.Service) error {
				return do(teams, c.Context(), args[0])
			})
		},
	}
}
