package backup

import (
	"context"
	"errors"
	"io"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

var errNoBackup = fault.ErrNotFound.WithMessage("There is no backup yet.")

// Latest returns the backup that was committed last, or not_found when there is none.
func (s *Service) Latest(ctx context.Context, user identity.User) (Backup, error) {
	row, err := s.q.LatestBackup(ctx, s.db.Pool, user.ID)
	if err != nil {
		return Backup{}, postgres.NotFoundAs(err, errNoBackup)
	}
	return fromRow(db.BackupByIDRow(row)), nil
}

// Find returns the user's backup with that id, or not_found: for unknown and deleted ids and those of other users
// alike.
func (s *Service) Find(ctx context.Context, user identity.User, id uuid.UUID) (Backup, error) {
	row, err := s.q.BackupByID(ctx, s.db.Pool, id, user.ID)
	if err != nil {
		return Backup{}, postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	return fromRow(row), nil
}

// Open returns length bytes of the backup from offset; the caller closes the reader, which fails rather than end early.
// Open returns ErrInconsistent when the row exists and the object does not, ErrStorage when the store does not respond,
// and not_found when the backup was deleted in the meantime.
func (s *Service) Open(ctx context.Context, b Backup, offset, length int64) (io.ReadCloser, error) {
	if err := s.CheckObject(ctx, b); err != nil {
		return nil, err
	}
	body, err := s.cfg.Store.Get(ctx, b.key, offset, length)
	if err != nil {
		return nil, s.objectError(ctx, b, err)
	}
	return body, nil
}

// downloadURLTTL is how long a URL from DownloadURL is valid.
const downloadURLTTL = 5 * time.Minute

// DownloadURL returns a URL from which the backup can be downloaded from the store itself for five minutes, or "" when
// downloads are served here. Its errors are those of Open.
func (s *Service) DownloadURL(ctx context.Context, b Backup) (string, error) {
	if s.cfg.Presigner == nil {
		return "", nil
	}
	if err := s.CheckObject(ctx, b); err != nil {
		return "", err
	}
	url, err := s.cfg.Presigner.Presign(ctx, b.key, downloadURLTTL)
	return url, storageError(err)
}

// CheckObject returns nil when the store has the backup in its full size; its errors are those of Open.
func (s *Service) CheckObject(ctx context.Context, b Backup) error {
	size, err := s.cfg.Store.Stat(ctx, b.key)
	if err == nil && size != b.Size {
		err = errWrongSize
	}
	if err != nil {
		return s.objectError(ctx, b, err)
	}
	return nil
}

var errWrongSize = errors.New("backup: the object in the store has another size than its row")

// objectError translates an error of the store: a missing or wrong object is ErrInconsistent, or not_found when the
// backup has just been deleted; anything else is ErrStorage.
func (s *Service) objectError(ctx context.Context, b Backup, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if !errors.Is(err, ErrNoObject) && !errors.Is(err, errWrongSize) {
		return ErrStorage.WithCause(err)
	}
	if _, err := s.Find(ctx, identity.User{ID: b.UserID}, b.ID); err != nil {
		return err
	}
	return ErrInconsistent.WithCause(err)
}

// LastModifiedUsable reports whether Last-Modified, which has whole seconds, distinguishes b from the user's other
// backups, deleted ones included. When b was requested as the latest, that means every backup committed in the same
// second or later, otherwise only those of the same second.
func (s *Service) LastModifiedUsable(ctx context.Context, b Backup, latest bool) (bool, error) {
	since := b.CommittedAt.Truncate(time.Second)
	until := since.Add(time.Second)
	if latest {
		until = endOfTime(since)
	}
	others, err := s.q.CommittedOthers(ctx, s.db.Pool,
		db.CommittedOthersParams{UserID: b.UserID, ID: b.ID, Since: since, Until: until})
	return !others, postgres.Translate(err)
}

// History returns at most limit of the user's backups, newest first; with before, the id of a backup, only older
// ones. The id of a deleted backup works as well; one that was never the user's is not_found.
func (s *Service) History(ctx context.Context, user identity.User, limit int, before uuid.UUID) ([]Backup, error) {
	below := int64(math.MaxInt64)
	if before != uuid.Nil {
		var err error
		if below, err = s.q.BackupSequence(ctx, s.db.Pool, before, user.ID); err != nil {
			return nil, postgres.NotFoundAs(err, fault.ErrNotFound)
		}
	}
	rows, err := s.q.BackupsBefore(ctx, s.db.Pool,
		db.BackupsBeforeParams{UserID: user.ID, Before: below, Most: int32(limit)})
	if err != nil {
		return nil, postgres.Translate(err)
	}
	list := make([]Backup, 0, len(rows))
	for _, row := range rows {
		list = append(list, fromRow(db.BackupByIDRow(row)))
	}
	return list, nil
}
