package billing_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tier"
)

const sessionsPath = "/v1/checkout/sessions"

// TestPaidCheckoutSetsTheTier upgrades a free account to a team of five and back.
func TestPaidCheckoutSetsTheTier(t *testing.T) {
	t.Attr("case", "C110")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.wantTier(u, tier.Free, 1, "none")
	id := e.subscribe(u, tier.Team, 5)
	e.wantTier(u, tier.Free, 1, "none")
	events := e.stripe.Events()
	for range 2 { // the same events again have no effect
		e.deliver(e.svc, events...)
		_, err := e.svc.ProcessDue(t.Context())
		check(t, err)
		e.wantTier(u, tier.Team, 5, "active")
	}
	at, err := e.svc.SubscriptionStatus(t.Context(), u)
	check(t, err)
	if month := at.PeriodEnd.Sub(e.now()); at.CancelAtPeriodEnd || month < 27*24*time.Hour || month > 32*24*time.Hour {
		t.Errorf("%+v", at)
	}
	for range 2 {
		check(t, e.svc.Cancel(t.Context(), u, false))
		e.wantTier(u, tier.Team, 5, "active")
	}
	if at, err = e.svc.SubscriptionStatus(t.Context(), u); err != nil || !at.CancelAtPeriodEnd {
		t.Errorf("%+v, %v", at, err)
	}
	e.stripe.Advance(32 * 24 * time.Hour)
	e.deliverAndProcess()
	e.wantTier(u, tier.Free, 1, "canceled")
	check(t, e.svc.Cancel(t.Context(), u, true))
	if got := e.subscribe(u, tier.Pro, 1); got == id {
		t.Error("the canceled subscription was reactivated")
	}
	e.deliverAndProcess()
	e.wantTier(u, tier.Pro, 1, "active")
}

// TestRepeatedCheckoutsShareOnePage repeats a checkout: concurrently, in sequence, for another plan, and when
// subscribed.
func TestRepeatedCheckoutsShareOnePage(t *testing.T) {
	t.Attr("case", "C118")
	t.Parallel()
	e := setup(t)
	u, second := e.user(), e.replica()
	var urls [2]string
	var group sync.WaitGroup
	for i, svc := range []*billing.Service{e.svc, second} {
		group.Go(func() {
			url, err := svc.Checkout(t.Context(), u, tier.Pro, 1)
			if err != nil {
				t.Error(err)
			}
			urls[i] = url
		})
	}
	group.Wait()
	again, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1)
	check(t, err)
	if urls[0] != urls[1] || again != urls[0] {
		t.Errorf("the pages differ: %v, %s", urls, again)
	}
	other, err := e.svc.Checkout(t.Context(), u, tier.Power, 1)
	check(t, err)
	if e.stripe.Pay(session(again), 0) != "" {
		t.Error("the page for the other plan can still be paid")
	}
	if e.stripe.Pay(session(other), 0) == "" {
		t.Error("the open page cannot be paid")
	}
	// No event has been processed, and still a second subscription is refused.
	if _, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1); !errors.Is(err, billing.ErrAlreadySubscribed) {
		t.Errorf("a second subscription: %v", err)
	}
	e.wantTier(u, tier.Power, 1, "active")
	before := len(e.stripe.Calls())
	_, err = e.svc.Checkout(t.Context(), u, tier.Power, 1)
	if calls := len(e.stripe.Calls()) - before; !errors.Is(err, billing.ErrAlreadySubscribed) || calls != 0 {
		t.Errorf("checkout of a subscribed account: %v, with %d calls to Stripe", err, calls)
	}
	// Concurrent calls share an idempotency key.
	if n := e.postCount("/v1/customers"); n != 1 && n != 2 {
		t.Errorf("%d requests for a customer", n)
	}
}

// TestCheckoutSurvivesStripeFailures makes Stripe fail in every way that devstripe can. At most the first call fails.
func TestCheckoutSurvivesStripeFailures(t *testing.T) {
	t.Attr("case", "C117")
	t.Parallel()
	posts := func(path string, f devstripe.Fault, times int64) func(*http.Request) devstripe.Fault {
		var n atomic.Int64
		return func(r *http.Request) devstripe.Fault {
			if r.Method == http.MethodPost && r.URL.Path == path && n.Add(1) <= times {
				return f
			}
			return devstripe.None
		}
	}
	for name, c := range map[string]struct {
		fault   func(*http.Request) devstripe.Fault
		wantErr bool // of the first call
	}{
		"checkout: response lost once":        {posts(sessionsPath, devstripe.DropResponse, 1), false},
		"checkout: 500 once, repeated by key": {posts(sessionsPath, devstripe.ServerError, 1), false},
		"checkout: 500 twice":                 {posts(sessionsPath, devstripe.ServerError, 2), true},
		"checkout: 429 twice":                 {posts(sessionsPath, devstripe.RateLimited, 2), true},
		"checkout: no JSON":                   {posts(sessionsPath, devstripe.Garbage, 2), true},
		"customer: response lost once":        {posts("/v1/customers", devstripe.DropResponse, 1), false},
		"customer: 500 once, repeated by key": {posts("/v1/customers", devstripe.ServerError, 1), false},
		"every request hangs":                 {func(*http.Request) devstripe.Fault { return devstripe.Hang }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			u := e.user()
			e.stripe.InjectFaults(c.fault)
			start := time.Now()
			_, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1)
			unavailable := errors.Is(err, billing.ErrUnavailable)
			if unavailable != c.wantErr || !unavailable && err != nil {
				t.Errorf("first call: %v", err)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			e.stripe.InjectFaults(nil)
			url, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1)
			check(t, err)
			if e.stripe.Pay(session(url), 0) == "" {
				t.Error("the page cannot be paid")
			}
			e.deliverAndProcess()
			e.wantTier(u, tier.Pro, 1, "active")
			if n := value[int](e, "SELECT count(*) FROM subscriptions"); n != 1 {
				t.Errorf("%d subscriptions", n)
			}
		})
	}
}

func TestCheckoutRejectsInvalidOrders(t *testing.T) {
	t.Attr("case", "C122")
	t.Parallel()
	e := setup(t)
	u := e.user()
	if _, err := e.svc.Checkout(t.Context(), u, tier.Pro, 2); !errors.Is(err, fault.ErrValidation) {
		t.Errorf("two seats of Pro: %v", err)
	}
	if _, err := e.svc.Portal(t.Context(), u); !errors.Is(err, billing.ErrNoCustomer) {
		t.Errorf("portal without a customer: %v", err)
	}
	if err := e.svc.Cancel(t.Context(), u, false); !errors.Is(err, billing.ErrNoSubscription) {
		t.Errorf("cancel without a subscription: %v", err)
	}
	if calls := e.stripe.Calls(); len(calls) > 0 {
		t.Errorf("calls to Stripe: %v", calls)
	}
	url, err := e.svc.Checkout(t.Context(), u, tier.Team, 10_000)
	check(t, err)
	e.stripe.Pay(session(url), 0)
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 10_000, "active")
	portal, err := e.svc.Portal(t.Context(), u)
	if err != nil || !strings.HasPrefix(portal, e.stripeURL+"/p/cus_") {
		t.Errorf("portal: %q, %v", portal, err)
	}
}

// TestCustomerDeletedAtStripeIsReplaced checks that the next checkout creates another customer.
func TestCustomerDeletedAtStripeIsReplaced(t *testing.T) {
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.deliverAndProcess()
	customer := value[string](e, "SELECT stripe_customer_id FROM users")
	address := e.stripeURL + "/v1/customers/" + customer
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, address, nil)
	check(t, err)
	req.Header.Set("Authorization", "Bearer sk_test_1")
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	check(t, resp.Body.Close())
	e.deliverAndProcess()
	e.wantTier(u, tier.Free, 1, "canceled")
	if _, err := e.svc.Portal(t.Context(), u); !errors.Is(err, billing.ErrNoCustomer) {
		t.Errorf("portal: %v", err)
	}
	e.subscribe(u, tier.Power, 1)
	e.deliverAndProcess()
	e.wantTier(u, tier.Power, 1, "active")
}

// TestCancelDuringARenewal cancels while the events of a renewal are processed, and while Stripe is unavailable.
func TestCancelDuringARenewal(t *testing.T) {
	t.Attr("case", "C119")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.deliverAndProcess()
	e.stripe.InjectFaults(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	if err := e.svc.Cancel(t.Context(), u, true); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("with Stripe unavailable: %v", err)
	}
	e.wantTier(u, tier.Pro, 1, "active")
	e.stripe.InjectFaults(nil)
	e.stripe.Advance(31 * 24 * time.Hour)
	renewal := e.stripe.Events()
	var group sync.WaitGroup
	group.Go(func() {
		e.deliver(e.replica(), renewal...)
		if _, err := e.svc.ProcessDue(t.Context()); err != nil {
			t.Error(err)
		}
	})
	group.Go(func() {
		if err := e.svc.Cancel(t.Context(), u, true); err != nil {
			t.Error(err)
		}
	})
	group.Wait()
	e.deliverAndProcess()
	e.wantTier(u, tier.Free, 1, "canceled")
}

// TestSeveralSubscriptionsOfOneAccount has an older one that grants a plan, a newer one that grants none, and the
// newest, which Stripe does not know: the first is shown, and those that Stripe knows are canceled.
func TestSeveralSubscriptionsOfOneAccount(t *testing.T) {
	t.Attr("case", "B03")
	t.Parallel()
	e := setup(t)
	u, id := e.subscriber(tier.Team, 3)
	for _, status := range []string{"trialing", "unpaid"} {
		e.stripe.Add(devstripe.Subscription{
			ID: "sub_" + status, Customer: e.customer(u), Price: "price_pro", Quantity: 1, Status: status,
		})
		e.deliverAndProcess()
		e.wantTier(u, tier.Team, 3, "active")
	}
	e.stripe.Change("sub_trialing", func(x *devstripe.Subscription) { x.Price = "price_power" })
	e.stripe.Forget("sub_unpaid")
	e.deliverAndProcess()
	if err := e.svc.Cancel(t.Context(), u, true); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("cancel: %v, want %v", err, billing.ErrUnavailable)
	}
	if n := len(e.stripe.RunningSubscriptions()); n != 0 {
		t.Errorf("%d subscriptions go on, among them %s", n, id)
	}
	e.wantTier(u, tier.Free, 1, "unpaid")
}
