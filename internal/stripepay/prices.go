package stripepay

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v85"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/tier"
)

// CheckPrices verifies that each configured price is active, monthly, and costs what GET /billing/tiers says. It
// returns billing.ErrUnavailable when Stripe does not respond, or one error that names every variable that is
// wrong.
func (g *Gateway) CheckPrices(ctx context.Context) error {
	var problems []error
	for _, t := range tier.All() {
		if t == tier.Free {
			continue
		}
		variable := "STRIPE_PRICE_" + strings.ToUpper(string(t))
		found, err := g.client.V1Prices.Retrieve(ctx, g.cfg.Prices[t], nil)
		switch err := toBillingErr(err); {
		case errors.Is(err, billing.ErrNotAtStripe):
			problems = append(problems, fmt.Errorf(
				"%s: Stripe has no such price: create it there, or name another", variable))
		case err != nil:
			return err
		default:
			if mismatch := priceMismatch(found, t.Price()); mismatch != "" {
				problems = append(problems, fmt.Errorf(
					"%s: the price %s: name one that costs what the plan does", variable, mismatch))
			}
		}
	}
	return errors.Join(problems...)
}

// priceMismatch describes how a price at Stripe differs from the plan's, or returns "".
func priceMismatch(found *stripe.Price, want tier.Price) string {
	switch {
	case !found.Active:
		return "is not active"
	case found.Recurring == nil || found.Recurring.Interval != stripe.PriceRecurringIntervalMonth ||
		found.Recurring.IntervalCount > 1:
		return "is not monthly"
	case found.UnitAmount != int64(want.Cents) || string(found.Currency) != want.Currency:
		return fmt.Sprintf("is %d %s, not %d %s, in cents",
			found.UnitAmount, found.Currency, want.Cents, want.Currency)
	}
	return ""
}
