package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// knownSample is how many of the stored subscriptions, or else customers, are looked up to tell whether a database that
// names no account belongs to the key's.
const knownSample = 5

// Account is a Stripe account in one of its modes. ID is empty for a Stripe without accounts, as test doubles are.
type Account struct {
	ID   string
	Live bool
}

// String returns the account as operators read it.
func (a Account) String() string {
	mode := "test mode"
	if a.Live {
		mode = "live mode"
	}
	if a.ID == "" {
		return "an unknown account in " + mode
	}
	return a.ID + " in " + mode
}

// OtherAccountError means that the key belongs to another account or mode than the customers in the database.
type OtherAccountError struct{ Key, Database Account }

// Error says what differs.
func (e OtherAccountError) Error() string {
	if e.Database == (Account{}) {
		return fmt.Sprintf("the key is of Stripe account %s, which knows none of the customers in the database", e.Key)
	}
	return fmt.Sprintf("the key is of Stripe account %s, and the customers in the database belong to %s",
		e.Key, e.Database)
}

// ConfirmAccount checks that the key belongs to the account whose customers are in the database. The first account, and
// any while there are no customers, becomes that account. It returns an OtherAccountError, or ErrUnavailable when the
// key's account cannot be read.
func (s *Service) ConfirmAccount(ctx context.Context) error {
	key, err := s.keyAccount(ctx)
	if err != nil {
		return err
	}
	stored, err := s.q.StripeAccount(ctx, s.db.Pool)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return postgres.Translate(err)
	}
	database := Account{ID: stored.AccountID, Live: stored.Livemode}
	unnamed := err != nil || database.ID == "" && key.ID != "" && database.Live == key.Live
	if !unnamed && key.Live == database.Live && (key.ID == database.ID || key.ID == "") {
		s.accountConfirmed.Store(true)
		return nil
	}
	inUse, err := s.q.HasCustomers(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	if inUse {
		if !unnamed {
			return OtherAccountError{Key: key, Database: database}
		}
		if known, err := s.knowsCustomers(ctx); err != nil {
			return err
		} else if !known {
			return OtherAccountError{Key: key}
		}
	}
	return s.adopt(ctx, key)
}

// AdoptAccount makes the key's account the one whose customers are in the database, whatever it was before.
func (s *Service) AdoptAccount(ctx context.Context) (Account, error) {
	key, err := s.keyAccount(ctx)
	if err != nil {
		return Account{}, err
	}
	return key, s.adopt(ctx, key)
}

func (s *Service) adopt(ctx context.Context, key Account) error {
	err := s.q.AdoptStripeAccount(ctx, s.db.Pool, db.AdoptStripeAccountParams{
		AccountID: key.ID, Livemode: key.Live, Now: s.now(),
	})
	if err != nil {
		return postgres.Translate(err)
	}
	s.accountConfirmed.Store(true)
	return nil
}

func (s *Service) keyAccount(ctx context.Context) (Account, error) {
	id, err := s.gateway.Account(ctx)
	if err != nil && !errors.Is(err, ErrNotAtStripe) {
		return Account{}, err
	}
	return Account{ID: id, Live: s.gateway.Live()}, nil
}

// knowsCustomers reports whether Stripe knows at least one of the latest subscriptions in the database, or of its
// customers where it has no subscriptions.
func (s *Service) knowsCustomers(ctx context.Context) (bool, error) {
	ids, err := s.q.LatestRunningSubscriptions(ctx, s.db.Pool, knownSample)
	lookUp := func(id string) error {
		_, err := s.gateway.Subscription(ctx, id)
		return err
	}
	if err == nil && len(ids) == 0 {
		ids, err = s.q.SomeCustomers(ctx, s.db.Pool, knownSample)
		lookUp = func(id string) error {
			_, err := s.gateway.Checkouts(ctx, id)
			return err
		}
	}
	if err != nil {
		return false, postgres.Translate(err)
	}
	for _, id := range ids {
		if err := lookUp(id); err == nil {
			return true, nil
		} else if !errors.Is(err, ErrNotAtStripe) {
			return false, err
		}
	}
	return len(ids) == 0, nil
}

// requireAccount returns ErrUnavailable, and alerts, while the key is known to be of another account than the customers
// in the database: what Stripe says then is about other people. A key that may not read its account is trusted.
func (s *Service) requireAccount(ctx context.Context) error {
	if s.accountConfirmed.Load() {
		return nil
	}
	err := s.ConfirmAccount(ctx)
	var other OtherAccountError
	switch {
	case errors.As(err, &other):
		s.log.ErrorContext(ctx, "the Stripe key is of another account", slog.Any("error", other))
		return ErrUnavailable.WithCause(other)
	case errors.Is(err, ErrMisconfigured):
		return nil
	}
	return err
}
