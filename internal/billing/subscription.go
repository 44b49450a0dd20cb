package billing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/fault"
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

// SubscriptionStatus returns the last known state of the user's subscription: the one that grants the best plan, or
// else the newest that runs, or else the last that ended.
func (s *Service) SubscriptionStatus(ctx context.Context, user identity.User) (SubscriptionStatus, error) {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil || len(rows) == 0 {
		return SubscriptionStatus{Tier: tier.Free, Status: "none", Seats: 1}, postgres.Translate(err)
	}
	row, granted := rows[0], freePlan
	for _, r := range rows {
		paid := storedPaid(r.Status, r.Tier, r.Seats, r.PaidTier, r.PaidSeats)
		if plan := rowEntitlement(r.Status, r.Tier, r.Seats, paid); plan.better(granted) {
			row, granted = r, plan
		}
	}
	status := SubscriptionStatus{
		Tier: tier.Tier(row.Tier), Status: row.Status, Seats: max(int(row.Seats), 1),
		CancelAtPeriodEnd: row.CancelAtPeriodEnd,
	}
	if row.Status == "past_due" { // the plan that is paid for, which may not be the one that was chosen
		status.Tier, status.Seats = granted.Tier, granted.Seats
	}
	if row.CurrentPeriodEnd != nil {
		status.PeriodEnd = *row.CurrentPeriodEnd
	}
	return status, nil
}

// Cancel ends the user's subscriptions at the end of the paid period, or now. What Stripe says counts, not what is
// stored: it succeeds for one that has ended or is about to, and the stored state is Stripe's afterwards. It returns
// ErrNoSubscription when there never was one. After ErrUnavailable the tier is unchanged.
func (s *Service) Cancel(ctx context.Context, user identity.User, immediately bool) error {
	customer, err := s.q.StripeCustomer(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	if customer.StripeCustomerID != nil {
		if err := s.syncCustomer(ctx, *customer.StripeCustomerID); err != nil {
			return err
		}
	}
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	if len(rows) == 0 {
		return ErrNoSubscription
	}
	var failures []error // one that cannot be ended must not keep the others running
	for _, row := range rows {
		if Ended(row.Status) {
			continue
		}
		if err := s.cancelOne(ctx, row.StripeSubscriptionID, immediately); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// syncCustomer saves the customer's running subscriptions: their events may not have arrived yet.
func (s *Service) syncCustomer(ctx context.Context, customer string) error {
	if err := s.requireAccount(ctx); err != nil {
		return err
	}
	version, err := s.q.NextVersion(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	for sub, err := range s.gateway.Subscriptions(ctx, customer, "") {
		if errors.Is(err, ErrNotAtStripe) { // the customer was deleted in Stripe's dashboard
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := s.saveState(ctx, sub, version, saveOptions{}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) cancelOne(ctx context.Context, id string, immediately bool) error {
	sub, err := s.gateway.Subscription(ctx, id)
	if err == nil {
		err = s.endAtStripe(ctx, sub, immediately)
	}
	if errors.Is(err, ErrNotAtStripe) {
		s.log.ErrorContext(ctx, "Stripe does not know a subscription", slog.String("subscription", id))
		return ErrUnavailable.WithCause(errMissingAtStripe)
	}
	if err != nil {
		return err
	}
	return s.sync(ctx, id, saveOptions{})
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
	if err := s.requireAccount(ctx); err != nil {
		return err
	}
	checkouts, err := s.gateway.Checkouts(ctx, *customer)
	if err != nil && !errors.Is(err, ErrNotAtStripe) {
		return err
	}
	for _, c := range checkouts {
		if c.Open {
			err := s.gateway.ExpireCheckout(ctx, c.ID)
			if err != nil && !errors.Is(err, ErrCheckoutPaid) { // deleting the customer ends what was paid
				return err
			}
		}
	}
	return s.gateway.DeleteCustomer(ctx, *customer)
}
