package stripepay

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/adiuva/cloud-api/internal/billing"
)

// tolerance is how far the time of a signature may be from now, before or after. stripe-go accepts any time in the
// future.
const tolerance = 300 * time.Second

// Verify returns the event of a payload that one of the secrets signed at most five minutes from now, or
// billing.ErrSignature. It accepts events of any API version, because it reads nothing but ids, type and time.
func (g *Gateway) Verify(payload []byte, signature string) (billing.Event, error) {
	signed, ok := signatureTime(signature)
	if age := g.cfg.Now().Sub(signed).Abs(); !ok || age > tolerance {
		return billing.Event{}, billing.ErrSignature
	}
	lastErr := errors.New("stripepay: there is no webhook secret")
	for _, secret := range g.cfg.WebhookSecrets {
		event, err := webhook.ConstructEventWithOptions(payload, signature, secret,
			webhook.ConstructEventOptions{IgnoreTolerance: true, IgnoreAPIVersionMismatch: true})
		if err == nil {
			return g.eventOf(event)
		}
		lastErr = err
	}
	return billing.Event{}, billing.ErrSignature.WithCause(lastErr)
}

// signatureTime returns the time in a signature header.
func signatureTime(signature string) (time.Time, bool) {
	for _, pair := range strings.Split(signature, ",") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(pair), "t="); ok {
			seconds, err := strconv.ParseInt(value, 10, 64)
			return time.Unix(seconds, 0), err == nil
		}
	}
	return time.Time{}, false
}

// eventObject is the part of an event's object, of any type, that leads to a subscription.
type eventObject struct {
	ID           string     `json:"id"`
	Object       string     `json:"object"`
	Subscription expandable `json:"subscription"` // in checkouts, and in invoices before 2025
	Parent       *struct {
		SubscriptionDetails *struct {
			Subscription expandable `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"` // in invoices
}

// expandable is an id that Stripe sends either as a string or as the object it names.
type expandable string

func (e *expandable) UnmarshalJSON(raw []byte) error {
	var whole struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(raw, (*string)(e)); err == nil {
		return nil
	}
	err := json.Unmarshal(raw, &whole)
	*e = expandable(whole.ID)
	return err
}

func (g *Gateway) eventOf(event stripe.Event) (billing.Event, error) {
	if event.APIVersion != stripe.APIVersion {
		g.cfg.Log.Debug("an event of another API version",
			slog.String("event", event.ID), slog.String("version", event.APIVersion))
	}
	parsed := billing.Event{
		ID: event.ID, Type: string(event.Type), Live: event.Livemode, OccurredAt: time.Unix(event.Created, 0).UTC(),
	}
	if event.ID == "" || event.Data == nil {
		return billing.Event{}, billing.ErrSignature.WithCause(errors.New("stripepay: signed, and no event"))
	}
	var o eventObject
	if err := json.Unmarshal(event.Data.Raw, &o); err != nil {
		return parsed, nil // an object that has no subscription
	}
	switch {
	case o.Object == "subscription":
		parsed.SubscriptionID = o.ID
	case o.Parent != nil && o.Parent.SubscriptionDetails != nil:
		parsed.SubscriptionID = string(o.Parent.SubscriptionDetails.Subscription)
	default:
		parsed.SubscriptionID = string(o.Subscription)
	}
	return parsed, nil
}
