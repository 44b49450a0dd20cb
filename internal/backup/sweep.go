package backup

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	removalLease  = time.Minute      // of whoever removes an object; after it another may try
	removalTime   = 30 * time.Second // for one removal, so that the lease outlives it
	sweepEvery    = 15 * time.Second
	recountEvery  = 24 * time.Hour
	orphanAge     = 24 * time.Hour // an object younger than that may belong to a row that is about to be written
	keysPerLookup = 500

	uploadsPerLook = 100
)

// Swept counts what a sweep did.
type Swept struct {
	Uploads int // dead ones, given up
	Objects int // removed, tombstones and the rest of uploads
	Orphans int // objects and parts that no row knew
}

// Sweep gives up every upload whose lease has run out, which frees its reservation, and removes the objects of deleted
// and given-up backups. Several replicas may sweep at the same time. A store that is away ends the sweep with ErrStorage;
// what is left is done by a later one.
func (s *Service) Sweep(ctx context.Context) (Swept, error) {
	var swept Swept
	var err error
	if swept.Uploads, err = s.endDeadUploads(ctx); err != nil {
		return swept, err
	}
	for {
		now := s.now()
		row, err := s.q.ClaimRemoval(ctx, s.db.Pool, now.Add(removalLease), now)
		if errors.Is(err, pgx.ErrNoRows) {
			return swept, nil
		}
		if err != nil {
			return swept, postgres.Translate(err)
		}
		if err := s.remove(ctx, row); err != nil {
			return swept, err
		}
		swept.Objects++
	}
}

// endDeadUploads fences every upload whose lease has run out: after that it cannot commit any more.
func (s *Service) endDeadUploads(ctx context.Context) (ended int, err error) {
	for {
		now := s.now()
		dead, err := s.q.DeadUploads(ctx, s.db.Pool, now, uploadsPerLook)
		if err != nil {
			return ended, postgres.Translate(err)
		}
		before := ended
		for _, upload := range dead {
			rows, err := s.q.AbortDeadUpload(ctx, s.db.Pool,
				db.AbortDeadUploadParams{UserID: upload.UserID, Now: now, ID: upload.ID})
			if err != nil {
				return ended, postgres.Translate(err)
			}
			ended += int(rows)
		}
		if len(dead) < uploadsPerLook || ended == before { // the rest, if any, is another replica's at this moment
			return ended, nil
		}
	}
}

// remove deletes the object of a claimed row and then says so in the row. It may be done twice.
func (s *Service) remove(ctx context.Context, row db.ClaimRemovalRow) error {
	limited, cancel := context.WithTimeout(ctx, removalTime)
	defer cancel()
	if err := s.cfg.Store.Delete(limited, row.S3Key); err != nil {
		return ErrStorage.WithCause(err)
	}
	if row.State == "aborting" {
		return postgres.Translate(s.q.FinishAbort(ctx, s.db.Pool, row.ID))
	}
	return postgres.Translate(s.q.FinishRemoval(ctx, s.db.Pool, row.ID))
}

// RemoveOrphans removes objects and unfinished parts older than a day that belong to no row, and returns how many there
// were. It reads the store's whole listing.
func (s *Service) RemoveOrphans(ctx context.Context) (int, error) {
	removed, page := 0, []string(nil)
	flush := func() error {
		n, err := s.removeUnknown(ctx, page)
		removed, page = removed+n, page[:0]
		return err
	}
	old := s.now().Add(-orphanAge)
	err := s.cfg.Store.List(ctx, func(o Object) error {
		if !o.ModifiedAt.Before(old) {
			return nil
		}
		page = append(page, o.Key)
		if len(page) < keysPerLookup {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	return removed, storageError(err)
}

func (s *Service) removeUnknown(ctx context.Context, keys []string) (int, error) {
	inUse, err := s.inUse(ctx, keys)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, key := range keys {
		if inUse[key] {
			continue
		}
		if err := s.cfg.Store.Delete(ctx, key); err != nil {
			return removed, ErrStorage.WithCause(err)
		}
		inUse[key] = true // an object and its unfinished twin are one removal
		removed++
	}
	return removed, nil
}

// inUse says which of the keys belong to a row, other than that of a backup whose object was removed.
func (s *Service) inUse(ctx context.Context, keys []string) (map[string]bool, error) {
	inUse := make(map[string]bool, len(keys))
	if len(keys) == 0 {
		return inUse, nil
	}
	known, err := s.q.KeysInUse(ctx, s.db.Pool, keys)
	if err != nil {
		return nil, postgres.Translate(err)
	}
	for _, key := range known {
		inUse[key] = true
	}
	return inUse, nil
}

// Maintain runs the background jobs until ctx ends: a sweep at short intervals and after each deletion, and, at the start
// and every 24 hours, a recount of the quotas and a search for orphans. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	return worker.New(worker.Config{Now: s.cfg.Now, Log: s.log},
		worker.Job{Run: s.recount, Every: recountEvery, Failed: "recount of backups was not completed"},
		worker.Job{Run: s.sweep, Every: sweepEvery, OnNotify: true, Failed: "sweep of backups will be tried again"},
	)
}

// sweep is Sweep with its result in the log.
func (s *Service) sweep(ctx context.Context) error {
	swept, err := s.Sweep(ctx)
	if swept.Uploads > 0 {
		s.log.InfoContext(ctx, "dead uploads given up", slog.Int("uploads", swept.Uploads))
	}
	return err
}

// recount is Recount and RemoveOrphans with their results in the log.
func (s *Service) recount(ctx context.Context) error {
	drifts, recountErr := s.Recount(ctx)
	for _, d := range drifts {
		s.log.ErrorContext(ctx, "a backup quota had drifted and was mended", slog.String("user_id", d.UserID.String()),
			slog.Int64("committed_was", d.Was.Committed), slog.Int64("committed_is", d.Is.Committed),
			slog.Int64("reserved_was", d.Was.Reserved), slog.Int64("reserved_is", d.Is.Reserved))
	}
	orphans, orphanErr := s.RemoveOrphans(ctx)
	if orphans > 0 {
		s.log.WarnContext(ctx, "objects that no backup knew were removed", slog.Int("objects", orphans))
	}
	return errors.Join(recountErr, orphanErr)
}
