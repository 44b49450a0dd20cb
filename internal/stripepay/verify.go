package stripepay

import (
	"cmp"
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
// billing.ErrSignature. It accepts events of any API version, because it reads nothing but ids, type and time, and thin
// events, which have no object and so lead to no subscription.
func (g *Gateway) Verify(payload []byte, signature string) (billing.Event, error) {
	signed, ok := signatureTime(signature)
	if age := g.cfg.Now().Sub(signed).Abs(); !ok || age > tolerance {
		return billing.Event{}, billing.ErrSignature
	}
	lastErr := errors.New("stripepay: there is no webhook secret")
	for _, secret := range g.cfg.WebhookSecrets {
		if lastErr = webhook.ValidatePayloadIgnoringTolerance(payload, signature, secret); lastErr == nil {
			return g.eventOf(payload)
		}
	}
	return billing.Event{}, billing.ErrSignature.WithCause(lastErr)
}

// signatureTime returns the time in a signature header, which must have exactly one: of several, the one that is
// checked could be another than the one that was signed.
func signatureTime(signature string) (signed time.Time, ok bool) {
	for pair := range strings.SplitSeq(signature, ",") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.TrimSpace(name) != "t" {
			continue
		}
		seconds, err := strconv.ParseUint(value, 10, 40) // to the year 36812
		if ok || name != "t" || err != nil {
			return time.Time{}, false
		}
		signed, ok = time.Unix(int64(seconds), 0), true
	}
	return signed, ok
}

// signedEvent is the part of an event that is read. Data is missing in thin events, whose Created is a string.
type signedEvent struct {
	ID         string          `json:"id"`
	Object     string          `json:"object"`
	Type       string          `json:"type"`
	APIVersion string          `json:"api_version"`
	Livemode   bool            `json:"livemode"`
	Created    json.RawMessage `json:"created"`
	Data       struct {
		Object json.RawMessage `json:"object"`
	} `json:"data"`
}

// eventObject is the part of an event's object, of any type, that leads to a subscription.
type eventObject struct {
	ID           string     `json:"id"`
	Object       string     `json:"object"`
	Subscription expandable `json:"subscription"`          // in checkouts, and in invoices before 2025
	Released     expandable `json:"released_subscription"` // in schedules that are over
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

func (g *Gateway) eventOf(payload []byte) (billing.Event, error) {
	var event signedEvent
	if err := json.Unmarshal(payload, &event); err != nil || event.ID == "" {
		return billing.Event{}, billing.ErrSignature.WithCause(errors.New("stripepay: signed, and no event"))
	}
	parsed := billing.Event{ID: event.ID, Type: event.Type, Live: event.Livemode, OccurredAt: g.cfg.Now().UTC()}
	var created int64
	if err := json.Unmarshal(event.Created, &created); err == nil {
		parsed.OccurredAt = time.Unix(created, 0).UTC()
	}
	if event.APIVersion != stripe.APIVersion {
		g.cfg.Log.Debug("an event of another API version",
			slog.String("event", event.ID), slog.String("version", event.APIVersion))
	}
	var o eventObject
	if err := json.Unmarshal(event.Data.Object, &o); err != nil {
		return parsed, nil // a thin event, or an object that has no subscription
	}
	switch {
	case o.Object == "subscription":
		parsed.SubscriptionID = o.ID
	case o.Parent != nil && o.Parent.SubscriptionDetails != nil:
		parsed.SubscriptionID = string(o.Parent.SubscriptionDetails.Subscription)
	}
	if parsed.SubscriptionID == "" {
		parsed.SubscriptionID = string(cmp.Or(o.Subscription, o.Released))
	}
	return parsed, nil
}
