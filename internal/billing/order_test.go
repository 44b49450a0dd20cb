package billing_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/testing/soak"
	"github.com/adiuva/cloud-api/internal/tier"
)

// orderStride returns which of the orders are tested: every eleventh, and every one in a soak test.
func orderStride() int {
	if soak.Enabled {
		return 1
	}
	return 11
}

// permutations calls visit with every permutation of the numbers below n.
func permutations(n int, visit func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var permuteFrom func(at int)
	permuteFrom = func(at int) {
		if at == n {
			visit(order)
			return
		}
		for i := at; i < n; i++ {
			order[at], order[i] = order[i], order[at]
			permuteFrom(at + 1)
			order[at], order[i] = order[i], order[at]
		}
	}
	permuteFrom(0)
}

// TestEventsInAnyOrderLeadToTheSameState takes subscriptions of every shape and delivers one event of each type of a
// subscription in all 720 orders (every eleventh of them outside soak tests), each event twice, over two replicas. The
// account always ends in the state of the subscription at Stripe, canceled or active.
func TestEventsInAnyOrderLeadToTheSameState(t *testing.T) {
	t.Attr("case", "C113")
	t.Parallel()
	for name, c := range map[string]struct {
		deleted bool
		last    func(*devstripe.Subscription) // the last change, whose event is delivered among the others
		want    tier.Tier
		seats   int
		status  string
	}{
		"canceled": {true, nil, tier.Free, 1, "canceled"},
		"active":   {false, nil, tier.Pro, 1, "active"},
		"several items": {false, func(x *devstripe.Subscription) {
			x.Extra = []devstripe.Item{{Price: "price_team", Quantity: 6}, {Price: "price_consulting", Quantity: 1}}
		}, tier.Team, 6, "active"},
		"a yearly price": {false, func(x *devstripe.Subscription) { x.Price = "price_yearly" },
			tier.Power, 1, "active"},
		"an upgrade that was not paid": {false, func(x *devstripe.Subscription) {
			x.Price, x.Quantity, x.Status = "price_team", 50, "past_due"
		}, tier.Pro, 1, "past_due"},
		"a schedule, collection paused": {false, func(x *devstripe.Subscription) {
			x.Schedule, x.CollectionPaused = "sub_sched_1", true
		}, tier.Pro, 1, "active"},
		"paused": {false, func(x *devstripe.Subscription) { x.Status = "paused" }, tier.Free, 1, "paused"},
		"expired before it was paid": {false, func(x *devstripe.Subscription) { x.Status = "incomplete_expired" },
			tier.Free, 1, "incomplete_expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := setup(t)
			e.stripe.AddPrice(devstripe.Price{ID: "price_yearly", Product: "prod_power", Yearly: true})
			e.stripe.AddPrice(devstripe.Price{ID: "price_consulting", Product: "prod_consulting"})
			replicas := []*billing.Service{e.svc, e.replica()}
			u := e.user()
			events := e.subscriptionHistory(u, c.deleted, c.last)
			visited := 0
			permutations(len(events), func(order []int) {
				if visited++; visited%orderStride() != 0 {
					return
				}
				_, err := e.db.Pool.Exec(t.Context(), "TRUNCATE stripe_inbox, subscriptions")
				check(t, err)
				for n, i := range order {
					e.deliver(replicas[n%2], events[i])
					e.deliver(replicas[(n+1)%2], events[i])
					_, err := replicas[n%2].ProcessDue(t.Context())
					check(t, err)
				}
				e.wantTier(u, c.want, c.seats, c.status)
			})
		})
	}
}

// subscriptionHistory takes a subscription through its life and returns one event of each type.
func (e *env) subscriptionHistory(
	u identity.User, deleted bool, last func(*devstripe.Subscription),
) []devstripe.Event {
	e.t.Helper()
	id := e.subscribe(u, tier.Pro, 1)
	customer := value[string](e, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
	e.stripe.DeclineCard(customer, true)
	e.stripe.Advance(31 * 24 * time.Hour)
	e.stripe.DeclineCard(customer, false)
	wanted := []string{
		"customer.subscription.created", "checkout.session.completed", "customer.subscription.updated",
		"invoice.payment_failed", "invoice.paid",
	}
	all := e.stripe.Events()
	if deleted {
		e.deliverAndProcess()
		e.deliver(e.svc, all...)
		_, err := e.svc.ProcessDue(e.t.Context())
		check(e.t, err)
		check(e.t, e.svc.Cancel(e.t.Context(), u, true))
		all = append(all, e.stripe.Events()...)
		wanted = append(wanted, "customer.subscription.deleted")
	}
	if last != nil {
		e.stripe.Change(id, last)
		all = append(e.stripe.Events(), all...)
	}
	var events []devstripe.Event
	for _, kind := range wanted {
		i := slices.IndexFunc(all, func(event devstripe.Event) bool { return event.Type == kind })
		if i < 0 {
			e.t.Fatalf("there was no %s", kind)
		}
		events = append(events, all[i])
	}
	return events
}

// delayedResponse holds back the response to the first request for a subscription until release is closed.
type delayedResponse struct {
	received chan struct{} // closed when there is a response
	release  chan struct{}
	once     sync.Once
}

func (d *delayedResponse) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if strings.HasPrefix(r.URL.Path, "/v1/subscriptions/") {
		d.once.Do(func() {
			close(d.received)
			<-d.release
		})
	}
	return resp, err
}

// TestStaleStripeResponseIsIgnored delays a response until that to a later request has been saved.
func TestStaleStripeResponseIsIgnored(t *testing.T) {
	t.Attr("case", "C113")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.deliverAndProcess()
	delayed := &delayedResponse{received: make(chan struct{}), release: make(chan struct{})}
	late := e.replica(func(c *stripepay.Config) { c.Transport = delayed })
	customer := value[string](e, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
	e.stripe.DeclineCard(customer, true)
	e.stripe.Advance(31 * 24 * time.Hour)
	events := e.stripe.Events()
	e.deliver(late, events[:1]...)
	done := make(chan error)
	go func() {
		_, err := late.ProcessDue(t.Context())
		done <- err
	}()
	<-delayed.received // its status is past_due
	e.stripe.Advance(31 * 24 * time.Hour)
	e.deliverAndProcess()
	e.wantTier(u, tier.Free, 1, "unpaid")
	close(delayed.release)
	check(t, <-done)
	e.wantTier(u, tier.Free, 1, "unpaid")
}
