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
	checksAtOnce   = 8
)

// Verification is what Verify found.
type Verification struct {
	Backups int       // committed ones that were checked
	Bytes   int64     // of them
	Damaged []Damaged // backups on record that cannot be restored
	Unknown []Object  // of no backup; RemoveOrphans removes them once they are a day old
	Drifts  []Drift   // of quota counters, mended
}

// Damaged is a committed backup whose bytes are not what was stored. Reason is in words for an operator.
type Damaged struct {
	ID, UserID uuid.UUID
	Reason     string
}

// Progress tells how far Verify is. Total was counted at its start, and uploads go on meanwhile.
type Progress struct {
	Checked, Total int
	Bytes          int64 // of the backups checked
}

// Verify recounts the quotas, which mends them, and compares every committed backup with the store: that its object is
// there and has its size and, with readData, that its bytes have their SHA-256. It may run while the service does: what
// is deleted meanwhile is no damage. watch, unless nil, is called after each backup, never twice at a time. A store or a
// database that is away ends it with ErrStorage or db_unavailable: that says nothing about the backups.
func (s *Service) Verify(ctx context.Context, readData bool, watch func(Progress)) (Verification, error) {
	drifts, err := s.Recount(ctx)
	v := &verifier{Service: s, readData: readData, watch: watch, found: Verification{Drifts: drifts}}
	if err == nil {
		err = v.checkRows(ctx)
	}
	if err == nil {
		err = v.checkObjects(ctx)
	}
	return v.found, err
}

// verifier is one Verify in progress.
type verifier struct {
	*Service
	readData bool
	watch    func(Progress)
	total    int

	mu    sync.Mutex
	found Verification
}

func (v *verifier) checkRows(ctx context.Context) error {
	total, err := v.q.CountCommitted(ctx, v.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	v.total = int(total)
	var after uuid.UUID
	for {
		page, err := v.q.CommittedAfter(ctx, v.db.Pool, after, backupsPerPage)
		if err != nil {
			return postgres.Translate(err)
		}
		group, running := errgroup.WithContext(ctx)
		group.SetLimit(checksAtOnce)
		for _, row := range page {
			after = row.ID
			group.Go(func() error { return v.checkOne(running, backupOf(db.BackupByIDRow(row))) })
		}
		if err := group.Wait(); err != nil || len(page) < backupsPerPage {
			return err
		}
	}
}

// checkOne notes what is wrong with b; its error is one of the store or the database.
func (v *verifier) checkOne(ctx context.Context, b Backup) error {
	err := v.Check(ctx, b)
	if err == nil && v.readData {
		err = v.readAll(ctx, b)
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
	v.note(b, reason)
	return nil
}

func (v *verifier) note(b Backup, reason string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.found.Backups++
	v.found.Bytes += b.Size
	if reason != "" {
		v.found.Damaged = append(v.found.Damaged, Damaged{ID: b.ID, UserID: b.UserID, Reason: reason})
	}
	if v.watch != nil {
		v.watch(Progress{Checked: v.found.Backups, Total: v.total, Bytes: v.found.Bytes})
	}
}

// readAll compares every byte of b with its checksum. Its errors are those of Open; ErrInconsistent means wrong bytes.
func (v *verifier) readAll(ctx context.Context, b Backup) error {
	body, err := v.Open(ctx, b, 0, b.Size)
	if err != nil {
		return err
	}
	read := newMeter(body, Upload{Size: b.Size, Checksum: b.Checksum})
	defer read.close()
	_, err = io.Copy(io.Discard, read)
	if closed := body.Close(); err == nil {
		err = closed
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if _, gone := v.Find(ctx, identity.User{ID: b.UserID}, b.ID); gone != nil {
		return gone
	}
	if errors.Is(err, ErrChecksum) {
		return ErrInconsistent.WithCause(err)
	}
	return ErrStorage.WithCause(err)
}

// checkObjects looks for objects that no row knows. Rows are written before objects and go after them, so that one that
// is still there once its row was looked for and not found is nobody's. Of unfinished ones only old ones count: an upload
// that is being given up has some for a moment.
func (v *verifier) checkObjects(ctx context.Context) error {
	old := v.now().Add(-orphanAge)
	var page []Object
	flush := func() error {
		err := v.noteUnknown(ctx, page)
		page = page[:0]
		return err
	}
	err := v.cfg.Store.List(ctx, func(o Object) error {
		if o.Unfinished && o.ModifiedAt.After(old) {
			return nil
		}
		if page = append(page, o); len(page) < keysPerLookup {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return storageError(err)
}

func (v *verifier) noteUnknown(ctx context.Context, page []Object) error {
	keys := make([]string, 0, len(page))
	for _, o := range page {
		keys = append(keys, o.Key)
	}
	inUse, err := v.inUse(ctx, keys)
	if err != nil {
		return err
	}
	for _, o := range page {
		if inUse[o.Key] {
			continue
		}
		if _, err := v.cfg.Store.Stat(ctx, o.Key); errors.Is(err, ErrNoObject) && !o.Unfinished {
			continue // removed since it was listed
		}
		v.found.Unknown = append(v.found.Unknown, o)
	}
	return nil
}
