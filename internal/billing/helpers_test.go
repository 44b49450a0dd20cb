package billing_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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

var listed = map[tier.Tier][]string{tier.Pro: {"price_pro"}, tier.Power: {"price_power"}, tier.Team: {"price_team"}}

// env is billing with a real database, a stateful Stripe that can fail, and a clock that only advance moves.
type env struct {
	t         *testing.T
	db        *postgres.DB
	stripe    *devstripe.Server
	stripeURL string
	clock     atomic.Int64
	svc       *billing.Service
	failed    []uuid.UUID // accounts that were told of a failed payment
}

func setup(t *testing.T) *env {
	t.Helper()
	return setupOn(t, pgtest.New(t))
}

func setupOn(t *testing.T, db *postgres.DB) *env {
	t.Helper()
	e := &env{t: t, db: db}
	e.clock.Store(time.Now().UnixMicro())
	var err error
	e.stripe, err = devstripe.New(devstripe.Config{Prices: prices, Now: e.now, Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	server := httptest.NewServer(e.stripe)
	t.Cleanup(server.Close)
	e.stripeURL = server.URL
	e.svc = e.replica()
	check(t, e.svc.ConfirmAccount(t.Context()))
	return e
}

// replica returns another service with the same database and Stripe.
func (e *env) replica(options ...func(*stripepay.Config)) *billing.Service {
	log := slog.New(slog.DiscardHandler)
	pay := stripepay.Config{
		Timeout: 30 * time.Second, // a busy machine fails no test
		Key:     "sk_test_1", WebhookSecrets: []string{secret}, APIBase: e.stripeURL, Prices: listed,
		Account:    e.stripe.Account(),
		SuccessURL: "https://app.example.com/billing/success",
		CancelURL:  "https://app.example.com/billing/cancel",
		Now:        e.now, Log: log,
	}
	for _, o := range options {
		o(&pay)
	}
	return billing.New(billing.Config{DB: e.db, Now: e.now, Log: log, Gateway: stripepay.New(pay),
		PaymentFailed: func(_ context.Context, _ pgx.Tx, owner uuid.UUID) error {
			e.failed = append(e.failed, owner)
			return nil
		}})
}

func (e *env) now() time.Time          { return time.UnixMicro(e.clock.Load()).UTC() }
func (e *env) advance(d time.Duration) { e.clock.Add(d.Microseconds()) }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// user inserts an account.
func (e *env) user() identity.User {
	e.t.Helper()
	u := identity.User{ID: uuid.New(), Tier: tier.Free}
	_, err := e.db.Pool.Exec(e.t.Context(), `
		INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, $2, 'x', now(), now(), now())`, u.ID, u.ID.String()+"@example.com")
	check(e.t, err)
	return u
}

// postCount returns the number of POST requests for the path.
func (e *env) postCount(path string) (n int) {
	for _, c := range e.stripe.Calls() {
		if c.Method == "POST" && c.Path == path {
			n++
		}
	}
	return n
}

// session returns the id at the end of a checkout's address.
func session(url string) string { return url[len(url)-len("cs_test_")-26:] }

// subscribe pays a checkout and returns the subscription's id. It delivers no event.
func (e *env) subscribe(u identity.User, t tier.Tier, seats int) string {
	e.t.Helper()
	url, err := e.svc.Checkout(e.t.Context(), u, t, seats)
	check(e.t, err)
	id := e.stripe.Pay(session(url), 0)
	if id == "" {
		e.t.Fatal("the checkout was not paid")
	}
	return id
}

// deliver sends the events to svc, signed now.
func (e *env) deliver(svc *billing.Service, events ...devstripe.Event) {
	e.t.Helper()
	for _, event := range events {
		signature := devstripe.Sign(event.Payload, secret, e.now())
		check(e.t, svc.HandleEvent(e.t.Context(), event.Payload, signature))
	}
}

// deliverAndProcess delivers Stripe's pending events and processes them.
func (e *env) deliverAndProcess() {
	e.t.Helper()
	e.deliver(e.svc, e.stripe.Events()...)
	_, err := e.svc.ProcessDue(e.t.Context())
	check(e.t, err)
}

// wantTier fails unless the account has the tier and seats, and its subscription the status.
func (e *env) wantTier(u identity.User, want tier.Tier, seats int, status string) {
	e.t.Helper()
	var got string
	var gotSeats int
	row := e.db.Pool.QueryRow(e.t.Context(), "SELECT tier, seats FROM users WHERE id = $1", u.ID)
	check(e.t, row.Scan(&got, &gotSeats))
	at, err := e.svc.SubscriptionStatus(e.t.Context(), u)
	check(e.t, err)
	if got != string(want) || gotSeats != seats || at.Status != status {
		e.t.Errorf("%s with %d seats, subscription %s; want %s with %d, %s",
			got, gotSeats, at.Status, want, seats, status)
	}
}

// value returns the single value that the query selects.
func value[T any](e *env, sql string, args ...any) (v T) {
	e.t.Helper()
	if err := e.db.Pool.QueryRow(e.t.Context(), sql, args...).Scan(&v); err != nil {
		e.t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
	return v
}
