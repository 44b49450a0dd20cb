package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/sso/connection"
)

// GetTeamSso describes the provider of the caller's team.
func (s *Server) GetTeamSso(ctx context.Context, _ api.GetTeamSsoRequestObject) (api.GetTeamSsoResponseObject, error) {
	settings, err := s.cfg.Connections.Get(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return api.GetTeamSso200JSONResponse{Body: toTeamSso(settings, s.callbackURL(ctx))}, nil
}

// SetTeamSso sets the provider of the caller's team.
func (s *Server) SetTeamSso(ctx context.Context, r api.SetTeamSsoRequestObject) (api.SetTeamSsoResponseObject, error) {
	settings, err := s.cfg.Connections.Set(ctx, identity.From(ctx), connection.Change{
		Issuer: r.Body.Issuer, ClientID: r.Body.ClientID, ClientSecret: r.Body.ClientSecret, Domains: r.Body.Domains,
		Required: zeroIfNil(r.Body.Required),
	})
	if err != nil {
		return nil, err
	}
	return api.SetTeamSso200JSONResponse{Body: toTeamSso(settings, s.callbackURL(ctx))}, nil
}

// DeleteTeamSso removes the provider of the caller's team.
func (s *Server) DeleteTeamSso(
	ctx context.Context, _ api.DeleteTeamSsoRequestObject,
) (api.DeleteTeamSsoResponseObject, error) {
	if err := s.cfg.Connections.Delete(ctx, identity.From(ctx)); err != nil {
		return nil, err
	}
	return api.DeleteTeamSso200JSONResponse{Body: okBody}, nil
}

func toTeamSso(settings connection.Settings, callback string) api.TeamSso {
	return api.TeamSso{
		Issuer: settings.Issuer, ClientID: settings.ClientID, Required: settings.Required,
		Domains: mapSlice(settings.Domains, toTeamSsoDomain), CallbackURL: callback,
		UpdatedAt: settings.UpdatedAt.UnixMilli(),
	}
}

func toTeamSsoDomain(d connection.Domain) api.TeamSsoDomain {
	domain := api.TeamSsoDomain{
		Domain: d.Name, Record: d.Record, Token: d.Token, State: api.TeamSsoDomainState(d.State),
	}
	if d.CheckedAt != nil {
		at := d.CheckedAt.UnixMilli()
		domain.CheckedAt = &at
	}
	return domain
}
