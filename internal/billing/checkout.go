package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// checkoutTime bounds all that is asked of Stripe for one checkout.
const checkoutTime = 9 * time.Second

// errOneSeat refuses seats where there is nothing to share.
var errOneSeat = fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/seats", Message: "only the team plan has more than one seat"})

// Checkout returns the address of a page that sells the tier. Asked twice, also at the same time, it is the same page; an
// open page for something else is closed. It returns ErrSubscribed when a subscription runs, validation_failed for seats
// of a plan without, or ErrUnavailable within ten seconds.
func (s *Service) Checkout(ctx context.Context, user identity.User, t tier.Tier, seats int) (url string, err error) {
	if seats > 1 && !t.Price().PerSeat {
		return "", errOneSeat
	}
	ctx, cancel := context.WithTimeout(ctx, checkoutTime)
	defer cancel()
	if err := s.refuseSecond(ctx, user.ID); err != nil {
		return "", err
	}
	gone := ""
	for range 2 {
		customer, err := s.customer(ctx, user.ID, gone)
		if err != nil {
			return "", err
		}
		url, err = s.sell(ctx, Order{UserID: user.ID, CustomerID: customer, Tier: t, Seats: max(seats, 1)})
		if !errors.Is(err, ErrUnknown) {
			return url, err
		}
		gone = customer // somebody deleted it at Stripe: the account gets another
	}
	return "", ErrUnavailable.WithCause(ErrUnknown)
}

// sell returns the page of the order, unless the customer has what it sells.
func (s *Service) sell(ctx context.Context, order Order) (url string, err error) {
	if err := s.refuseUnheard(ctx, order.CustomerID); err != nil {
		return "", err
	}
	return s.page(ctx, order)
}

// refuseSecond asks our own rows whether a subscription runs.
func (s *Service) refuseSecond(ctx context.Context, userID uuid.UUID) error {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, userID)
	if err != nil {
		return postgres.Translate(err)
	}
	for _, row := range rows {
		if blocks(row.Status) {
			return ErrSubscribed
		}
	}
	return nil
}

// blocks reports whether a subscription of that status stands in the way of another.
func blocks(status string) bool { return !Ended(status) && status != "incomplete" }

// refuseUnheard asks Stripe, whose event may still be on its way, and writes what we had not heard of.
func (s *Service) refuseUnheard(ctx context.Context, customer string) error {
	asked, err := s.q.DatabaseTime(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	for sub, err := range s.gateway.Subscriptions(ctx, customer) {
		if err != nil {
			return err
		}
		if blocks(sub.Status) {
			return errors.Join(ErrSubscribed, s.apply(ctx, sub, asked, ""))
		}
	}
	return nil
}

// customer returns Stripe's id of the account, which is made at its first checkout, and anew where the one we know is gone.
func (s *Service) customer(ctx context.Context, userID uuid.UUID, gone string) (string, error) {
	row, err := s.q.StripeCustomer(ctx, s.db.Pool, userID)
	if err != nil {
		return "", postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	if row.StripeCustomerID != nil && *row.StripeCustomerID != gone {
		return *row.StripeCustomerID, nil
	}
	id, err := s.gateway.CreateCustomer(ctx, userID, row.Email, gone)
	if err != nil {
		return "", err
	}
	rows, err := s.q.SetStripeCustomer(ctx, s.db.Pool, db.SetStripeCustomerParams{ID: userID, StripeCustomerID: &id, Now: s.now()})
	if err == nil && rows == 0 { // the account is being deleted
		return "", errors.Join(fault.ErrNotFound, s.gateway.DeleteCustomer(ctx, id))
	}
	return id, postgres.Translate(err)
}

// page finds the open page of the order, or opens it. Stripe repeats a failure for its key: then we look whether there is a
// page after all, and only else take another key.
func (s *Service) page(ctx context.Context, order Order) (string, error) {
	fresh := ""
	for {
		latest, url, err := s.openPage(ctx, order)
		if err != nil || url != "" {
			return url, err
		}
		key := fmt.Sprintf("checkout-%s-%s-%d-%s%s", order.UserID, order.Tier, order.Seats, latest, fresh)
		made, err := s.gateway.CreateCheckout(ctx, order, key)
		if err == nil {
			return made.URL, nil
		}
		if fresh != "" || !errors.Is(err, ErrUnavailable) {
			return "", err
		}
		fresh = "-" + uuid.NewString()
	}
}

// openPage returns the customer's open page for this order and closes those for others. latest is the newest checkout's
// id, whatever became of it, so that two calls at once use one key and a call after it ended another.
func (s *Service) openPage(ctx context.Context, order Order) (latest, url string, err error) {
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

// Portal returns the address of a page on which the user changes cards and plan, ErrNeverPaid or ErrUnavailable.
func (s *Service) Portal(ctx context.Context, user identity.User) (url string, err error) {
	row, err := s.q.StripeCustomer(ctx, s.db.Pool, user.ID)
	if err != nil {
		return "", postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	if row.StripeCustomerID == nil {
		return "", ErrNeverPaid
	}
	url, err = s.gateway.CreatePortal(ctx, *row.StripeCustomerID)
	if errors.Is(err, ErrUnknown) { // somebody deleted it at Stripe
		return "", ErrNeverPaid
	}
	return url, err
}
