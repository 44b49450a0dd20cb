package backup

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Delete deletes the backup and frees its quota at once; a sweep removes the bytes a little later. It may be
// repeated. An unknown id and one of another user are both not_found.
func (s *Service) Delete(ctx context.Context, user identity.User, id uuid.UUID) error {
	rows, err := s.q.TombstoneBackup(ctx, s.db.Pool, db.TombstoneBackupParams{ID: id, UserID: user.ID, Now: s.now()})
	if err != nil {
		return postgres.Translate(err)
	}
	if rows > 0 {
		s.worker.Notify()
		return nil
	}
	deleted, err := s.q.BackupDeleted(ctx, s.db.Pool, id, user.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	if !deleted {
		return fault.ErrNotFound
	}
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
	if err := s.q.TombstoneAll(ctx, s.db.Pool, s.now(), userID); err != nil {
		return postgres.Translate(err)
	}
	for {
		now := s.now()
		row, err := s.q.ClaimRemovalOf(ctx, s.db.Pool,
			db.ClaimRemovalOfParams{ClaimedUntil: now.Add(removalLease), UserID: userID, Now: now})
		if errors.Is(err, pgx.ErrNoRows) {
			break
		}
		if err != nil {
			return postgres.Translate(err)
		}
		if err := s.removeObject(ctx, db.ClaimRemovalRow(row)); err != nil {
			return err
		}
	}
	left, err := s.q.CountRemovals(ctx, s.db.Pool, userID)
	if err == nil && left > 0 {
		return errStillEnding
	}
	return postgres.Translate(err)
}
