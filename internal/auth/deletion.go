package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	deletionLease = 5 * time.Minute // a worker that says nothing for that long is taken for dead
	deletionTime  = 4 * time.Minute // for one try, so that the lease outlives it
	deletionPoll  = 2 * time.Second // between looks at the queue
	sweepEvery    = time.Hour
	keptAfterEnd  = 30 * 24 * time.Hour // an ended session still answers refresh_expired for that long
)

var deletionRetry = worker.Backoff{First: 2 * time.Second, Max: 10 * time.Minute}

// DeletionStep removes what another part of the service keeps for a user. Run is repeated until it returns nil, also
// after it did once, and returns nil when there is nothing left to remove.
type DeletionStep struct {
	Name string
	Run  func(ctx context.Context, userID uuid.UUID) error
}

// RequestDeletion ends the account at once (no session, no log-in, its e-mail free for another) and leaves the rest to
// a job that survives restarts. It returns ErrInvalidCredentials when the password is wrong, or auth_busy.
func (s *Service) RequestDeletion(ctx context.Context, user identity.User, secret string) error {
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, ErrInvalidCredentials)
	}
	if err := s.confirm(ctx, known.PasswordHash, secret); err != nil {
		return err
	}
	return s.markDeleted(ctx, user.ID)
}

func (s *Service) confirm(ctx context.Context, hash, secret string) error {
	slot, err := s.hasher.Slot(ctx)
	if err != nil {
		return err
	}
	defer slot.Release()
	matches, err := slot.Matches(hash, secret)
	if err == nil && !matches {
		return ErrInvalidCredentials
	}
	return err
}

func (s *Service) markDeleted(ctx context.Context, userID uuid.UUID) error {
	now := s.now()
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := s.q.MarkUserDeleted(ctx, tx, &now, userID); err != nil {
			return err
		}
		if err := s.endAll(ctx, tx, userID, endedByDeletion); err != nil {
			return err
		}
		return s.q.InsertDeletion(ctx, tx, userID, now)
	})
	s.sessions.InvalidateUser(userID)
	s.worker.Notify()
	return postgres.Translate(err)
}

// Maintain runs the background jobs until ctx ends: account deletions as they fall due, and a sweep every hour. Several
// replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	deletions := worker.Job{
		Every: deletionPoll, OnNotify: true, Failed: "account deletion will be tried again",
		Run: func(ctx context.Context) error {
			_, err := s.DeleteDue(ctx)
			return err
		},
	}
	sweep := worker.Job{Every: sweepEvery, Delay: sweepEvery, Run: s.Sweep, Failed: "sweep of ended sessions failed"}
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, deletions, sweep)
}

// DeleteDue tries every deletion that is due and returns how many accounts are gone. A failed one is due again after a
// pause that doubles each time; err joins the failures.
func (s *Service) DeleteDue(ctx context.Context) (done int, err error) {
	var failures []error
	for {
		now := s.now()
		job, err := s.q.ClaimDeletion(ctx, s.db.Pool, now.Add(deletionLease), now)
		if errors.Is(err, pgx.ErrNoRows) {
			return done, errors.Join(failures...)
		}
		if err != nil {
			return done, errors.Join(append(failures, postgres.Translate(err))...)
		}
		if err := s.deleteAccount(ctx, job); err != nil {
			failures = append(failures, err)
			continue
		}
		done++
	}
}

// deleteAccount runs the steps and removes the rows, or puts the job back.
func (s *Service) deleteAccount(ctx context.Context, job db.ClaimDeletionRow) error {
	limited, cancel := context.WithTimeout(ctx, deletionTime)
	defer cancel()
	failed := s.runSteps(limited, job.UserID)
	if failed == nil {
		return postgres.Translate(s.q.DeleteUser(ctx, s.db.Pool, job.UserID))
	}
	err := s.q.PostponeDeletion(context.WithoutCancel(ctx), s.db.Pool, db.PostponeDeletionParams{
		UserID: job.UserID, Attempts: job.Attempts, NextTryAt: s.now().Add(deletionRetry.After(int(job.Attempts))),
	})
	return errors.Join(failed, postgres.Translate(err))
}

// runSteps runs every step even when one fails, so that one service that is away does not hold up the others.
func (s *Service) runSteps(ctx context.Context, userID uuid.UUID) error {
	var failures []error
	for _, step := range s.steps {
		if err := step.Run(ctx, userID); err != nil {
			failures = append(failures, fmt.Errorf("deletion step %s: %w", step.Name, err))
		}
	}
	return errors.Join(failures...)
}

// Sweep removes sessions that ended long ago and counts of old log-ins.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	if err := s.q.PruneSessions(ctx, s.db.Pool, now.Add(-keptAfterEnd)); err != nil {
		return postgres.Translate(err)
	}
	return postgres.Translate(s.q.PruneLoginAttempts(ctx, s.db.Pool, now.Add(-attemptWindow)))
}
