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
	"github.com/adiuva/cloud-api/internal/tier"
)

// permutations calls visit with every order of n things.
func permutations(n int, visit func(order []int)) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	var rest func(at int)
	rest = func(at int) {
		if at == n {
			visit(order)
			return
		}
		for i := at; i < n; i++ {
			order[at], order[i] = order[i], order[at]
			rest(at + 1)
			order[at], order[i] = order[i], order[at]
		}
	}
	rest(0)
}

// TestC113_AnyOrder delivers created, completed, updated, payment_failed, paid and deleted of one subscription in all 720
// orders (every eleventh of them but in a soak), each event twice, over two replicas: the account always ends as Stripe's
// subscription has, and so it does for one that was not deleted.
func TestC113_AnyOrder(t *testing.T) {
	t.Parallel()
	for name, deleted := range map[string]bool{"it ended": true, "it runs": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setup(t)
			replicas := []*billing.Service{w.svc, w.replica()}
			u := w.user()
			events := w.life(u, deleted)
			want, status := tier.Pro, "active"
			if deleted {
				want, status = tier.Free, "canceled"
			}
			nth := 0
			permutations(len(events), func(order []int) {
				if nth++; nth%orderStride != 0 {
					return
				}
				_, err := w.db.Pool.Exec(t.Context(), "TRUNCATE stripe_inbox, subscriptions")
				check(t, err)
				for n, i := range order {
					w.deliver(replicas[n%2], events[i])
					w.deliver(replicas[(n+1)%2], events[i])
					_, err := replicas[n%2].ProcessDue(t.Context())
					check(t, err)
				}
				w.is(u, want, 1, status)
			})
		})
	}
}

// life takes a subscription through everything and returns one event of each type.
func (w *world) life(u identity.User, deleted bool) []devstripe.Event {
	w.t.Helper()
	w.subscribe(u, tier.Pro, 1)
	customer := value[string](w, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
	w.stripe.Decline(customer, true)
	w.stripe.Advance(31 * 24 * time.Hour)
	w.stripe.Decline(customer, false)
	wanted := []string{"customer.subscription.created", "checkout.session.completed", "customer.subscription.updated", "invoice.payment_failed", "invoice.paid"}
	all := w.stripe.Events()
	if deleted {
		w.settle()
		w.deliver(w.svc, all...)
		_, err := w.svc.ProcessDue(w.t.Context())
		check(w.t, err)
		check(w.t, w.svc.Cancel(w.t.Context(), u, true))
		all = append(all, w.stripe.Events()...)
		wanted = append(wanted, "customer.subscription.deleted")
	}
	var events []devstripe.Event
	for _, kind := range wanted {
		i := slices.IndexFunc(all, func(e devstripe.Event) bool { return e.Type == kind })
		if i < 0 {
			w.t.Fatalf("there was no %s", kind)
		}
		events = append(events, all[i])
	}
	return events
}

// slow holds the answer to the first question for a subscription until it is told to let it go.
type slow struct {
	asked, goOn chan struct{}
	once        sync.Once
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if strings.HasPrefix(r.URL.Path, "/v1/subscriptions/") {
		s.once.Do(func() { close(s.asked); <-s.goOn })
	}
	return resp, err
}

// TestAnOldAnswerIsDropped lets an answer arrive after that to a later question.
func TestAnOldAnswerIsDropped(t *testing.T) {
	t.Parallel()
	w := setup(t)
	u := w.user()
	w.subscribe(u, tier.Pro, 1)
	w.settle()
	held := &slow{asked: make(chan struct{}), goOn: make(chan struct{})}
	late := w.replica(func(c *stripepay.Config) { c.Transport = held })
	customer := value[string](w, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
	w.stripe.Decline(customer, true)
	w.stripe.Advance(31 * 24 * time.Hour)
	events := w.stripe.Events()
	w.deliver(late, events[:1]...)
	done := make(chan error)
	go func() {
		_, err := late.ProcessDue(t.Context())
		done <- err
	}()
	<-held.asked // it says past_due
	w.stripe.Advance(31 * 24 * time.Hour)
	w.settle()
	w.is(u, tier.Free, 1, "unpaid")
	close(held.goOn)
	check(t, <-done)
	w.is(u, tier.Free, 1, "unpaid")
}
