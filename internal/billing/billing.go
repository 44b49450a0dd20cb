package billing

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/worker"
)

// Faults of this package.
var (
	ErrAlreadySubscribed = fault.New(fault.AlreadySubscribed,
		"This account has a subscription. Change it in the billing portal.")
	ErrUnavailable = fault.New(fault.BillingUnavailable,
		"The payment provider is unreachable at the moment. Nothing was charged; try again shortly.")
	ErrSignature = fault.New(fault.SignatureInvalid,
		"The signature does not fit the body, the endpoint's secret or the time. Send the event as Stripe signed it.")
	ErrNoCustomer     = fault.ErrNotFound.WithMessage("This account was never a customer. Start a checkout first.")
	ErrNoSubscription = fault.ErrNotFound.WithMessage("This account has no subscription.")
)

// Errors that a Gateway returns.
var (
	// ErrNotAtStripe means that Stripe has no object of that id. It does not mean that the object has ended.
	ErrNotAtStripe = errors.New("billing: Stripe does not know this id")
	// ErrCheckoutPaid means that a checkout cannot be closed because it was paid.
	ErrCheckoutPaid = errors.New("billing: the checkout was paid")
	// ErrMisconfigured is the cause of an ErrUnavailable that only an operator can end: Stripe refuses the key, a price
	// or a parameter.
	ErrMisconfigured = errors.New("billing: Stripe refuses the request")
)

// Gateway is the part of Stripe's API that billing uses. Its errors are ErrUnavailable, after which the call may or may
// not have taken effect, ErrNotAtStripe, ErrSignature, and where a method says so ErrCheckoutPaid.
type Gateway interface {
	// Verify returns the event of a signed payload, or ErrSignature.
	Verify(payload []byte, signature string) (Event, error)
	// Live reports whether the key is of Stripe's live mode.
	Live() bool
	// Account returns the id of the key's account, or ErrNotAtStripe from a Stripe without accounts, as test doubles
	// are.
	Account(ctx context.Context) (id string, err error)
	// CheckPrice returns nil unless Stripe says that it does not have the price at which the tier is sold.
	CheckPrice(ctx context.Context, t tier.Tier) error
	// CreateCustomer returns a new customer for the account, without the e-mail address when Stripe refuses it. Within
	// a day it returns the same one for the same account and previous customer, which is "" for the first.
	CreateCustomer(ctx context.Context, userID uuid.UUID, email, previous string) (customerID string, err error)
	// UpdateCustomer gives the customer another e-mail address, or none when Stripe refuses it. It returns
	// ErrNotAtStripe for a customer that is gone.
	UpdateCustomer(ctx context.Context, customerID, email string) error
	// DeleteCustomer deletes the customer and ends its subscriptions at once. Repeating it succeeds.
	DeleteCustomer(ctx context.Context, customerID string) error
	// Checkouts returns the customer's latest checkouts, newest first.
	Checkouts(ctx context.Context, customerID string) ([]Checkout, error)
	// CreateCheckout opens a checkout. With the same key within a day it returns the same checkout, or the same error.
	CreateCheckout(ctx context.Context, order Order, key string) (Checkout, error)
	// ExpireCheckout closes a checkout. It succeeds for one that is no longer open, and returns ErrCheckoutPaid for one
	// that was paid.
	ExpireCheckout(ctx context.Context, id string) error
	// CreatePortal returns the address of a page on which the customer changes card and plan.
	CreatePortal(ctx context.Context, customerID string) (url string, err error)
	// Subscription returns the current state of a subscription, or ErrNotAtStripe.
	Subscription(ctx context.Context, id string) (Subscription, error)
	// Subscriptions yields the subscriptions that have not ended, newest first: a customer's, or with "" everyone's,
	// those that follow the id after, or with "" all. An error ends it.
	Subscriptions(ctx context.Context, customerID, after string) iter.Seq2[Subscription, error]
	// LastPaid returns the plan on the latest invoice of the subscription that was paid, or the zero Plan for none.
	LastPaid(ctx context.Context, subscriptionID string) (Plan, error)
	// Cancel asks Stripe to end a subscription at the end of its paid period, or now. A schedule that owns the
	// subscription is released first. Whatever it returns, Subscription tells what came of it.
	Cancel(ctx context.Context, sub Subscription, immediately bool) error
}

// Event is the part of a Stripe event that is stored. SubscriptionID is empty when it concerns no subscription.
type Event struct {
	ID             string
	Type           string
	SubscriptionID string
	Live           bool // not of Stripe's test mode
	OccurredAt     time.Time
}

// Order is what a checkout sells, and to whom.
type Order struct {
	UserID     uuid.UUID
	CustomerID string
	Tier       tier.Tier
	Seats      int
}

// Checkout is a checkout at Stripe. URL is its page, empty unless it is open.
type Checkout struct {
	ID    string
	URL   string
	Open  bool
	Tier  tier.Tier
	Seats int
}

// Subscription is the state of a subscription at Stripe. UserID is uuid.Nil when none of our checkouts created it.
type Subscription struct {
	ID                string
	CustomerID        string
	UserID            uuid.UUID
	Items             []Item
	Status            string // as Stripe names it: active, past_due, canceled, …
	PeriodEnd         time.Time
	CancelAtPeriodEnd bool   // it ends when the paid period does, or sooner
	ScheduleID        string // of the schedule that owns it, or ""
}

// isPlan reports whether the subscription can be told to be one of ours: it is at a plan, or our checkout created it.
func (s Subscription) isPlan() bool { return s.UserID != uuid.Nil || BestPlan(s.Items).Tier != "" }

// Config configures a Service. DB, Gateway and Log are required.
type Config struct {
	DB      *postgres.DB
	Gateway Gateway
	// PaymentFailed runs in the transaction that settles the event of a failed payment, at most once a day for a
	// subscription. Nil does nothing.
	PaymentFailed func(ctx context.Context, tx pgx.Tx, owner uuid.UUID) error
	Now           func() time.Time // nil means time.Now
	Log           *slog.Logger
}

// Service sells subscriptions and tracks them. It is safe for concurrent use, and replicas may share one database.
type Service struct {
	gateway Gateway
	db      *postgres.DB
	q       *db.Queries
	clock   func() time.Time
	log     *slog.Logger
	worker  *worker.Worker // events
	nightly *worker.Worker // the reconcile, apart from the events, which must not wait for it
	emails  *worker.Worker // addresses of customers, of which each may wait for Stripe

	accountConfirmed atomic.Bool
	paymentFailed    func(ctx context.Context, tx pgx.Tx, owner uuid.UUID) error
}

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.PaymentFailed == nil {
		cfg.PaymentFailed = func(context.Context, pgx.Tx, uuid.UUID) error { return nil }
	}
	s := &Service{
		gateway: cfg.Gateway, db: cfg.DB, q: db.New(), clock: cfg.Now, log: cfg.Log, paymentFailed: cfg.PaymentFailed,
	}
	s.worker, s.nightly, s.emails = s.newEventWorker(), s.newReconcileWorker(), s.newCustomerWorker()
	return s
}

// now returns the time at the database's precision.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }
