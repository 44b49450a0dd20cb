package backup

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const (
	backupsPerPage = 500
	verifyParallel = 8
	rowsPerCount   = 10_000
)

// Verification is the result of Verify.
type Verification struct {
	Backups int       // committed backups that were verified
	Bytes   int64     // their total size
	Damaged []Damaged // backups that cannot be restored
	Unknown []Object  // objects of no backup; RemoveOrphans removes them once they are a day old
	Drifts  []Drift   // quota counters that were wrong and have been corrected
}

// Damaged is a committed backup whose bytes are not those that were uploaded. Reason is a sentence for the operator.
type Damaged struct {
	ID, UserID uuid.UUID
	Reason     string
}

// Progress reports how far Verify has come. Total was counted at the start, while uploads and deletions go on.
type Progress struct {
	Checked, Total int   // backups
	Bytes          int64 // of the backups checked
}

// Verify recounts the quotas, which corrects them, and compares every committed backup with the store: its object
// must exist with the right size and, with readData, the right SHA-256. It may run while the service is serving; a
// backup that is deleted meanwhile is not damaged. onProgress, unless nil, is called after each backup, one call at
// a time. When the store or the database does not respond, Verify ends with ErrStorage or db_unavailable, which
// says nothing about the backups.
func (s *Service) Verify(ctx context.Context, readData bool, onProgress func(Progress)) (Verification, error) {
	drifts, err := s.Recount(ctx)
	v := &verifier{Service: s, readData: readData, onProgress: onProgress, found: Verification{Drifts: drifts}}
	if err == nil {
		err = v.verifyRows(ctx)
	}
	if err == nil {
		err = v.findUnknownObjects(ctx)
	}
	return v.found, err
}

// verifier is one Verify in progress.
type verifier struct {
	*Service
	readData   bool
	onProgress func(Progress)
	total      int

	mu    sync.Mutex
	found Verification
}

func (v *verifier) verifyRows(ctx context.Context) (err error) {
	if v.total, err = v.countCommitted(ctx); err != nil {
		return err
	}
	var after uuid.UUID
	for {
		page, err := v.q.BackupsAfter(ctx, v.db.Pool, after, backupsPerPage)
		if err != nil {
			return postgres.Translate(err)
		}
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(verifyParallel)
		for _, row := range page {
			after = row.ID
			if row.State == "committed" {
				group.Go(func() error { return v.verifyBackup(groupCtx, fromListed(row)) })
			}
		}
		if err := group.Wait(); err != nil || len(page) < backupsPerPage {
			return err
		}
	}
}

// fromListed returns the backup of a row of the listing, which has its state besides.
func fromListed(row db.BackupsAfterRow) Backup {
	return fromRow(db.BackupByIDRow{
		ID: row.ID, UserID: row.UserID, S3Key: row.S3Key, Version: row.Version, Timestamp: row.Timestamp,
		Checksum: row.Checksum, SizeBytes: row.SizeBytes, ChunkCount: row.ChunkCount, CommittedAt: row.CommittedAt,
	})
}

// countCommitted returns the number of backups of all users.
func (s *Service) countCommitted(ctx context.Context) (total int, err error) {
	var after uuid.UUID
	for {
		page, err := s.q.CountPage(ctx, s.db.Pool, after, rowsPerCount)
		if err != nil {
			return 0, postgres.Translate(err)
		}
		total += int(page.Committed)
		if after = page.Last; page.Seen < rowsPerCount {
			return total, nil
		}
	}
}

// verifyBackup records what is wrong with b. It returns only errors of the store or the database.
func (v *verifier) verifyBackup(ctx context.Context, b Backup) error {
	err := v.CheckObject(ctx, b)
	if err == nil && v.readData {
		err = v.verifyData(ctx, b)
	}
	reason := ""
	switch {
	case errors.Is(err, fault.ErrNotFound): // deleted meanwhile
		return nil
	case errors.Is(err, ErrNoObject):
		reason = "its object is missing"
	case errors.Is(err, errWrongSize):
		reason = "its object has another size"
	case errors.Is(err, ErrInconsistent):
		reason = "its bytes do not have their checksum"
	case err != nil:
		return err
	}
	v.record(b, reason)
	return nil
}

func (v *verifier) record(b Backup, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.found.Backups++
	v.found.Bytes += b.Size
	if reason != "" {
		v.found.Damaged = append(v.found.Damaged, Damaged{ID: b.ID, UserID: b.UserID, Reason: reason})
	}
	if v.onProgress != nil {
		v.onProgress(Progress{Checked: v.found.Backups, Total: v.total, Bytes: v.found.Bytes})
	}
}

// verifyData reads all of b and compares its checksum. Its errors are those of Open; ErrInconsistent means wrong bytes.
func (v *verifier) verifyData(ctx context.Context, b Backup) error {
	body, err := v.Open(ctx, b, 0, b.Size)
	if err != nil {
		return err
	}
	verified := newVerifyingReader(body, Upload{Size: b.Size, Checksum: b.Checksum})
	defer verified.close()
	_, err = io.Copy(io.Discard, verified)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if _, findErr := v.Find(ctx, identity.User{ID: b.UserID}, b.ID); findErr != nil {
		return findErr // not_found: deleted meanwhile
	}
	if errors.Is(err, ErrChecksum) {
		return ErrInconsistent.WithCause(err)
	}
	return ErrStorage.WithCause(err)
}

// findUnknownObjects records the objects that belong to no row. A row is written before its object and outlives it,
// so an object that still exists after its row was not found belongs to nobody. Only old unfinished objects count:
// an upload that is being aborted has some for a moment.
func (v *verifier) findUnknownObjects(ctx context.Context) error {
	cutoff := v.now().Add(-orphanAge)
	wanted := func(o Object) bool { return !o.Unfinished || !o.ModifiedAt.After(cutoff) }
	return storageError(v.eachObject(ctx, wanted, func(o Object, inUse bool) error {
		if inUse {
			return nil
		}
		if _, err := v.cfg.Store.Stat(ctx, o.Key); errors.Is(err, ErrNoObject) && !o.Unfinished {
			return nil // removed after it was listed
		}
		v.found.Unknown = append(v.found.Unknown, o)
		return nil
	}))
}
