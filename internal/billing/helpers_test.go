package billing_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

const secret = "whsec_test_secret_of_at_least_32_bytes"

var prices = map[tier.Tier]string{tier.Pro: "price_pro", tier.Power: "price_power", tier.Team: "price_team"}

// world is billing on a real database and a Stripe that keeps state and can fail, by a clock that stands still.
type world struct {
	t      *testing.T
	db     *postgres.DB
	stripe *devstripe.Server
	base   string
	clock  atomic.Int64
	svc    *billing.Service
}

func setup(t *testing.T) *world {
	t.Helper()
	return setupOn(t, pgtest.New(t))
}

func setupOn(t *testing.T, db *postgres.DB) *world {
	t.Helper()
	w := &world{t: t, db: db}
	w.clock.Store(time.Now().UnixMicro())
	var err error
	w.stripe, err = devstripe.New(devstripe.Config{Prices: prices, Now: w.now, Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	server := httptest.NewServer(w.stripe)
	t.Cleanup(server.Close)
	w.base = server.URL
	w.svc = w.replica()
	return w
}

// replica is another service on the same database and Stripe.
func (w *world) replica(options ...func(*stripepay.Config)) *billing.Service {
	log := slog.New(slog.DiscardHandler)
	pay := stripepay.Config{
		Key: "sk_test_1", WebhookSecrets: []string{secret}, APIBase: w.base, Prices: prices,
		SuccessURL: "https://app.example.com/billing/success", CancelURL: "https://app.example.com/billing/cancel", Now: w.now, Log: log,
	}
	for _, o := range options {
		o(&pay)
	}
	return billing.New(billing.Config{DB: w.db, Now: w.now, Log: log, Gateway: stripepay.New(pay)})
}

func (w *world) now() time.Time          { return time.UnixMicro(w.clock.Load()).UTC() }
func (w *world) advance(d time.Duration) { w.clock.Add(d.Microseconds()) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) user() identity.User {
	w.t.Helper()
	u := identity.User{ID: uuid.New(), Tier: tier.Free}
	_, err := w.db.Pool.Exec(w.t.Context(), `INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, $2, 'x', now(), now(), now())`, u.ID, u.ID.String()+"@example.com")
	check(w.t, err)
	return u
}

// sessions are the checkouts that Stripe has, in order of their making.
func (w *world) created(path string) (n int) {
	for _, c := range w.stripe.Calls() {
		if c.Method == "POST" && c.Path == path {
			n++
		}
	}
	return n
}

// session is the id at the end of a checkout's address.
func session(url string) string { return url[len(url)-len("cs_test_")-26:] }

// subscribe takes the user through a checkout and returns the subscription's id; no event is delivered yet.
func (w *world) subscribe(u identity.User, t tier.Tier, seats int) string {
	w.t.Helper()
	url, err := w.svc.Checkout(w.t.Context(), u, t, seats)
	check(w.t, err)
	id := w.stripe.Pay(session(url), 0)
	if id == "" {
		w.t.Fatal("the checkout was not paid")
	}
	return id
}

// deliver hands events over, signed now.
func (w *world) deliver(svc *billing.Service, events ...devstripe.Event) {
	w.t.Helper()
	for _, e := range events {
		check(w.t, svc.HandleEvent(w.t.Context(), e.Payload, devstripe.Sign(e.Payload, secret, w.now())))
	}
}

// settle delivers what Stripe has to say and applies it.
func (w *world) settle() {
	w.t.Helper()
	w.deliver(w.svc, w.stripe.Events()...)
	_, err := w.svc.ProcessDue(w.t.Context())
	check(w.t, err)
}

// is fails unless the account has that tier and seats by its subscription, and the subscription that status.
func (w *world) is(u identity.User, want tier.Tier, seats int, status string) {
	w.t.Helper()
	var got string
	var gotSeats int
	check(w.t, w.db.Pool.QueryRow(w.t.Context(), "SELECT tier, seats FROM users WHERE id = $1", u.ID).Scan(&got, &gotSeats))
	at, err := w.svc.Standing(w.t.Context(), u)
	check(w.t, err)
	if got != string(want) || gotSeats != seats || at.Status != status {
		w.t.Errorf("%s with %d seats, subscription %s; want %s with %d, %s", got, gotSeats, at.Status, want, seats, status)
	}
}

// value reads one value.
func value[T any](w *world, sql string, args ...any) (v T) {
	w.t.Helper()
	if err := w.db.Pool.QueryRow(w.t.Context(), sql, args...).Scan(&v); err != nil {
		w.t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
	return v
}
