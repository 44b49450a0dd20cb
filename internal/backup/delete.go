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

// Delete ends the backup and frees its room at once; the bytes go a little later, by Sweep. Repeating it is fine; an
// unknown and a foreign id are not_found alike.
func (s *Service) Delete(ctx context.Context, user identity.User, id uuid.UUID) error {
	rows, err := s.q.TombstoneBackup(ctx, s.db.Pool, db.TombstoneBackupParams{ID: id, UserID: user.ID, Now: s.now()})
	if err != nil {
		return postgres.Translate(err)
	}
	if rows > 0 {
		s.worker.Notify()
		return nil
	}
	gone, err := s.q.BackupDeleted(ctx, s.db.Pool, id, user.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	if !gone {
		return fault.ErrNotFound
	}
	return nil
}

var errStillEnding = errors.New("backup: some of the account's backups are not removed yet")

// PurgeUser removes everything a user has here, objects and quota, and returns nil once nothing is left; until then it
// is to be repeated. Uploads in progress can no longer commit and no new one can begin, provided that the account is
// marked as deleted.
func (s *Service) PurgeUser(ctx context.Context, userID uuid.UUID) error {
	if err := s.q.CloseUsage(ctx, s.db.Pool, userID); err != nil { // from here on nothing new can be reserved
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
		if err := s.remove(ctx, db.ClaimRemovalRow(row)); err != nil {
			return err
		}
	}
	left, err := s.q.CountRemovals(ctx, s.db.Pool, userID)
	if err == nil && left > 0 {
		return errStillEnding
	}
	return postgres.Translate(err)
}
