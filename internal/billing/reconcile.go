package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/worker"
)

const (
	reconcileEvery   = 24 * time.Hour
	reconcileRetry   = time.Minute
	leasePoll        = 100 * time.Millisecond
	renewEvery       = 20 // subscriptions; the lease of a minute outlasts as many slow answers
	pageSize         = 500
	pruneBatch       = 1000
	maxEndings       = 5              // that a reconcile writes without an operator's word
	maxFailures      = 20             // that one reconcile, or one run over the events, reports
	checkoutLifetime = 25 * time.Hour // after it no checkout of a deleted account can be paid
)

// errReconciling means that another replica is reconciling.
var errReconciling = errors.New("billing: another replica is reconciling")

// TooManyEndingsError means that a reconcile stopped short of taking this many plans away.
type TooManyEndingsError struct{ Count int }

// Error says how many, and what to do.
func (e TooManyEndingsError) Error() string {
	return fmt.Sprintf("Stripe's answers would end %d subscriptions at once, which is more than %d: none was ended. "+
		"Check at Stripe that they have ended, then run 'adiuva-api billing reconcile --accept'", e.Count, maxEndings)
}

// Reconcile saves the state of every subscription as Stripe reports it, whatever events were lost, and deletes old
// events from the inbox. Repeating it changes nothing. A subscription that Stripe does not know stays as it is. When
// more than five accounts would lose their plan it leaves those as they are, alerts, and returns a TooManyEndingsError.
// One replica reconciles at a time; others wait. One that was interrupted is continued.
func (s *Service) Reconcile(ctx context.Context) error { return s.reconcileInTurn(ctx, false) }

// ReconcileAccepted is Reconcile with an operator's word that all endings are right. It also ends the subscriptions
// that Stripe does not know.
func (s *Service) ReconcileAccepted(ctx context.Context) error { return s.reconcileInTurn(ctx, true) }

func (s *Service) reconcileInTurn(ctx context.Context, accept bool) error {
	for {
		err := s.reconcileOnce(ctx, accept)
		if !errors.Is(err, errReconciling) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(leasePoll):
		}
	}
}

// reconcileOnce reconciles, or returns errReconciling while another replica does.
func (s *Service) reconcileOnce(ctx context.Context, accept bool) error {
	if err := s.ConfirmAccount(ctx); err != nil {
		var other OtherAccountError
		isOther := errors.As(err, &other)
		if isOther { // an operator adopted another account meanwhile
			s.accountConfirmed.Store(false)
		}
		if isOther || errors.Is(err, ErrMisconfigured) {
			s.log.ErrorContext(ctx, "no reconcile: the account of the Stripe key is not confirmed",
				slog.Any("error", err))
		}
		return err
	}
	r := &reconcile{Service: s, holder: uuid.New(), accept: accept}
	row, err := r.lease(ctx)
	if err != nil {
		return err
	}
	defer func() { // so that another replica need not wait for the lease to end, as it does after an error
		_ = s.q.ReleaseReconcile(context.WithoutCancel(ctx), s.db.Pool, &r.holder)
	}()
	r.version = row.Version
	after := row.After
	if r.version == 0 || accept {
		after = ""
		if r.version, err = s.q.NextVersion(ctx, s.db.Pool); err != nil {
			return postgres.Translate(err)
		}
		if err := s.q.StartReconcile(ctx, s.db.Pool, r.version, &r.holder); err != nil {
			return postgres.Translate(err)
		}
	}
	return r.run(ctx, after)
}

// reconcile is one pass over all subscriptions.
type reconcile struct {
	*Service
	holder   uuid.UUID
	accept   bool
	version  int64 // of the look with which it began
	done     int   // subscriptions since the lease was renewed
	endings  []ending
	ended    int // endings, of which at most maxEndings are kept
	missing  int
	failures []error
}

type ending struct {
	sub     Subscription
	version int64
}

func (r *reconcile) lease(ctx context.Context) (db.LeaseReconcileRow, error) {
	row, err := r.q.LeaseReconcile(ctx, r.db.Pool, &r.holder)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, errReconciling
	}
	return row, postgres.Translate(err)
}

// step renews the lease as time passes.
func (r *reconcile) step(ctx context.Context) error {
	if r.done++; r.done%renewEvery != 0 {
		return nil
	}
	_, err := r.lease(ctx)
	return err
}

func (r *reconcile) failed(err error) {
	if err != nil && len(r.failures) < maxFailures {
		r.failures = append(r.failures, err)
	}
}

func (r *reconcile) run(ctx context.Context, after string) error {
	err := r.saveListed(ctx, after)
	if errors.Is(err, ErrNotAtStripe) && after != "" { // where the list was left is gone
		err = r.saveListed(ctx, "")
	}
	if err != nil {
		return err
	}
	if err := r.saveUnlisted(ctx); err != nil {
		return err
	}
	r.failed(r.writeEndings(ctx))
	r.failed(r.endDeleted(ctx))
	r.failed(r.pruneEvents(ctx))
	r.failed(postgres.Translate(r.q.FinishReconcile(ctx, r.db.Pool, &r.holder)))
	return errors.Join(r.failures...)
}

// saveListed saves the subscriptions that Stripe lists as running, apart from those that would take a plan away.
func (r *reconcile) saveListed(ctx context.Context, after string) error {
	version := r.version
	if after != "" { // the answers of a continued pass are later than its beginning
		var err error
		if version, err = r.q.NextVersion(ctx, r.db.Pool); err != nil {
			return postgres.Translate(err)
		}
	}
	for sub, err := range r.gateway.Subscriptions(ctx, "", after) {
		if err != nil {
			return err
		}
		_, err = r.saveState(ctx, sub, version, saveOptions{holdLosses: true})
		if errors.Is(err, fault.ErrDatabase) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		r.failed(err)
		if err := r.step(ctx); err != nil {
			return err
		}
		if r.done%renewEvery == 0 {
			if err := r.q.SaveReconcile(ctx, r.db.Pool, sub.ID, &r.holder); err != nil {
				return postgres.Translate(err)
			}
		}
	}
	return nil
}

// saveUnlisted asks Stripe for each stored subscription that was running and that saveListed has not saved.
func (r *reconcile) saveUnlisted(ctx context.Context) error {
	for after := ""; ; {
		page, err := r.q.UnseenSubscriptions(ctx, r.db.Pool, db.UnseenSubscriptionsParams{
			After: after, Version: r.version, PageSize: pageSize,
		})
		if err != nil {
			return postgres.Translate(err)
		}
		for _, id := range page {
			after = id
			err := r.saveOne(ctx, id)
			if errors.Is(err, ErrUnavailable) || errors.Is(err, fault.ErrDatabase) || ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			r.failed(err)
			if err := r.step(ctx); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func (r *reconcile) saveOne(ctx context.Context, id string) error {
	sub, version, err := r.look(ctx, id)
	if errors.Is(err, ErrNotAtStripe) {
		return r.saveMissing(ctx, id, version)
	}
	if err != nil {
		return err
	}
	result, err := r.saveState(ctx, sub, version, saveOptions{holdLosses: !r.accept})
	if result == held && err == nil {
		if r.ended++; r.ended <= maxEndings {
			r.endings = append(r.endings, ending{sub, version})
		}
	}
	return err
}

// saveMissing alerts about a subscription that Stripe does not know, and ends it where an operator accepted that.
func (r *reconcile) saveMissing(ctx context.Context, id string, version int64) error {
	if r.missing++; r.missing <= maxFailures {
		r.log.ErrorContext(ctx, "Stripe does not know a subscription",
			slog.String("subscription", id), slog.Bool("ended", r.accept))
	}
	if !r.accept {
		return nil
	}
	return postgres.Translate(r.db.Tx(ctx, func(tx pgx.Tx) error {
		owner, err := r.q.EndSubscription(ctx, tx, version, id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.updateTier(ctx, tx, owner)
	}))
}

// writeEndings takes the plans away that Stripe says have ended, or returns a TooManyEndingsError.
func (r *reconcile) writeEndings(ctx context.Context) error {
	if r.ended > maxEndings {
		err := TooManyEndingsError{Count: r.ended}
		r.log.ErrorContext(ctx, "a reconcile stopped: it would end too many subscriptions at once",
			slog.Int("subscriptions", err.Count))
		return err
	}
	for _, e := range r.endings {
		_, err := r.saveState(ctx, e.sub, e.version, saveOptions{})
		r.failed(err)
	}
	return nil
}

// endDeleted ends the subscriptions of deleted accounts and forgets the accounts of which none is left.
func (r *reconcile) endDeleted(ctx context.Context) error {
	for after := uuid.Nil; ; {
		page, err := r.q.DeletedCustomers(ctx, r.db.Pool, db.DeletedCustomersParams{
			After: after, Before: r.now().Add(-checkoutLifetime), PageSize: pageSize,
		})
		if err != nil {
			return postgres.Translate(err)
		}
		for _, deleted := range page {
			after = deleted.UserID
			if err := r.endDeletedOne(ctx, deleted); err != nil {
				return err
			}
			if err := r.step(ctx); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func (r *reconcile) endDeletedOne(ctx context.Context, deleted db.DeletedCustomersRow) error {
	running := false
	for sub, err := range r.gateway.Subscriptions(ctx, deleted.StripeCustomerID, "") {
		if errors.Is(err, ErrNotAtStripe) {
			break
		}
		if err != nil {
			return err
		}
		running = running || sub.isPlan() && !Ended(sub.Status)
		if _, err := r.saveState(ctx, sub, r.version, saveOptions{}); err != nil {
			return err
		}
	}
	if running {
		return nil // the next reconcile sees whether it has ended
	}
	return postgres.Translate(r.q.ForgetDeletedCustomer(ctx, r.db.Pool, deleted.UserID))
}

func (s *Service) pruneEvents(ctx context.Context) error {
	for {
		n, err := s.q.PruneEvents(ctx, s.db.Pool, s.now().Add(-eventRetention), pruneBatch)
		if err != nil || n < pruneBatch {
			return postgres.Translate(err)
		}
	}
}

// Maintain runs the background jobs until ctx ends: events as they come in, and apart from them changed addresses of
// customers, and a reconcile at the start and every 24 hours. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) {
	var running sync.WaitGroup
	for _, w := range []*worker.Worker{s.worker, s.nightly, s.emails} {
		running.Go(func() { w.Run(ctx) })
	}
	running.Wait()
}

func (s *Service) newReconcileWorker() *worker.Worker {
	return worker.New(worker.Config{Now: s.clock, Log: s.log}, worker.Job{
		Every: reconcileEvery, FailureMessage: "the reconcile with Stripe will be tried again",
		Run: func(ctx context.Context) error {
			if err := s.reconcileOnce(ctx, false); !errors.Is(err, errReconciling) {
				return err
			}
			return nil // the other replica does it
		},
		Retry: func(err error, _ int) time.Duration {
			if errors.Is(err, ErrUnavailable) || errors.Is(err, fault.ErrDatabase) {
				return reconcileRetry
			}
			return reconcileEvery
		},
	})
}
