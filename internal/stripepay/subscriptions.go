package stripepay

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v85"

	"github.com/adiuva/cloud-api/internal/billing"
)

// maxItems is how many lines of an invoice are read. Stripe allows 20 items in a subscription.
const maxItems = 100

// maxInvoices is how many paid invoices are searched for one with a plan.
const maxInvoices = 10

// Subscription returns the current state of a subscription.
func (g *Gateway) Subscription(ctx context.Context, id string) (billing.Subscription, error) {
	params := &stripe.SubscriptionRetrieveParams{}
	params.AddExpand("schedule") // which tells when it ends
	found, err := g.client.V1Subscriptions.Retrieve(ctx, id, params)
	if err != nil {
		return billing.Subscription{}, g.billingErr(err)
	}
	return g.subscriptionOf(ctx, found)
}

// Subscriptions yields the subscriptions that have not ended, newest first.
func (g *Gateway) Subscriptions(
	ctx context.Context, customerID, after string,
) iter.Seq2[billing.Subscription, error] {
	params := &stripe.SubscriptionListParams{}
	params.Limit = stripe.Int64(pageSize)
	params.AddExpand("data.schedule")
	if customerID != "" {
		params.Customer = stripe.String(customerID)
	}
	if after != "" {
		params.StartingAfter = stripe.String(after)
	}
	return func(yield func(billing.Subscription, error) bool) {
		for found, err := range g.client.V1Subscriptions.List(ctx, params).All(ctx) {
			if err != nil {
				yield(billing.Subscription{}, g.billingErr(err))
				return
			}
			sub, err := g.subscriptionOf(ctx, found)
			if !yield(sub, err) || err != nil {
				return
			}
		}
	}
}

// subscriptionOf translates a subscription. It asks Stripe for the products of the configured prices when a price does
// not tell the plan by itself.
func (g *Gateway) subscriptionOf(ctx context.Context, s *stripe.Subscription) (billing.Subscription, error) {
	sub := billing.Subscription{ID: s.ID, Status: string(s.Status)}
	if s.Customer != nil {
		sub.CustomerID = s.Customer.ID
	}
	if id, err := uuid.Parse(s.Metadata[metadataUser]); err == nil {
		sub.UserID = id
	}
	var end int64
	for _, item := range itemsOf(s) {
		t, err := g.tierOfPrice(ctx, item.Price)
		if err != nil {
			return sub, err
		}
		sub.Items = append(sub.Items, billing.Item{Tier: t, Quantity: item.Quantity})
		if best := billing.BestPlan(sub.Items); end == 0 || t != "" && t == best.Tier {
			end = item.CurrentPeriodEnd
		}
	}
	unknown := len(sub.Items) > 0 && billing.BestPlan(sub.Items).Tier == ""
	if t := knownTier(s.Metadata[metadataTier]); t != "" && unknown {
		sub.Items[0].Tier = t
	}
	if end > 0 {
		sub.PeriodEnd = time.Unix(end, 0).UTC()
	}
	sub.CancelAtPeriodEnd = s.CancelAtPeriodEnd || s.CancelAt > 0 && s.CancelAt <= end
	if s.Schedule != nil {
		sub.ScheduleID = s.Schedule.ID
		sub.CancelAtPeriodEnd = sub.CancelAtPeriodEnd || scheduleEndsBy(s.Schedule, end)
	}
	return sub, nil
}

func itemsOf(s *stripe.Subscription) []*stripe.SubscriptionItem {
	if s.Items == nil {
		return nil
	}
	return s.Items.Data
}

// scheduleEndsBy reports whether the schedule, if Stripe sent it whole, ends its subscription at that time or sooner.
func scheduleEndsBy(schedule *stripe.SubscriptionSchedule, end int64) bool {
	if schedule.EndBehavior != stripe.SubscriptionScheduleEndBehaviorCancel || len(schedule.Phases) == 0 {
		return false
	}
	last := schedule.Phases[len(schedule.Phases)-1]
	return last.EndDate > 0 && last.EndDate <= end
}

// LastPaid returns the best plan on the latest paid invoice of the subscription that has one, of its last ten.
func (g *Gateway) LastPaid(ctx context.Context, subscriptionID string) (billing.Plan, error) {
	params := &stripe.InvoiceListParams{
		Subscription: stripe.String(subscriptionID), Status: stripe.String(string(stripe.InvoiceStatusPaid)),
	}
	params.Limit, params.Single = stripe.Int64(maxInvoices), true
	for invoice, err := range g.client.V1Invoices.List(ctx, params).All(ctx) {
		if err != nil {
			return billing.Plan{}, g.billingErr(err)
		}
		if plan, err := g.planOf(ctx, invoice); err != nil || plan.Tier != "" {
			return plan, err
		}
	}
	return billing.Plan{}, nil
}

// planOf returns the best plan on an invoice. Lines below zero give back what was not used, and those of zero are for a
// trial: they buy nothing.
func (g *Gateway) planOf(ctx context.Context, invoice *stripe.Invoice) (billing.Plan, error) {
	if invoice.Lines == nil {
		return billing.Plan{}, nil
	}
	var items []billing.Item
	for _, line := range invoice.Lines.Data[:min(len(invoice.Lines.Data), maxItems)] {
		if line.Amount <= 0 || line.Pricing == nil || line.Pricing.PriceDetails == nil {
			continue
		}
		price := line.Pricing.PriceDetails.Price
		if price != nil && price.Product == nil {
			price.Product = &stripe.Product{ID: line.Pricing.PriceDetails.Product}
		}
		t, err := g.tierOfPrice(ctx, price)
		if err != nil {
			return billing.Plan{}, err
		}
		items = append(items, billing.Item{Tier: t, Quantity: line.Quantity})
	}
	return billing.BestPlan(items), nil
}

// Cancel asks Stripe to end a subscription. Stripe refuses to change when a subscription ends while a schedule owns it.
func (g *Gateway) Cancel(ctx context.Context, sub billing.Subscription, immediately bool) error {
	if immediately {
		_, err := g.client.V1Subscriptions.Cancel(ctx, sub.ID, nil)
		return g.cancelErr(err)
	}
	if sub.ScheduleID != "" {
		_, err := g.client.V1SubscriptionSchedules.Release(ctx, sub.ScheduleID, nil)
		if err := g.cancelErr(err); errors.Is(err, billing.ErrUnavailable) {
			return err
		}
	}
	params := &stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: stripe.Bool(true)}
	_, err := g.client.V1Subscriptions.Update(ctx, sub.ID, params)
	return g.cancelErr(err)
}

// cancelErr is billingErr without an alert for a refusal: the subscription may have ended already, or its schedule.
func (g *Gateway) cancelErr(err error) error {
	if status := statusOf(err); status == http.StatusBadRequest || status == http.StatusNotFound {
		return billing.ErrNotAtStripe
	}
	return g.billingErr(err)
}
