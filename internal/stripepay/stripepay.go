// Package stripepay implements billing.Gateway with stripe-go. It bounds every request in time and translates
// Stripe's objects and errors into billing's. Stripe receives the account's id and e-mail, and the tier and seats
// of a checkout, and nothing that a user writes.
package stripepay

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
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
	WebhookSecrets []string               // any of them may sign an event
	APIBase        string                 // "" means Stripe's own
	Prices         map[tier.Tier][]string // of a tier: the first is sold, all of them tell the plan
	Account        string                 // the account's id where it is known without asking Stripe
	SuccessURL     string                 // where Stripe sends users after they paid, or left the portal
	CancelURL      string                 // where Stripe sends users who did not pay
	Transport      http.RoundTripper      // nil means http.DefaultTransport
	Timeout        time.Duration          // of one request; 0 means 4 s
	Now            func() time.Time
	Log            *slog.Logger
}

// Gateway is a billing.Gateway for one Stripe account. It is safe for concurrent use.
type Gateway struct {
	cfg    Config
	client *stripe.Client
	plans  plans
}

var _ billing.Gateway = (*Gateway)(nil)

// New returns a Gateway. It sends no request; CheckPrices verifies the configuration.
func New(cfg Config) *Gateway {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = requestTimeout
	}
	backend := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: cfg.Timeout, Transport: cfg.Transport}, MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry: stripe.Bool(false), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if cfg.APIBase != "" {
		backend.URL = stripe.String(cfg.APIBase)
	}
	backends := stripe.WithBackends(stripe.NewBackendsWithConfig(backend))
	return &Gateway{cfg: cfg, client: stripe.NewClient(cfg.Key, backends)}
}

// Live reports whether the key is of Stripe's live mode.
func (g *Gateway) Live() bool { return !strings.Contains(g.cfg.Key, "_test_") }

// Account returns the id of the key's account.
func (g *Gateway) Account(ctx context.Context) (string, error) {
	if g.cfg.Account != "" {
		return g.cfg.Account, nil
	}
	account, err := g.client.V1Accounts.Retrieve(ctx, nil)
	if err != nil {
		return "", g.billingErr(err)
	}
	return account.ID, nil
}

// CreateCustomer creates the account's customer. Stripe repeats an error for its idempotency key for a day, so after a
// failure it looks for a customer that was created all the same, and if there is none it retries once with another key.
func (g *Gateway) CreateCustomer(ctx context.Context, userID uuid.UUID, email, previous string) (string, error) {
	key := "customer-" + userID.String() + previous
	id, err := g.createCustomer(ctx, userID, email, key)
	if refusesEmail(err) {
		email, key = "", key+"-no-email"
		id, err = g.createCustomer(ctx, userID, email, key)
	}
	if err = g.billingErr(err); !errors.Is(err, billing.ErrUnavailable) {
		return id, err
	}
	params := &stripe.CustomerListParams{}
	params.Limit, params.Single = stripe.Int64(pageSize), true
	if email != "" {
		params.Email = stripe.String(email)
	}
	for found, err := range g.client.V1Customers.List(ctx, params).All(ctx) {
		if err != nil {
			return "", g.billingErr(err)
		}
		if found.Metadata[metadataUser] == userID.String() && found.ID != previous {
			return found.ID, nil
		}
	}
	id, err = g.createCustomer(ctx, userID, email, key+"-"+uuid.NewString())
	return id, g.billingErr(err)
}

// createCustomer creates a customer, without an e-mail address for "". Its errors are stripe-go's.
func (g *Gateway) createCustomer(ctx context.Context, userID uuid.UUID, email, key string) (string, error) {
	params := &stripe.CustomerCreateParams{}
	if email != "" {
		params.Email = stripe.String(email)
	}
	params.AddMetadata(metadataUser, userID.String())
	params.SetIdempotencyKey(key)
	customer, err := g.client.V1Customers.Create(ctx, params)
	if err != nil {
		return "", err
	}
	return customer.ID, nil
}

// UpdateCustomer implements billing.Gateway.
func (g *Gateway) UpdateCustomer(ctx context.Context, customerID, email string) error {
	update := func(email string) error {
		_, err := g.client.V1Customers.Update(ctx, customerID, &stripe.CustomerUpdateParams{Email: &email})
		return err
	}
	err := update(email)
	if refusesEmail(err) {
		err = update("") // rather no address than one that the account no longer has
	}
	return g.billingErr(err)
}

func (g *Gateway) DeleteCustomer(ctx context.Context, customerID string) error {
	_, err := g.client.V1Customers.Delete(ctx, customerID, nil)
	return ignoreUnknown(g.billingErr(err))
}

// Checkouts returns the customer's latest 20 checkouts, newest first.
func (g *Gateway) Checkouts(ctx context.Context, customerID string) ([]billing.Checkout, error) {
	params := &stripe.CheckoutSessionListParams{Customer: stripe.String(customerID)}
	params.Limit, params.Single = stripe.Int64(maxCheckouts), true
	var list []billing.Checkout
	for session, err := range g.client.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, g.billingErr(err)
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
			Price: stripe.String(g.sold(order.Tier)), Quantity: stripe.Int64(int64(order.Seats)),
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
		return billing.Checkout{}, g.billingErr(err)
	}
	return checkoutOf(session), nil
}

// ExpireCheckout closes a checkout. When Stripe refuses, it looks again at what became of the checkout.
func (g *Gateway) ExpireCheckout(ctx context.Context, id string) error {
	_, err := g.client.V1CheckoutSessions.Expire(ctx, id, nil)
	if status := statusOf(err); status < http.StatusBadRequest || status >= http.StatusInternalServerError ||
		status == http.StatusTooManyRequests {
		return g.billingErr(err)
	}
	now, lookErr := g.client.V1CheckoutSessions.Retrieve(ctx, id, nil)
	switch {
	case lookErr != nil:
		return ignoreUnknown(g.billingErr(lookErr))
	case now.Status == stripe.CheckoutSessionStatusComplete:
		return billing.ErrCheckoutPaid
	case now.Status == stripe.CheckoutSessionStatusOpen:
		return g.billingErr(err)
	}
	return nil
}

func (g *Gateway) CreatePortal(ctx context.Context, customerID string) (string, error) {
	session, err := g.client.V1BillingPortalSessions.Create(ctx, &stripe.BillingPortalSessionCreateParams{
		Customer: stripe.String(customerID), ReturnURL: stripe.String(g.cfg.SuccessURL),
	})
	if err != nil {
		return "", g.billingErr(err)
	}
	return session.URL, nil
}
