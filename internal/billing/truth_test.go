package billing_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

// customer returns the account's customer id.
func (e *env) customer(u identity.User) string {
	e.t.Helper()
	return value[string](e, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
}

// subscriber returns an account with a paid subscription whose events were processed, and the subscription's id.
func (e *env) subscriber(t tier.Tier, seats int) (identity.User, string) {
	e.t.Helper()
	u := e.user()
	id := e.subscribe(u, t, seats)
	e.deliverAndProcess()
	e.wantTier(u, t, seats, "active")
	return u, id
}

// TestOldAndYearlyPricesTellThePlan changes the price of running subscriptions: to one configured second, to a yearly
// one of the same product, to those whose metadata names the plan, and to one that nothing tells the plan of.
func TestOldAndYearlyPricesTellThePlan(t *testing.T) {
	t.Attr("case", "B01")
	t.Parallel()
	e := setup(t)
	e.svc = e.replica(func(c *stripepay.Config) {
		c.Prices = map[tier.Tier][]string{
			tier.Pro:   {"price_pro", "price_old", "price_missing"},
			tier.Power: {"price_power"}, tier.Team: {"price_team"},
		}
	})
	for _, p := range []devstripe.Price{
		{ID: "price_old", Product: "prod_old"}, {ID: "price_yearly", Product: "prod_team", Yearly: true},
		{ID: "price_marked", Product: "prod_x", Metadata: map[string]string{"adiuva_tier": "power"}},
		{ID: "price_unknown", Product: "prod_y"},
	} {
		e.stripe.AddPrice(p)
	}
	for price, want := range map[string]tier.Tier{
		"price_old": tier.Pro, "price_yearly": tier.Team, "price_marked": tier.Power,
		"price_unknown": tier.Power, // what was last paid for
	} {
		u, id := e.subscriber(tier.Power, 1)
		e.stripe.Change(id, func(x *devstripe.Subscription) { x.Price = price })
		e.deliverAndProcess()
		e.wantTier(u, want, 1, "active")
		check(t, e.svc.Cancel(t.Context(), u, false))
		e.wantTier(u, want, 1, "active")
		for _, status := range []string{"unpaid", "paused", "canceled"} {
			e.stripe.Change(id, func(x *devstripe.Subscription) { x.Status = status })
			e.deliverAndProcess()
			e.wantTier(u, tier.Free, 1, status)
		}
		e.subscribe(u, tier.Pro, 1)
		e.deliverAndProcess()
		e.wantTier(u, tier.Pro, 1, "active")
	}
	if n := value[int](e, "SELECT count(*) FROM stripe_inbox WHERE state <> 'done'"); n != 0 {
		t.Errorf("%d events are not settled", n)
	}
}

// TestSharedProductTellsNoPlan has all prices under one product, so that another price of it is of no plan.
func TestSharedProductTellsNoPlan(t *testing.T) {
	t.Attr("case", "B01")
	t.Parallel()
	e := setup(t)
	for _, id := range []string{"price_a", "price_b", "price_other"} {
		e.stripe.AddPrice(devstripe.Price{ID: id, Product: "prod_all"})
	}
	e.svc = e.replica(func(c *stripepay.Config) {
		c.Prices = map[tier.Tier][]string{tier.Pro: {"price_a"}, tier.Power: {"price_power"}, tier.Team: {"price_b"}}
	})
	u := e.user()
	e.subscribe(u, tier.Power, 1)
	e.deliverAndProcess()
	e.stripe.Add(devstripe.Subscription{Customer: e.customer(u), Price: "price_other", Quantity: 9})
	e.stripe.Add(devstripe.Subscription{
		Customer: e.customer(u), Price: "price_other", Quantity: 3, Metadata: map[string]string{"adiuva_tier": "team"},
	})
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 3, "active")
	if n := value[int](e, "SELECT count(*) FROM subscriptions"); n != 2 {
		t.Errorf("%d subscriptions are stored, want 2", n)
	}
}

// TestFailedUpgradeKeepsThePlanLastPaidFor also tries it with the row missing, with a renewal that was paid at the new
// plan while events were lost, and with several items.
func TestFailedUpgradeKeepsThePlanLastPaidFor(t *testing.T) {
	t.Attr("case", "B02")
	t.Parallel()
	e := setup(t)
	upgrade := func(x *devstripe.Subscription) { x.Price, x.Quantity, x.Status = "price_team", 50, "past_due" }
	u, id := e.subscriber(tier.Pro, 1)
	e.stripe.Change(id, upgrade)
	e.deliverAndProcess()
	e.wantTier(u, tier.Pro, 1, "past_due")
	if at, err := e.svc.SubscriptionStatus(t.Context(), u); err != nil || at.Tier != tier.Pro || at.Seats != 1 {
		t.Errorf("the subscription is shown as %+v, %v", at, err)
	}
	_, err := e.db.Pool.Exec(t.Context(), "DELETE FROM subscriptions")
	check(t, err)
	check(t, e.svc.Reconcile(t.Context()))
	e.wantTier(u, tier.Pro, 1, "past_due")
	e.stripe.DeclineCard(e.customer(u), true)
	e.stripe.DeclineCard(e.customer(u), false) // pays what is open
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 50, "active")

	lost, lostID := e.subscriber(tier.Pro, 1)
	e.stripe.Change(lostID, upgrade)
	e.stripe.DeclineCard(e.customer(lost), false)
	e.stripe.Change(lostID, func(x *devstripe.Subscription) { x.Status = "past_due" })
	e.stripe.Events() // of which none arrives
	check(t, e.svc.Reconcile(t.Context()))
	e.wantTier(lost, tier.Team, 50, "past_due")
}

// TestTrialThatIsNotPaidForEnds also tries it with its events lost, and with a plan that was paid for before.
func TestTrialThatIsNotPaidForEnds(t *testing.T) {
	t.Attr("case", "B02")
	t.Parallel()
	e := setup(t)
	u := e.user()
	_, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1) // makes the customer
	check(t, err)
	id := e.stripe.Add(devstripe.Subscription{
		Customer: e.customer(u), Price: "price_team", Quantity: 5, Status: "trialing",
	})
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 5, "trialing")
	e.stripe.Change(id, func(x *devstripe.Subscription) { x.Status = "past_due" })
	e.deliverAndProcess()
	e.wantTier(u, tier.Free, 1, "past_due")
	_, err = e.db.Pool.Exec(t.Context(), "DELETE FROM subscriptions")
	check(t, err)
	check(t, e.svc.Reconcile(t.Context()))
	e.wantTier(u, tier.Free, 1, "past_due")
	e.stripe.DeclineCard(e.customer(u), true)
	e.stripe.DeclineCard(e.customer(u), false) // pays what is open
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 5, "active")

	payer, paidID := e.subscriber(tier.Pro, 1)
	for status, want := range map[string]tier.Tier{"trialing": tier.Power, "past_due": tier.Pro} {
		e.stripe.Change(paidID, func(x *devstripe.Subscription) { x.Price, x.Status = "price_power", status })
		e.deliverAndProcess()
		e.wantTier(payer, want, 1, status)
	}
}

// TestForeignSubscriptionsAreNoneOfOurs gives a customer a subscription to a product that is no plan.
func TestForeignSubscriptionsAreNoneOfOurs(t *testing.T) {
	t.Attr("case", "B08")
	t.Parallel()
	e := setup(t)
	e.stripe.AddPrice(devstripe.Price{ID: "price_consulting", Product: "prod_consulting"})
	u := e.user()
	_, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1)
	check(t, err)
	for _, status := range []string{"active", "past_due", "trialing"} {
		e.stripe.Add(devstripe.Subscription{
			Customer: e.customer(u), Price: "price_consulting", Quantity: 2, Status: status,
		})
	}
	e.stripe.Add(devstripe.Subscription{Customer: "cus_stranger", Price: "price_team", Quantity: 2})
	e.deliverAndProcess()
	e.wantTier(u, tier.Free, 1, "none")
	if n := value[int](e, "SELECT count(*) FROM stripe_inbox WHERE state = 'foreign'"); n != 4 {
		t.Errorf("%d events are settled as foreign, want 4", n)
	}
	e.subscribe(u, tier.Pro, 1)
	e.deliverAndProcess()
	e.wantTier(u, tier.Pro, 1, "active")
	check(t, e.svc.Reconcile(t.Context()))
	if n := len(e.stripe.RunningSubscriptions()); n != 5 {
		t.Errorf("%d subscriptions run, want 5", n)
	}
	// Several items of which one is a plan.
	u, id := e.subscriber(tier.Team, 4)
	e.stripe.Change(id, func(x *devstripe.Subscription) {
		x.Extra = []devstripe.Item{{Price: "price_team", Quantity: 4}, {Price: "price_pro", Quantity: 1}}
		x.Price = "price_consulting"
	})
	e.deliverAndProcess()
	e.wantTier(u, tier.Team, 4, "active")
}

// TestCancelFollowsStripesWord cancels subscriptions that are not as the database has them.
func TestCancelFollowsStripesWord(t *testing.T) {
	t.Attr("case", "B03")
	t.Parallel()
	for name, c := range map[string]struct {
		change      func(*devstripe.Subscription)
		immediately bool
		tier        tier.Tier
		status      string
	}{
		"ended already": {
			func(x *devstripe.Subscription) { x.Status = "canceled" }, true, tier.Free, "canceled",
		},
		"ended, at period end": {
			func(x *devstripe.Subscription) { x.Status = "canceled" }, false, tier.Free, "canceled",
		},
		"incomplete": {
			func(x *devstripe.Subscription) { x.Status = "incomplete" }, false, tier.Free, "incomplete_expired",
		},
		"unpaid": {func(x *devstripe.Subscription) { x.Status = "unpaid" }, true, tier.Free, "canceled"},
		"a schedule owns it": {
			func(x *devstripe.Subscription) { x.Schedule = "sub_sched_9" }, false, tier.Pro, "active",
		},
		"a schedule, at once": {
			func(x *devstripe.Subscription) { x.Schedule = "sub_sched_9" }, true, tier.Free, "canceled",
		},
		"it ends in a year": {
			func(x *devstripe.Subscription) { x.CancelAt = x.PeriodEnd.AddDate(1, 0, 0) }, false, tier.Pro, "active",
		},
		"it ends next week": {
			func(x *devstripe.Subscription) { x.CancelAt = x.PeriodEnd.AddDate(0, 0, -20) }, false, tier.Pro, "active",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			u, id := e.subscriber(tier.Pro, 1)
			e.stripe.Change(id, c.change)
			e.stripe.Events() // late
			for range 2 {
				check(t, e.svc.Cancel(t.Context(), u, c.immediately))
				e.wantTier(u, c.tier, 1, c.status)
			}
			at, err := e.svc.SubscriptionStatus(t.Context(), u)
			check(t, err)
			if at.CancelAtPeriodEnd != (c.status == "active") {
				t.Errorf("%+v", at)
			}
			e.stripe.Advance(32 * 24 * time.Hour)
			if n := len(e.stripe.RunningSubscriptions()); n != 0 {
				t.Errorf("%d subscriptions go on after the period", n)
			}
		})
	}
}

// TestCancelFindsASubscriptionWhoseEventsAreLate cancels a subscription that is not stored yet.
func TestCancelFindsASubscriptionWhoseEventsAreLate(t *testing.T) {
	t.Attr("case", "B03")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	check(t, e.svc.Cancel(t.Context(), u, true))
	e.wantTier(u, tier.Free, 1, "canceled")
	if n := len(e.stripe.RunningSubscriptions()); n != 0 {
		t.Errorf("%d subscriptions go on", n)
	}
}

// TestCancelOfAMissingSubscriptionIsNoSuccess checks that an account whose subscription Stripe does not know is not
// told that it has ended, and keeps its plan.
func TestCancelOfAMissingSubscriptionIsNoSuccess(t *testing.T) {
	t.Attr("case", "B06")
	t.Parallel()
	e := setup(t)
	u, id := e.subscriber(tier.Pro, 1)
	e.stripe.Change(id, func(*devstripe.Subscription) {})
	events := e.stripe.Events()
	e.stripe.Forget(id)
	for _, immediately := range []bool{true, false} {
		if err := e.svc.Cancel(t.Context(), u, immediately); !errors.Is(err, billing.ErrUnavailable) {
			t.Errorf("cancel: %v", err)
		}
	}
	e.wantTier(u, tier.Pro, 1, "active")
	e.deliver(e.svc, events...)
	for range 20 {
		if _, err := e.svc.ProcessDue(t.Context()); err != nil && errors.Is(err, billing.ErrUnavailable) {
			t.Fatal(err)
		}
		e.advance(10 * time.Minute)
	}
	if state := value[string](e, "SELECT state FROM stripe_inbox WHERE state <> 'done'"); state != "dead" {
		t.Errorf("the event is %s, want dead", state)
	}
	check(t, e.svc.Reconcile(t.Context()))
	e.wantTier(u, tier.Pro, 1, "active")
	check(t, e.svc.ReconcileAccepted(t.Context()))
	e.wantTier(u, tier.Free, 1, "canceled")
}

// TestPaymentInAnotherTabIsNotSoldTwice pays one page while the other tab closes it, or just before it looks.
func TestPaymentInAnotherTabIsNotSoldTwice(t *testing.T) {
	t.Attr("case", "B07")
	t.Parallel()
	for name, at := range map[string]string{"at the expire": "/expire", "at the list of pages": sessionsPath + "?"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			u := e.user()
			url, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1)
			check(t, err)
			paid := false
			e.stripe.Before(func(r *http.Request) {
				if strings.Contains(r.URL.RequestURI(), at) && !paid {
					paid = true
					e.stripe.Pay(session(url), 0)
				}
			})
			if _, err := e.svc.Checkout(t.Context(), u, tier.Power, 1); !errors.Is(err, billing.ErrAlreadySubscribed) {
				t.Errorf("the second page: %v", err)
			}
			if n := e.postCount(sessionsPath); n != 1 {
				t.Errorf("%d pages were opened", n)
			}
			e.wantTier(u, tier.Pro, 1, "active")
		})
	}
}

// TestRefusedCheckoutsCreateNothing has Stripe refuse the price, the key and the rate.
func TestRefusedCheckoutsCreateNothing(t *testing.T) {
	t.Attr("case", "B10")
	t.Parallel()
	for name, refusal := range map[string]devstripe.Error{
		"price missing":  {Status: 400, Code: "resource_missing", Param: "line_items[0][price]"},
		"price inactive": {Status: 400, Param: "line_items[0][price]"},
		"key revoked":    {Status: 401},
		"key restricted": {Status: 403},
		"rate limit":     {Status: 429, Code: "rate_limit"},
		"other mode":     {Status: 400, Code: "parameter_unknown", Param: "customer"},
		"declined":       {Status: 402, Type: "card_error", Code: "card_declined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			u := e.user()
			e.stripe.Refuse(func(r *http.Request) *devstripe.Error {
				if r.Method == http.MethodPost && r.URL.Path == sessionsPath {
					return &refusal
				}
				return nil
			})
			for range 4 {
				if _, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1); !errors.Is(err, billing.ErrUnavailable) {
					t.Errorf("checkout: %v", err)
				}
			}
			if n := e.postCount("/v1/customers"); n != 1 {
				t.Errorf("%d customers were created", n)
			}
			e.stripe.Refuse(nil)
			e.subscribe(u, tier.Pro, 1)
		})
	}
	e := setup(t)
	e.svc = e.replica(func(c *stripepay.Config) { c.Prices = map[tier.Tier][]string{tier.Pro: {"price_gone"}} })
	if _, err := e.svc.Checkout(t.Context(), e.user(), tier.Pro, 1); !errors.Is(err, billing.ErrMisconfigured) {
		t.Errorf("a price that is gone: %v", err)
	}
	if n := e.postCount("/v1/customers"); n != 0 {
		t.Errorf("%d customers were created for a price that is gone", n)
	}
}

// TestRefusedEmailIsLeftOut checks that an address that Stripe refuses does not keep its owner from buying.
func TestRefusedEmailIsLeftOut(t *testing.T) {
	t.Attr("case", "B11")
	t.Parallel()
	for _, refusal := range []devstripe.Error{
		{Status: 400, Code: "email_invalid", Param: "email"}, {Status: 400, Param: "email"},
	} {
		e := setup(t)
		e.stripe.Refuse(func(r *http.Request) *devstripe.Error {
			if r.URL.Path == "/v1/customers" && r.FormValue("email") != "" {
				return &refusal
			}
			return nil
		})
		u := e.user()
		e.subscribe(u, tier.Pro, 1)
		e.deliverAndProcess()
		e.wantTier(u, tier.Pro, 1, "active")
	}
}

// TestEverySubscriptionEventIsANudge delivers one event of each kind alone.
func TestEverySubscriptionEventIsANudge(t *testing.T) {
	t.Attr("case", "B15")
	t.Parallel()
	for _, kind := range []string{
		"paused", "resumed", "trial_will_end", "pending_update_applied", "pending_update_expired", "of_the_future",
	} {
		e := setup(t)
		u, id := e.subscriber(tier.Pro, 1)
		e.stripe.Change(id, func(x *devstripe.Subscription) { x.Status = "paused" })
		event := e.stripe.Events()[0]
		event.Payload = []byte(strings.Replace(string(event.Payload), "subscription.updated", "subscription."+kind, 1))
		e.deliver(e.svc, event)
		_, err := e.svc.ProcessDue(t.Context())
		check(t, err)
		e.wantTier(u, tier.Free, 1, "paused")
	}
}

// TestImpossibleSeatsAreNoError changes the quantity to what no plan can have.
func TestImpossibleSeatsAreNoError(t *testing.T) {
	t.Attr("case", "B16")
	t.Parallel()
	e := setup(t)
	u, id := e.subscriber(tier.Team, 2)
	for _, c := range []struct {
		quantity int
		tier     tier.Tier
		seats    int
	}{
		{0, tier.Free, 1}, {1 << 31, tier.Team, 1<<31 - 1}, {-1, tier.Free, 1}, {1<<31 - 1, tier.Team, 1<<31 - 1},
		{3, tier.Team, 3},
	} {
		e.stripe.Change(id, func(x *devstripe.Subscription) { x.Quantity = c.quantity })
		e.deliverAndProcess()
		e.wantTier(u, c.tier, c.seats, "active")
		if at, err := e.svc.SubscriptionStatus(t.Context(), u); err != nil || at.Seats < 1 {
			t.Errorf("quantity %d is shown as %+v, %v", c.quantity, at, err)
		}
	}
}

// TestClocksDoNotOrderAnswers has every time that is stored lie ahead, as after the database's clock stepped back.
func TestClocksDoNotOrderAnswers(t *testing.T) {
	t.Attr("case", "B17")
	t.Parallel()
	e := setup(t)
	u, _ := e.subscriber(tier.Pro, 1)
	_, err := e.db.Pool.Exec(t.Context(), `UPDATE subscriptions
		SET updated_at = now() + interval '10 minutes', created_at = now() + interval '10 minutes'`)
	check(t, err)
	e.advance(-10 * time.Minute)
	check(t, e.svc.Cancel(t.Context(), u, true))
	e.wantTier(u, tier.Free, 1, "canceled")
}

// TestIncompleteGrantsNothingUntilPaid waits for an action of the customer, which comes, or does not within 23 hours.
func TestIncompleteGrantsNothingUntilPaid(t *testing.T) {
	t.Attr("case", "B02")
	t.Parallel()
	for _, confirmed := range []bool{true, false} {
		e := setup(t)
		u := e.user()
		_, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1)
		check(t, err)
		id := e.stripe.Add(devstripe.Subscription{
			Customer: e.customer(u), Price: "price_team", Quantity: 5, Status: "incomplete",
		})
		e.deliverAndProcess()
		e.wantTier(u, tier.Free, 1, "incomplete")
		if _, err := e.svc.Checkout(t.Context(), u, tier.Pro, 1); err != nil {
			t.Errorf("checkout beside an incomplete subscription: %v", err)
		}
		if confirmed {
			e.stripe.Confirm(id)
			e.deliverAndProcess()
			e.wantTier(u, tier.Team, 5, "active")
			continue
		}
		e.stripe.Advance(24 * time.Hour)
		e.deliverAndProcess()
		e.wantTier(u, tier.Free, 1, "incomplete_expired")
	}
}
