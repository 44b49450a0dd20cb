package stripepay

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/adiuva/cloud-api/internal/billing"
)

// billingErr translates an error of stripe-go into one of billing.Gateway's. Stripe's word that it does not know an id
// is ErrNotAtStripe only where the id is that of the object asked for. What only an operator can mend is logged as an
// error.
func (g *Gateway) billingErr(err error) error {
	var stripeErr *stripe.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case !errors.As(err, &stripeErr):
		return billing.ErrUnavailable.WithCause(errors.New(describeTransport(err)))
	case isMissing(stripeErr):
		return billing.ErrNotAtStripe
	}
	cause := errors.New("stripepay: " + describe(stripeErr))
	if isTemporary(stripeErr) {
		return billing.ErrUnavailable.WithCause(cause)
	}
	g.cfg.Log.Error("Stripe refuses a request: check STRIPE_SECRET_KEY and the STRIPE_PRICE_ variables",
		slog.Any("error", cause))
	return billing.ErrUnavailable.WithCause(errors.Join(billing.ErrMisconfigured, cause))
}

// isTemporary reports whether the same request may succeed later, or with another idempotency key.
func isTemporary(err *stripe.Error) bool {
	switch err.HTTPStatusCode {
	case http.StatusTooManyRequests, http.StatusConflict, http.StatusRequestTimeout, http.StatusFailedDependency:
		return true
	}
	return err.HTTPStatusCode >= http.StatusInternalServerError || err.Type == stripe.ErrorTypeIdempotency ||
		err.Code == stripe.ErrorCodeLockTimeout || err.Code == stripe.ErrorCodeRateLimit
}

// isMissing reports whether Stripe has no object of the id asked for. A price or a coupon that is missing is a wrong
// configuration, and an id of the other mode a wrong key.
func isMissing(err *stripe.Error) bool {
	if err.HTTPStatusCode != http.StatusNotFound && err.Code != stripe.ErrorCodeResourceMissing {
		return false
	}
	if strings.Contains(err.Msg, "similar object exists in") {
		return false
	}
	switch err.Param {
	case "", "id", "customer", "subscription", "subscription_exposed_id", "session", "schedule", "starting_after":
		return true
	}
	return err.HTTPStatusCode == http.StatusNotFound && !strings.Contains(err.Param, "[") && err.Param != "price"
}

// refusesEmail reports whether Stripe refuses the customer's e-mail address.
func refusesEmail(err error) bool {
	var stripeErr *stripe.Error
	return errors.As(err, &stripeErr) && stripeErr.HTTPStatusCode >= http.StatusBadRequest &&
		stripeErr.HTTPStatusCode < http.StatusInternalServerError &&
		(stripeErr.Code == stripe.ErrorCodeEmailInvalid || stripeErr.Param == "email")
}

// statusOf returns the status of Stripe's answer, or 0 when there was none or no error.
func statusOf(err error) int {
	var stripeErr *stripe.Error
	if errors.As(err, &stripeErr) {
		return stripeErr.HTTPStatusCode
	}
	return 0
}

func ignoreUnknown(err error) error {
	if errors.Is(err, billing.ErrNotAtStripe) {
		return nil
	}
	return err
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
