// Package stripepay implements billing.Gateway with stripe-go. It bounds every request in time and translates
// Stripe's objects and errors into billing's. Stripe receives the account's id and e-mail, and the tier and seats
// of a checkout, and nothing that a user writes.
package stripepay

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/tier"
)

const (
	requestTimeout = 4 * time.Second // of one request
	maxCheckouts   = 20              // of a customer that are read; more are never open at once
	pageSize       = 100             // Stripe's maximum
	metadataUser   = "adiuva_user"
	metadataTier   = "adiuva_tier"
	metadataSeats  = "adiuva_seats"
)

// Config names the Stripe account and what it sells.
type Config struct {
	Key            string
	WebhookSecrets []string // any of them may sign an event
	APIBase        string   // "" means Stripe's own
	Prices         map[tier.Tier]string
	SuccessURL     string            // where Stripe sends users after they paid, or left the portal
	CancelURL      string            // where Stripe sends users who did not pay
	Transport      http.RoundTripper // nil means http.DefaultTransport
	Now            func() time.Time
	Log            *slog.Logger
}

// Gateway is a billing.Gateway for one Stripe account. It is safe for concurrent use.
type Gateway struct {
	cfg    Config
	client *stripe.Client
}

var _ billing.Gateway = (*Gateway)(nil)

// New returns a Gateway. It sends no request; CheckPrices verifies the configuration.
func New(cfg Config) *Gateway {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	backend := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: requestTimeout, Transport: cfg.Transport}, MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry: stripe.Bool(false), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if cfg.APIBase != "" {
		backend.URL = stripe.String(cfg.APIBase)
	}
	backends := stripe.WithBackends(stripe.NewBackendsWithConfig(backend))
	return &Gateway{cfg: cfg, client: stripe.NewClient(cfg.Key, backends)}
}

// toBillingErr translates an error of stripe-go into one of billing.Gateway's.
func toBillingErr(err error) error {
	var stripeErr *stripe.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case !errors.As(err, &stripeErr):
		return billing.ErrUnavailable.WithCause(errors.New(describeTransport(err)))
	case stripeErr.HTTPStatusCode == http.StatusNotFound, stripeErr.Code == stripe.ErrorCodeResourceMissing:
		return billing.ErrNotAtStripe
	case stripeErr.HTTPStatusCode >= http.StatusInternalServerError,
		stripeErr.HTTPStatusCode == http.StatusTooManyRequests,
		stripeErr.HTTPStatusCode == http.StatusConflict: // another request with the same key is in progress
		return billing.ErrUnavailable.WithCause(errors.New(describe(stripeErr)))
	}
	return errors.New("stripepay: " + describe(stripeErr))
}

// describeTransport describes why there was no response, without the address and the bytes that the error quotes.
func describeTransport(err error) string {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &network):
		return "no connection"
	}
	return "no answer that is one of Stripe's"
}

// describe returns the status, code, parameter and request id of an error. It leaves out Stripe's message, which may
// quote what was sent.
func describe(err *stripe.Error) string {
	code := cmp.Or(string(err.Code), string(err.Type), "without a code")
	return strconv.Itoa(err.HTTPStatusCode) + " " + code + " " + err.Param + " " + err.RequestID
}

// CreateCustomer creates the account's customer. Stripe repeats an error for its idempotency key for a day, so after a
// failure it looks for a customer that was created all the same, and if there is none it retries once with another key.
func (g *Gateway) CreateCustomer(ctx context.Context, userID uuid.UUID, email, previous string) (string, error) {
	key := "customer-" + userID.String() + previous
	id, err := g.createCustomer(ctx, userID, email, key)
	if !errors.Is(err, billing.ErrUnavailable) {
		return id, err
	}
	params := &stripe.CustomerListParams{Email: stripe.String(email)}
	for found, err := range g.client.V1Customers.List(ctx, params).All(ctx) {
		if err != nil {
			return "", toBillingErr(err)
		}
		if found.Metadata[metadataUser] == userID.String() && found.ID != previous {
			return found.ID, nil
		}
	}
	return g.createCustomer(ctx, userID, email, key+"-"+uuid.NewString())
}

func (g *Gateway) createCustomer(ctx context.Context, userID uuid.UUID, email, key string) (string, error) {
	params := &stripe.CustomerCreateParams{Email: stripe.String(email)}
	params.AddMetadata(metadataUser, userID.String())
	params.SetIdempotencyKey(key)
	customer, err := g.client.V1Customers.Create(ctx, params)
	if err != nil {
		return "", toBillingErr(err)
	}
	return customer.ID, nil
}

func (g *Gateway) DeleteCustomer(ctx context.Context, customerID string) error {
	_, err := g.client.V1Customers.Delete(ctx, customerID, nil)
	return ignoreUnknown(toBillingErr(err))
}

func ignoreUnknown(err error) error {
	if errors.Is(err, billing.ErrNotAtStripe) {
		return nil
	}
	return err
}

// Checkouts returns the customer's latest 20 checkouts, newest first.
func (g *Gateway) Checkouts(ctx context.Context, customerID string) ([]billing.Checkout, error) {
	params := &stripe.CheckoutSessionListParams{Customer: stripe.String(customerID)}
	params.Limit, params.Single = stripe.Int64(maxCheckouts), true
	var list []billing.Checkout
	for session, err := range g.client.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, toBillingErr(err)
		}
		if list = append(list, checkoutOf(session)); len(list) == maxCheckouts {
			break
		}
	}
	return list, nil
}

func checkoutOf(session *stripe.CheckoutSession) billing.Checkout {
	seats, _ := strconv.Atoi(session.Metadata[metadataSeats]) // 0 for a checkout that is not ours
	return billing.Checkout{
		ID: session.ID, URL: session.URL, Open: session.Status == stripe.CheckoutSessionStatusOpen,
		Tier: tier.Tier(session.Metadata[metadataTier]), Seats: seats,
	}
}

// CreateCheckout opens a checkout. Its metadata names the user, so that the subscription it creates can be attributed.
func (g *Gateway) CreateCheckout(ctx context.Context, order billing.Order, key string) (billing.Checkout, error) {
	params := &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String(string(stripe.CheckoutSessionModeSubscription)), Customer: stripe.String(order.CustomerID),
		ClientReferenceID: stripe.String(order.UserID.String()),
		SuccessURL:        stripe.String(g.cfg.SuccessURL), CancelURL: stripe.String(g.cfg.CancelURL),
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Price: stripe.String(g.cfg.Prices[order.Tier]), Quantity: stripe.Int64(int64(order.Seats)),
		}},
		SubscriptionData: &stripe.CheckoutSessionCreateSubscriptionDataParams{
			Metadata: map[string]string{metadataUser: order.UserID.String()},
		},
	}
	params.AddMetadata(metadataUser, order.UserID.String())
	params.AddMetadata(metadataTier, string(order.Tier))
	params.AddMetadata(metadataSeats, strconv.Itoa(order.Seats))
	params.SetIdempotencyKey(key)
	session, err := g.client.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return billing.Checkout{}, toBillingErr(err)
	}
	return checkoutOf(session), nil
}

func (g *Gateway) ExpireCheckout(ctx context.Context, id string) error {
	_, err := g.client.V1CheckoutSessions.Expire(ctx, id, nil)
	var stripeErr *stripe.Error
	if errors.As(err, &stripeErr) && stripeErr.HTTPStatusCode == http.StatusBadRequest { // it is no longer open
		return nil
	}
	return ignoreUnknown(toBillingErr(err))
}

func (g *Gateway) CreatePortal(ctx context.Context, customerID string) (string, error) {
	session, err := g.client.V1BillingPortalSessions.Create(ctx, &stripe.BillingPortalSessionCreateParams{
		Customer: stripe.String(customerID), ReturnURL: stripe.String(g.cfg.SuccessURL),
	})
	if err != nil {
		return "", toBillingErr(err)
	}
	return session.URL, nil
}

func (g *Gateway) Subscription(ctx context.Context, id string) (billing.Subscription, error) {
	found, err := g.client.V1Subscriptions.Retrieve(ctx, id, nil)
	if err != nil {
		return billing.Subscription{}, toBillingErr(err)
	}
	return g.subscriptionOf(found), nil
}

func (g *Gateway) Subscriptions(ctx context.Context, customerID string) iter.Seq2[billing.Subscription, error] {
	params := &stripe.SubscriptionListParams{}
	params.Limit = stripe.Int64(pageSize)
	if customerID != "" {
		params.Customer = stripe.String(customerID)
	}
	return func(yield func(billing.Subscription, error) bool) {
		for found, err := range g.client.V1Subscriptions.List(ctx, params).All(ctx) {
			if err != nil {
				yield(billing.Subscription{}, toBillingErr(err))
				return
			}
			if !yield(g.subscriptionOf(found), nil) {
				return
			}
		}
	}
}

func (g *Gateway) subscriptionOf(s *stripe.Subscription) billing.Subscription {
	sub := billing.Subscription{
		ID: s.ID, Status: string(s.Status), CancelAtPeriodEnd: s.CancelAtPeriodEnd || s.CancelAt > 0,
	}
	if s.Customer != nil {
		sub.CustomerID = s.Customer.ID
	}
	if id, err := uuid.Parse(s.Metadata[metadataUser]); err == nil {
		sub.UserID = id
	}
	if s.Items == nil {
		return sub
	}
	for _, item := range s.Items.Data {
		for t, price := range g.cfg.Prices {
			if item.Price != nil && item.Price.ID == price && sub.Tier == "" {
				sub.Tier = t
				sub.Seats = int(item.Quantity)
				sub.PeriodEnd = time.Unix(item.CurrentPeriodEnd, 0).UTC()
			}
		}
	}
	return sub
}

func (g *Gateway) Cancel(ctx context.Context, subscriptionID string, immediately bool) error {
	var err error
	if immediately {
		_, err = g.client.V1Subscriptions.Cancel(ctx, subscriptionID, nil)
	} else {
		params := &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: stripe.Bool(true)}
		_, err = g.client.V1Subscriptions.Update(ctx, subscriptionID, params)
	}
	return toBillingErr(err)
}
