package backup

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const (
	usersPerPage   = 200
	backupsPerUser = 1000 // counted for a page of users; whoever has more is counted alone
)

// Usage is the quota counter of a user.
type Usage struct {
	Committed int64 // bytes
	Reserved  int64 // bytes, by uploads in progress
	Uploads   int   // in progress
}

// Drift is a quota counter that differed from the sum of its rows and was corrected from Was to Is.
type Drift struct {
	UserID  uuid.UUID
	Was, Is Usage
}

// driftOf returns by how many bytes all the counters were wrong.
func driftOf(drifts []Drift) (bytes int64) {
	for _, d := range drifts {
		for _, wrong := range []int64{d.Is.Committed - d.Was.Committed, d.Is.Reserved - d.Was.Reserved} {
			bytes += max(wrong, -wrong)
		}
	}
	return bytes
}

// Usage returns the user's quota counter, which is zero for a user who never stored anything.
func (s *Service) Usage(ctx context.Context, userID uuid.UUID) (Usage, error) {
	row, err := s.q.Usage(ctx, s.db.Pool, userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Usage{}, nil
	}
	return Usage{row.Committed, row.Reserved, int(row.Uploads)}, postgres.Translate(err)
}

// Recount compares every quota counter with the rows, corrects those that differ and returns them. It may run during
// uploads: a counter that seems to differ is counted again under its lock.
func (s *Service) Recount(ctx context.Context) ([]Drift, error) {
	var drifts []Drift
	var after uuid.UUID
	for {
		page, err := s.q.UsagesAfter(ctx, s.db.Pool,
			db.UsagesAfterParams{After: after, Most: usersPerPage, MostBackups: backupsPerUser})
		if err != nil {
			return drifts, postgres.Translate(err)
		}
		for _, row := range page {
			after = row.UserID
			if !row.Suspect {
				continue
			}
			drift, err := s.fixUsage(ctx, row.UserID)
			if err != nil {
				return drifts, err
			}
			if drift.Was != drift.Is {
				drifts = append(drifts, drift)
			}
		}
		if len(page) < usersPerPage {
			return drifts, nil
		}
	}
}

// fixUsage counts the user's rows while the counter is locked, and sets the counter to the result.
func (s *Service) fixUsage(ctx context.Context, userID uuid.UUID) (Drift, error) {
	drift := Drift{UserID: userID}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		was, err := s.q.LockUsage(ctx, tx, userID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // the account was deleted
		}
		if err != nil {
			return err
		}
		drift.Was = Usage{was.Committed, was.Reserved, int(was.Uploads)}
		if drift.Is, err = s.countUsage(ctx, tx, userID); err != nil || drift.Is == drift.Was {
			return err
		}
		return s.q.SetUsage(ctx, tx, db.SetUsageParams{UserID: userID,
			Committed: drift.Is.Committed, Reserved: drift.Is.Reserved, Uploads: int32(drift.Is.Uploads)})
	})
	return drift, postgres.Translate(err)
}

// countUsage sums the user's rows. The caller holds the lock of the counter, so that no row changes its state between
// two pages.
func (s *Service) countUsage(ctx context.Context, tx pgx.Tx, userID uuid.UUID) (Usage, error) {
	uploads, err := s.q.CountUploads(ctx, tx, userID)
	usage := Usage{Reserved: uploads.Reserved, Uploads: int(uploads.Uploads)}
	var after uuid.UUID
	for err == nil {
		var page db.CountCommittedRow
		page, err = s.q.CountCommitted(ctx, tx,
			db.CountCommittedParams{UserID: userID, After: after, Most: rowsPerCount})
		usage.Committed += page.Committed
		if after = page.Last; page.Seen < rowsPerCount {
			break
		}
	}
	return usage, err
}
