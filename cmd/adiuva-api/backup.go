package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/backup"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

func backupCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "backup", Short: "Check stored backups"}
	var readData bool
	verify := &cobra.Command{
		Use: "verify [--read-data]", Short: "Check every backup against the store; exit code 1 when one is damaged",
		Long: "Recounts every quota, corrects those that have drifted, and checks that each backup on record has\n" +
			"its object with the right size. With --read-data it reads every byte and compares it with its\n" +
			"SHA-256. The service may run meanwhile.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withBackups(c.Context(), env, func(backups *backup.Service) error {
				found, err := backups.Verify(c.Context(), readData, env.printProgress())
				if err != nil {
					return fmt.Errorf("not completed after %d backups: %w", found.Backups, operatorMessage(err))
				}
				return env.reportVerification(found)
			})
		},
	}
	verify.Flags().BoolVar(&readData, "read-data", false, "read every byte and compare it with its checksum")
	cmd.AddCommand(verify)
	return cmd
}

// withBackups calls do with the backups of the configured database and store.
func withBackups(ctx context.Context, env environment, do func(*backup.Service) error) error {
	return withDatabase(ctx, env, func(cfg config.Config, db *postgres.DB) error {
		backups, stop, err := app.OpenBackups(ctx, cfg, db, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		defer stop()
		return do(backups)
	})
}

// printProgress returns a function that prints progress, at most one line per second.
func (env environment) printProgress() func(backup.Progress) {
	next := time.Now().Add(time.Second)
	return func(p backup.Progress) {
		if now := time.Now(); now.After(next) {
			next = now.Add(time.Second)
			fmt.Fprintf(env.err, "%d of %d backups checked, %s\n", p.Checked, p.Total, gigabytes(p.Bytes))
		}
	}
}

// gigabytes formats a size in decimal gigabytes, as plans count them.
func gigabytes(bytes int64) string { return fmt.Sprintf("%.2f GB", float64(bytes)/float64(tier.GB)) }

var errDamaged = errors.New(
	"some backups are damaged: restore their objects from a copy of the store, or tell their owners")

// reportVerification prints the result, and returns errDamaged when a backup is damaged.
func (env environment) reportVerification(found backup.Verification) error {
	for _, d := range found.Drifts {
		fmt.Fprintf(env.out, "quota of user %s corrected: %d bytes stored, not %d\n",
			d.UserID, d.Is.Committed, d.Was.Committed)
	}
	var unknown int64
	for _, o := range found.Unknown {
		unknown += o.Size
	}
	if len(found.Unknown) > 0 {
		fmt.Fprintf(env.out, "%d objects without a backup, %s: serve removes them once they are a day old\n",
			len(found.Unknown), gigabytes(unknown))
	}
	for _, d := range found.Damaged {
		fmt.Fprintf(env.out, "backup %s of user %s is damaged: %s\n", d.ID, d.UserID, d.Reason)
	}
	fmt.Fprintf(env.out, "%d backups checked, %s; %d damaged\n",
		found.Backups, gigabytes(found.Bytes), len(found.Damaged))
	if len(found.Damaged) > 0 {
		return errDamaged
	}
	return nil
}
