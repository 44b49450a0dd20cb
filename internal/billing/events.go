package billing

import (
	"context"
	"errors"
	"log/slog"
	"strings"
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
	maxAttempts       = 14                  // without an outage, about an hour
	eventRetention    = 90 * 24 * time.Hour // well after Stripe has stopped sending an event again
)

// paymentFailed is the type of the events of a charge that did not succeed.
const paymentFailed = "invoice.payment_failed"

var eventRetry = worker.Backoff{First: 2 * time.Second, Max: 10 * time.Minute}

// affectsSubscription reports whether an event of that type may have changed a subscription.
func affectsSubscription(eventType string) bool {
	switch eventType {
	case "checkout.session.completed", "checkout.session.async_payment_succeeded",
		"checkout.session.async_payment_failed", "invoice.paid", "invoice.payment_succeeded",
		"invoice.payment_failed", "invoice.payment_action_required", "invoice.marked_uncollectible", "invoice.voided":
		return true
	}
	return strings.HasPrefix(eventType, "customer.subscription.") ||
		strings.HasPrefix(eventType, "subscription_schedule.")
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
// after a backoff, until it is settled; err joins the first 20 failures.
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
			if len(failures) < maxFailures { // an outage makes all events fail, again and again
				failures = append(failures, err)
			}
			continue
		}
		settled++
	}
}

func (s *Service) processEvent(ctx context.Context, event db.ClaimEventRow) error {
	limited, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	syncErr := s.applyEvent(limited, event)
	if syncErr == nil {
		return nil
	}
	unlimited := context.WithoutCancel(ctx)
	if event.Attempts >= alertAfter {
		s.log.ErrorContext(ctx, "an event of Stripe cannot be applied", slog.String("event", event.EventID),
			slog.String("subscription", event.ObjectID), slog.Int("attempts", int(event.Attempts)),
			slog.Any("error", syncErr))
	}
	outage := errors.Is(syncErr, ErrUnavailable) || errors.Is(syncErr, fault.ErrDatabase) || limited.Err() != nil
	if event.Attempts >= maxAttempts && !outage {
		s.log.ErrorContext(ctx, "an event of Stripe was given up; the next reconcile looks at its subscription",
			slog.String("event", event.EventID), slog.String("subscription", event.ObjectID))
		return errors.Join(syncErr, postgres.Translate(s.finishEvent(unlimited, s.db.Pool, event.EventID, "dead")))
	}
	err := s.q.PostponeEvent(unlimited, s.db.Pool, db.PostponeEventParams{
		EventID: event.EventID, Attempts: event.Attempts, NextTryAt: s.now().Add(eventRetry.After(int(event.Attempts))),
	})
	return errors.Join(syncErr, postgres.Translate(err))
}

// applyEvent saves the state of the event's subscription. An event of the other mode is none of ours.
func (s *Service) applyEvent(ctx context.Context, event db.ClaimEventRow) error {
	if event.Livemode != s.gateway.Live() {
		return postgres.Translate(s.finishEvent(ctx, s.db.Pool, event.EventID, "foreign"))
	}
	if err := s.requireAccount(ctx); err != nil {
		return err
	}
	o := saveOptions{eventID: event.EventID, paymentFailed: event.Type == paymentFailed}
	return s.sync(ctx, event.ObjectID, o)
}

// finishEvent settles the event, unless eventID is "".
func (s *Service) finishEvent(ctx context.Context, tx db.DBTX, eventID, state string) error {
	if eventID == "" {
		return nil
	}
	return s.q.FinishEvent(ctx, tx, db.FinishEventParams{EventID: eventID, State: state, Now: s.now()})
}

func (s *Service) newEventWorker() *worker.Worker {
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, worker.Job{
		Every: eventPollInterval, OnNotify: true, FailureMessage: "events of Stripe will be tried again",
		Run: func(ctx context.Context) error {
			_, err := s.ProcessDue(ctx)
			return err
		},
	})
}
