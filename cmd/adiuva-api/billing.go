package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
)

func billingCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "billing", Short: "Compare subscriptions with Stripe"}
	cmd.AddCommand(billingStatus(env), billingReconcile(env), billingAdoptAccount(env))
	return cmd
}

// withBilling calls do with billing on the configured database and Stripe.
func withBilling(ctx context.Context, env environment, do func(*billing.Service) error) error {
	return withDatabase(ctx, env, func(cfg config.Config, db *postgres.DB) error {
		log := slog.New(slog.NewJSONHandler(env.err, nil))
		service, err := app.OpenBilling(cfg, db, log)
		if err != nil {
			return err
		}
		return do(service)
	})
}

func billingStatus(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "status EMAIL", Short: "Print an account's subscriptions, Stripe's word, and why its tier is what it is",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return withBilling(c.Context(), env, func(service *billing.Service) error {
				email, err := auth.NormalizeEmail(args[0])
				if err != nil {
					return operatorMessage(err)
				}
				report, err := service.Report(c.Context(), email)
				if err != nil {
					return operatorMessage(err)
				}
				return env.printReport(report)
			})
		},
	}
}

func (env environment) printReport(r billing.Report) error {
	w := tabwriter.NewWriter(env.out, 0, 0, 2, ' ', 0)
	customer := r.CustomerID
	if customer == "" {
		customer = "none"
	}
	fmt.Fprintf(w, "account\t%s\ncustomer\t%s\ntier\t%s, seats: %d\nwhy\t%s\n",
		r.UserID, customer, r.Tier, r.Seats, r.Why)
	for _, s := range r.Subscriptions {
		fmt.Fprintf(w, "subscription\t%s\n  stored\t%s\n  last paid\t%s\n  at Stripe\t%s\n  grants\t%s, seats: %d\n",
			s.ID, s.Stored, s.LastPaid, s.AtStripe, s.Grants.Tier, s.Grants.Seats)
	}
	return w.Flush()
}

func billingReconcile(env environment) *cobra.Command {
	accept := false
	cmd := &cobra.Command{
		Use: "reconcile [--accept]", Short: "Save the state of every subscription as Stripe reports it",
		Long: "Saves the state of every subscription as Stripe reports it, as the service does at its start and\n" +
			"once a day. It stops where more than five accounts would lose their plan at once, and leaves\n" +
			"subscriptions that Stripe does not know as they are. With --accept it ends all of them.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withBilling(c.Context(), env, func(service *billing.Service) error {
				run := service.Reconcile
				if accept {
					run = service.ReconcileAccepted
				}
				if err := run(c.Context()); err != nil {
					return operatorMessage(err)
				}
				_, err := fmt.Fprintln(env.out, "Every subscription is as Stripe reports it.")
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&accept, "accept", false, "take away plans that Stripe says have ended, however many")
	return cmd
}

func billingAdoptAccount(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "adopt-account", Short: "Make the key's Stripe account the one that the database's customers belong to",
		Long: "The service refuses to start with a key of another Stripe account or mode than that of the customers\n" +
			"in the database. After moving to another account, run this once with the new key. Plans stay as they\n" +
			"are until 'billing reconcile --accept' ends those that the new account does not know.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withBilling(c.Context(), env, func(service *billing.Service) error {
				account, err := service.AdoptAccount(c.Context())
				if err != nil {
					return operatorMessage(err)
				}
				_, err = fmt.Fprintf(env.out, "The customers in the database belong to Stripe account %s.\n", account)
				return err
			})
		},
	}
}
