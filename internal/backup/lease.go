package backup

import (
	"context"
	"time"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// beatsPerLease is how often a lease is extended while it lasts, so that two lost beats do not end an upload.
const beatsPerLease = 3

// keepLease extends the attempt's lease until stop is called. The context ends with ErrExpired as its cause when the
// upload was given up by others, and with db_unavailable when the lease could not be extended for as long as it lasts.
func (s *Service) keepLease(ctx context.Context, a attempt) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.beat(ctx, a, cancel)
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

func (s *Service) beat(ctx context.Context, a attempt, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(s.cfg.Lease / beatsPerLease)
	defer ticker.Stop()
	held := s.now().Add(s.cfg.Lease)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := s.now()
		until := now.Add(s.cfg.Lease)
		rows, err := s.q.ExtendLease(ctx, s.db.Pool,
			db.ExtendLeaseParams{LeaseUntil: until, ID: a.id, Owner: a.owner, Now: now})
		switch {
		case err == nil && rows == 0:
			cancel(ErrExpired)
			return
		case err == nil:
			held = until
		case !s.now().Before(held):
			cancel(postgres.Translate(err))
			return
		}
	}
}
