package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/fault"
)

// ListSsoProviders lists the operator's providers.
func (s *Server) ListSsoProviders(
	context.Context, api.ListSsoProvidersRequestObject,
) (api.ListSsoProvidersResponseObject, error) {
	return api.ListSsoProviders200JSONResponse{Body: api.SsoProviderList{}}, nil
}

// StartSso is not built yet.
func (s *Server) StartSso(context.Context, api.StartSsoRequestObject) (api.StartSsoResponseObject, error) {
	return nil, fault.ErrNotFound
}

// FinishSso is not built yet.
func (s *Server) FinishSso(context.Context, api.FinishSsoRequestObject) (api.FinishSsoResponseObject, error) {
	return nil, fault.ErrNotFound
}

// ExchangeSsoCode is not built yet.
func (s *Server) ExchangeSsoCode(
	context.Context, api.ExchangeSsoCodeRequestObject,
) (api.ExchangeSsoCodeResponseObject, error) {
	return nil, fault.ErrNotFound
}

// LinkSso is not built yet.
func (s *Server) LinkSso(context.Context, api.LinkSsoRequestObject) (api.LinkSsoResponseObject, error) {
	return nil, fault.ErrNotFound
}

// RequestSsoLinkCode is not built yet.
func (s *Server) RequestSsoLinkCode(
	context.Context, api.RequestSsoLinkCodeRequestObject,
) (api.RequestSsoLinkCodeResponseObject, error) {
	return nil, fault.ErrNotFound
}
