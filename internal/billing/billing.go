// Package billing makes the tier of an account what Stripe says its subscription is. An event of Stripe is only a nudge: its
// id goes to an inbox before it is acknowledged, and a worker then asks Stripe how the subscription stands and writes
// that, so that lost, repeated and reordered events all end in the same state. A reconcile walks every subscription at the
// start and every 24 hours. No payload is kept, and what an operator granted is left alone.
package billing

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/worker"
)

// The faults of this package.
var (
	ErrSubscribed  = fault.New(fault.AlreadySubscribed, "This account has a subscription. Change it in the billing portal.")
	ErrUnavailable = fault.New(fault.BillingUnavailable, "The payment provider is unreachable at the moment. Nothing was charged; try again shortly.")
	ErrSignature   = fault.New(fault.SignatureInvalid, "The signature does not fit the body, the endpoint's secret or the time. Send the event as Stripe signed it.")
	ErrNeverPaid   = fault.ErrNotFound.WithMessage("This account was never a customer. Start a checkout first.")
	ErrNone        = fault.ErrNotFound.WithMessage("This account has no subscription.")
)

// ErrUnknown is what a Gateway answers when Stripe has nothing of that id.
var ErrUnknown = errors.New("billing: Stripe does not know this id")

// Gateway is Stripe, as far as billing needs it. Its errors are ErrUnavailable, after which a call may or may not have had
// its effect, ErrUnknown, ErrSignature, or our own mistakes.
type Gateway interface {
	// Verify returns the event of a signed payload, or ErrSignature.
	Verify(payload []byte, signature string) (Event, error)
	// CreateCustomer returns a customer for the account; within a day the same for the same account and previous customer,
	// which is "" for the first.
	CreateCustomer(ctx context.Context, userID uuid.UUID, email, previous string) (customerID string, err error)
	// DeleteCustomer removes the customer and ends its subscriptions at once. Repeating it is fine.
	DeleteCustomer(ctx context.Context, customerID string) error
	// Checkouts returns the customer's latest checkouts, the newest first.
	Checkouts(ctx context.Context, customerID string) ([]Checkout, error)
	// CreateCheckout opens a checkout; with the same key within a day it returns the same one, or the same failure.
	CreateCheckout(ctx context.Context, order Order, key string) (Checkout, error)
	// ExpireCheckout closes an open checkout. One that is not open any more is no error.
	ExpireCheckout(ctx context.Context, id string) error
	// CreatePortal returns the address of a page on which the customer changes cards and plan.
	CreatePortal(ctx context.Context, customerID string) (url string, err error)
	// Subscription returns how a subscription stands now, or ErrUnknown.
	Subscription(ctx context.Context, id string) (Subscription, error)
	// Subscriptions returns those that have not ended: a customer's, or with "" everyone's.
	Subscriptions(ctx context.Context, customerID string) iter.Seq2[Subscription, error]
	// Cancel ends a subscription at the end of its paid period, or now. Repeating it is fine.
	Cancel(ctx context.Context, subscriptionID string, immediately bool) error
}

// Event is what we keep of an event. SubscriptionID is empty where it concerns none.
type Event struct {
	ID, Type, SubscriptionID string
	Live                     bool
	OccurredAt               time.Time
}

// Order is what a checkout sells.
type Order struct {
	UserID     uuid.UUID
	CustomerID string
	Tier       tier.Tier
	Seats      int
}

// Checkout is one of Stripe's checkout pages. URL is empty unless it is open.
type Checkout struct {
	ID, URL string
	Open    bool
	Tier    tier.Tier
	Seats   int
}

// Subscription is how one stands at Stripe. UserID is uuid.Nil where no checkout of ours began it; Tier is empty where its
// price is none of ours.
type Subscription struct {
	ID, CustomerID    string
	UserID            uuid.UUID
	Tier              tier.Tier
	Seats             int
	Status            string // in Stripe's words
	PeriodEnd         time.Time
	CancelAtPeriodEnd bool
}

// Ended reports whether nothing can happen to a subscription of that status any more.
func Ended(status string) bool { return status == "canceled" || status == "incomplete_expired" }

// entitles reports whether a subscription of that status gives its tier: a late payment does not take it away yet.
func entitles(status string) bool {
	return status == "active" || status == "trialing" || status == "past_due"
}

// Config is what a Service needs.
type Config struct {
	DB      *postgres.DB
	Gateway Gateway
	Now     func() time.Time // nil means time.Now
	Log     *slog.Logger
}

// Service sells subscriptions and follows them. It is safe for concurrent use, and several may share a database.
type Service struct {
	gateway Gateway
	db      *postgres.DB
	q       *db.Queries
	clock   func() time.Time
	log     *slog.Logger
	worker  *worker.Worker
}

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{gateway: cfg.Gateway, db: cfg.DB, q: db.New(), clock: cfg.Now, log: cfg.Log}
	s.worker = s.newWorker()
	return s
}

func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }
