package billing

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	eventLease        = time.Minute // after it another replica may claim the event
	eventTimeout      = 30 * time.Second
	eventPollInterval = 2 * time.Second
	alertAfter        = 8                   // attempts, about eight minutes
	eventRetention    = 90 * 24 * time.Hour // well after Stripe has stopped sending an event again
	reconcileEvery    = 24 * time.Hour
	reconcileRetry    = time.Minute
	pageSize          = 500
)

var eventRetry = worker.Backoff{First: 2 * time.Second, Max: 10 * time.Minute}

// affectsSubscription reports whether an event of that type may have changed a subscription.
func affectsSubscription(eventType string) bool {
	switch eventType {
	case "checkout.session.completed", "customer.subscription.created", "customer.subscription.updated",
		"customer.subscription.deleted", "invoice.payment_failed", "invoice.paid":
		return true
	}
	return false
}

// HandleEvent stores an event that Stripe sent, so that it can be acknowledged, and notifies the worker. It stores
// the id, type, subscription and times, and nothing of events that concern no subscription. It returns
// ErrSignature, or db_unavailable, after which Stripe sends the event again.
func (s *Service) HandleEvent(ctx context.Context, payload []byte, signature string) error {
	event, err := s.gateway.Verify(payload, signature)
	if err != nil {
		return err
	}
	if !affectsSubscription(event.Type) || event.SubscriptionID == "" {
		return nil
	}
	_, err = s.q.RecordEvent(ctx, s.db.Pool, db.RecordEventParams{
		EventID: event.ID, Type: event.Type, ObjectID: event.SubscriptionID, Livemode: event.Live,
		OccurredAt: event.OccurredAt, Now: s.now(),
	})
	if err != nil {
		return postgres.Translate(err)
	}
	s.worker.Notify()
	return nil
}

// ProcessDue processes every event that is due and returns how many it settled. An event that fails is due again
// after a backoff, until it is settled; err joins the failures.
func (s *Service) ProcessDue(ctx context.Context) (settled int, err error) {
	var failures []error
	for {
		now := s.now()
		event, err := s.q.ClaimEvent(ctx, s.db.Pool, now.Add(eventLease), now)
		if errors.Is(err, pgx.ErrNoRows) {
			return settled, errors.Join(failures...)
		}
		if err != nil {
			return settled, errors.Join(append(failures, postgres.Translate(err))...)
		}
		if err := s.processEvent(ctx, event); err != nil {
			failures = append(failures, err)
			continue
		}
		settled++
	}
}

func (s *Service) processEvent(ctx context.Context, event db.ClaimEventRow) error {
	limited, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	syncErr := s.sync(limited, event.ObjectID, event.EventID)
	if syncErr == nil {
		return nil
	}
	if event.Attempts >= alertAfter {
		s.log.ErrorContext(ctx, "an event of Stripe cannot be applied", slog.String("event", event.EventID),
			slog.Int("attempts", int(event.Attempts)), slog.Any("error", syncErr))
	}
	err := s.q.PostponeEvent(context.WithoutCancel(ctx), s.db.Pool, db.PostponeEventParams{
		EventID: event.EventID, Attempts: event.Attempts, NextTryAt: s.now().Add(eventRetry.After(int(event.Attempts))),
	})
	return errors.Join(syncErr, postgres.Translate(err))
}

// finishEvent settles the event, unless eventID is "".
func (s *Service) finishEvent(ctx context.Context, tx pgx.Tx, eventID, state string) error {
	if eventID == "" {
		return nil
	}
	return s.q.FinishEvent(ctx, tx, db.FinishEventParams{EventID: eventID, State: state, Now: s.now()})
}

// syncUnknown handles a subscription that Stripe does not know: its row is marked as canceled; without a row the
// event is an orphan.
func (s *Service) syncUnknown(
	ctx context.Context, subscriptionID string, asOf time.Time, eventID string,
) error {
	ours := false
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		owner, err := s.q.EndSubscription(ctx, tx, asOf, subscriptionID)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if ours = err == nil; !ours {
			return s.finishEvent(ctx, tx, eventID, "orphan")
		}
		if err := s.updateTier(ctx, tx, owner); err != nil {
			return err
		}
		return s.finishEvent(ctx, tx, eventID, "done")
	})
	if err == nil {
		s.log.ErrorContext(ctx, "Stripe does not know a subscription",
			slog.String("subscription", subscriptionID), slog.Bool("ours", ours))
	}
	return postgres.Translate(err)
}

// Reconcile saves the state of every subscription as Stripe reports it, whatever events were lost, and deletes old
// events from the inbox. Repeating it changes nothing.
func (s *Service) Reconcile(ctx context.Context) error {
	asOf, err := s.q.DatabaseTime(ctx, s.db.Pool)
	if err != nil {
		return postgres.Translate(err)
	}
	seen := map[string]bool{}
	var failures []error
	for sub, err := range s.gateway.Subscriptions(ctx, "") {
		if err != nil {
			return err
		}
		seen[sub.ID] = true
		failures = append(failures, s.saveState(ctx, sub, asOf, ""))
	}
	for after := ""; ; { // subscriptions stored as running but missing from Stripe's list have ended there
		page, err := s.q.RunningSubscriptions(ctx, s.db.Pool, after, pageSize)
		if err != nil {
			return postgres.Translate(err)
		}
		for _, id := range page {
			if after = id; !seen[id] {
				failures = append(failures, s.sync(ctx, id, ""))
			}
		}
		if len(page) < pageSize {
			return errors.Join(append(failures, s.pruneEvents(ctx))...)
		}
	}
}

func (s *Service) pruneEvents(ctx context.Context) error {
	return postgres.Translate(s.q.PruneEvents(ctx, s.db.Pool, s.now().Add(-eventRetention)))
}

// Maintain runs the background jobs until ctx ends: events as they come in, and a reconcile at the start and every 24
// hours. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	events := worker.Job{
		Every: eventPollInterval, OnNotify: true, FailureMessage: "events of Stripe will be tried again",
		Run: func(ctx context.Context) error {
			_, err := s.ProcessDue(ctx)
			return err
		},
	}
	reconcile := worker.Job{
		Every: reconcileEvery, Run: s.Reconcile, FailureMessage: "the reconcile with Stripe will be tried again",
		Retry: func(err error, _ int) time.Duration {
			if errors.Is(err, ErrUnavailable) || errors.Is(err, fault.ErrDatabase) {
				return reconcileRetry
			}
			return reconcileEvery
		},
	}
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, events, reconcile)
}
