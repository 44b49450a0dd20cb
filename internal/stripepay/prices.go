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

// CheckPrices compares what is configured with what Stripe would charge: each price is active, monthly, and costs what
// GET /billing/tiers says. It returns billing.ErrUnavailable when Stripe does not answer, or one error that names every
// variable that is wrong.
func (g *Gateway) CheckPrices(ctx context.Context) error {
	var faults []error
	for _, t := range tier.All() {
		if t == tier.Free {
			continue
		}
		variable := "STRIPE_PRICE_" + strings.ToUpper(string(t))
		found, err := g.client.V1Prices.Retrieve(ctx, g.cfg.Prices[t], nil)
		switch err := failure(err); {
		case errors.Is(err, billing.ErrUnknown):
			faults = append(faults, fmt.Errorf("%s: Stripe has no such price: create it there, or name another", variable))
		case err != nil:
			return err
		default:
			if wrong := differs(found, t.Price()); wrong != "" {
				faults = append(faults, fmt.Errorf("%s: the price %s: name one that costs what the plan does", variable, wrong))
			}
		}
	}
	return errors.Join(faults...)
}

// differs says how a price of Stripe's is not the plan's, or "".
func differs(found *stripe.Price, want tier.Price) string {
	switch {
	case !found.Active:
		return "is not active"
	case found.Recurring == nil || found.Recurring.Interval != stripe.PriceRecurringIntervalMonth || found.Recurring.IntervalCount > 1:
		return "is not monthly"
	case found.UnitAmount != int64(want.Cents) || string(found.Currency) != want.Currency:
		return fmt.Sprintf("is %d %s, not %d %s, in cents", found.UnitAmount, found.Currency, want.Cents, want.Currency)
	}
	return ""
}
