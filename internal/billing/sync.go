package billing

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// errMissingAtStripe means that Stripe does not know a subscription that is stored. It stays as it is: only what Stripe
// says about a subscription changes it.
var errMissingAtStripe = errors.New("billing: Stripe does not know a subscription of ours")

// outcome is what saveState did.
type outcome int

const (
	saved   outcome = iota
	held            // nothing was written: the account would lose its plan
	orphan          // the account is deleted; the subscription is canceled
	foreign         // none of ours
)

type saveOptions struct {
	eventID       string // the event to settle, or ""
	holdLosses    bool   // do not write what takes an account's plan away
	paymentFailed bool   // the event is of a failed payment
}

// look asks Stripe for the subscription. version is that of the answer.
func (s *Service) look(ctx context.Context, subscriptionID string) (sub Subscription, version int64, err error) {
	if version, err = s.q.NextVersion(ctx, s.db.Pool); err != nil {
		return sub, 0, postgres.Translate(err)
	}
	sub, err = s.gateway.Subscription(ctx, subscriptionID)
	return sub, version, err
}

// sync fetches the subscription from Stripe and saves it. It settles the event that caused it.
func (s *Service) sync(ctx context.Context, subscriptionID string, o saveOptions) error {
	sub, version, err := s.look(ctx, subscriptionID)
	if errors.Is(err, ErrNotAtStripe) {
		return s.syncMissing(ctx, subscriptionID, o.eventID)
	}
	if err != nil {
		return err
	}
	_, err = s.saveState(ctx, sub, version, o)
	return err
}

// syncMissing handles a subscription that Stripe does not know: it returns errMissingAtStripe for one of ours and
// settles the event of any other.
func (s *Service) syncMissing(ctx context.Context, subscriptionID, eventID string) error {
	_, err := s.q.SubscriptionRow(ctx, s.db.Pool, subscriptionID)
	if err == nil {
		return errMissingAtStripe
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return postgres.Translate(err)
	}
	return postgres.Translate(s.finishEvent(ctx, s.db.Pool, eventID, "orphan"))
}

// saveState saves a subscription's state as of a version, which was taken before Stripe was asked, updates the
// account's tier, and settles the event, all in one transaction. A state older than the stored one changes nothing.
func (s *Service) saveState(ctx context.Context, sub Subscription, version int64, o saveOptions) (outcome, error) {
	paid, err := s.lastPaid(ctx, sub)
	if err != nil {
		return saved, err
	}
	result := saved
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		owner, lost, err := s.findOwner(ctx, tx, sub)
		if err != nil {
			return err
		}
		if result = lost; lost == saved {
			result, err = s.saveRow(ctx, tx, owner, sub, paid, version, o.holdLosses)
		}
		if err == nil && result == saved && o.paymentFailed {
			err = s.notifyPaymentFailed(ctx, tx, owner, sub)
		}
		if err != nil {
			return err
		}
		return s.finishEvent(ctx, tx, o.eventID, map[outcome]string{
			saved: "done", held: "pending", orphan: "orphan", foreign: "foreign"}[result])
	})
	if err != nil {
		return result, postgres.Translate(err)
	}
	if result == orphan {
		return result, s.cancelOrphan(ctx, sub)
	}
	return result, nil
}

// notifyPaymentFailed tells the owner, unless the subscription was paid since, never was, or the owner was told within
// a day: a card that is tried again and again fails again and again.
func (s *Service) notifyPaymentFailed(ctx context.Context, tx pgx.Tx, owner uuid.UUID, sub Subscription) error {
	if sub.Status != "past_due" && sub.Status != "unpaid" {
		return nil
	}
	now := s.now()
	before := now.Add(-24 * time.Hour)
	due, err := s.q.TellPaymentFailed(ctx, tx, db.TellPaymentFailedParams{
		StripeSubscriptionID: sub.ID, Now: &now, ToldBefore: &before,
	})
	if err != nil || due == 0 {
		return err
	}
	return s.paymentFailed(ctx, tx, owner)
}

// findOwner returns and locks the account of the subscription. lost is saved when there is one, orphan when it is
// deleted, and foreign when there never was one.
func (s *Service) findOwner(
	ctx context.Context, tx pgx.Tx, sub Subscription,
) (owner uuid.UUID, lost outcome, err error) {
	row, err := s.q.LockSubscriber(ctx, tx, sub.CustomerID, sub.UserID)
	if err == nil && row.DeletedAt == nil {
		return row.ID, saved, nil
	}
	if err == nil {
		return row.ID, orphan, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, foreign, err
	}
	deleted, err := s.q.WasDeleted(ctx, tx, sub.CustomerID, sub.UserID)
	if err != nil || !deleted {
		return uuid.Nil, foreign, err
	}
	return uuid.Nil, orphan, nil
}

// lastPaid returns the plan that the subscription's customer last paid for, or the zero Plan when that is not known. It
// asks Stripe only while a payment is late and the stored plan is not the one that the subscription is at.
func (s *Service) lastPaid(ctx context.Context, sub Subscription) (Plan, error) {
	current := BestPlan(sub.Items)
	if isPaidUp(sub.Status) && current.isPaid() {
		return current, nil
	}
	row, err := s.q.SubscriptionRow(ctx, s.db.Pool, sub.ID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Plan{}, postgres.Translate(err)
	}
	stored := storedPaid(row.Status, row.Tier, row.Seats, row.PaidTier, row.PaidSeats)
	if sub.Status != "past_due" || stored.isPaid() && stored == current {
		return stored, nil
	}
	atStripe, err := s.gateway.LastPaid(ctx, sub.ID)
	switch {
	case err == nil && atStripe.isPaid():
		return atStripe, nil
	case err != nil && !errors.Is(err, ErrNotAtStripe) && !stored.isPaid():
		return Plan{}, err
	}
	return stored, nil
}

// storedPaid returns the plan last paid for as a row has it. A row that an older release wrote has it only by its
// status.
func storedPaid(status, rowTier string, seats int32, paidTier *string, paidSeats *int32) Plan {
	switch {
	case paidTier != nil && paidSeats != nil:
		return Plan{Tier: tier.Tier(*paidTier), Seats: int(*paidSeats)}
	case isPaidUp(status):
		return Plan{Tier: tier.Tier(rowTier), Seats: int(seats)}
	}
	return Plan{}
}

// rowEntitlement returns the plan that a stored subscription grants.
func rowEntitlement(status, rowTier string, seats int32, paid Plan) Plan {
	stored := Subscription{Status: status}
	if rowTier != string(tier.Free) {
		stored.Items = []Item{{Tier: tier.Tier(rowTier), Quantity: int64(seats)}}
	}
	return Entitlement(stored, paid)
}

// saveRow saves the subscription's row, unless a later state is stored already, and updates the account's tier.
func (s *Service) saveRow(
	ctx context.Context, tx pgx.Tx, owner uuid.UUID, sub Subscription, paid Plan, version int64, holdLosses bool,
) (outcome, error) {
	row, err := s.q.SubscriptionRow(ctx, tx, sub.ID)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return saved, err
	}
	if err != nil && !sub.isPlan() {
		return foreign, nil
	}
	before := freePlan
	if err == nil {
		stored := storedPaid(row.Status, row.Tier, row.Seats, row.PaidTier, row.PaidSeats)
		before = rowEntitlement(row.Status, row.Tier, row.Seats, stored)
	}
	if holdLosses && before.isPaid() && !Entitlement(sub, paid).isPaid() && row.Version < version {
		return held, nil
	}
	s.alertUnusual(ctx, sub)
	params, err := rowParams(owner, sub, paid, version)
	if err != nil {
		return saved, err
	}
	if _, err := s.q.SaveSubscription(ctx, tx, params); err != nil {
		return saved, err
	}
	return saved, s.updateTier(ctx, tx, owner)
}

func rowParams(owner uuid.UUID, sub Subscription, paid Plan, version int64) (db.SaveSubscriptionParams, error) {
	id, err := uuid.NewV7()
	params := db.SaveSubscriptionParams{
		ID: id, UserID: owner, StripeSubscriptionID: sub.ID, Status: sub.Status, Seats: 1,
		CancelAtPeriodEnd: sub.CancelAtPeriodEnd, Version: version,
	}
	if plan := BestPlan(sub.Items); plan.Tier != "" {
		name := string(plan.Tier)
		params.Tier, params.Seats = &name, int32(plan.Seats)
	}
	if paid.isPaid() {
		name, seats := string(paid.Tier), int32(paid.Seats)
		params.PaidTier, params.PaidSeats = &name, &seats
	}
	if !sub.PeriodEnd.IsZero() {
		end := sub.PeriodEnd.UTC().Truncate(time.Microsecond)
		params.CurrentPeriodEnd = &end
	}
	return params, err
}

// alertUnusual tells operators of a running subscription of ours that they must look at.
func (s *Service) alertUnusual(ctx context.Context, sub Subscription) {
	if !isCurrent(sub.Status) {
		return
	}
	if BestPlan(sub.Items).Tier == "" {
		s.log.ErrorContext(ctx, "a subscription has a price of no plan: add it to STRIPE_PRICE_PRO, _POWER or _TEAM",
			slog.String("subscription", sub.ID))
	}
	for _, item := range sub.Items {
		if item.Tier != "" && (item.Quantity < 1 || item.Quantity > math.MaxInt32) {
			s.log.ErrorContext(ctx, "a subscription has an impossible number of seats",
				slog.String("subscription", sub.ID), slog.Int64("seats", item.Quantity))
		}
	}
}

// updateTier sets the account's tier to the best plan that one of its subscriptions grants.
func (s *Service) updateTier(ctx context.Context, tx pgx.Tx, userID uuid.UUID) error {
	rows, err := s.q.SubscriptionsOf(ctx, tx, userID)
	if err != nil {
		return err
	}
	best := freePlan
	for _, row := range rows {
		paid := storedPaid(row.Status, row.Tier, row.Seats, row.PaidTier, row.PaidSeats)
		if granted := rowEntitlement(row.Status, row.Tier, row.Seats, paid); granted.better(best) {
			best = granted
		}
	}
	_, err = s.q.SetSubscribedTier(ctx, tx, db.SetSubscribedTierParams{
		ID: userID, Tier: string(best.Tier), Seats: int32(best.Seats), Now: s.now(),
	})
	return err
}

// cancelOrphan cancels a subscription of ours whose account is deleted: nobody could use it or cancel it.
func (s *Service) cancelOrphan(ctx context.Context, sub Subscription) error {
	if !sub.isPlan() || Ended(sub.Status) {
		return nil
	}
	s.log.ErrorContext(ctx, "a subscription of a deleted account was ended; check whether to refund",
		slog.String("subscription", sub.ID))
	return s.endAtStripe(ctx, sub, true)
}

// endAtStripe asks Stripe to end the subscription and succeeds once Stripe says that it has, or will. It returns
// ErrUnavailable when Stripe says otherwise.
func (s *Service) endAtStripe(ctx context.Context, sub Subscription, immediately bool) error {
	if endsAsAsked(sub, immediately) {
		return nil
	}
	asked := s.gateway.Cancel(ctx, sub, immediately || sub.Status == "incomplete")
	now, err := s.gateway.Subscription(ctx, sub.ID)
	switch {
	case err == nil && endsAsAsked(now, immediately):
		return nil
	case errors.Is(asked, ErrUnavailable):
		return asked
	case err != nil && !errors.Is(err, ErrNotAtStripe):
		return err
	}
	s.log.ErrorContext(ctx, "Stripe did not end a subscription as it was asked to",
		slog.String("subscription", sub.ID), slog.String("status", now.Status))
	return ErrUnavailable.WithCause(errors.Join(asked, errors.New("billing: Stripe did not end the subscription")))
}

// endsAsAsked reports whether the subscription has ended, or will by the end of the paid period if that is enough.
func endsAsAsked(sub Subscription, immediately bool) bool {
	return Ended(sub.Status) || !immediately && sub.CancelAtPeriodEnd && sub.Status != "incomplete"
}
