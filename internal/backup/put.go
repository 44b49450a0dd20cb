package backup

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// discardTime bounds what a failed upload still does for its own removal; Sweep does the rest.
const discardTime = 2 * time.Second

// Put stores a backup, which is the user's latest once Put returns. Everything that can be refused is refused before
// body is read: ErrTierRequired, ErrTooLarge, ErrAhead, ErrQuota (with the numbers), ErrUploads. With an idempotency key
// that stored the same checksum before, Put returns that receipt and reads nothing; ErrOtherBackup and ErrInProgress say
// why not. A body that is not what was declared is ErrSize or ErrChecksum; a fault of body itself comes back as it is.
// After any error nothing is kept, except that db_unavailable leaves open whether the commit was written: the same call
// with the same key settles it.
func (s *Service) Put(ctx context.Context, user identity.User, up Upload, body io.Reader) (Receipt, error) {
	if err := s.admit(user, up); err != nil {
		return Receipt{}, err
	}
	attempt, err := s.begin(ctx, user, up)
	if err != nil || attempt.replayed {
		return Receipt{ID: attempt.id, Replayed: attempt.replayed}, err
	}
	metered := newMeter(body, up)
	defer metered.close()
	if err := s.stream(ctx, attempt, metered); err != nil {
		if fenced := s.discard(ctx, attempt); fenced && errors.Is(err, ErrStorage) {
			return Receipt{}, ErrExpired.WithCause(err) // others removed what the store was writing
		}
		return Receipt{}, err
	}
	// From here on the caller's leaving changes nothing: every byte is here and right.
	kept := context.WithoutCancel(ctx)
	if err := s.commit(kept, attempt); err != nil {
		if errors.Is(err, ErrExpired) {
			s.discard(kept, attempt)
		}
		return Receipt{}, err // else it may be committed: only the row can tell, so the object stays
	}
	return Receipt{ID: attempt.id}, nil
}

// commit makes a stored upload count. A short database outage does not cost the whole upload: commit retries, and a retry
// that finds no row to commit looks whether an earlier try went through. It returns ErrExpired when the upload lost its
// lease and was given up, or db_unavailable, after which the backup may or may not be committed.
func (s *Service) commit(ctx context.Context, a attempt) error {
	const tries, pause = 4, 200 * time.Millisecond
	var failed error
	for try := range tries {
		if try > 0 && s.cfg.Sleep(ctx, time.Duration(try)*pause) != nil {
			return failed
		}
		rows, err := s.q.CommitBackup(ctx, s.db.Pool,
			db.CommitBackupParams{UserID: a.user, Now: s.now(), ID: a.id, Owner: a.owner})
		if err == nil && rows == 0 {
			if failed == nil {
				return ErrExpired
			}
			_, err = s.q.BackupByID(ctx, s.db.Pool, a.id, a.user)
			err = postgres.NotFoundAs(err, ErrExpired)
		}
		if failed = postgres.Translate(err); !errors.Is(failed, fault.ErrDatabase) {
			return failed
		}
	}
	return failed
}

// sleep waits for d, or returns ctx's error as soon as ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// admit refuses what needs no look at the database.
func (s *Service) admit(user identity.User, up Upload) error {
	switch {
	case user.Tier.BackupBytes() == 0:
		return ErrTierRequired
	case up.Size > MaxBytes:
		return ErrTooLarge
	case up.Timestamp.After(s.now().Add(maxAhead)):
		return ErrAhead
	}
	return nil
}

// attempt is one upload in progress.
type attempt struct {
	id, owner, user uuid.UUID

	key      string
	replayed bool // id was stored before
}

// begin reserves room for an upload, or finds what its idempotency key stored before.
func (s *Service) begin(ctx context.Context, user identity.User, up Upload) (attempt, error) {
	const tries = 5 // others may take the key, or give room back, between two statements
	for range tries {
		earlier, err := s.earlier(ctx, user.ID, up)
		if err != nil || earlier.replayed {
			return earlier, err
		}
		a, err := s.reserve(ctx, user, up)
		if err == nil {
			return a, nil
		}
		_, keyTaken := postgres.UniqueViolation(err)
		switch {
		case keyTaken, errors.Is(err, errChanged):
		case errors.Is(err, errNoCounter):
			if _, err := s.q.OpenUsage(ctx, s.db.Pool, user.ID); err != nil {
				return attempt{}, postgres.Translate(err)
			}
		default:
			return attempt{}, err
		}
	}
	if _, err := s.q.Usage(ctx, s.db.Pool, user.ID); errors.Is(err, pgx.ErrNoRows) {
		return attempt{}, errUserIsLeaving
	}
	return attempt{}, ErrUploads
}

// Why a reservation is tried again.
var (
	errNoCounter = errors.New("backup: the user has no counter row")
	errChanged   = errors.New("backup: the counter has room by now")
)

// earlier says what the idempotency key stands for already. A dead upload of that key is ended first.
func (s *Service) earlier(ctx context.Context, userID uuid.UUID, up Upload) (attempt, error) {
	if up.IdempotencyKey == "" {
		return attempt{}, nil
	}
	row, err := s.q.BackupByIdempotencyKey(ctx, s.db.Pool, userID, &up.IdempotencyKey)
	if errors.Is(err, pgx.ErrNoRows) {
		return attempt{}, nil
	}
	if err != nil {
		return attempt{}, postgres.Translate(err)
	}
	alive := row.LeaseUntil.After(s.now())
	switch {
	case row.State == "uploading" && !alive:
		_, err := s.endDeadUploads(ctx)
		return attempt{}, err
	case row.Checksum != up.Checksum || row.SizeBytes != up.Size:
		return attempt{}, ErrOtherBackup
	case row.State == "uploading":
		return attempt{}, ErrInProgress
	}
	return attempt{id: row.ID, replayed: true}, nil
}

// reserve takes room in the quota and writes the row, both or neither.
func (s *Service) reserve(ctx context.Context, user identity.User, up Upload) (attempt, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return attempt{}, err
	}
	a := attempt{id: id, owner: uuid.New(), user: user.ID, key: user.ID.String() + "/" + id.String()}
	now := s.now()
	var key *string
	if up.IdempotencyKey != "" {
		key = &up.IdempotencyKey
	}
	rows, err := s.q.ReserveBackup(ctx, s.db.Pool, db.ReserveBackupParams{
		ID: a.id, UserID: user.ID, S3Key: a.key, Version: up.Version, Timestamp: up.Timestamp.UnixMilli(),
		Checksum: up.Checksum, SizeBytes: up.Size, ChunkCount: up.ChunkCount, Owner: a.owner,
		LeaseUntil: now.Add(s.cfg.Lease), IdempotencyKey: key, Now: now,
		MaxUploads: int32(s.cfg.MaxUploads), LimitBytes: user.Tier.BackupBytes(),
	})
	if err != nil {
		return attempt{}, postgres.Translate(err)
	}
	if rows == 0 {
		return attempt{}, s.whyNoRoom(ctx, user, up)
	}
	return a, nil
}

// whyNoRoom explains a reservation that was refused.
func (s *Service) whyNoRoom(ctx context.Context, user identity.User, up Upload) error {
	usage, err := s.q.Usage(ctx, s.db.Pool, user.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return errNoCounter
	}
	if err != nil {
		return postgres.Translate(err)
	}
	limit := user.Tier.BackupBytes()
	fits := func(taken int64) bool { return limit < 0 || taken+up.Size <= limit }
	switch full := usage.Uploads >= int32(s.cfg.MaxUploads); {
	case full && fits(usage.Committed):
		return ErrUploads
	case !full && fits(usage.Committed+usage.Reserved):
		return errChanged
	}
	return ErrQuota.WithExtra("limit_bytes", limit).WithExtra("used_bytes", usage.Committed).
		WithExtra("reserved_bytes", usage.Reserved).WithExtra("requested_bytes", up.Size)
}

// stream moves the body into the store while a heartbeat keeps the lease. The error is a fault or the caller's own.
func (s *Service) stream(ctx context.Context, a attempt, body *meter) error {
	ctx, stop := s.keepLease(ctx, a)
	defer stop()
	err := s.cfg.Store.Put(ctx, a.key, body, body.want.Size)
	switch {
	case err == nil && !body.verified:
		return fault.ErrInternal.WithCause(errors.New("backup: the store did not read the body to its end"))
	case err == nil:
		return nil
	case body.failed != nil:
		return body.failed
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return ErrStorage.WithCause(err)
}

// discard ends an upload that failed, as far as it gets; Sweep does what remains. It reports whether others had given
// the upload up before.
func (s *Service) discard(ctx context.Context, a attempt) (fenced bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTime)
	defer cancel()
	rows, err := s.q.AbortUpload(ctx, s.db.Pool, db.AbortUploadParams{UserID: a.user, Now: s.now(), ID: a.id, Owner: a.owner})
	if err != nil {
		return false // the row still stands as an upload whose lease will run out
	}
	if s.cfg.Store.Delete(ctx, a.key) == nil {
		_ = s.q.FinishAbort(ctx, s.db.Pool, a.id) // else the row stays, as a removal to be done
	}
	return rows == 0
}
