package billing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	customerPollInterval = 5 * time.Second
	customerTimeout      = 30 * time.Second
	customerLease        = time.Minute // longer than customerTimeout, so that one replica at a time writes an address
)

var customerRetry = worker.Backoff{First: 5 * time.Second, Max: time.Hour}

func (s *Service) newCustomerWorker() *worker.Worker {
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, worker.Job{
		Every: customerPollInterval, Run: s.UpdateCustomers,
		FailureMessage: "addresses of customers will be tried again",
	})
}

// EmailChanged has the account's new address written to its customer at Stripe, once the transaction is committed.
func (s *Service) EmailChanged(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
	return s.q.QueueCustomerUpdate(ctx, tx, s.now(), user)
}

// UpdateCustomers writes the addresses of accounts that changed them to their customers at Stripe. What fails is due
// again after a pause, until Stripe has it; err joins the first 20 failures.
func (s *Service) UpdateCustomers(ctx context.Context) error {
	var failures []error
	for ctx.Err() == nil {
		now := s.now()
		row, err := s.q.ClaimCustomerUpdate(ctx, s.db.Pool, now.Add(customerLease), now)
		if errors.Is(err, pgx.ErrNoRows) {
			break
		}
		if err != nil {
			return errors.Join(append(failures, postgres.Translate(err))...)
		}
		if err := s.updateCustomer(ctx, row); err != nil && len(failures) < maxFailures {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// updateCustomer writes one address and removes its row, or postpones it.
func (s *Service) updateCustomer(ctx context.Context, row db.ClaimCustomerUpdateRow) error {
	limited, cancel := context.WithTimeout(ctx, customerTimeout)
	defer cancel()
	err := s.writeAddress(limited, row.UserID)
	next := s.now()
	if err == nil {
		done, finishErr := s.q.FinishCustomerUpdate(ctx, s.db.Pool, row.UserID, row.ChangedAt)
		if done > 0 || finishErr != nil {
			return postgres.Translate(finishErr)
		}
		// The address changed again meanwhile.
	} else {
		next = next.Add(customerRetry.After(int(row.Attempts)))
		if row.Attempts >= alertAfter {
			s.log.ErrorContext(ctx, "the address of a customer cannot be written to Stripe",
				slog.String("user_id", row.UserID.String()), slog.Any("error", err))
		}
	}
	postponeErr := s.q.PostponeCustomerUpdate(context.WithoutCancel(ctx), s.db.Pool, next, row.UserID)
	return errors.Join(err, postgres.Translate(postponeErr))
}

// writeAddress gives the customer the account's present address. Where there is none of either, there is nothing to do.
func (s *Service) writeAddress(ctx context.Context, user uuid.UUID) error {
	if err := s.requireAccount(ctx); err != nil {
		return err
	}
	row, err := s.q.StripeCustomer(ctx, s.db.Pool, user)
	if err = postgres.NotFoundAs(err, fault.ErrNotFound); errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil || row.StripeCustomerID == nil {
		return err
	}
	err = s.gateway.UpdateCustomer(ctx, *row.StripeCustomerID, row.Email)
	if errors.Is(err, ErrNotAtStripe) {
		return nil
	}
	return err
}
