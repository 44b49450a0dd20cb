package backup

import (
	"context"
	"time"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// renewalsPerLease is how often a lease is renewed before it would expire: an upload survives two failed renewals.
const renewalsPerLease = 3

// keepLease renews the upload's lease until stop is called. The returned context is cancelled with the cause ErrExpired
// when another replica aborted the upload, and with db_unavailable when the lease expired before it could be renewed.
func (s *Service) keepLease(ctx context.Context, up pendingUpload) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.renewLoop(ctx, up, cancel)
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

func (s *Service) renewLoop(ctx context.Context, up pendingUpload, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(s.cfg.Lease / renewalsPerLease)
	defer ticker.Stop()
	renewed := s.cfg.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asked := s.cfg.Now() // with its monotonic reading: only the time passed counts here
		rows, err := s.q.ExtendLease(ctx, s.db.Pool,
			db.ExtendLeaseParams{LeaseSeconds: s.cfg.Lease.Seconds(), ID: up.id, Owner: up.owner})
		switch {
		case err == nil && rows == 0:
			cancel(ErrExpired)
			return
		case err == nil:
			renewed = asked
		case s.cfg.Now().Sub(renewed) >= s.cfg.Lease:
			cancel(postgres.Translate(err))
			return
		}
	}
}
