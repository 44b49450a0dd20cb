package stripepay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/tier"
)

// productsKept is how long Stripe's word about products is used.
const productsKept = 10 * time.Minute

// plans is what Stripe said about the products of prices.
type plans struct {
	mu     sync.Mutex
	readAt time.Time
	sold   map[string]tier.Tier // products of the configured prices; "" for a product of several plans
	other  map[string]tier.Tier // other products, by their metadata
}

// sold returns the price at which the tier is sold, or "".
func (g *Gateway) sold(t tier.Tier) string {
	if ids := g.cfg.Prices[t]; len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// knownTier returns the paid tier of that name, or "".
func knownTier(name string) tier.Tier {
	if t := tier.Tier(name); t == tier.Pro || t == tier.Power || t == tier.Team {
		return t
	}
	return ""
}

// tierOfPrice returns the plan that a price sells: the one whose configured prices it is among, or the one in its or
// its product's metadata, or the one whose configured prices have the same product. It returns "" for a price of no
// plan.
func (g *Gateway) tierOfPrice(ctx context.Context, price *stripe.Price) (tier.Tier, error) {
	if price == nil {
		return "", nil
	}
	for t, ids := range g.cfg.Prices {
		if slices.Contains(ids, price.ID) {
			return t, nil
		}
	}
	if t := knownTier(price.Metadata[metadataTier]); t != "" {
		return t, nil
	}
	if price.Product == nil || price.Product.ID == "" {
		return "", nil
	}
	if t := knownTier(price.Product.Metadata[metadataTier]); t != "" {
		return t, nil
	}
	return g.tierOfProduct(ctx, price.Product.ID)
}

// tierOfProduct returns the plan whose configured prices have the product, else the one in the product's metadata, or
// "".
func (g *Gateway) tierOfProduct(ctx context.Context, id string) (tier.Tier, error) {
	g.plans.mu.Lock()
	defer g.plans.mu.Unlock()
	if now := g.cfg.Now(); g.plans.sold == nil || now.Sub(g.plans.readAt).Abs() > productsKept {
		sold, err := g.productsOfPrices(ctx)
		if err != nil {
			return "", err
		}
		g.plans.readAt, g.plans.sold, g.plans.other = now, sold, map[string]tier.Tier{}
	}
	if t := g.plans.sold[id]; t != "" {
		return t, nil
	}
	if t, ok := g.plans.other[id]; ok {
		return t, nil
	}
	product, err := g.client.V1Products.Retrieve(ctx, id, nil)
	if err = g.billingErr(err); err != nil {
		if errors.Is(err, billing.ErrNotAtStripe) || errors.Is(err, billing.ErrMisconfigured) {
			return "", nil // a product that cannot be read is none of ours
		}
		return "", err
	}
	g.plans.other[id] = knownTier(product.Metadata[metadataTier])
	return g.plans.other[id], nil
}

// productsOfPrices asks Stripe for the products of all configured prices. It leaves out prices that Stripe does not
// know.
func (g *Gateway) productsOfPrices(ctx context.Context) (map[string]tier.Tier, error) {
	products := map[string]tier.Tier{}
	for t, ids := range g.cfg.Prices {
		for _, id := range ids {
			price, err := g.client.V1Prices.Retrieve(ctx, id, nil)
			if lacksPrice(err) {
				continue
			}
			if err != nil {
				return nil, g.billingErr(err)
			}
			if price.Product == nil || price.Product.ID == "" {
				continue
			}
			if other, ok := products[price.Product.ID]; ok && other != t {
				products[price.Product.ID] = "" // it does not tell the plan
				continue
			}
			products[price.Product.ID] = t
		}
	}
	return products, nil
}

// CheckPrice returns ErrUnavailable, and alerts, when Stripe says that it does not have the price at which the tier is
// sold.
func (g *Gateway) CheckPrice(ctx context.Context, t tier.Tier) error {
	_, err := g.client.V1Prices.Retrieve(ctx, g.sold(t), nil)
	if !lacksPrice(err) {
		return nil // the checkout will tell
	}
	g.cfg.Log.Error("Stripe does not have the price of a plan: check the STRIPE_PRICE_ variables", "tier", string(t))
	return billing.ErrUnavailable.WithCause(billing.ErrMisconfigured)
}

// lacksPrice reports whether Stripe says that it has no price of the id asked for.
func lacksPrice(err error) bool {
	var stripeErr *stripe.Error
	return errors.As(err, &stripeErr) && stripeErr.Code == stripe.ErrorCodeResourceMissing
}

// CheckPrices verifies that the price at which each plan is sold is active, monthly, and costs what GET /billing/tiers
// says, and that Stripe knows the others. It returns billing.ErrUnavailable when Stripe does not respond, or one error
// that names every variable that is wrong.
func (g *Gateway) CheckPrices(ctx context.Context) error {
	var problems []error
	for _, t := range tier.All() {
		for i, id := range g.cfg.Prices[t] {
			variable := "STRIPE_PRICE_" + strings.ToUpper(string(t))
			found, err := g.client.V1Prices.Retrieve(ctx, id, nil)
			switch {
			case lacksPrice(err):
				problems = append(problems, fmt.Errorf(
					"%s: Stripe has no such price: create it there, or name another", variable))
			case err != nil:
				return g.billingErr(err)
			case i == 0:
				if mismatch := priceMismatch(found, t.Price()); mismatch != "" {
					problems = append(problems, fmt.Errorf(
						"%s: the price %s: name one that costs what the plan does", variable, mismatch))
				}
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
