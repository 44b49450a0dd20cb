package billing_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

// asksAccount makes a replica ask Stripe for the key's account.
func asksAccount(c *stripepay.Config) { c.Account = "" }

// otherStripe starts a second Stripe account and returns options to use it.
func (e *env) otherStripe() func(*stripepay.Config) {
	e.t.Helper()
	other, err := devstripe.New(devstripe.Config{Prices: prices, Now: e.now, Log: slog.New(slog.DiscardHandler)})
	check(e.t, err)
	server := httptest.NewServer(other)
	e.t.Cleanup(server.Close)
	return func(c *stripepay.Config) { c.APIBase, c.Account = server.URL, "" }
}

// TestKeyOfAnotherAccountChangesNothing runs everything under the key of another account, and of the live mode, and
// then under the right one.
func TestKeyOfAnotherAccountChangesNothing(t *testing.T) {
	t.Attr("case", "B06")
	t.Attr("case", "S9")
	t.Parallel()
	for name, option := range map[string]func(e *env) func(*stripepay.Config){
		"another account": (*env).otherStripe,
		"another mode": func(*env) func(*stripepay.Config) {
			return func(c *stripepay.Config) { c.Key = "sk_live_1" }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			check(t, e.svc.ConfirmAccount(t.Context()))
			u, id := e.subscriber(tier.Team, 7)
			wrong := e.replica(option(e))
			var other billing.OtherAccountError
			if err := wrong.ConfirmAccount(t.Context()); !errors.As(err, &other) {
				t.Errorf("the wrong key is confirmed: %v", err)
			}
			e.stripe.Change(id, func(x *devstripe.Subscription) { x.Quantity = 8 })
			e.deliver(wrong, e.stripe.Events()...)
			_, _ = wrong.ProcessDue(t.Context()) // fails for the account, settles for the mode
			for what, err := range map[string]error{
				"reconcile":          wrong.Reconcile(t.Context()),
				"reconcile accepted": wrong.ReconcileAccepted(t.Context()),
				"cancel":             wrong.Cancel(t.Context(), u, true),
				"purge":              wrong.PurgeUser(t.Context(), u.ID),
			} {
				if err == nil {
					t.Errorf("%s succeeds", what)
				}
			}
			if _, err := wrong.Portal(t.Context(), u); !errors.Is(err, billing.ErrUnavailable) {
				t.Errorf("portal: %v", err)
			}
			e.wantTier(u, tier.Team, 7, "active")
			check(t, e.svc.Reconcile(t.Context()))
			e.wantTier(u, tier.Team, 8, "active")
		})
	}
}

// TestUnnamedDatabaseIsAdoptedOnlyByItsStripe starts on a database of a release that stored no account.
func TestUnnamedDatabaseIsAdoptedOnlyByItsStripe(t *testing.T) {
	t.Attr("case", "B06")
	t.Parallel()
	e := setup(t)
	e.subscriber(tier.Pro, 1)
	unname := func() {
		_, err := e.db.Pool.Exec(t.Context(), "DELETE FROM stripe_account")
		check(t, err)
	}
	unname()
	wrong := e.replica(e.otherStripe())
	var other billing.OtherAccountError
	if err := wrong.ConfirmAccount(t.Context()); !errors.As(err, &other) {
		t.Errorf("a Stripe that knows no subscription: %v", err)
	}
	_, err := e.db.Pool.Exec(t.Context(), "DELETE FROM subscriptions")
	check(t, err)
	if err := wrong.ConfirmAccount(t.Context()); !errors.As(err, &other) {
		t.Errorf("a Stripe that knows no customer: %v", err)
	}
	check(t, e.replica(asksAccount).ConfirmAccount(t.Context()))
	if got := value[string](e, "SELECT account_id FROM stripe_account"); got != e.stripe.Account() {
		t.Errorf("adopted %s", got)
	}
	if account, err := wrong.AdoptAccount(t.Context()); err != nil || account.ID == e.stripe.Account() {
		t.Errorf("adopt-account: %v, %v", account, err)
	}
	// Where nothing belongs to an account, any account may follow.
	_, err = e.db.Pool.Exec(t.Context(), "DELETE FROM users")
	check(t, err)
	check(t, e.replica(func(c *stripepay.Config) { c.Account = "acct_new" }).ConfirmAccount(t.Context()))
}

// TestUnreadableAccountPostponesTheReconcile has Stripe fail at the start.
func TestUnreadableAccountPostponesTheReconcile(t *testing.T) {
	t.Attr("case", "B06")
	t.Parallel()
	e := setup(t)
	u, _ := e.subscriber(tier.Pro, 1)
	svc := e.replica(asksAccount)
	e.stripe.Refuse(func(r *http.Request) *devstripe.Error {
		if strings.HasSuffix(r.URL.Path, "/account") {
			return &devstripe.Error{Status: 403}
		}
		return nil
	})
	before := len(e.stripe.Calls())
	if err := svc.Reconcile(t.Context()); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("reconcile: %v", err)
	}
	if n := len(e.stripe.Calls()) - before; n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if _, err := svc.Portal(t.Context(), u); err != nil {
		t.Errorf("a key that may not read its account: %v", err)
	}
	e.stripe.Refuse(nil)
	check(t, svc.Reconcile(t.Context()))
}

// manySubscribers returns that many accounts with subscriptions.
func (e *env) manySubscribers(n int) (users []identity.User, ids []string) {
	for range n {
		u, id := e.subscriber(tier.Pro, 1)
		users, ids = append(users, u), append(ids, id)
	}
	return users, ids
}

// TestReconcileStopsAtManyEndings ends five and six subscriptions without an event, and takes them from Stripe's
// memory.
func TestReconcileStopsAtManyEndings(t *testing.T) {
	t.Attr("case", "B06")
	t.Parallel()
	for _, status := range []string{"canceled", "unpaid", "paused"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			users, ids := e.manySubscribers(8)
			end := func(ids []string) {
				for _, id := range ids {
					e.stripe.Change(id, func(x *devstripe.Subscription) { x.Status = status })
				}
				e.stripe.Events()
			}
			end(ids[:6])
			e.stripe.Change(ids[6], func(x *devstripe.Subscription) { x.Price = "price_power" })
			var stopped billing.TooManyEndingsError
			for range 2 {
				if err := e.svc.Reconcile(t.Context()); !errors.As(err, &stopped) || stopped.Count != 6 {
					t.Errorf("six endings: %v", err)
				}
				for _, u := range users[:6] {
					e.wantTier(u, tier.Pro, 1, "active")
				}
				e.wantTier(users[6], tier.Power, 1, "active")
			}
			e.stripe.Change(ids[0], func(x *devstripe.Subscription) { x.Status = "active" })
			check(t, e.svc.Reconcile(t.Context()))
			for _, u := range users[1:6] {
				e.wantTier(u, tier.Free, 1, status)
			}
			for _, u := range []identity.User{users[0], users[7]} {
				e.wantTier(u, tier.Pro, 1, "active")
			}
			for _, id := range ids {
				e.stripe.Forget(id)
			}
			check(t, e.svc.Reconcile(t.Context()))
			e.wantTier(users[7], tier.Pro, 1, "active")
			check(t, e.svc.ReconcileAccepted(t.Context()))
			e.wantTier(users[7], tier.Free, 1, "canceled")
		})
	}
}

// TestLaterTruthOverwritesAnEnding marks a subscription as canceled that Stripe says is active.
func TestLaterTruthOverwritesAnEnding(t *testing.T) {
	t.Attr("case", "B06")
	t.Parallel()
	e := setup(t)
	u, id := e.subscriber(tier.Team, 3)
	wrongly := func() {
		_, err := e.db.Pool.Exec(t.Context(), "UPDATE subscriptions SET status = 'canceled'")
		check(t, err)
		_, err = e.db.Pool.Exec(t.Context(), "UPDATE users SET tier = 'free', seats = 1")
		check(t, err)
	}
	for name, mend := range map[string]func(){
		"a reconcile": func() { check(t, e.svc.Reconcile(t.Context())) },
		"an event": func() {
			e.stripe.Change(id, func(*devstripe.Subscription) {})
			e.deliverAndProcess()
		},
		"a checkout": func() {
			if _, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1); !errors.Is(err, billing.ErrAlreadySubscribed) {
				t.Errorf("checkout: %v", err)
			}
		},
	} {
		wrongly()
		mend()
		t.Log(name)
		e.wantTier(u, tier.Team, 3, "active")
	}
	wrongly()
	check(t, e.svc.Cancel(t.Context(), u, true))
	if n := len(e.stripe.RunningSubscriptions()); n != 0 {
		t.Error("the canceled subscription goes on")
	}
}

// TestEventsAreAppliedDuringAReconcile holds Stripe's list back while an event arrives, and a second replica
// reconciles.
func TestEventsAreAppliedDuringAReconcile(t *testing.T) {
	t.Attr("case", "S10")
	t.Parallel()
	e := setup(t)
	u, id := e.subscriber(tier.Pro, 1)
	listing, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	e.stripe.Before(func(r *http.Request) {
		if r.URL.Path == "/v1/subscriptions" {
			once.Do(func() {
				close(listing)
				<-release
			})
		}
	})
	var group sync.WaitGroup
	group.Go(func() {
		if err := e.svc.Reconcile(t.Context()); err != nil {
			t.Error(err)
		}
	})
	<-listing
	e.stripe.Change(id, func(x *devstripe.Subscription) { x.Price = "price_power" })
	e.deliverAndProcess()
	e.wantTier(u, tier.Power, 1, "active")
	before := len(e.stripe.Calls())
	second := make(chan error, 1)
	group.Go(func() { second <- e.replica().Reconcile(t.Context()) })
	select {
	case err := <-second:
		t.Errorf("the second replica did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	if n := len(e.stripe.Calls()) - before; n != 0 {
		t.Errorf("the second replica sent %d requests while the first reconciled", n)
	}
	close(release)
	group.Wait()
	check(t, <-second)
	e.wantTier(u, tier.Power, 1, "active")
}

// TestInterruptedReconcileIsContinued fails in the middle of Stripe's list.
func TestInterruptedReconcileIsContinued(t *testing.T) {
	t.Attr("case", "S10")
	t.Parallel()
	e := setup(t)
	users, ids := e.manySubscribers(3)
	for i := range 110 {
		e.stripe.Add(devstripe.Subscription{Customer: "cus_of_others", Price: "price_pro", Quantity: i + 1})
	}
	e.stripe.Change(ids[0], func(x *devstripe.Subscription) { x.Price = "price_power" })
	e.stripe.Events()
	e.stripe.InjectFaults(func(r *http.Request) devstripe.Fault {
		if r.FormValue("starting_after") != "" {
			return devstripe.ServerError
		}
		return devstripe.None
	})
	if err := e.svc.Reconcile(t.Context()); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("the interrupted reconcile: %v", err)
	}
	e.stripe.InjectFaults(nil)
	before := len(e.stripe.Calls())
	check(t, e.replica().Reconcile(t.Context()))
	if first := e.stripe.Calls()[before].Path; !strings.Contains(first, "starting_after=sub_") {
		t.Errorf("the reconcile began anew: %s", first)
	}
	e.wantTier(users[0], tier.Power, 1, "active")
	e.wantTier(users[1], tier.Pro, 1, "active")
}

// TestSubscriptionsOfOtherSystemsGoOn has subscriptions with our metadata whose accounts were never in this database,
// and one of a living account under a customer that was replaced.
func TestSubscriptionsOfOtherSystemsGoOn(t *testing.T) {
	t.Attr("case", "B08")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.stripe.Add(devstripe.Subscription{
		Customer: "cus_staging", Price: "price_pro", Quantity: 1,
		Metadata: map[string]string{"adiuva_user": "018f0000-0000-7000-8000-000000000001"},
	})
	e.stripe.Add(devstripe.Subscription{
		Customer: "cus_replaced", Price: "price_pro", Quantity: 1,
		Metadata: map[string]string{"adiuva_user": u.ID.String()},
	})
	_, err := e.db.Pool.Exec(t.Context(), "UPDATE users SET stripe_customer_id = 'cus_new' WHERE id = $1", u.ID)
	check(t, err)
	e.deliverAndProcess()
	check(t, e.svc.Reconcile(t.Context()))
	e.wantTier(u, tier.Pro, 1, "active")
	if n := len(e.stripe.RunningSubscriptions()); n != 2 {
		t.Errorf("%d subscriptions run, want 2", n)
	}
	// Only once the account is deleted is its subscription ended.
	_, err = e.db.Pool.Exec(t.Context(), "DELETE FROM users WHERE id = $1", u.ID)
	check(t, err)
	check(t, e.svc.Reconcile(t.Context()))
	if n := len(e.stripe.RunningSubscriptions()); n != 1 {
		t.Errorf("%d subscriptions run after the deletion, want 1", n)
	}
	e.advance(26 * time.Hour)
	check(t, e.svc.Reconcile(t.Context()))
	if n := value[int](e, "SELECT count(*) FROM deleted_customers"); n != 0 {
		t.Error("the deleted account is not forgotten")
	}
}

// TestEventsOfTheOtherModeAreNotOurs delivers a live event to a service with a test key.
func TestEventsOfTheOtherModeAreNotOurs(t *testing.T) {
	t.Attr("case", "B06")
	t.Parallel()
	e := setup(t)
	u, id := e.subscriber(tier.Pro, 1)
	e.stripe.Change(id, func(x *devstripe.Subscription) { x.Status = "canceled" })
	event := e.stripe.Events()[0]
	event.Payload = []byte(strings.Replace(string(event.Payload), `"livemode":false,"object":"event"`,
		`"livemode":true,"object":"event"`, 1))
	e.deliver(e.svc, event)
	_, err := e.svc.ProcessDue(t.Context())
	check(t, err)
	e.wantTier(u, tier.Pro, 1, "active")
	if state := value[string](e, "SELECT state FROM stripe_inbox WHERE livemode"); state != "foreign" {
		t.Errorf("the event is %s", state)
	}
}

// TestRefusedCancelIsNoSuccess has Stripe refuse to end a subscription that goes on, and answer an error for one that
// it ended.
func TestRefusedCancelIsNoSuccess(t *testing.T) {
	t.Attr("case", "B03")
	t.Parallel()
	e := setup(t)
	for _, status := range []int{400, 402, 403, 404, 409, 429, 500} {
		u, id := e.subscriber(tier.Pro, 1)
		ends := false
		e.stripe.Refuse(func(r *http.Request) *devstripe.Error {
			if r.Method == http.MethodGet {
				return nil
			}
			if ends {
				e.stripe.Change(id, func(x *devstripe.Subscription) { x.Status = "canceled" })
			}
			return &devstripe.Error{Status: status}
		})
		for _, immediately := range []bool{true, false} {
			if err := e.svc.Cancel(t.Context(), u, immediately); !errors.Is(err, billing.ErrUnavailable) {
				t.Errorf("%d, immediately %t: %v", status, immediately, err)
			}
		}
		e.wantTier(u, tier.Pro, 1, "active")
		ends = true
		if err := e.svc.Cancel(t.Context(), u, true); err != nil {
			t.Errorf("%d, and it ended: %v", status, err)
		}
		e.wantTier(u, tier.Free, 1, "canceled")
		e.stripe.Refuse(nil)
		e.deliverAndProcess()
	}
}
