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

// Standing is what an account is told of its subscription. Status is "none" where there never was one.
type Standing struct {
	Tier              tier.Tier
	Status            string
	Seats             int
	PeriodEnd         time.Time // zero for none
	CancelAtPeriodEnd bool
}

// Standing returns how the user's subscription stands, as Stripe last told: the one that runs, or the last that ended.
func (s *Service) Standing(ctx context.Context, user identity.User) (Standing, error) {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil || len(rows) == 0 {
		return Standing{Tier: tier.Free, Status: "none", Seats: 1}, postgres.Translate(err)
	}
	row := rows[0]
	standing := Standing{Tier: tier.Tier(row.Tier), Status: row.Status, Seats: int(row.Seats), CancelAtPeriodEnd: row.CancelAtPeriodEnd}
	if row.CurrentPeriodEnd != nil {
		standing.PeriodEnd = *row.CurrentPeriodEnd
	}
	return standing, nil
}

// Cancel ends the user's subscription at the end of the paid period, or now. One that has ended or will is no error; where
// there never was one it returns ErrNone. ErrUnavailable leaves the tier as it is.
func (s *Service) Cancel(ctx context.Context, user identity.User, immediately bool) error {
	rows, err := s.q.SubscriptionsOf(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	if len(rows) == 0 {
		return ErrNone
	}
	for _, row := range rows {
		if Ended(row.Status) || row.CancelAtPeriodEnd && !immediately {
			continue
		}
		err := s.gateway.Cancel(ctx, row.StripeSubscriptionID, immediately)
		if err != nil && !errors.Is(err, ErrUnknown) {
			return err
		}
		if err := s.sync(ctx, row.StripeSubscriptionID, ""); err != nil {
			return err
		}
	}
	return nil
}

// PurgeUser ends at Stripe what a deleted account has there, its customer included. It returns nil once nothing is left.
func (s *Service) PurgeUser(ctx context.Context, userID uuid.UUID) error {
	customer, err := s.q.LeavingCustomer(ctx, s.db.Pool, userID)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && customer == nil {
		return nil
	}
	if err != nil {
		return postgres.Translate(err)
	}
	checkouts, err := s.gateway.Checkouts(ctx, *customer)
	if err != nil && !errors.Is(err, ErrUnknown) {
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

// sync asks Stripe how the subscription stands and writes it, together with the end of the event that led here, if any.
func (s *Service) sync(ctx context.Context, subscriptionID, eventID string) error {
	asked, err := s.q.DatabaseTime(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	sub, err := s.gateway.Subscription(ctx, subscriptionID)
	if errors.Is(err, ErrUnknown) {
		return s.vanished(ctx, subscriptionID, asked, eventID)
	}
	if err != nil {
		return err
	}
	return s.apply(ctx, sub, asked, eventID)
}

// apply writes a state that Stripe told when it was asked at that time by the database's clock, and what it means for the
// account's tier, in one transaction.
func (s *Service) apply(ctx context.Context, sub Subscription, asked time.Time, eventID string) error {
	outcome := "done"
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		owner, err := s.q.LockSubscriber(ctx, tx, sub.CustomerID, sub.UserID)
		gone := errors.Is(err, pgx.ErrNoRows)
		if err != nil && !gone {
			return err
		}
		if gone || owner.DeletedAt != nil {
			outcome = "orphan"
			return s.finish(ctx, tx, eventID, outcome)
		}
		if sub.Tier == "" {
			return errUnknownPrice
		}
		if err := s.save(ctx, tx, owner.ID, sub, asked); err != nil {
			return err
		}
		return s.finish(ctx, tx, eventID, outcome)
	})
	if err != nil {
		return postgres.Translate(err)
	}
	if outcome == "orphan" {
		return s.endOrphan(ctx, sub)
	}
	return nil
}

var errUnknownPrice = errors.New("billing: a subscription of ours has a price that STRIPE_PRICE_PRO, _POWER and _TEAM do not name")

// save writes the row and the tier that all rows of the account make together: the highest that one of them gives.
func (s *Service) save(ctx context.Context, tx pgx.Tx, userID uuid.UUID, sub Subscription, asked time.Time) error {
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
		Seats: int32(max(sub.Seats, 1)), CurrentPeriodEnd: end, CancelAtPeriodEnd: sub.CancelAtPeriodEnd, AskedAt: asked,
	}); err != nil { // nothing written means that a later answer was
		return err
	}
	return s.setTier(ctx, tx, userID)
}

func (s *Service) setTier(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	rows, err := s.q.SubscriptionsOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	best, seats := tier.Free, int32(1)
	for _, row := range rows {
		if t := tier.Tier(row.Tier); entitles(row.Status) && (t.Rank() > best.Rank() || t == best && row.Seats > seats) {
			best, seats = t, row.Seats
		}
	}
	_, err = s.q.SetSubscribedTier(ctx, tx, db.SetSubscribedTierParams{ID: userID, Tier: string(best), Seats: seats, Now: s.now()})
	return err
}

// endOrphan ends a subscription that a checkout of ours began for an account that is gone: nobody could use it, or end it.
func (s *Service) endOrphan(ctx context.Context, sub Subscription) error {
	if sub.UserID == uuid.Nil || Ended(sub.Status) {
		return nil
	}
	s.log.ErrorContext(ctx, "a subscription of a deleted account was ended; check whether to refund", slog.String("subscription", sub.ID))
	if err := s.gateway.Cancel(ctx, sub.ID, true); !errors.Is(err, ErrUnknown) {
		return err
	}
	return nil
}
