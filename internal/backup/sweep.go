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
	removalLease  = time.Minute      // of the replica that removes an object; then another one may try
	removalTime   = 30 * time.Second // limit of one removal, shorter than its lease
	sweepEvery    = 15 * time.Second
	recountEvery  = 24 * time.Hour
	orphanAge     = 24 * time.Hour // an object younger than that may belong to a row that is about to be written
	keysPerLookup = 500

	expiredPerQuery = 100
)

// SweepStats counts the work of a sweep.
type SweepStats struct {
	Uploads int // aborted because their lease had expired
	Objects int // removed, of deleted backups and of aborted uploads
}

// Sweep aborts every upload whose lease has expired, which frees its reservation, and removes the objects of
// deleted backups and aborted uploads. Several replicas may sweep at the same time. When the store does not
// respond, Sweep returns ErrStorage and the next sweep continues.
func (s *Service) Sweep(ctx context.Context) (SweepStats, error) {
	var swept SweepStats
	var err error
	if swept.Uploads, err = s.abortExpiredUploads(ctx); err != nil {
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
		if err := s.removeObject(ctx, row); err != nil {
			return swept, err
		}
		swept.Objects++
	}
}

// abortExpiredUploads aborts every upload whose lease has expired: it cannot commit any more, even if it is still
// running.
func (s *Service) abortExpiredUploads(ctx context.Context) (aborted int, err error) {
	for {
		now := s.now()
		expired, err := s.q.DeadUploads(ctx, s.db.Pool, now, expiredPerQuery)
		if err != nil {
			return aborted, postgres.Translate(err)
		}
		before := aborted
		for _, upload := range expired {
			rows, err := s.q.AbortDeadUpload(ctx, s.db.Pool,
				db.AbortDeadUploadParams{UserID: upload.UserID, Now: now, ID: upload.ID})
			if err != nil {
				return aborted, postgres.Translate(err)
			}
			aborted += int(rows)
		}
		if len(expired) < expiredPerQuery || aborted == before { // another replica is aborting the rest, if any
			return aborted, nil
		}
	}
}

// removeObject deletes the object of a claimed row and then updates the row. Doing it twice is harmless.
func (s *Service) removeObject(ctx context.Context, row db.ClaimRemovalRow) error {
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

// RemoveOrphans removes the objects and unfinished parts that are older than a day and belong to no row, and
// returns their number. It lists the whole store.
func (s *Service) RemoveOrphans(ctx context.Context) (int, error) {
	removed := 0
	var page []string
	flush := func() error {
		n, err := s.removeUnknown(ctx, page)
		removed += n
		page = page[:0]
		return err
	}
	cutoff := s.now().Add(-orphanAge)
	err := s.cfg.Store.List(ctx, func(o Object) error {
		if !o.ModifiedAt.Before(cutoff) {
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

// removeUnknown removes the objects of those keys that belong to no row.
func (s *Service) removeUnknown(ctx context.Context, keys []string) (int, error) {
	inUse, err := s.keysInUse(ctx, keys)
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
		inUse[key] = true // a key is listed twice when it has an object and unfinished parts
		removed++
	}
	return removed, nil
}

// keysInUse returns the keys that belong to a row, except rows whose object was removed already.
func (s *Service) keysInUse(ctx context.Context, keys []string) (map[string]bool, error) {
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

// Maintain runs the background jobs until ctx ends: a sweep at short intervals and after each deletion, and, at the
// start and every 24 hours, a recount of the quotas and a search for orphans. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	return worker.New(worker.Config{Now: s.cfg.Now, Log: s.log},
		worker.Job{Run: s.recount, Every: recountEvery, FailureMessage: "recount of backups was not completed"},
		worker.Job{Run: s.sweep, Every: sweepEvery, OnNotify: true,
			FailureMessage: "sweep of backups will be tried again"},
	)
}

// sweep is Sweep with its result in the log.
func (s *Service) sweep(ctx context.Context) error {
	swept, err := s.Sweep(ctx)
	if swept.Uploads > 0 {
		s.log.InfoContext(ctx, "expired uploads aborted", slog.Int("uploads", swept.Uploads))
	}
	return err
}

// recount is Recount and RemoveOrphans with their results in the log.
func (s *Service) recount(ctx context.Context) error {
	drifts, recountErr := s.Recount(ctx)
	for _, d := range drifts {
		s.log.ErrorContext(ctx, "backup quota corrected", slog.String("user_id", d.UserID.String()),
			slog.Int64("committed_was", d.Was.Committed), slog.Int64("committed_is", d.Is.Committed),
			slog.Int64("reserved_was", d.Was.Reserved), slog.Int64("reserved_is", d.Is.Reserved))
	}
	orphans, orphanErr := s.RemoveOrphans(ctx)
	if orphans > 0 {
		s.log.WarnContext(ctx, "objects without a backup removed", slog.Int("objects", orphans))
	}
	return errors.Join(recountErr, orphanErr)
}
