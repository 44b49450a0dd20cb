// Package stripepay is Stripe as billing.Gateway: the one importer of stripe-go besides our stand-in. It signs requests with
// one key, gives each a time limit, and turns what Stripe answers into the product's words. Nothing that a user says goes
// to Stripe: a customer has the account's id and e-mail, a checkout its tier and seats.
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
	callTime     = 4 * time.Second // for one request
	pageOfOpen   = 20              // checkouts of a customer that are looked at; more cannot be open at once
	pageSize     = 100             // the most that Stripe lists at once
	metadataUser = "adiuva_user"
	metadataTier = "adiuva_tier"
	metadataSeat = "adiuva_seats"
)

// Config says which account at Stripe, and what it sells.
type Config struct {
	Key            string
	WebhookSecrets []string // any of them may have signed an event
	APIBase        string   // "" is Stripe
	Prices         map[tier.Tier]string
	SuccessURL     string            // where people go who paid, or who leave the portal
	CancelURL      string            // where people go who did not
	Transport      http.RoundTripper // nil means http.DefaultTransport's settings
	Now            func() time.Time
	Log            *slog.Logger
}

// Gateway is an account at Stripe. It satisfies billing.Gateway and is safe for concurrent use.
type Gateway struct {
	cfg    Config
	client *stripe.Client
}

var _ billing.Gateway = (*Gateway)(nil)

// New returns a Gateway. It asks nothing of Stripe yet; CheckPrices does.
func New(cfg Config) *Gateway {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	backend := &stripe.BackendConfig{
		HTTPClient: &http.Client{Timeout: callTime, Transport: cfg.Transport}, MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry: stripe.Bool(false), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if cfg.APIBase != "" {
		backend.URL = stripe.String(cfg.APIBase)
	}
	return &Gateway{cfg: cfg, client: stripe.NewClient(cfg.Key, stripe.WithBackends(stripe.NewBackendsWithConfig(backend)))}
}

// failure turns an error of stripe-go into one of billing's.
func failure(err error) error {
	var answer *stripe.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case !errors.As(err, &answer):
		return billing.ErrUnavailable.WithCause(errors.New(unanswered(err)))
	case answer.HTTPStatusCode == http.StatusNotFound, answer.Code == stripe.ErrorCodeResourceMissing:
		return billing.ErrUnknown
	case answer.HTTPStatusCode >= http.StatusInternalServerError, answer.HTTPStatusCode == http.StatusTooManyRequests,
		answer.HTTPStatusCode == http.StatusConflict: // another request with the key is under way
		return billing.ErrUnavailable.WithCause(errors.New(what(answer)))
	}
	return errors.New("stripepay: " + what(answer))
}

// unanswered says why there was no answer, without the address and the bytes that the error quotes.
func unanswered(err error) string {
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &network):
		return "no connection"
	}
	return "no answer that is one of Stripe's"
}

// what says in words fit for a log what Stripe refused: its own message may quote what was sent.
func what(answer *stripe.Error) string {
	return strconv.Itoa(answer.HTTPStatusCode) + " " + cmp.Or(string(answer.Code), string(answer.Type), "without a code") +
		" " + answer.Param + " " + answer.RequestID
}

// CreateCustomer returns the account's customer. Stripe repeats a failure for its key for a day: then we look whether there
// is one after all, and only else take another key.
func (g *Gateway) CreateCustomer(ctx context.Context, userID uuid.UUID, email, previous string) (string, error) {
	key := "customer-" + userID.String() + previous
	id, err := g.createCustomer(ctx, userID, email, key)
	if !errors.Is(err, billing.ErrUnavailable) {
		return id, err
	}
	params := &stripe.CustomerListParams{Email: stripe.String(email)}
	for found, err := range g.client.V1Customers.List(ctx, params).All(ctx) {
		if err != nil {
			return "", failure(err)
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
	made, err := g.client.V1Customers.Create(ctx, params)
	if err != nil {
		return "", failure(err)
	}
	return made.ID, nil
}

// DeleteCustomer removes the customer and ends its subscriptions.
func (g *Gateway) DeleteCustomer(ctx context.Context, customerID string) error {
	_, err := g.client.V1Customers.Delete(ctx, customerID, nil)
	return ignoreUnknown(failure(err))
}

func ignoreUnknown(err error) error {
	if errors.Is(err, billing.ErrUnknown) {
		return nil
	}
	return err
}

// Checkouts returns the customer's latest checkouts.
func (g *Gateway) Checkouts(ctx context.Context, customerID string) ([]billing.Checkout, error) {
	params := &stripe.CheckoutSessionListParams{Customer: stripe.String(customerID)}
	params.Limit, params.Single = stripe.Int64(pageOfOpen), true
	var list []billing.Checkout
	for session, err := range g.client.V1CheckoutSessions.List(ctx, params).All(ctx) {
		if err != nil {
			return nil, failure(err)
		}
		if list = append(list, checkoutOf(session)); len(list) == pageOfOpen {
			break
		}
	}
	return list, nil
}

func checkoutOf(session *stripe.CheckoutSession) billing.Checkout {
	seats, _ := strconv.Atoi(session.Metadata[metadataSeat]) // of another's checkout there is none
	return billing.Checkout{
		ID: session.ID, URL: session.URL, Open: session.Status == stripe.CheckoutSessionStatusOpen,
		Tier: tier.Tier(session.Metadata[metadataTier]), Seats: seats,
	}
}

// CreateCheckout opens a checkout page.
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
	params.AddMetadata(metadataSeat, strconv.Itoa(order.Seats))
	params.SetIdempotencyKey(key)
	session, err := g.client.V1CheckoutSessions.Create(ctx, params)
	if err != nil {
		return billing.Checkout{}, failure(err)
	}
	return checkoutOf(session), nil
}

// ExpireCheckout closes an open checkout.
func (g *Gateway) ExpireCheckout(ctx context.Context, id string) error {
	_, err := g.client.V1CheckoutSessions.Expire(ctx, id, nil)
	var answer *stripe.Error
	if errors.As(err, &answer) && answer.HTTPStatusCode == http.StatusBadRequest { // it is not open any more
		return nil
	}
	return ignoreUnknown(failure(err))
}

// CreatePortal opens the billing portal.
func (g *Gateway) CreatePortal(ctx context.Context, customerID string) (string, error) {
	session, err := g.client.V1BillingPortalSessions.Create(ctx, &stripe.BillingPortalSessionCreateParams{
		Customer: stripe.String(customerID), ReturnURL: stripe.String(g.cfg.SuccessURL),
	})
	if err != nil {
		return "", failure(err)
	}
	return session.URL, nil
}

// Subscription returns how a subscription stands.
func (g *Gateway) Subscription(ctx context.Context, id string) (billing.Subscription, error) {
	found, err := g.client.V1Subscriptions.Retrieve(ctx, id, nil)
	if err != nil {
		return billing.Subscription{}, failure(err)
	}
	return g.subscriptionOf(found), nil
}

// Subscriptions returns those that have not ended.
func (g *Gateway) Subscriptions(ctx context.Context, customerID string) iter.Seq2[billing.Subscription, error] {
	params := &stripe.SubscriptionListParams{}
	params.Limit = stripe.Int64(pageSize)
	if customerID != "" {
		params.Customer = stripe.String(customerID)
	}
	return func(yield func(billing.Subscription, error) bool) {
		for found, err := range g.client.V1Subscriptions.List(ctx, params).All(ctx) {
			if err != nil {
				yield(billing.Subscription{}, failure(err))
				return
			}
			if !yield(g.subscriptionOf(found), nil) {
				return
			}
		}
	}
}

func (g *Gateway) subscriptionOf(s *stripe.Subscription) billing.Subscription {
	sub := billing.Subscription{ID: s.ID, Status: string(s.Status), CancelAtPeriodEnd: s.CancelAtPeriodEnd || s.CancelAt > 0}
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
				sub.Tier, sub.Seats, sub.PeriodEnd = t, int(item.Quantity), time.Unix(item.CurrentPeriodEnd, 0).UTC()
			}
		}
	}
	return sub
}

// Cancel ends a subscription.
func (g *Gateway) Cancel(ctx context.Context, subscriptionID string, immediately bool) error {
	var err error
	if immediately {
		_, err = g.client.V1Subscriptions.Cancel(ctx, subscriptionID, nil)
	} else {
		_, err = g.client.V1Subscriptions.Update(ctx, subscriptionID, &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: stripe.Bool(true)})
	}
	return failure(err)
}
