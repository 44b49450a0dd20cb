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

// TestC111_DeliveredByTwenty hands one event to two replicas twenty times at once.
func TestC111_DeliveredByTwenty(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Power, 1)
	event := w.stripe.Events()[0]
	replicas := []*billing.Service{w.svc, w.replica()}
	before := len(w.stripe.Calls())
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			w.deliver(replicas[i%2], event)
			if _, err := replicas[i%2].ProcessDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if rows, asked := value[int](w, "SELECT count(*) FROM stripe_inbox"), len(w.stripe.Calls())-before; rows != 1 || asked != 1 {
		t.Errorf("%d rows, Stripe was asked %d times", rows, asked)
	}
	w.is(u, tier.Power, 1, "active")
}

// TestC114_DatabaseDown refuses an event that cannot be noted, so that Stripe sends it again, and applies it once then.
func TestC114_DatabaseDown(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	w := setupOn(t, server.DB())
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	events := w.stripe.Events()
	server.Kill()
	for _, e := range events {
		if err := w.svc.HandleEvent(t.Context(), e.Payload, devstripe.Sign(e.Payload, secret, w.now())); !errors.Is(err, fault.ErrDatabase) {
			t.Errorf("without a database: %v", err)
		}
	}
	server.Start()
	pgtest.Eventually(t, 10*time.Second, func() error { return w.db.Ping(t.Context()) })
	w.deliver(w.svc, events...)
	_, err := w.svc.ProcessDue(t.Context())
	check(t, err)
	w.is(u, tier.Pro, 1, "active")
	if n := value[int](w, "SELECT count(*) FROM stripe_inbox WHERE state = 'done'"); n != len(events) {
		t.Errorf("%d of %d events are settled", n, len(events))
	}
}

// TestC115_StripeDown keeps an event while Stripe is away, tries again at growing pauses, and applies it later.
func TestC115_StripeDown(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	w.deliver(w.svc, w.stripe.Events()...)
	for _, f := range []devstripe.Fault{devstripe.ServerError, devstripe.RateLimited, devstripe.LoseAnswer, devstripe.Garbage} {
		w.stripe.Script(func(*http.Request) devstripe.Fault { return f })
		if n, err := w.svc.ProcessDue(t.Context()); n != 0 || !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("fault %d: %d settled, %v", f, n, err)
		}
		if n, err := w.svc.ProcessDue(t.Context()); n != 0 || err != nil {
			t.Errorf("fault %d: tried again at once: %d, %v", f, n, err)
		}
		w.is(u, tier.Free, 1, "none")
		w.advance(10 * time.Minute)
	}
	w.stripe.Script(nil)
	if n, err := w.svc.ProcessDue(t.Context()); n != 3 || err != nil {
		t.Errorf("with Stripe back: %d settled, %v", n, err)
	}
	w.is(u, tier.Pro, 1, "active")
}

// TestC120_LatePayments follows a refused card: past_due keeps the tier, unpaid ends it, a payment brings it back.
func TestC120_LatePayments(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Team, 3)
	w.settle()
	customer := value[string](w, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
	w.stripe.Decline(customer, true)
	for _, status := range []string{"past_due", "unpaid"} {
		w.stripe.Advance(31 * 24 * time.Hour)
		w.settle()
		if status == "past_due" {
			w.is(u, tier.Team, 3, status)
		} else {
			w.is(u, tier.Free, 1, status)
		}
	}
	if _, err := w.svc.Checkout(t.Context(), u, tier.Pro, 1); !errors.Is(err, billing.ErrSubscribed) {
		t.Errorf("a second subscription beside an unpaid one: %v", err)
	}
	w.stripe.Decline(customer, false)
	w.settle()
	w.is(u, tier.Team, 3, "active")
}

// TestC121_ADayWithoutEvents drops everything Stripe had to say of four accounts: one reconcile mends them, a second
// changes nothing, and what an operator granted stays.
func TestC121_ADayWithoutEvents(t *testing.T) {
	t.Parallel()
	w := setup(t)
	bought, ended, changed, granted := w.user(), w.user(), w.user(), w.user()
	w.subscribe(ended, tier.Pro, 1)
	w.subscribe(changed, tier.Pro, 1)
	w.settle()
	_, err := w.db.Pool.Exec(t.Context(), "UPDATE users SET grant_tier = 'team', grant_seats = 9 WHERE id = $1", granted.ID)
	check(t, err)
	w.subscribe(bought, tier.Team, 7)
	w.stripe.Decline(value[string](w, "SELECT stripe_customer_id FROM users WHERE id = $1", changed.ID), true)
	check(t, w.svc.Cancel(t.Context(), ended, false))
	w.stripe.Advance(31 * 24 * time.Hour)
	w.stripe.Events() // lost
	for range 2 {
		check(t, w.svc.Reconcile(t.Context()))
		w.is(bought, tier.Team, 7, "active")
		w.is(ended, tier.Free, 1, "canceled")
		w.is(changed, tier.Pro, 1, "past_due")
		w.is(granted, tier.Free, 1, "none")
	}
	if got := value[string](w, "SELECT grant_tier FROM users WHERE id = $1", granted.ID); got != "team" {
		t.Errorf("the grant became %s", got)
	}
	before := value[string](w, "SELECT string_agg(xmin::text, ',' ORDER BY id) FROM users")
	check(t, w.svc.Reconcile(t.Context()))
	if after := value[string](w, "SELECT string_agg(xmin::text, ',' ORDER BY id) FROM users"); after != before {
		t.Error("a second reconcile wrote accounts")
	}
}

// TestC123_DeletedAccount deletes an account while its checkout is open, after it was paid, and with Stripe away: nothing
// comes back to life, and nothing goes on being charged.
func TestC123_DeletedAccount(t *testing.T) {
	t.Parallel()
	w := setup(t)
	remove := func(u identity.User) {
		t.Helper()
		_, err := w.db.Pool.Exec(t.Context(), "UPDATE users SET deleted_at = now() WHERE id = $1", u.ID)
		check(t, err)
		w.stripe.Script(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
		if err := w.svc.PurgeUser(t.Context(), u.ID); !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("with Stripe away: %v", err)
		}
		w.stripe.Script(nil)
		for range 2 {
			check(t, w.svc.PurgeUser(t.Context(), u.ID))
		}
		_, err = w.db.Pool.Exec(t.Context(), "DELETE FROM users WHERE id = $1", u.ID)
		check(t, err)
	}
	paid, open, stranger := w.user(), w.user(), w.user()
	w.subscribe(paid, tier.Pro, 1)
	w.settle()
	late, err := w.svc.Checkout(t.Context(), open, tier.Power, 1)
	check(t, err)
	remove(paid)
	remove(open)
	check(t, w.svc.PurgeUser(t.Context(), stranger.ID))
	if w.stripe.Pay(session(late), 0) != "" {
		t.Error("the checkout of a deleted account can still be paid")
	}
	w.settle()

	// Paid at the very moment: the event finds no account, and the subscription is ended.
	racing := w.user()
	w.subscribe(racing, tier.Team, 2)
	_, err = w.db.Pool.Exec(t.Context(), "DELETE FROM users WHERE id = $1", racing.ID)
	check(t, err)
	w.settle()
	w.settle() // which tells of its end
	check(t, w.svc.Reconcile(t.Context()))
	if users, states := value[int](w, "SELECT count(*) FROM users"), value[int](w, "SELECT count(*) FROM stripe_inbox WHERE state = 'pending'"); users != 1 || states != 0 {
		t.Errorf("%d users, %d events open", users, states)
	}
	if n := value[int](w, "SELECT count(*) FROM stripe_inbox WHERE state = 'orphan'"); n == 0 {
		t.Error("no event was marked as an orphan")
	}
	for _, id := range w.stripe.Running() {
		t.Errorf("%s goes on being charged", id)
	}
}

// TestC124_TheInboxHoldsNoPayload looks at every column of the inbox and at Stripe's metadata.
func TestC124_TheInboxHoldsNoPayload(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	w.settle()
	columns := value[string](w, `SELECT string_agg(column_name, ' ' ORDER BY column_name) FROM information_schema.columns
		WHERE table_name = 'stripe_inbox'`)
	if columns != "attempts event_id livemode next_try_at object_id occurred_at processed_at received_at state type" {
		t.Errorf("columns: %s", columns)
	}
	rows := value[string](w, "SELECT string_agg(i::text, ' ') FROM stripe_inbox i")
	for _, said := range []string{"@", "example.com", "card", "amount", "cus_", "{"} {
		if strings.Contains(rows, said) {
			t.Errorf("the inbox holds %q: %s", said, rows)
		}
	}
	for _, c := range w.stripe.Calls() {
		if strings.Contains(c.Body, "description") || strings.Contains(c.Body, "name%5D=") {
			t.Errorf("Stripe was told more than it needs: %s", c.Body)
		}
	}
}

// TestC116_EventsOfNoConcern acknowledges what means nothing to us and keeps nothing of it.
func TestC116_EventsOfNoConcern(t *testing.T) {
	t.Parallel()
	w := setup(t)
	for name, payload := range map[string]string{
		"another type":        `{"id":"evt_1","object":"event","type":"customer.created","created":1,"data":{"object":{"id":"cus_1","object":"customer"}}}`,
		"an invoice for once": `{"id":"evt_2","object":"event","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1","object":"invoice","parent":null}}}`,
		"an unknown form":     `{"id":"evt_3","object":"event","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1","object":"invoice","subscription":7}}}`,
	} {
		if err := w.svc.HandleEvent(t.Context(), []byte(payload), devstripe.Sign([]byte(payload), secret, w.now())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := value[int](w, "SELECT count(*) FROM stripe_inbox"); n != 0 {
		t.Errorf("%d rows were kept", n)
	}
	known := `{"id":"evt_4","object":"event","type":"customer.subscription.updated","api_version":"2019-01-01","created":1,"data":{"object":{"id":"sub_nobodys","object":"subscription"}}}`
	w.deliver(w.svc, devstripe.Event{Payload: []byte(known)})
	_, err := w.svc.ProcessDue(t.Context())
	check(t, err)
	if state := value[string](w, "SELECT state FROM stripe_inbox"); state != "orphan" {
		t.Errorf("an event of a subscription that Stripe does not know is %s", state)
	}
}

// TestMaintain follows events on its own until it is told to end.
func TestMaintain(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.svc.Maintain(ctx)
	}()
	w.deliver(w.svc, w.stripe.Events()...)
	pgtest.Eventually(t, 10*time.Second, func() error {
		if n := value[int](w, "SELECT count(*) FROM stripe_inbox WHERE state = 'done'"); n != 3 {
			return errors.New("not yet")
		}
		return nil
	})
	stop()
	<-ended
	w.is(u, tier.Pro, 1, "active")
}
