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
	eventLease     = time.Minute // of whoever works on an event; after it another may
	eventTime      = 30 * time.Second
	eventPoll      = 2 * time.Second
	alertAfter     = 8 // tries, some eight minutes
	reconcileEvery = 24 * time.Hour
	keptEvents     = 90 * 24 * time.Hour // long after Stripe has given up repeating one
	reconcileRetry = time.Minute
	perPage        = 500
)

var eventRetry = worker.Backoff{First: 2 * time.Second, Max: 10 * time.Minute}

// nudges reports whether an event of that type may have changed a subscription.
func nudges(eventType string) bool {
	switch eventType {
	case "checkout.session.completed", "customer.subscription.created", "customer.subscription.updated",
		"customer.subscription.deleted", "invoice.payment_failed", "invoice.paid":
		return true
	}
	return false
}

// HandleEvent notes an event that Stripe sent, so that it may be acknowledged, and leaves the rest to the worker. It keeps
// id, type, subscription and times, and of events that concern no subscription nothing. It returns ErrSignature, or
// db_unavailable, after which Stripe sends it again.
func (s *Service) HandleEvent(ctx context.Context, payload []byte, signature string) error {
	event, err := s.gateway.Verify(payload, signature)
	if err != nil {
		return err
	}
	if !nudges(event.Type) || event.SubscriptionID == "" {
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

// ProcessDue applies every event that is due and returns how many are settled. One that fails is due again after a pause
// that doubles each time, and stays until it is settled; err joins the failures.
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
		if err := s.process(ctx, event); err != nil {
			failures = append(failures, err)
			continue
		}
		settled++
	}
}

func (s *Service) process(ctx context.Context, event db.ClaimEventRow) error {
	limited, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	failed := s.sync(limited, event.ObjectID, event.EventID)
	if failed == nil {
		return nil
	}
	if event.Attempts >= alertAfter {
		s.log.ErrorContext(ctx, "an event of Stripe cannot be applied", slog.String("event", event.EventID),
			slog.Int("attempts", int(event.Attempts)), slog.Any("error", failed))
	}
	err := s.q.PostponeEvent(context.WithoutCancel(ctx), s.db.Pool, db.PostponeEventParams{
		EventID: event.EventID, Attempts: event.Attempts, NextTryAt: s.now().Add(eventRetry.After(int(event.Attempts))),
	})
	return errors.Join(failed, postgres.Translate(err))
}

// finish settles the event, if there is one.
func (s *Service) finish(ctx context.Context, tx pgx.Tx, eventID, state string) error {
	if eventID == "" {
		return nil
	}
	return s.q.FinishEvent(ctx, tx, db.FinishEventParams{EventID: eventID, State: state, Now: s.now()})
}

// vanished settles what concerns a subscription that Stripe does not know: a row of ours ends, and nobody's is an orphan.
func (s *Service) vanished(ctx context.Context, subscriptionID string, asked time.Time, eventID string) error {
	ours := false
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		owner, err := s.q.EndSubscription(ctx, tx, asked, subscriptionID)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		if ours = err == nil; !ours {
			return s.finish(ctx, tx, eventID, "orphan")
		}
		if err := s.setTier(ctx, tx, owner); err != nil {
			return err
		}
		return s.finish(ctx, tx, eventID, "done")
	})
	if err == nil {
		s.log.ErrorContext(ctx, "Stripe does not know a subscription", slog.String("subscription", subscriptionID), slog.Bool("ours", ours))
	}
	return postgres.Translate(err)
}

// Reconcile makes every account's subscription what Stripe says, whatever events were lost. Run again it changes nothing.
func (s *Service) Reconcile(ctx context.Context) error {
	asked, err := s.q.DatabaseTime(ctx, s.db.Pool)
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
		failures = append(failures, s.apply(ctx, sub, asked, ""))
	}
	for after := ""; ; { // what runs here and was not in Stripe's list has ended there
		page, err := s.q.RunningSubscriptions(ctx, s.db.Pool, after, perPage)
		if err != nil {
			return postgres.Translate(err)
		}
		for _, id := range page {
			if after = id; !seen[id] {
				failures = append(failures, s.sync(ctx, id, ""))
			}
		}
		if len(page) < perPage {
			return errors.Join(append(failures, s.prune(ctx))...)
		}
	}
}

func (s *Service) prune(ctx context.Context) error {
	return postgres.Translate(s.q.PruneEvents(ctx, s.db.Pool, s.now().Add(-keptEvents)))
}

// Maintain runs the background jobs until ctx ends: events as they come in, and a reconcile at the start and every 24
// hours. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

func (s *Service) newWorker() *worker.Worker {
	events := worker.Job{
		Every: eventPoll, OnNotify: true, Failed: "events of Stripe will be tried again",
		Run: func(ctx context.Context) error {
			_, err := s.ProcessDue(ctx)
			return err
		},
	}
	reconcile := worker.Job{
		Every: reconcileEvery, Run: s.Reconcile, Failed: "the reconcile with Stripe will be tried again",
		Retry: func(err error, _ int) time.Duration {
			if errors.Is(err, ErrUnavailable) || errors.Is(err, fault.ErrDatabase) {
				return reconcileRetry
			}
			return reconcileEvery
		},
	}
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, events, reconcile)
}
