package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/tier"
)

// ListTiers lists what each tier includes and costs.
func (s *Server) ListTiers(context.Context, api.ListTiersRequestObject) (api.ListTiersResponseObject, error) {
	list := api.TierList{}
	for _, t := range tier.All() {
		f, p := t.Features(), t.Price()
		list = append(list, api.Tier{
			Tier: api.BillingTier(t), RequestsPerMinute: int32(t.RequestsPerMinute(1)),
			PriceCents: int32(p.Cents), Currency: p.Currency, PerSeat: p.PerSeat,
			Features: api.TierFeatures{Agents: int32(f.Agents), Batch: f.Batch, Providers: int32(f.Providers),
				BackupGb: int32(f.BackupGB), Byok: f.BYOK, Sso: f.SSO},
		})
	}
	return api.ListTiers200JSONResponse{Body: list}, nil
}

// CreateCheckout starts a checkout.
func (s *Server) CreateCheckout(context.Context, api.CreateCheckoutRequestObject) (api.CreateCheckoutResponseObject, error) {
	return nil, notYet()
}

// CreatePortal opens the billing portal.
func (s *Server) CreatePortal(context.Context, api.CreatePortalRequestObject) (api.CreatePortalResponseObject, error) {
	return nil, notYet()
}

// ReceiveStripeEvent records an event of Stripe.
func (s *Server) ReceiveStripeEvent(
	context.Context, api.ReceiveStripeEventRequestObject,
) (api.ReceiveStripeEventResponseObject, error) {
	return nil, notYet()
}

// GetSubscription answers the caller's subscription.
func (s *Server) GetSubscription(context.Context, api.GetSubscriptionRequestObject) (api.GetSubscriptionResponseObject, error) {
	return nil, notYet()
}

// CancelSubscription cancels the caller's subscription.
func (s *Server) CancelSubscription(
	context.Context, api.CancelSubscriptionRequestObject,
) (api.CancelSubscriptionResponseObject, error) {
	return nil, notYet()
}
