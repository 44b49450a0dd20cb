package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// discardTimeout limits what a failed upload does to clean up after itself; Sweep does the rest.
const discardTimeout = 2 * time.Second

// Put stores a backup, which is the user's latest once Put returns. Whatever can be refused is refused before body is
// read: ErrTierRequired, ErrTooLarge, ErrTimestampInFuture, ErrQuota (with the numbers), ErrTooManyUploads. When an
// earlier call with the same idempotency key stored the same checksum, Put returns its receipt without reading body;
// otherwise a key in use is ErrKeyReused or ErrInProgress. A body that differs from its declaration is ErrSizeMismatch
// or ErrChecksum; a fault returned by body comes back unchanged. When the latest backup does not meet the upload's
// Precondition, Put returns ErrPrecondition, before it reads body, or afterwards when another upload was faster. After
// an error nothing is kept, except that after db_unavailable the commit may have been written: the same call with the
// same key finds out.
func (s *Service) Put(ctx context.Context, user identity.User, up Upload, body io.Reader) (Receipt, error) {
	if err := s.checkRequest(user, up); err != nil {
		return Receipt{}, err
	}
	pending, err := s.start(ctx, user, up)
	if err != nil || pending.replayed {
		return Receipt{ID: pending.id, Replayed: pending.replayed}, err
	}
	if err := s.checkLatest(ctx, s.db.Pool, pending); err != nil {
		s.release(ctx, pending)
		return Receipt{}, err
	}
	verified := newVerifyingReader(body, up)
	defer verified.close()
	if err := s.stream(ctx, pending, verified); err != nil {
		if aborted := s.discard(ctx, pending); aborted && errors.Is(err, ErrStorage) {
			return Receipt{}, ErrExpired.WithCause(err) // a sweep removed the object while the store was writing it
		}
		return Receipt{}, err
	}
	// Every byte is stored and verified, so the commit no longer depends on the caller still being there.
	ctx = context.WithoutCancel(ctx)
	if err := s.commit(ctx, pending); err != nil {
		if errors.Is(err, ErrExpired) || errors.Is(err, ErrPrecondition) {
			s.discard(ctx, pending)
		}
		return Receipt{}, err // otherwise it may be committed: only the row can tell, so the object stays
	}
	return Receipt{ID: pending.id}, nil
}

// checkRequest returns why an upload is refused, as far as that can be known without the database.
func (s *Service) checkRequest(user identity.User, up Upload) error {
	switch {
	case user.Tier.BackupBytes() == 0:
		return ErrTierRequired
	case up.Size > MaxBytes:
		return ErrTooLarge
	case up.Timestamp.After(s.now().Add(maxClockSkew)):
		return ErrTimestampInFuture
	}
	return nil
}

// pendingUpload identifies an upload in progress.
type pendingUpload struct {
	id       uuid.UUID // of the backup
	owner    uuid.UUID // of the lease: statements with another owner change nothing
	user     uuid.UUID
	key      string // in the store
	replayed bool   // an earlier upload stored it under id already
	cond     Precondition
}

// Why a reservation is attempted again.
var (
	errNoCounter = errors.New("backup: the user has no counter row")
	errChanged   = errors.New("backup: the counter has room by now")
)

// start reserves quota for an upload, or returns the upload that its idempotency key stored earlier.
func (s *Service) start(ctx context.Context, user identity.User, up Upload) (pendingUpload, error) {
	const tries = 5 // another request may take the key, or release quota, between two statements
	for range tries {
		stored, err := s.findByKey(ctx, user.ID, up)
		if err != nil || stored.replayed {
			return stored, err
		}
		pending, err := s.reserve(ctx, user, up)
		if err == nil {
			return pending, nil
		}
		_, keyTaken := postgres.UniqueViolation(err)
		switch {
		case keyTaken, errors.Is(err, errChanged):
		case errors.Is(err, errNoCounter):
			if _, err := s.q.OpenUsage(ctx, s.db.Pool, user.ID); err != nil {
				return pendingUpload{}, postgres.Translate(err)
			}
		default:
			return pendingUpload{}, err
		}
	}
	if _, err := s.q.Usage(ctx, s.db.Pool, user.ID); errors.Is(err, pgx.ErrNoRows) {
		return pendingUpload{}, errAccountDeleted
	}
	return pendingUpload{}, ErrTooManyUploads
}

// findByKey returns the backup stored under the upload's idempotency key, with replayed set, or a zero value when
// the key is unused. A dead upload with that key is aborted first. ErrKeyReused and ErrInProgress report a key in
// use.
func (s *Service) findByKey(ctx context.Context, userID uuid.UUID, up Upload) (pendingUpload, error) {
	if up.IdempotencyKey == "" {
		return pendingUpload{}, nil
	}
	row, err := s.q.BackupByIdempotencyKey(ctx, s.db.Pool, db.BackupByIdempotencyKeyParams{
		UserID: userID, KeyHash: hashKey(userID, up.IdempotencyKey), KeySent: up.IdempotencyKey})
	if errors.Is(err, pgx.ErrNoRows) {
		return pendingUpload{}, nil
	}
	if err != nil {
		return pendingUpload{}, postgres.Translate(err)
	}
	switch {
	case row.Expired:
		_, err := s.abortExpiredUploads(ctx)
		return pendingUpload{}, err
	case row.Checksum != up.Checksum || row.SizeBytes != up.Size:
		return pendingUpload{}, ErrKeyReused
	case row.State == "uploading":
		return pendingUpload{}, ErrInProgress
	}
	return pendingUpload{id: row.ID, replayed: true}, nil
}

// hashKey returns the form in which a user's idempotency key is stored: what a client put into it stays unknown to
// whoever reads the database.
func hashKey(userID uuid.UUID, key string) string {
	sum := sha256.Sum256(append(userID[:], key...))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// reserve takes the declared size from the quota and writes the row, both or neither.
func (s *Service) reserve(ctx context.Context, user identity.User, up Upload) (pendingUpload, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return pendingUpload{}, err
	}
	pending := pendingUpload{id: id, owner: uuid.New(), user: user.ID,
		key: user.ID.String() + "/" + id.String(), cond: up.Precondition}
	var idempotencyKey *string
	if up.IdempotencyKey != "" {
		hash := hashKey(user.ID, up.IdempotencyKey)
		idempotencyKey = &hash
	}
	rows, err := s.q.ReserveBackup(ctx, s.db.Pool, db.ReserveBackupParams{
		ID:             pending.id,
		UserID:         user.ID,
		S3Key:          pending.key,
		Version:        up.Version,
		Timestamp:      up.Timestamp.UnixMilli(),
		Checksum:       up.Checksum,
		SizeBytes:      up.Size,
		ChunkCount:     up.ChunkCount,
		Owner:          pending.owner,
		LeaseSeconds:   s.cfg.Lease.Seconds(),
		IdempotencyKey: idempotencyKey,
		Now:            s.now(),
		MaxUploads:     int32(s.cfg.MaxUploads),
		LimitBytes:     user.Tier.BackupBytes(),
	})
	if err != nil {
		return pendingUpload{}, postgres.Translate(err)
	}
	if rows == 0 {
		return pendingUpload{}, s.reserveError(ctx, user, up)
	}
	return pending, nil
}

// reserveError returns why a reservation was refused: ErrQuota or ErrTooManyUploads, or errNoCounter or errChanged
// when it may succeed at the next attempt.
func (s *Service) reserveError(ctx context.Context, user identity.User, up Upload) error {
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
		return ErrTooManyUploads
	case !full && fits(usage.Committed+usage.Reserved):
		return errChanged
	}
	return ErrQuota.WithExtra("limit_bytes", limit).WithExtra("used_bytes", usage.Committed).
		WithExtra("reserved_bytes", usage.Reserved).WithExtra("requested_bytes", up.Size)
}

// stream copies the body into the store while the lease is renewed. Its error is a fault or the caller's cancellation.
func (s *Service) stream(ctx context.Context, pending pendingUpload, body *verifyingReader) error {
	ctx, stop := s.keepLease(ctx, pending)
	defer stop()
	err := s.cfg.Store.Put(ctx, pending.key, body, body.want.Size)
	switch {
	case err == nil && !body.verified:
		return fault.ErrInternal.WithCause(errors.New("backup: the store did not read the body to its end"))
	case err == nil:
		return nil
	case body.err != nil:
		return body.err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return ErrStorage.WithCause(err)
}

// commit makes a stored upload count. A short database outage does not cost the whole upload: commit retries, and a
// retry that can no longer commit looks whether an earlier try went through. It returns ErrExpired when the upload lost
// its lease and was given up, ErrPrecondition, or db_unavailable, after which the backup may or may not be committed.
func (s *Service) commit(ctx context.Context, pending pendingUpload) error {
	const tries, pause = 4, 200 * time.Millisecond
	var failed error
	for try := range tries {
		if try > 0 && s.cfg.Sleep(ctx, time.Duration(try)*pause) != nil {
			return failed
		}
		rows, err := s.commitOnce(ctx, pending)
		if err == nil && rows == 0 {
			err = ErrExpired
		}
		if try > 0 && (errors.Is(err, ErrExpired) || errors.Is(err, ErrPrecondition)) {
			_, lookErr := s.q.BackupByID(ctx, s.db.Pool, pending.id, pending.user)
			if !errors.Is(lookErr, pgx.ErrNoRows) {
				err = lookErr
			}
		}
		if failed = postgres.Translate(err); !errors.Is(failed, fault.ErrDatabase) {
			return failed
		}
	}
	return failed
}

// commitOnce returns 1 when it committed the upload, and 0 when the row is not an upload with a valid lease any more.
func (s *Service) commitOnce(ctx context.Context, pending pendingUpload) (rows int64, err error) {
	params := db.CommitBackupParams{UserID: pending.user, Now: s.now(), ID: pending.id, Owner: pending.owner}
	if pending.cond.empty() {
		return s.q.CommitBackup(ctx, s.db.Pool, params)
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		// With the counter locked no other upload or deletion of the user can commit, and the next statement sees
		// those that did.
		if _, err := s.q.LockUsage(ctx, tx, pending.user); err != nil {
			return postgres.NotFoundAs(err, errAccountDeleted)
		}
		if err := s.checkLatest(ctx, tx, pending); err != nil {
			return err
		}
		rows, err = s.q.CommitBackup(ctx, tx, params)
		return err
	})
	return rows, err
}

// checkLatest returns ErrPrecondition when the user's latest backup does not meet the upload's condition. The upload
// itself, committed by an earlier try whose answer was lost, meets it.
func (s *Service) checkLatest(ctx context.Context, on db.DBTX, pending pendingUpload) error {
	if pending.cond.empty() {
		return nil
	}
	var latest *Backup
	row, err := s.q.LatestBackup(ctx, on, pending.user)
	switch {
	case err == nil && row.ID == pending.id:
		return nil
	case err == nil:
		found := fromRow(db.BackupByIDRow(row))
		latest = &found
	case !errors.Is(err, pgx.ErrNoRows):
		return postgres.Translate(err)
	}
	return s.checkPrecondition(ctx, on, pending.cond, latest, true)
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

// release gives up an upload of which nothing was stored yet. After an error its lease expires.
func (s *Service) release(ctx context.Context, pending pendingUpload) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	_, err := s.q.AbortUpload(ctx, s.db.Pool,
		db.AbortUploadParams{UserID: pending.user, ID: pending.id, Owner: pending.owner})
	if err == nil {
		_ = s.q.FinishAbort(ctx, s.db.Pool, pending.id) // after an error the row stays "aborting" for a sweep
	}
}

// discard aborts a failed upload and removes its object, as far as possible; Sweep does what remains. It reports
// whether the upload had been aborted before, by a sweep or by another request.
func (s *Service) discard(ctx context.Context, pending pendingUpload) (aborted bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	rows, err := s.q.AbortUpload(ctx, s.db.Pool,
		db.AbortUploadParams{UserID: pending.user, ID: pending.id, Owner: pending.owner})
	if err != nil {
		return false // the row is still "uploading", and its lease will expire
	}
	if s.cfg.Store.Delete(ctx, pending.key) == nil {
		_ = s.q.FinishAbort(ctx, s.db.Pool, pending.id) // after an error the row stays "aborting" for a sweep
	}
	return rows == 0
}
