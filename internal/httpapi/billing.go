package httpapi

import (
	"context"
	"io"

	"github.com/oapi-codegen/nullable"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/identity"
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

// CreateCheckout opens a page that sells a tier.
func (s *Server) CreateCheckout(
	ctx context.Context,
	r api.CreateCheckoutRequestObject,
) (api.CreateCheckoutResponseObject, error) {
	seats := 1
	if r.Body.Seats != nil {
		seats = int(*r.Body.Seats)
	}
	url, err := s.cfg.Billing.Checkout(ctx, identity.From(ctx), tier.Tier(r.Body.Tier), seats)
	if err != nil {
		return nil, err
	}
	return api.CreateCheckout200JSONResponse{Body: api.CheckoutSession{CheckoutURL: url}}, nil
}

// CreatePortal opens the page on which the caller changes cards and plan.
func (s *Server) CreatePortal(
	ctx context.Context,
	_ api.CreatePortalRequestObject,
) (api.CreatePortalResponseObject, error) {
	url, err := s.cfg.Billing.Portal(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return api.CreatePortal200JSONResponse{Body: api.PortalSession{PortalURL: url}}, nil
}

// ReceiveStripeEvent notes an event of Stripe's.
func (s *Server) ReceiveStripeEvent(
	ctx context.Context, r api.ReceiveStripeEventRequestObject,
) (api.ReceiveStripeEventResponseObject, error) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, bodyReadError(err)
	}
	requestInfoFrom(ctx).bodyRead = true
	signature := ""
	if r.Params.StripeSignature != nil {
		signature = *r.Params.StripeSignature
	}
	if err := s.cfg.Billing.HandleEvent(ctx, payload, signature); err != nil {
		return nil, err
	}
	return api.ReceiveStripeEvent200JSONResponse{Body: okBody}, nil
}

// GetSubscription returns the caller's subscription.
func (s *Server) GetSubscription(
	ctx context.Context,
	_ api.GetSubscriptionRequestObject,
) (api.GetSubscriptionResponseObject, error) {
	at, err := s.cfg.Billing.SubscriptionStatus(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	body := api.Subscription{
		Tier: api.BillingTier(at.Tier), Status: api.SubscriptionStatus(at.Status), Seats: int32(at.Seats),
		CurrentPeriodEnd: nullable.NewNullNullable[int64](), CancelAtPeriodEnd: at.CancelAtPeriodEnd,
	}
	if !at.PeriodEnd.IsZero() {
		body.CurrentPeriodEnd.Set(at.PeriodEnd.UnixMilli())
	}
	return api.GetSubscription200JSONResponse{Body: body}, nil
}

// CancelSubscription ends the caller's subscription.
func (s *Server) CancelSubscription(
	ctx context.Context, r api.CancelSubscriptionRequestObject,
) (api.CancelSubscriptionResponseObject, error) {
	immediately := r.Params.Immediately != nil && *r.Params.Immediately
	if err := s.cfg.Billing.Cancel(ctx, identity.From(ctx), immediately); err != nil {
		return nil, err
	}
	return api.CancelSubscription200JSONResponse{Body: okBody}, nil
}
