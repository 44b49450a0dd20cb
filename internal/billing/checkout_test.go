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

// TestC110_PaidCheckout takes a free account to a team of five and back.
func TestC110_PaidCheckout(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.is(u, tier.Free, 1, "none")
	id := w.subscribe(u, tier.Team, 5)
	w.is(u, tier.Free, 1, "none")
	events := w.stripe.Events()
	for range 2 { // the same events again have no second effect
		w.deliver(w.svc, events...)
		_, err := w.svc.ProcessDue(t.Context())
		check(t, err)
		w.is(u, tier.Team, 5, "active")
	}
	at, err := w.svc.Standing(t.Context(), u)
	check(t, err)
	if month := at.PeriodEnd.Sub(w.now()); at.CancelAtPeriodEnd || month < 27*24*time.Hour || month > 32*24*time.Hour {
		t.Errorf("%+v", at)
	}
	for range 2 {
		check(t, w.svc.Cancel(t.Context(), u, false))
		w.is(u, tier.Team, 5, "active")
	}
	if at, err = w.svc.Standing(t.Context(), u); err != nil || !at.CancelAtPeriodEnd {
		t.Errorf("%+v, %v", at, err)
	}
	w.stripe.Advance(32 * 24 * time.Hour)
	w.settle()
	w.is(u, tier.Free, 1, "canceled")
	check(t, w.svc.Cancel(t.Context(), u, true))
	if got := w.subscribe(u, tier.Pro, 1); got == id {
		t.Error("the ended subscription came back")
	}
	w.settle()
	w.is(u, tier.Pro, 1, "active")
}

// TestC118_DoubleCheckout clicks twice: at once, one after the other, for another plan, and with a subscription.
func TestC118_DoubleCheckout(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u, second := w.user(), w.replica()
	var urls [2]string
	var group sync.WaitGroup
	for i, svc := range []*billing.Service{w.svc, second} {
		group.Go(func() {
			url, err := svc.Checkout(t.Context(), u, tier.Pro, 1)
			if err != nil {
				t.Error(err)
			}
			urls[i] = url
		})
	}
	group.Wait()
	again, err := w.svc.Checkout(t.Context(), u, tier.Pro, 1)
	check(t, err)
	if urls[0] != urls[1] || again != urls[0] {
		t.Errorf("three pages: %v, %s", urls, again)
	}
	other, err := w.svc.Checkout(t.Context(), u, tier.Power, 1)
	check(t, err)
	if w.stripe.Pay(session(again), 0) != "" {
		t.Error("the page for the other plan can still be paid")
	}
	if w.stripe.Pay(session(other), 0) == "" {
		t.Error("the open page cannot be paid")
	}
	// No event has arrived, and yet we know better than to sell twice.
	if _, err := w.svc.Checkout(t.Context(), u, tier.Pro, 1); !errors.Is(err, billing.ErrSubscribed) {
		t.Errorf("a second subscription: %v", err)
	}
	w.is(u, tier.Power, 1, "active")
	before := len(w.stripe.Calls())
	if _, err := w.svc.Checkout(t.Context(), u, tier.Power, 1); !errors.Is(err, billing.ErrSubscribed) || len(w.stripe.Calls()) != before {
		t.Errorf("known to be subscribed: %v, and Stripe was asked", err)
	}
	if n := w.created("/v1/customers"); n != 1 && n != 2 { // two at once share an idempotency key
		t.Errorf("%d customers were asked for", n)
	}
}

// TestC117_StripeFailsAtCheckout lets Stripe fail in every way it can.
func TestC117_StripeFailsAtCheckout(t *testing.T) {
	t.Parallel()
	at := func(path string, f devstripe.Fault, times int64) func(*http.Request) devstripe.Fault {
		var n atomic.Int64
		return func(r *http.Request) devstripe.Fault {
			if r.Method == http.MethodPost && r.URL.Path == path && n.Add(1) <= times {
				return f
			}
			return devstripe.None
		}
	}
	for name, c := range map[string]struct {
		fault  func(*http.Request) devstripe.Fault
		refuse bool // the first call fails
	}{
		"the answer is lost once":         {at(sessionsPath, devstripe.LoseAnswer, 1), false},
		"500 once, which its key repeats": {at(sessionsPath, devstripe.ServerError, 1), false},
		"500 for as long as we try":       {at(sessionsPath, devstripe.ServerError, 2), true},
		"too many requests":               {at(sessionsPath, devstripe.RateLimited, 2), true},
		"garbage":                         {at(sessionsPath, devstripe.Garbage, 2), true},
		"the customer's answer is lost":   {at("/v1/customers", devstripe.LoseAnswer, 1), false},
		"no customer: 500, which repeats": {at("/v1/customers", devstripe.ServerError, 1), false},
		"everything hangs":                {func(*http.Request) devstripe.Fault { return devstripe.Hang }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			u := w.user()
			w.stripe.Script(c.fault)
			begun := time.Now()
			_, err := w.svc.Checkout(t.Context(), u, tier.Pro, 1)
			if refused := errors.Is(err, billing.ErrUnavailable); refused != c.refuse || !refused && err != nil {
				t.Errorf("the first: %v", err)
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
			w.stripe.Script(nil)
			url, err := w.svc.Checkout(t.Context(), u, tier.Pro, 1)
			check(t, err)
			if w.stripe.Pay(session(url), 0) == "" {
				t.Error("the page cannot be paid")
			}
			w.settle()
			w.is(u, tier.Pro, 1, "active")
			if n := value[int](w, "SELECT count(*) FROM subscriptions"); n != 1 {
				t.Errorf("%d subscriptions", n)
			}
		})
	}
}

func TestC122_RefusedCheckouts(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	if _, err := w.svc.Checkout(t.Context(), u, tier.Pro, 2); !errors.Is(err, fault.ErrValidation) {
		t.Errorf("two seats of Pro: %v", err)
	}
	if _, err := w.svc.Portal(t.Context(), u); !errors.Is(err, billing.ErrNeverPaid) {
		t.Errorf("a portal for nobody: %v", err)
	}
	if err := w.svc.Cancel(t.Context(), u, false); !errors.Is(err, billing.ErrNone) {
		t.Errorf("nothing to cancel: %v", err)
	}
	if calls := w.stripe.Calls(); len(calls) > 0 {
		t.Errorf("Stripe was asked: %v", calls)
	}
	url, err := w.svc.Checkout(t.Context(), u, tier.Team, 10_000)
	check(t, err)
	w.stripe.Pay(session(url), 0)
	w.settle()
	w.is(u, tier.Team, 10_000, "active")
	portal, err := w.svc.Portal(t.Context(), u)
	if err != nil || !strings.HasPrefix(portal, w.base+"/p/cus_") {
		t.Errorf("portal: %q, %v", portal, err)
	}
}

// TestACustomerDeletedAtStripe gives the account another at its next checkout.
func TestACustomerDeletedAtStripe(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	w.settle()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, w.base+"/v1/customers/"+value[string](w, "SELECT stripe_customer_id FROM users"), nil)
	check(t, err)
	req.Header.Set("Authorization", "Bearer sk_test_1")
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	check(t, resp.Body.Close())
	w.settle()
	w.is(u, tier.Free, 1, "canceled")
	if _, err := w.svc.Portal(t.Context(), u); !errors.Is(err, billing.ErrNeverPaid) {
		t.Errorf("portal: %v", err)
	}
	w.subscribe(u, tier.Power, 1)
	w.settle()
	w.is(u, tier.Power, 1, "active")
}

// TestC119_CancelRacesARenewal cancels while the events of a renewal come in, and with Stripe away.
func TestC119_CancelRacesARenewal(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	w.settle()
	w.stripe.Script(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	if err := w.svc.Cancel(t.Context(), u, true); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("Stripe away: %v", err)
	}
	w.is(u, tier.Pro, 1, "active")
	w.stripe.Script(nil)
	w.stripe.Advance(31 * 24 * time.Hour)
	renewal := w.stripe.Events()
	var group sync.WaitGroup
	group.Go(func() {
		w.deliver(w.replica(), renewal...)
		if _, err := w.svc.ProcessDue(t.Context()); err != nil {
			t.Error(err)
		}
	})
	group.Go(func() {
		if err := w.svc.Cancel(t.Context(), u, true); err != nil {
			t.Error(err)
		}
	})
	group.Wait()
	w.settle()
	w.is(u, tier.Free, 1, "canceled")
}
