package backup

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const usersPerPage = 500

// Usage is a quota counter, in bytes.
type Usage struct {
	Committed int64
	Reserved  int64
	Uploads   int // in progress
}

// Drift is a counter that differed from what its rows add up to, and was mended.
type Drift struct {
	UserID  uuid.UUID
	Was, Is Usage
}

// Usage returns the user's quota counter; it is zero for who never stored anything.
func (s *Service) Usage(ctx context.Context, userID uuid.UUID) (Usage, error) {
	row, err := s.q.Usage(ctx, s.db.Pool, userID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Usage{}, nil
	}
	return Usage{row.Committed, row.Reserved, int(row.Uploads)}, postgres.Translate(err)
}

// Recount compares every quota counter with the rows, mends those that differ and returns them. Uploads may go on
// meanwhile: each suspect is counted again under its lock.
func (s *Service) Recount(ctx context.Context) ([]Drift, error) {
	var drifts []Drift
	var after uuid.UUID
	for {
		page, err := s.q.UsagesAfter(ctx, s.db.Pool, after, usersPerPage)
		if err != nil {
			return drifts, postgres.Translate(err)
		}
		for _, row := range page {
			after = row.UserID
			if !row.Drifted {
				continue
			}
			d, err := s.mend(ctx, row.UserID)
			if err != nil {
				return drifts, err
			}
			if d.Was != d.Is {
				drifts = append(drifts, d)
			}
		}
		if len(page) < usersPerPage {
			return drifts, nil
		}
	}
}

func (s *Service) mend(ctx context.Context, userID uuid.UUID) (Drift, error) {
	d := Drift{UserID: userID}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		was, err := s.q.LockUsage(ctx, tx, userID)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // the account is gone
		}
		if err != nil {
			return err
		}
		is, err := s.q.CountUsage(ctx, tx, userID) // a later snapshot than the lock, so nothing is missed
		if err != nil {
			return err
		}
		d.Was = Usage{was.Committed, was.Reserved, int(was.Uploads)}
		d.Is = Usage{is.Committed, is.Reserved, int(is.Uploads)}
		return s.q.SetUsage(ctx, tx, db.SetUsageParams{
			UserID: userID, Committed: is.Committed, Reserved: is.Reserved, Uploads: is.Uploads,
		})
	})
	return d, postgres.Translate(err)
}

// storageError makes what a store answered a fault, unless it is one.
func storageError(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	return ErrStorage.WithCause(err)
}
