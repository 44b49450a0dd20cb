package billing_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// customerOf returns the id of the account's customer.
func (e *env) customerOf(u identity.User) string {
	e.t.Helper()
	return value[string](e, "SELECT stripe_customer_id FROM users WHERE id = $1", u.ID)
}

func TestOwnerIsToldOfAFailedPaymentOnceADay(t *testing.T) {
	t.Attr("case", "MC41")
	t.Parallel()
	e := setup(t)
	u, paying := e.user(), e.user()
	e.subscribe(u, tier.Pro, 1)
	e.subscribe(paying, tier.Pro, 1)
	e.deliverAndProcess()
	e.stripe.DeclineCard(e.customerOf(u), true)
	if len(e.failed) != 0 {
		t.Fatal("an owner who pays was told of a failed payment")
	}
	e.stripe.Advance(31 * 24 * time.Hour)
	events := e.stripe.Events()
	e.deliver(e.svc, events...)
	e.deliver(e.svc, events...) // Stripe may send an event twice
	_, err := e.svc.ProcessDue(t.Context())
	check(t, err)
	if !slices.Equal(e.failed, []uuid.UUID{u.ID}) {
		t.Fatalf("told %v, want %v once", e.failed, u.ID)
	}
	failure := events[slices.IndexFunc(events, func(x devstripe.Event) bool {
		return strings.Contains(string(x.Payload), "invoice.payment_failed")
	})]
	again := func(id string) {
		payload := strings.Replace(string(failure.Payload), `"evt_`, `"evt_`+id, 1)
		e.deliver(e.svc, devstripe.Event{Payload: []byte(payload)})
		_, err := e.svc.ProcessDue(t.Context())
		check(t, err)
	}
	again("sameday")
	if len(e.failed) != 1 {
		t.Errorf("told %d times in a day", len(e.failed))
	}
	e.advance(25 * time.Hour)
	again("nextday")
	if len(e.failed) != 2 {
		t.Errorf("told %d times in two days, want 2", len(e.failed))
	}
	e.stripe.DeclineCard(e.customerOf(u), false) // which pays
	e.deliverAndProcess()
	e.advance(25 * time.Hour)
	again("late")
	if len(e.failed) != 2 {
		t.Error("told of a failure although it was paid since")
	}
}

// move gives the account another address, as auth does.
func (e *env) move(u identity.User, email string) {
	e.t.Helper()
	check(e.t, e.db.Tx(e.t.Context(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(e.t.Context(), "UPDATE users SET email = $1 WHERE id = $2", email, u.ID); err != nil {
			return err
		}
		return e.svc.EmailChanged(e.t.Context(), tx, u.ID)
	}))
}

// addresses returns what was written to the account's customer, in order.
func (e *env) addresses(u identity.User) (list []string) {
	e.t.Helper()
	path := "/v1/customers/" + e.customerOf(u)
	for _, c := range e.stripe.Calls() {
		if c.Method == "POST" && c.Path == path {
			list = append(list, c.Body)
		}
	}
	return list
}

func TestCustomerGetsTheAccountsNewAddress(t *testing.T) {
	t.Attr("case", "MC42")
	t.Parallel()
	e := setup(t)
	u, stranger := e.user(), e.user()
	e.subscribe(u, tier.Pro, 1)
	e.move(stranger, "stranger@example.com") // has no customer
	e.move(u, "new@example.com")
	check(t, e.svc.UpdateCustomers(t.Context()))
	if got := e.addresses(u); !slices.Equal(got, []string{"email=new%40example.com"}) {
		t.Errorf("written: %q", got)
	}
	if n := value[int](e, "SELECT count(*) FROM customer_updates"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestAddressWaitsForStripe(t *testing.T) {
	t.Attr("case", "MC42")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.move(u, "new@example.com")
	down := true
	e.stripe.Refuse(func(r *http.Request) *devstripe.Error {
		if down && r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v1/customers/") {
			return &devstripe.Error{Status: http.StatusServiceUnavailable, Type: "api_error"}
		}
		return nil
	})
	if err := e.svc.UpdateCustomers(t.Context()); err == nil {
		t.Error("no error while Stripe is down")
	}
	down = false
	before := len(e.addresses(u))
	check(t, e.svc.UpdateCustomers(t.Context()))
	if n := len(e.addresses(u)); n != before {
		t.Error("tried again without a pause")
	}
	e.move(u, "newer@example.com")
	e.advance(5 * time.Second)
	check(t, e.svc.UpdateCustomers(t.Context()))
	if got := e.addresses(u); got[len(got)-1] != "email=newer%40example.com" {
		t.Errorf("written: %q", got)
	}
	if n := value[int](e, "SELECT count(*) FROM customer_updates"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestAddressThatChangesDuringTheUpdateIsWrittenAgain(t *testing.T) {
	t.Attr("case", "MC42")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.subscribe(u, tier.Pro, 1)
	e.move(u, "new@example.com")
	moved := false
	e.stripe.Before(func(r *http.Request) {
		if !moved && r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/v1/customers/") {
			moved = true
			e.advance(time.Millisecond)
			e.move(u, "newer@example.com")
		}
	})
	check(t, e.svc.UpdateCustomers(t.Context()))
	want := []string{"email=new%40example.com", "email=newer%40example.com"}
	if got := e.addresses(u); !slices.Equal(got, want) {
		t.Errorf("written: %q, want %q", got, want)
	}
}

func TestAddressThatChangesDuringTheFirstCheckoutIsWritten(t *testing.T) {
	t.Attr("case", "MC42")
	t.Parallel()
	e := setup(t)
	u := e.user()
	e.stripe.Before(func(r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/customers" {
			e.move(u, "new@example.com")
		}
	})
	e.subscribe(u, tier.Pro, 1)
	check(t, e.svc.UpdateCustomers(t.Context()))
	if got := e.addresses(u); !slices.Equal(got, []string{"email=new%40example.com"}) {
		t.Errorf("written: %q", got)
	}
}

func TestRefusedAndGoneCustomersEndTheUpdate(t *testing.T) {
	t.Attr("case", "MC42")
	t.Parallel()
	e := setup(t)
	u, gone := e.user(), e.user()
	e.subscribe(u, tier.Pro, 1)
	e.subscribe(gone, tier.Pro, 1)
	e.move(u, "bücher@example.com")
	e.move(gone, "gone@example.com")
	e.stripe.DeleteCustomer(e.customerOf(gone))
	e.stripe.Refuse(func(r *http.Request) *devstripe.Error {
		if strings.HasPrefix(r.URL.Path, "/v1/customers/") && r.PostFormValue("email") == "bücher@example.com" {
			return &devstripe.Error{Status: http.StatusBadRequest, Type: "invalid_request_error", Param: "email"}
		}
		return nil
	})
	check(t, e.svc.UpdateCustomers(t.Context()))
	if got := e.addresses(u); len(got) != 2 || got[1] != "email=" {
		t.Errorf("written: %q", got)
	}
	if n := value[int](e, "SELECT count(*) FROM customer_updates"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}
