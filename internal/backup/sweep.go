package backup

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	removalLease    = time.Minute      // of the replica that removes an object; then another one may try
	removalTime     = 30 * time.Second // limit of one removal, shorter than its lease
	removalsAtATime = 8                // objects removed at the same time
	sweepEvery      = 15 * time.Second
	recountEvery    = 24 * time.Hour
	pruneEvery      = time.Hour
	orphanAge       = 24 * time.Hour // an object younger than that may belong to a row that is about to be written
	maxOrphans      = 100            // removed in one search; more of them mean that the database is another store's
	keysPerLookup   = 500
	expiredPerQuery = 100
	rowsPerBatch    = 1000 // changed by one statement
	retentionDays   = 90   // of the rows of deleted backups
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
		claimed, err := s.q.ClaimRemovals(ctx, s.db.Pool, removalLease.Seconds(), removalsAtATime)
		if err != nil {
			return swept, postgres.Translate(err)
		}
		if len(claimed) == 0 {
			return swept, nil
		}
		removed, err := s.removeObjects(ctx, claimed)
		if swept.Objects += removed; err != nil {
			return swept, err
		}
	}
}

// removeObjects removes the objects of the claimed rows, all at the same time, and returns how many it removed.
func (s *Service) removeObjects(ctx context.Context, claimed []db.ClaimRemovalsRow) (int, error) {
	var removed atomic.Int32
	var group errgroup.Group
	for _, row := range claimed {
		group.Go(func() error {
			err := s.removeObject(ctx, row)
			if err == nil {
				removed.Add(1)
			}
			return err
		})
	}
	err := group.Wait()
	return int(removed.Load()), err
}

// abortExpiredUploads aborts every upload whose lease has expired: it cannot commit any more, even if it is still
// running.
func (s *Service) abortExpiredUploads(ctx context.Context) (aborted int, err error) {
	for {
		expired, err := s.q.DeadUploads(ctx, s.db.Pool, expiredPerQuery)
		if err != nil {
			return aborted, postgres.Translate(err)
		}
		before := aborted
		for _, upload := range expired {
			rows, err := s.q.AbortDeadUpload(ctx, s.db.Pool, upload.UserID, upload.ID)
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
func (s *Service) removeObject(ctx context.Context, row db.ClaimRemovalsRow) error {
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

// Prune removes the rows of backups that were deleted 90 days ago, a batch at a time, and returns their number. Several
// replicas may prune at the same time.
func (s *Service) Prune(ctx context.Context) (int, error) {
	return inBatches(func() (int64, error) {
		return s.q.PruneRemoved(ctx, s.db.Pool, retentionDays, rowsPerBatch)
	})
}

// inBatches repeats a statement that changes at most rowsPerBatch rows until it finds no more, and returns how many it
// changed. Its errors are translated.
func inBatches(statement func() (rows int64, err error)) (total int, err error) {
	for {
		rows, err := statement()
		total += int(rows)
		if err != nil || rows < rowsPerBatch {
			return total, postgres.Translate(err)
		}
	}
}

// errTooManyOrphans says what to do before anything is lost.
var errTooManyOrphans = errors.New("backup: too many objects belong to no backup, so none was removed: check that " +
	"DATABASE_URL is the database of this bucket; `backup verify` lists them")

// RemoveOrphans removes the objects and unfinished parts that are older than a day and belong to no row, and returns
// their number. It lists the whole store first, and removes nothing when more than a hundred complete objects have no
// row, or more of them than have one: a database that was restored, or that belongs to another store, must not cost
// anybody a backup.
func (s *Service) RemoveOrphans(ctx context.Context) (int, error) {
	orphans, err := s.findOrphans(ctx)
	if errors.Is(err, errTooManyOrphans) {
		return 0, err
	}
	if err != nil {
		return 0, storageError(err)
	}
	removed := 0
	for _, key := range orphans {
		if err := s.cfg.Store.Delete(ctx, key); err != nil {
			return removed, storageError(err)
		}
		removed++
	}
	return removed, nil
}

// findOrphans returns the keys of old objects without a row, complete ones before those that have only unfinished
// parts, each once. The rest of very many unfinished ones is left for the next search.
func (s *Service) findOrphans(ctx context.Context) (keys []string, err error) {
	complete, unfinished, known := map[string]bool{}, map[string]bool{}, 0
	cutoff := s.now().Add(-orphanAge)
	old := func(o Object) bool { return o.ModifiedAt.Before(cutoff) }
	err = s.eachObject(ctx, old, func(o Object, inUse bool) error {
		switch {
		case inUse:
			known++
		case !o.Unfinished:
			complete[o.Key] = true
		case len(unfinished) < keysPerLookup:
			unfinished[o.Key] = true
		}
		if len(complete) > maxOrphans {
			return errTooManyOrphans
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(complete) > known {
		return nil, errTooManyOrphans
	}
	keys = slices.Collect(maps.Keys(complete))
	for key := range unfinished {
		if !complete[key] {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// eachObject lists the store and calls visit with every object that is wanted, and with whether it belongs to a row.
func (s *Service) eachObject(
	ctx context.Context, wanted func(Object) bool, visit func(o Object, inUse bool) error,
) error {
	var page []Object
	flush := func() error {
		keys := make([]string, 0, len(page))
		for _, o := range page {
			keys = append(keys, o.Key)
		}
		inUse, err := s.keysInUse(ctx, keys)
		if err != nil {
			return err
		}
		for _, o := range page {
			if err := visit(o, inUse[o.Key]); err != nil {
				return err
			}
		}
		page = page[:0]
		return nil
	}
	err := s.cfg.Store.List(ctx, func(o Object) error {
		if !wanted(o) {
			return nil
		}
		if page = append(page, o); len(page) < keysPerLookup {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
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

// Maintain runs the background jobs until ctx ends: a sweep at short intervals and after each deletion, pruning every
// hour, and, at the start and every 24 hours, a recount of the quotas and a search for orphans. Several replicas may
// run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	return worker.New(worker.Config{Now: s.cfg.Now, Log: s.log},
		worker.Job{Run: s.recount, Every: recountEvery, FailureMessage: "recount of backups was not completed"},
		worker.Job{Run: s.sweep, Every: sweepEvery, OnNotify: true,
			FailureMessage: "sweep of backups will be tried again"},
		worker.Job{Run: s.prune, Every: pruneEvery, Delay: pruneEvery,
			FailureMessage: "rows of deleted backups were not all pruned"},
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

func (s *Service) prune(ctx context.Context) error {
	_, err := s.Prune(ctx)
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
	if s.cfg.QuotaDrift != nil && recountErr == nil {
		s.cfg.QuotaDrift(driftOf(drifts))
	}
	orphans, orphanErr := s.RemoveOrphans(ctx)
	if errors.Is(orphanErr, errTooManyOrphans) {
		s.log.ErrorContext(ctx, "objects without a backup kept", slog.Any("error", orphanErr))
		orphanErr = nil
	}
	if orphans > 0 {
		s.log.WarnContext(ctx, "objects without a backup removed", slog.Int("objects", orphans))
	}
	return errors.Join(recountErr, orphanErr)
}
