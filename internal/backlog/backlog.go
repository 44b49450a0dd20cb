// Package backlog says for how long the jobs of the service's queues have waited. The queues themselves belong to the
// packages that work on them.
package backlog

import (
	"context"
	"time"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Names of the queues.
const (
	Inbox     = "inbox"     // Stripe's events
	Deletions = "deletions" // accounts
	Removals  = "removals"  // objects of backups that were deleted or not completed
	Mail      = "mail"
)

// Ages returns for how long the oldest job of each queue has waited, tries that failed included; 0 for an empty queue.
// Errors are those of the database.
func Ages(ctx context.Context, database *postgres.DB, now time.Time) (map[string]time.Duration, error) {
	now = now.Truncate(time.Microsecond) // as exact as the database's times
	ages, q := map[string]time.Duration{}, db.New()
	for _, queue := range []struct {
		name   string
		oldest func(context.Context, db.DBTX, time.Time) (time.Time, error)
	}{
		{Inbox, q.OldestInboxEvent}, {Deletions, q.OldestDeletion}, {Removals, q.OldestRemoval}, {Mail, q.OldestMail},
	} {
		since, err := queue.oldest(ctx, database.Pool, now)
		if err != nil {
			return nil, postgres.Translate(err)
		}
		ages[queue.name] = max(now.Sub(since), 0)
	}
	return ages, nil
}
