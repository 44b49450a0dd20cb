package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	deletionLease    = 5 * time.Minute // after it another replica may claim the job
	deletionTimeout  = 4 * time.Minute // of one attempt; shorter than the lease
	deletionPoll     = 2 * time.Second // between checks of the queue
	sweepEvery       = time.Hour
	sweepBatch       = 1000                // rows in one statement
	sessionRetention = 30 * 24 * time.Hour // an ended session still returns refresh_expired for that long
)

var deletionRetry = worker.Backoff{First: 2 * time.Second, Max: 10 * time.Minute}

// DeletionStep removes a user's data from another part of the service. Run is retried until it returns nil, may run
// again after that, and returns nil when there is nothing left to remove.
type DeletionStep struct {
	Name string
	Run  func(ctx context.Context, userID uuid.UUID) error
}

// RequestDeletion closes the account at once: its sessions and API keys end, log-ins fail, and its e-mail is free for
// another account. A job that survives restarts removes the data. It returns ErrPasswordWrong when the password is
// wrong, ErrSignInTooOld, lockout.ErrTooMany, auth_busy, or the error of Config.LeaveTeam, to which endTeam goes. from
// is the client's address.
func (s *Service) RequestDeletion(
	ctx context.Context, user identity.User, from netip.Addr, secret string, endTeam bool,
) error {
	noHash := func(*password.Slot) error { return nil } // an outdated hash is about to go
	if err := s.confirmOwner(ctx, user, from, secret, noHash); err != nil {
		return err
	}
	return s.markDeleted(ctx, user, endTeam)
}

func (s *Service) markDeleted(ctx context.Context, user identity.User, endTeam bool) error {
	now, userID, forgetKeys := s.now(), user.ID, func() {}
	event := audit.Event{User: userID, Kind: audit.DeletionRequested, Client: user.Client}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := s.q.MarkUserDeleted(ctx, tx, &now, userID); err != nil {
			return err
		}
		if s.leaveTeam != nil {
			if err := s.leaveTeam(ctx, tx, userID, endTeam); err != nil {
				return err
			}
		}
		if err := s.revokeAll(ctx, tx, userID, reasonDeletion); err != nil {
			return err
		}
		var err error
		if _, forgetKeys, err = s.apiKeys.RevokeAll(ctx, tx, userID); err != nil {
			return err
		}
		if err := s.voidCodes(ctx, tx, userID); err != nil {
			return err
		}
		if err := s.endLinks(ctx, tx, userID); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, tx, event); err != nil {
			return err
		}
		return s.q.InsertDeletion(ctx, tx, userID, now)
	})
	s.sessions.InvalidateUser(userID)
	if err == nil {
		forgetKeys()
		s.audit.Announce(ctx, event)
		s.mailAdded()
	}
	s.worker.Notify()
	return postgres.Translate(err)
}

// Maintain runs the background jobs until ctx ends: account deletions as they fall due, and a sweep every hour. Several
// replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	deletions := worker.Job{
		Every: deletionPoll, OnNotify: true, FailureMessage: "account deletion will be tried again",
		Run: func(ctx context.Context) error {
			_, err := s.DeleteDue(ctx)
			return err
		},
	}
	sweep := worker.Job{Every: sweepEvery, Delay: sweepEvery, Run: s.Sweep,
		FailureMessage: "sweep of ended sessions failed"}
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, deletions, sweep)
}

// DeleteDue attempts every deletion that is due and returns how many accounts it deleted. A deletion that fails is due
// again after a backoff; err joins the failures.
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

// deleteAccount runs the steps and deletes the account's rows, or postpones the job when a step fails.
func (s *Service) deleteAccount(ctx context.Context, job db.ClaimDeletionRow) error {
	limited, cancel := context.WithTimeout(ctx, deletionTimeout)
	defer cancel()
	stepErr := s.runSteps(limited, job.UserID)
	if stepErr == nil {
		return s.deleteRows(limited, job.UserID)
	}
	err := s.q.PostponeDeletion(context.WithoutCancel(ctx), s.db.Pool, db.PostponeDeletionParams{
		UserID: job.UserID, Attempts: job.Attempts, NextTryAt: s.now().Add(deletionRetry.After(int(job.Attempts))),
	})
	return errors.Join(stepErr, postgres.Translate(err))
}

// deleteRows deletes the account with its sessions, however many there are.
func (s *Service) deleteRows(ctx context.Context, userID uuid.UUID) error {
	err := postgres.InBatches(func() (int64, error) { return s.q.DeleteSessionsOf(ctx, s.db.Pool, userID, sweepBatch) })
	if err != nil {
		return err
	}
	if err := s.audit.PurgeUser(ctx, userID); err != nil {
		return err
	}
	if err := s.codes.PurgeUser(ctx, userID); err != nil {
		return err
	}
	return postgres.Translate(s.q.DeleteUser(ctx, s.db.Pool, userID))
}

// runSteps runs every step even when one fails, so that one unavailable service does not delay the others.
func (s *Service) runSteps(ctx context.Context, userID uuid.UUID) error {
	var failures []error
	for _, step := range s.deletionSteps {
		if err := step.Run(ctx, userID); err != nil {
			failures = append(failures, fmt.Errorf("deletion step %s: %w", step.Name, err))
		}
	}
	return errors.Join(failures...)
}

// Sweep deletes sessions and API keys that ended more than 30 days ago, and what lock-outs, mailed codes and second
// factors no longer need, in batches. It seals secrets of second factors with the newest key.
func (s *Service) Sweep(ctx context.Context) error {
	ended := s.now().Add(-sessionRetention)
	err := postgres.InBatches(func() (int64, error) { return s.q.PruneSessions(ctx, s.db.Pool, ended, sweepBatch) })
	return errors.Join(err, s.lockout.Prune(ctx), s.codes.Prune(ctx), s.apiKeys.Prune(ctx),
		s.factors.Prune(ctx), s.factors.Reseal(ctx), s.passkeys.Prune(ctx))
}
