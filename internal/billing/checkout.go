package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// checkoutTimeout bounds all calls to Stripe for one checkout.
const checkoutTimeout = 9 * time.Second

var errSeatsNotAllowed = fault.ErrValidation.WithDetails(fault.Detail{
	Pointer: "/seats", Message: "only the team plan has more than one seat",
})

// Checkout returns the address of Stripe's page on which the user buys the tier. Repeated and concurrent calls return
// the same page; a page that is open for another order is closed. It returns ErrAlreadySubscribed when the account has
// a subscription, validation_failed for seats of a plan without seats, or ErrUnavailable within ten seconds.
func (s *Service) Checkout(ctx context.Context, user identity.User, t tier.Tier, seats int) (url string, err error) {
	if seats > 1 && !t.Price().PerSeat {
		return "", errSeatsNotAllowed
	}
	ctx, cancel := context.WithTimeout(ctx, checkoutTimeout)
	defer cancel()
	if err := s.ensureNoSubscription(ctx, user.ID); err != nil {
		return "", err
	}
	if err := s.requireAccount(ctx); err != nil {
		return "", err
	}
	deleted := ""
	for range 2 {
		customer, err := s.ensureCustomer(ctx, user.ID, t, deleted)
		if err != nil {
			return "", err
		}
		order := Order{UserID: user.ID, CustomerID: customer, Tier: t, Seats: max(seats, 1)}
		url, err = s.findOrCreateCheckout(ctx, order)
		if !errors.Is(err, ErrNotAtStripe) {
			return url, err
		}
		deleted = customer // in Stripe's dashboard: create another one
	}
	return "", ErrUnavailable.WithCause(ErrNotAtStripe)
}

// ensureNoSubscription returns ErrAlreadySubscribed when the database has a subscription of the user.
func (s *Service) ensureNoSubscription(ctx context.Context, userID uuid.UUID) error {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, userID)
	if err != nil {
		return postgres.Translate(err)
	}
	for _, row := range rows {
		if blocksCheckout(row.Status) {
			return ErrAlreadySubscribed
		}
	}
	return nil
}

// ensureNoneAtStripe asks Stripe, because the event of a new subscription may not have arrived yet. It saves a
// subscription that it finds and returns ErrAlreadySubscribed. Subscriptions to products that are no plans do not
// count.
func (s *Service) ensureNoneAtStripe(ctx context.Context, customer string) error {
	version, err := s.q.NextVersion(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	for sub, err := range s.gateway.Subscriptions(ctx, customer, "") {
		if err != nil {
			return err
		}
		if sub.isPlan() && blocksCheckout(sub.Status) {
			_, err := s.saveState(ctx, sub, version, saveOptions{})
			return errors.Join(ErrAlreadySubscribed, err)
		}
	}
	return nil
}

// ensureCustomer returns the account's customer id and creates the customer at the first checkout. deleted is the
// id of a customer that Stripe no longer has, which is replaced, or "".
func (s *Service) ensureCustomer(ctx context.Context, userID uuid.UUID, t tier.Tier, deleted string) (string, error) {
	row, err := s.q.StripeCustomer(ctx, s.db.Pool, userID)
	if err != nil {
		return "", postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	if row.StripeCustomerID != nil && *row.StripeCustomerID != deleted {
		return *row.StripeCustomerID, nil
	}
	if err := s.gateway.CheckPrice(ctx, t); err != nil { // a customer who cannot buy anything is not created
		return "", err
	}
	id, err := s.gateway.CreateCustomer(ctx, userID, row.Email, deleted)
	if err != nil {
		return "", err
	}
	rows, now := int64(0), s.now()
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		var err error
		rows, err = s.q.SetStripeCustomer(ctx, tx, db.SetStripeCustomerParams{
			ID: userID, StripeCustomerID: &id, Now: now,
		})
		if err != nil {
			return err
		}
		return s.q.QueueCustomerUpdateUnless(ctx, tx, db.QueueCustomerUpdateUnlessParams{
			UserID: userID, Email: row.Email, Now: now,
		})
	})
	if err == nil && rows == 0 { // the account is being deleted
		return "", errors.Join(fault.ErrNotFound, s.gateway.DeleteCustomer(ctx, id))
	}
	return id, postgres.Translate(err)
}

// findOrCreateCheckout returns the open page of the order, or opens one, unless the customer has a subscription at
// Stripe. That is asked after the pages of other orders are closed: one of them may have been paid until then. Stripe
// repeats an error for its idempotency key, so after a failure it looks again for an open page, and if there is none it
// retries once with another key.
func (s *Service) findOrCreateCheckout(ctx context.Context, order Order) (string, error) {
	keySuffix := ""
	for {
		latest, url, err := s.findOpenCheckout(ctx, order)
		paid := errors.Is(err, ErrCheckoutPaid)
		if err != nil && !paid {
			return "", err
		}
		if err := s.ensureNoneAtStripe(ctx, order.CustomerID); err != nil {
			return "", err
		}
		if paid { // its subscription is not listed yet
			return "", ErrAlreadySubscribed
		}
		if url != "" {
			return url, nil
		}
		key := fmt.Sprintf("checkout-%s-%s-%d-%s%s", order.UserID, order.Tier, order.Seats, latest, keySuffix)
		checkout, err := s.gateway.CreateCheckout(ctx, order, key)
		if err == nil {
			return checkout.URL, nil
		}
		if keySuffix != "" || !errors.Is(err, ErrUnavailable) {
			return "", err
		}
		keySuffix = "-" + uuid.NewString()
	}
}

// findOpenCheckout returns the customer's open page for the order, or "", and closes those for other orders. latest
// is the id of the newest checkout in any state: as a part of the idempotency key it makes concurrent calls use the
// same key, and calls after that checkout has ended use another.
func (s *Service) findOpenCheckout(ctx context.Context, order Order) (latest, url string, err error) {
	checkouts, err := s.gateway.Checkouts(ctx, order.CustomerID)
	if err != nil {
		return "", "", err
	}
	for i, c := range checkouts {
		if i == 0 {
			latest = c.ID
		}
		switch {
		case !c.Open:
		case url == "" && c.Tier == order.Tier && c.Seats == order.Seats:
			url = c.URL
		default:
			if err := s.gateway.ExpireCheckout(ctx, c.ID); err != nil {
				return "", "", err
			}
		}
	}
	return latest, url, nil
}

// Portal returns the address of Stripe's page on which the user changes card and plan. It returns ErrNoCustomer for an
// account without a checkout, or ErrUnavailable.
func (s *Service) Portal(ctx context.Context, user identity.User) (url string, err error) {
	row, err := s.q.StripeCustomer(ctx, s.db.Pool, user.ID)
	if err != nil {
		return "", postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	if row.StripeCustomerID == nil {
		return "", ErrNoCustomer
	}
	if err := s.requireAccount(ctx); err != nil {
		return "", err
	}
	url, err = s.gateway.CreatePortal(ctx, *row.StripeCustomerID)
	if errors.Is(err, ErrNotAtStripe) { // deleted in Stripe's dashboard
		return "", ErrNoCustomer
	}
	return url, err
}
