package backup

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Delete deletes the backup and frees its quota at once; a sweep removes the bytes a little later. It may be repeated
// for 90 days. An unknown id and one of another user are both not_found. A backup that does not meet the precondition
// stays, and the error is ErrPrecondition.
func (s *Service) Delete(ctx context.Context, user identity.User, id uuid.UUID, cond Precondition) error {
	b, err := s.Find(ctx, user, id)
	deleted := errors.Is(err, fault.ErrNotFound)
	if deleted {
		var row db.DeletedBackupRow
		row, err = s.q.DeletedBackup(ctx, s.db.Pool, id, user.ID)
		b, err = fromRow(db.BackupByIDRow(row)), postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	if err != nil {
		return err
	}
	// A backup never changes, so what holds now holds for the deletion as well. One that is gone already was deleted by
	// an earlier call of the same kind, for which If-None-Match: * has nothing to match.
	if !deleted || cond.Match != nil {
		if err := s.checkPrecondition(ctx, s.db.Pool, cond, &b, false); err != nil {
			return err
		}
	}
	if deleted {
		return nil
	}
	if _, err := s.q.TombstoneBackup(ctx, s.db.Pool, user.ID, id); err != nil {
		return postgres.Translate(err)
	}
	s.worker.Notify()
	return nil
}

var errStillEnding = errors.New("backup: some of the account's backups are not removed yet")

// PurgeUser removes all of a user's objects, rows and quota, and returns nil once nothing is left; after an error
// it has to be called again. When the account is marked as deleted before, uploads in progress cannot commit any
// more and no new one can start.
func (s *Service) PurgeUser(ctx context.Context, userID uuid.UUID) error {
	if err := s.q.CloseUsage(ctx, s.db.Pool, userID); err != nil { // from here on nothing can be reserved
		return postgres.Translate(err)
	}
	if _, err := inBatches(func() (int64, error) {
		return s.q.TombstoneSome(ctx, s.db.Pool, userID, rowsPerBatch)
	}); err != nil {
		return err
	}
	for {
		claimed, err := s.q.ClaimRemovalsOf(ctx, s.db.Pool, db.ClaimRemovalsOfParams{
			LeaseSeconds: removalLease.Seconds(), UserID: userID, Most: removalsAtATime})
		if err != nil {
			return postgres.Translate(err)
		}
		if len(claimed) == 0 {
			break
		}
		rows := make([]db.ClaimRemovalsRow, 0, len(claimed))
		for _, row := range claimed {
			rows = append(rows, db.ClaimRemovalsRow(row))
		}
		if _, err := s.removeObjects(ctx, rows); err != nil {
			return err
		}
	}
	left, err := s.q.RemovalsLeft(ctx, s.db.Pool, userID)
	if err != nil {
		return postgres.Translate(err)
	}
	if left {
		return errStillEnding
	}
	_, err = inBatches(func() (int64, error) { return s.q.PruneRemovedOf(ctx, s.db.Pool, userID, rowsPerBatch) })
	return err
}
