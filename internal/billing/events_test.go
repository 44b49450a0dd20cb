package billing_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestConcurrentDeliveriesAreProcessedOnce delivers one event twenty times at once to two replicas.
func TestConcurrentDeliveriesAreProcessedOnce(t *testing.T) {
	t.Attr("case", "C111")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Power, 1)
	event := e.stripe.Events()[0]
	replicas := []*billing.Service{e.svc, e.replica()}
	before := len(e.stripe.Calls())
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			e.deliver(replicas[i%2], event)
			if _, err := replicas[i%2].ProcessDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	rows, calls := value[int](e, "SELECT count(*) FROM stripe_inbox"), len(e.stripe.Calls())-before
	if rows != 1 || calls != 1 {
		t.Errorf("%d rows and %d calls to Stripe, want 1 and 1", rows, calls)
	}
	e.wantTier(u, tier.Power, 1, "active")
}

// TestEventIsRefusedWithoutADatabase checks that an event that cannot be stored is refused, so that Stripe sends it
// again, and is processed once when it does.
func TestEventIsRefusedWithoutADatabase(t *testing.T) {
	t.Attr("case", "C114")
	t.Parallel()
	server := pgtest.Start(t)
	e := setupOn(t, server.DB())
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	events := e.stripe.Events()
	server.Kill()
	for _, event := range events {
		signature := devstripe.Sign(event.Payload, secret, e.now())
		if err := e.svc.HandleEvent(t.Context(), event.Payload, signature); !errors.Is(err, fault.ErrDatabase) {
			t.Errorf("without a database: %v", err)
		}
	}
	server.Start()
	pgtest.Eventually(t, 10*time.Second, func() error { return e.db.Ping(t.Context()) })
	e.deliver(e.svc, events...)
	_, err := e.svc.ProcessDue(t.Context())
	check(t, err)
	e.wantTier(u, tier.Pro, 1, "active")
	if n := value[int](e, "SELECT count(*) FROM stripe_inbox WHERE state = 'done'"); n != len(events) {
		t.Errorf("%d of %d events are settled", n, len(events))
	}
}

// TestEventIsRetriedUntilStripeResponds checks that an event waits while Stripe is unavailable, is retried with
// backoff, and is processed in the end.
func TestEventIsRetriedUntilStripeResponds(t *testing.T) {
	t.Attr("case", "C115")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.deliver(e.svc, e.stripe.Events()...)
	for _, f := range []devstripe.Fault{
		devstripe.ServerError, devstripe.RateLimited, devstripe.DropResponse, devstripe.Garbage,
	} {
		e.stripe.InjectFaults(func(*http.Request) devstripe.Fault { return f })
		if n, err := e.svc.ProcessDue(t.Context()); n != 0 || !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("fault %d: %d settled, %v", f, n, err)
		}
		if n, err := e.svc.ProcessDue(t.Context()); n != 0 || err != nil {
			t.Errorf("fault %d: retried at once: %d, %v", f, n, err)
		}
		e.wantTier(u, tier.Free, 1, "none")
		e.advance(10 * time.Minute)
	}
	e.stripe.InjectFaults(nil)
	if n, err := e.svc.ProcessDue(t.Context()); n != 3 || err != nil {
		t.Errorf("after the outage: %d settled, %v", n, err)
	}
	e.wantTier(u, tier.Pro, 1, "active")
}

// TestLatePaymentsSuspendTheTier follows a declined card: past_due keeps the tier, unpaid ends it, a payment
// restores it.
func TestLatePaymentsSuspendTheTier(t *testing.T) {
	t.Attr("case", "C120")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Team, 3)
	e.deliverAndProcess()
	customer := value[string](e, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
	e.stripe.DeclineCard(customer, true)
	for _, status := range []string{"past_due", "unpaid"} {
		e.stripe.Advance(31 * 24 * time.Hour)
		e.deliverAndProcess()
		if status == "past_due" {
			e.wantTier(u, tier.Team, 3, status)
		} else {
			e.wantTier(u, tier.Free, 1, status)
		}
	}
	if _, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1); !errors.Is(err, billing.ErrAlreadySubscribed) {
		t.Errorf("checkout with an unpaid subscription: %v", err)
	}
	e.stripe.DeclineCard(customer, false)
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 3, "active")
}

// TestReconcileRepairsADayOfLostEvents drops every event of four accounts: one reconcile repairs them, a second one
// changes nothing, and a tier that an operator granted stays.
func TestReconcileRepairsADayOfLostEvents(t *testing.T) {
	t.Attr("case", "C121")
	t.Parallel()
	e := setup(t)
	bought, ended, changed, granted := e.user(), e.user(), e.user(), e.user()
	e.subscribe(ended, tier.Pro, 1)
	e.subscribe(changed, tier.Pro, 1)
	e.deliverAndProcess()
	grant := "UPDATE users SET grant_tier = 'team', grant_seats = 9 WHERE id = $1"
	_, err := e.db.Pool.Exec(t.Context(), grant, granted.ID)
	check(t, err)
	e.subscribe(bought, tier.Team, 7)
	e.stripe.DeclineCard(value[string](e, "SELECT stripe_customer_id FROM users WHERE id = $1", changed.ID), true)
	check(t, e.svc.Cancel(t.Context(), ended, false))
	e.stripe.Advance(31 * 24 * time.Hour)
	e.stripe.Events() // lost
	for range 2 {
		check(t, e.svc.Reconcile(t.Context()))
		e.wantTier(bought, tier.Team, 7, "active")
		e.wantTier(ended, tier.Free, 1, "canceled")
		e.wantTier(changed, tier.Pro, 1, "past_due")
		e.wantTier(granted, tier.Free, 1, "none")
	}
	if got := value[string](e, "SELECT grant_tier FROM users WHERE id = $1", granted.ID); got != "team" {
		t.Errorf("the grant became %s", got)
	}
	before := value[string](e, "SELECT string_agg(xmin::text, ',' ORDER BY id) FROM users")
	check(t, e.svc.Reconcile(t.Context()))
	if after := value[string](e, "SELECT string_agg(xmin::text, ',' ORDER BY id) FROM users"); after != before {
		t.Error("the second reconcile wrote to accounts")
	}
}

// TestDeletedAccountIsNeverCharged deletes accounts with an open checkout, with a paid one, and while Stripe is
// unavailable: nothing is restored, and no subscription goes on.
func TestDeletedAccountIsNeverCharged(t *testing.T) {
	t.Attr("case", "C123")
	t.Parallel()
	e := setup(t)
	remove := func(u identity.User) {
		t.Helper()
		_, err := e.db.Pool.Exec(t.Context(), "UPDATE users SET deleted_at = now() WHERE id = $1", u.ID)
		check(t, err)
		e.stripe.InjectFaults(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
		if err := e.svc.PurgeUser(t.Context(), u.ID); !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("with Stripe unavailable: %v", err)
		}
		e.stripe.InjectFaults(nil)
		for range 2 {
			check(t, e.svc.PurgeUser(t.Context(), u.ID))
		}
		_, err = e.db.Pool.Exec(t.Context(), "DELETE FROM users WHERE id = $1", u.ID)
		check(t, err)
	}
	paid, open, stranger := e.user(), e.user(), e.user()
	e.subscribe(paid, tier.Pro, 1)
	e.deliverAndProcess()
	late, err := e.svc.Checkout(t.Context(), open, tier.Power, 1)
	check(t, err)
	remove(paid)
	remove(open)
	check(t, e.svc.PurgeUser(t.Context(), stranger.ID))
	if e.stripe.Pay(session(late), 0) != "" {
		t.Error("the checkout of a deleted account can still be paid")
	}
	e.deliverAndProcess()

	// Paid just before the account is deleted: its event finds no account, and the subscription is canceled.
	racing := e.user()
	e.subscribe(racing, tier.Team, 2)
	_, err = e.db.Pool.Exec(t.Context(), "DELETE FROM users WHERE id = $1", racing.ID)
	check(t, err)
	e.deliverAndProcess()
	e.deliverAndProcess() // the event of the cancellation
	check(t, e.svc.Reconcile(t.Context()))
	users := value[int](e, "SELECT count(*) FROM users")
	pending := value[int](e, "SELECT count(*) FROM stripe_inbox WHERE state = 'pending'")
	if users != 1 || pending != 0 {
		t.Errorf("%d users and %d pending events, want 1 and 0", users, pending)
	}
	if n := value[int](e, "SELECT count(*) FROM stripe_inbox WHERE state = 'orphan'"); n == 0 {
		t.Error("no event was marked as an orphan")
	}
	for _, id := range e.stripe.RunningSubscriptions() {
		t.Errorf("subscription %s is still active", id)
	}
}

// TestInboxHoldsNoPayload checks every column of the inbox and what Stripe was sent.
func TestInboxHoldsNoPayload(t *testing.T) {
	t.Attr("case", "C124")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.deliverAndProcess()
	columns := value[string](e, `SELECT string_agg(column_name, ' ' ORDER BY column_name)
		FROM information_schema.columns
		WHERE table_name = 'stripe_inbox'`)
	if columns != "attempts event_id livemode next_try_at object_id occurred_at processed_at received_at state type" {
		t.Errorf("columns: %s", columns)
	}
	rows := value[string](e, "SELECT string_agg(i::text, ' ') FROM stripe_inbox i")
	for _, private := range []string{"@", "example.com", "card", "amount", "cus_", "{"} {
		if strings.Contains(rows, private) {
			t.Errorf("the inbox holds %q: %s", private, rows)
		}
	}
	for _, c := range e.stripe.Calls() {
		if strings.Contains(c.Body, "description") || strings.Contains(c.Body, "name%5D=") {
			t.Errorf("Stripe was sent more than it needs: %s", c.Body)
		}
	}
}

// TestIrrelevantEventsAreNotStored checks that events that concern no subscription are acknowledged and not stored.
func TestIrrelevantEventsAreNotStored(t *testing.T) {
	t.Attr("case", "C116")
	t.Parallel()
	e := setup(t)
	for name, payload := range map[string]string{
		"another type": `{"id":"evt_1","object":"event","type":"customer.created","created":1,
			"data":{"object":{"id":"cus_1","object":"customer"}}}`,
		"one-off invoice": `{"id":"evt_2","object":"event","type":"invoice.paid","created":1,
			"data":{"object":{"id":"in_1","object":"invoice","parent":null}}}`,
		"unknown schema": `{"id":"evt_3","object":"event","type":"invoice.paid","created":1,
			"data":{"object":{"id":"in_1","object":"invoice","subscription":7}}}`,
	} {
		signature := devstripe.Sign([]byte(payload), secret, e.now())
		if err := e.svc.HandleEvent(t.Context(), []byte(payload), signature); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := value[int](e, "SELECT count(*) FROM stripe_inbox"); n != 0 {
		t.Errorf("%d rows were stored", n)
	}
	known := `{"id":"evt_4","object":"event","type":"customer.subscription.updated","api_version":"2019-01-01",
		"created":1,"data":{"object":{"id":"sub_nobodys","object":"subscription"}}}`
	e.deliver(e.svc, devstripe.Event{Payload: []byte(known)})
	_, err := e.svc.ProcessDue(t.Context())
	check(t, err)
	if state := value[string](e, "SELECT state FROM stripe_inbox"); state != "orphan" {
		t.Errorf("the event of a subscription that Stripe does not know is %s", state)
	}
}

func TestMaintainProcessesEvents(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		e.svc.Maintain(ctx)
	}()
	e.deliver(e.svc, e.stripe.Events()...)
	pgtest.Eventually(t, 10*time.Second, func() error {
		if n := value[int](e, "SELECT count(*) FROM stripe_inbox WHERE state = 'done'"); n != 3 {
			return errors.New("not yet")
		}
		return nil
	})
	stop()
	<-ended
	e.wantTier(u, tier.Pro, 1, "active")
}
