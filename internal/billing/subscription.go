package billing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// SubscriptionStatus describes an account's subscription to its owner. Status is "none" when there never was one.
type SubscriptionStatus struct {
	Tier              tier.Tier
	Status            string
	Seats             int
	PeriodEnd         time.Time // zero for none
	CancelAtPeriodEnd bool
}

// SubscriptionStatus returns the last known state of the user's subscription: the current one, or else the last
// that ended.
func (s *Service) SubscriptionStatus(ctx context.Context, user identity.User) (SubscriptionStatus, error) {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil || len(rows) == 0 {
		return SubscriptionStatus{Tier: tier.Free, Status: "none", Seats: 1}, postgres.Translate(err)
	}
	row := rows[0]
	status := SubscriptionStatus{
		Tier: tier.Tier(row.Tier), Status: row.Status, Seats: int(row.Seats), CancelAtPeriodEnd: row.CancelAtPeriodEnd,
	}
	if row.CurrentPeriodEnd != nil {
		status.PeriodEnd = *row.CurrentPeriodEnd
	}
	return status, nil
}

// Cancel ends the user's subscription at the end of the paid period, or now. It succeeds for one that has ended or is
// about to, and returns ErrNoSubscription when there never was one. After ErrUnavailable the tier is unchanged.
func (s *Service) Cancel(ctx context.Context, user identity.User, immediately bool) error {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	if len(rows) == 0 {
		return ErrNoSubscription
	}
	for _, row := range rows {
		if Ended(row.Status) || row.CancelAtPeriodEnd && !immediately {
			continue
		}
		err := s.gateway.Cancel(ctx, row.StripeSubscriptionID, immediately)
		if err != nil && !errors.Is(err, ErrNotAtStripe) {
			return err
		}
		if err := s.sync(ctx, row.StripeSubscriptionID, ""); err != nil {
			return err
		}
	}
	return nil
}

// PurgeUser closes a deleted account's checkouts at Stripe and deletes its customer, which ends its subscriptions. It
// returns nil once nothing is left, and may be repeated.
func (s *Service) PurgeUser(ctx context.Context, userID uuid.UUID) error {
	customer, err := s.q.StripeCustomerOfAnyUser(ctx, s.db.Pool, userID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && customer == nil {
		return nil
	}
	if err != nil {
		return postgres.Translate(err)
	}
	checkouts, err := s.gateway.Checkouts(ctx, *customer)
	if err != nil && !errors.Is(err, ErrNotAtStripe) {
		return err
	}
	for _, c := range checkouts {
		if c.Open {
			if err := s.gateway.ExpireCheckout(ctx, c.ID); err != nil {
				return err
			}
		}
	}
	return s.gateway.DeleteCustomer(ctx, *customer)
}

// sync fetches the subscription from Stripe and saves it. It settles the event that caused it, unless eventID is "".
func (s *Service) sync(ctx context.Context, subscriptionID, eventID string) error {
	asOf, err := s.q.DatabaseTime(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	sub, err := s.gateway.Subscription(ctx, subscriptionID)
	if errors.Is(err, ErrNotAtStripe) {
		return s.syncUnknown(ctx, subscriptionID, asOf, eventID)
	}
	if err != nil {
		return err
	}
	return s.saveState(ctx, sub, asOf, eventID)
}

// saveState saves a subscription's state as of a time by the database's clock, taken before Stripe was asked,
// updates the account's tier, and settles the event, all in one transaction.
func (s *Service) saveState(ctx context.Context, sub Subscription, asOf time.Time, eventID string) error {
	outcome := "done"
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		owner, err := s.q.LockSubscriber(ctx, tx, sub.CustomerID, sub.UserID)
		noOwner := errors.Is(err, pgx.ErrNoRows)
		if err != nil && !noOwner {
			return err
		}
		if noOwner || owner.DeletedAt != nil {
			outcome = "orphan"
			return s.finishEvent(ctx, tx, eventID, outcome)
		}
		if sub.Tier == "" {
			return errUnknownPrice
		}
		if err := s.saveRow(ctx, tx, owner.ID, sub, asOf); err != nil {
			return err
		}
		return s.finishEvent(ctx, tx, eventID, outcome)
	})
	if err != nil {
		return postgres.Translate(err)
	}
	if outcome == "orphan" {
		return s.cancelOrphan(ctx, sub)
	}
	return nil
}

var errUnknownPrice = errors.New(
	"billing: a subscription of ours has a price that STRIPE_PRICE_PRO, _POWER and _TEAM do not name")

// saveRow saves the subscription's row, unless a later state is stored already, and updates the account's tier.
func (s *Service) saveRow(ctx context.Context, tx pgx.Tx, userID uuid.UUID, sub Subscription, asOf time.Time) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	var end *time.Time
	if !sub.PeriodEnd.IsZero() {
		end = &sub.PeriodEnd
	}
	if _, err := s.q.SaveSubscription(ctx, tx, db.SaveSubscriptionParams{
		ID: id, UserID: userID, StripeSubscriptionID: sub.ID, Tier: string(sub.Tier), Status: sub.Status,
		Seats: int32(max(sub.Seats, 1)), CurrentPeriodEnd: end, CancelAtPeriodEnd: sub.CancelAtPeriodEnd, AsOf: asOf,
	}); err != nil {
		return err
	}
	return s.updateTier(ctx, tx, userID)
}

// updateTier sets the account's tier to the highest that one of its subscriptions grants, with the seats of that one.
func (s *Service) updateTier(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	rows, err := s.q.SubscriptionsOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	best, seats := tier.Free, int32(1)
	for _, row := range rows {
		t := tier.Tier(row.Tier)
		if grantsTier(row.Status) && (t.Rank() > best.Rank() || t == best && row.Seats > seats) {
			best, seats = t, row.Seats
		}
	}
	_, err = s.q.SetSubscribedTier(ctx, tx, db.SetSubscribedTierParams{
		ID: userID, Tier: string(best), Seats: seats, Now: s.now(),
	})
	return err
}

// cancelOrphan cancels a subscription that one of our checkouts created for an account that no longer exists:
// nobody could use it or cancel it.
func (s *Service) cancelOrphan(ctx context.Context, sub Subscription) error {
	if sub.UserID == uuid.Nil || Ended(sub.Status) {
		return nil
	}
	s.log.ErrorContext(ctx, "a subscription of a deleted account was ended; check whether to refund",
		slog.String("subscription", sub.ID))
	if err := s.gateway.Cancel(ctx, sub.ID, true); !errors.Is(err, ErrNotAtStripe) {
		return err
	}
	return nil
}
