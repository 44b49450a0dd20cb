package budget

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/worker"
)

// Unlimited is the limit of a tier without one.
const Unlimited = -1

const (
	minimum      = 1_000           // the least that is reserved of a day's rest, unless less is wanted, in tokens
	busyWait     = 5 * time.Second // Retry-After while running requests have reserved the rest of the day
	defaultLease = 5 * time.Minute
	keepDays     = 2 // days of which the numbers are kept: today and the one before, which requests may still end
	sweepEvery   = time.Minute
	rowsPerBatch = 1_000
)

// Errors that reach clients.
var (
	ErrExceeded = fault.New(fault.BudgetExceeded,
		"Your plan's tokens of today are used up. Upgrade for more, or go on tomorrow.").
		WithRetryHint("Retry-After says when the day ends (UTC).")
	// ErrReserved means that the day's rest is reserved by requests of the account that are still running.
	ErrReserved = fault.New(fault.BudgetExceeded,
		"Your requests that are still running have reserved the rest of today's tokens.").
		WithRetryHint("Try again once they have ended; Retry-After says when.")

	errAccountDeleted = fault.ErrNotFound.WithMessage("This account is being deleted.")
)

// Config configures a Service. DB and Log are required.
type Config struct {
	DB *postgres.DB
	// PerDay is how many tokens each tier has for a day, 0 without a limit. Team has them for each seat.
	PerDay map[tier.Tier]int64
	// Lease is after how long a reservation ends by itself. Half of it has to be longer than a model call can take; 0
	// means five minutes.
	Lease time.Duration
	Now   func() time.Time // nil means time.Now; it decides which day it is
	Log   *slog.Logger
}

// Service counts tokens. It is safe for concurrent use, and several replicas may share a database.
type Service struct {
	cfg    Config
	db     *postgres.DB
	q      *db.Queries
	worker *worker.Worker
}

// New returns a Service. Background work starts with Maintain.
func New(cfg Config) *Service {
	if cfg.Lease <= 0 {
		cfg.Lease = defaultLease
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{cfg: cfg, db: cfg.DB, q: db.New()}
	s.worker = worker.New(worker.Config{Now: cfg.Now, Log: cfg.Log}, worker.Job{
		Every: sweepEvery, Run: s.Sweep, FailureMessage: "sweep of token reservations failed"})
	return s
}

// Limit returns how many tokens the user has for a day, or Unlimited.
func (s *Service) Limit(u identity.User) int64 {
	limit := s.cfg.PerDay[u.Tier]
	switch {
	case limit <= 0:
		return Unlimited
	case u.Tier == tier.Team:
		return limit * int64(max(u.Seats, 1))
	}
	return limit
}

// Usage is what an account has used of a day.
type Usage struct {
	Start, End time.Time // of the day, in UTC; End is not part of it
	Used       int64     // tokens, without those of requests that are still running
	Limit      int64     // tokens, or Unlimited
	Requests   int
}

// Today returns the user's usage of the day.
func (s *Service) Today(ctx context.Context, u identity.User) (Usage, error) {
	day := s.today()
	usage := Usage{Start: day, End: day.AddDate(0, 0, 1), Limit: s.Limit(u)}
	row, err := s.q.TokenUsage(ctx, s.db.Pool, u.ID, day)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Usage{}, postgres.Translate(err)
	}
	usage.Used, usage.Requests = row.Used, int(row.Requests)
	return usage, nil
}

// today returns the day's beginning in UTC.
func (s *Service) today() time.Time { return s.cfg.Now().UTC().Truncate(24 * time.Hour) }

// Maintain ends reservations whose lease is over and removes old numbers until ctx ends. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

// Sweep does once what Maintain does.
func (s *Service) Sweep(ctx context.Context) error {
	ended := postgres.InBatches(func() (int64, error) {
		return s.q.EndExpiredReservations(ctx, s.db.Pool, rowsPerBatch)
	})
	before := s.today().AddDate(0, 0, 1-keepDays)
	pruned := postgres.InBatches(func() (int64, error) {
		return s.q.PruneTokenUsage(ctx, s.db.Pool, before, rowsPerBatch)
	})
	return errors.Join(ended, pruned)
}

// PurgeUser removes the numbers of a user.
func (s *Service) PurgeUser(ctx context.Context, userID uuid.UUID) error {
	return postgres.Translate(s.q.DeleteTokenUsage(ctx, s.db.Pool, userID))
}
