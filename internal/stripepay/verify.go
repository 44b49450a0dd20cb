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

// tolerance is how far an event's signature may be off our clock, both ways: stripe-go itself takes any that is ahead.
const tolerance = 300 * time.Second

// Verify returns the event of a payload that one of the secrets signed within the last or next five minutes. The version
// of the API that formed it does not matter: we read ids from it and nothing else.
func (g *Gateway) Verify(payload []byte, signature string) (billing.Event, error) {
	signed, ok := signedAt(signature)
	if off := g.cfg.Now().Sub(signed).Abs(); !ok || off > tolerance {
		return billing.Event{}, billing.ErrSignature
	}
	failed := errors.New("stripepay: there is no webhook secret")
	for _, secret := range g.cfg.WebhookSecrets {
		event, err := webhook.ConstructEventWithOptions(payload, signature, secret,
			webhook.ConstructEventOptions{IgnoreTolerance: true, IgnoreAPIVersionMismatch: true})
		if err == nil {
			return g.eventOf(event)
		}
		failed = err
	}
	return billing.Event{}, billing.ErrSignature.WithCause(failed)
}

// signedAt is the time in a signature header.
func signedAt(signature string) (time.Time, bool) {
	for _, pair := range strings.Split(signature, ",") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(pair), "t="); ok {
			seconds, err := strconv.ParseInt(value, 10, 64)
			return time.Unix(seconds, 0), err == nil
		}
	}
	return time.Time{}, false
}

// object is what we read of an event's object, whatever its kind.
type object struct {
	ID           string     `json:"id"`
	Object       string     `json:"object"`
	Subscription expandable `json:"subscription"` // of a checkout, and of invoices before 2025
	Parent       *struct {
		SubscriptionDetails *struct {
			Subscription expandable `json:"subscription"`
		} `json:"subscription_details"`
	} `json:"parent"` // of invoices
}

// expandable is an id that may come as the object it names.
type expandable string

// UnmarshalJSON reads either form.
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
		g.cfg.Log.Debug("an event of another API version", slog.String("event", event.ID), slog.String("version", event.APIVersion))
	}
	known := billing.Event{ID: event.ID, Type: string(event.Type), Live: event.Livemode, OccurredAt: time.Unix(event.Created, 0).UTC()}
	if event.ID == "" || event.Data == nil {
		return billing.Event{}, billing.ErrSignature.WithCause(errors.New("stripepay: signed, and no event"))
	}
	var o object
	if err := json.Unmarshal(event.Data.Raw, &o); err != nil {
		return known, nil // of a kind that concerns no subscription
	}
	switch {
	case o.Object == "subscription":
		known.SubscriptionID = o.ID
	case o.Parent != nil && o.Parent.SubscriptionDetails != nil:
		known.SubscriptionID = string(o.Parent.SubscriptionDetails.Subscription)
	default:
		known.SubscriptionID = string(o.Subscription)
	}
	return known, nil
}
