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

var errNone = fault.ErrNotFound.WithMessage("There is no backup yet.")

// Latest returns the backup that was committed last, or not_found when there is none.
func (s *Service) Latest(ctx context.Context, user identity.User) (Backup, error) {
	row, err := s.q.LatestBackup(ctx, s.db.Pool, user.ID)
	if err != nil {
		return Backup{}, postgres.NotFoundAs(err, errNone)
	}
	return backupOf(db.BackupByIDRow(row)), nil
}

// Find returns the user's backup of that id, or not_found: for unknown, deleted and foreign ids alike.
func (s *Service) Find(ctx context.Context, user identity.User, id uuid.UUID) (Backup, error) {
	row, err := s.q.BackupByID(ctx, s.db.Pool, id, user.ID)
	if err != nil {
		return Backup{}, postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	return backupOf(row), nil
}

// Open returns length bytes of the backup from offset; the caller closes them. The reader fails rather than end early.
// Open returns ErrInconsistent when the backup is on record and its bytes are not there, ErrStorage, or not_found when
// it was deleted in the meantime.
func (s *Service) Open(ctx context.Context, b Backup, offset, length int64) (io.ReadCloser, error) {
	if err := s.Check(ctx, b); err != nil {
		return nil, err
	}
	body, err := s.cfg.Store.Get(ctx, b.key, offset, length)
	if err != nil {
		return nil, s.explain(ctx, b, err)
	}
	return body, nil
}

// linkLife is how long an address that Link returns works.
const linkLife = 5 * time.Minute

// Link returns an address from which the backup can be downloaded for five minutes without us, or "" where downloads go
// through us. Its errors are those of Open.
func (s *Service) Link(ctx context.Context, b Backup) (string, error) {
	if s.cfg.Links == nil {
		return "", nil
	}
	if err := s.Check(ctx, b); err != nil {
		return "", err
	}
	link, err := s.cfg.Links.Link(ctx, b.key, linkLife)
	return link, storageError(err)
}

// Check makes sure that the store has the whole of the backup; its errors are those of Open.
func (s *Service) Check(ctx context.Context, b Backup) error {
	size, err := s.cfg.Store.Stat(ctx, b.key)
	if err == nil && size != b.Size {
		err = errWrongSize
	}
	if err != nil {
		return s.explain(ctx, b, err)
	}
	return nil
}

var errWrongSize = errors.New("backup: the object in the store has another size than its row")

// explain tells a missing object from a store that is away, and from a backup that has just been deleted.
func (s *Service) explain(ctx context.Context, b Backup, err error) error {
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

// DateIdentifies reports whether the second of b's commit alone tells it from the user's other backups, deleted ones
// included: from those of the same second, or, when b was asked for as the latest, also from later ones.
func (s *Service) DateIdentifies(ctx context.Context, b Backup, latest bool) (bool, error) {
	since := b.CommittedAt.Truncate(time.Second)
	until := since.Add(time.Second)
	if latest {
		until = since.AddDate(1000, 0, 0)
	}
	others, err := s.q.CommittedOthers(ctx, s.db.Pool,
		db.CommittedOthersParams{UserID: b.UserID, ID: b.ID, Since: since, Until: until})
	return !others, postgres.Translate(err)
}

// History returns at most limit of the user's backups, the newest first; with before, a backup's id, only older ones.
// An id that was never the user's is not_found; that of a deleted backup still marks its place.
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
		list = append(list, backupOf(db.BackupByIDRow(row)))
	}
	return list, nil
}
