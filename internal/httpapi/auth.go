package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/identity"
)

// Register opens an account and logs in.
func (s *Server) Register(ctx context.Context, r api.RegisterRequestObject) (api.RegisterResponseObject, error) {
	tokens, err := s.cfg.Auth.Register(ctx, r.Body.Email, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return api.Register201JSONResponse{Body: toAPITokens(tokens)}, nil
}

// Login starts a session.
func (s *Server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	tokens, err := s.cfg.Auth.Login(ctx, r.Body.Email, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return api.Login200JSONResponse{Body: toAPITokens(tokens)}, nil
}

// RefreshTokens rotates a refresh token.
func (s *Server) RefreshTokens(
	ctx context.Context,
	r api.RefreshTokensRequestObject,
) (api.RefreshTokensResponseObject, error) {
	var key string
	if r.Params.IdempotencyKey != nil {
		key = *r.Params.IdempotencyKey
	}
	tokens, err := s.cfg.Auth.Refresh(ctx, r.Body.RefreshToken, key)
	if err != nil {
		return nil, err
	}
	return api.RefreshTokens200JSONResponse{Body: toAPITokens(tokens)}, nil
}

// Logout ends the session of the token, or with ?all=true every session of the account.
func (s *Server) Logout(ctx context.Context, r api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	all := r.Params.All != nil && *r.Params.All
	if err := s.cfg.Auth.Logout(ctx, identity.From(ctx), all); err != nil {
		return nil, err
	}
	return api.Logout200JSONResponse{Body: okBody}, nil
}

// GetMe returns the caller's account.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	p, err := s.cfg.Auth.Me(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return api.GetMe200JSONResponse{Body: api.UserProfile{
		ID: p.ID, Email: p.Email, Tier: api.BillingTier(p.Tier), Seats: int32(p.Seats),
		CreatedAt: p.CreatedAt.UnixMilli(),
	}}, nil
}

// ChangePassword replaces the password and ends every other session.
func (s *Server) ChangePassword(
	ctx context.Context,
	r api.ChangePasswordRequestObject,
) (api.ChangePasswordResponseObject, error) {
	if err := s.cfg.Auth.ChangePassword(ctx, identity.From(ctx), r.Body.CurrentPassword,
		r.Body.NewPassword); err != nil {
		return nil, err
	}
	return api.ChangePassword200JSONResponse{Body: okBody}, nil
}

// ListSessions lists the caller's live sessions.
func (s *Server) ListSessions(
	ctx context.Context,
	_ api.ListSessionsRequestObject,
) (api.ListSessionsResponseObject, error) {
	sessions, err := s.cfg.Auth.Sessions(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	list := make(api.SessionList, 0, len(sessions))
	for _, x := range sessions {
		list = append(list, api.Session{
			ID: x.ID, CreatedAt: x.CreatedAt.UnixMilli(), LastUsedAt: x.LastUsedAt.UnixMilli(), Current: x.Current,
		})
	}
	return api.ListSessions200JSONResponse{Body: list}, nil
}

// EndSession ends one session of the caller.
func (s *Server) EndSession(ctx context.Context, r api.EndSessionRequestObject) (api.EndSessionResponseObject, error) {
	if err := s.cfg.Auth.EndSession(ctx, identity.From(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.EndSession200JSONResponse{Body: okBody}, nil
}

// RequestAccountDeletion starts deleting the account and everything it has. A worker completes it.
func (s *Server) RequestAccountDeletion(
	ctx context.Context, r api.RequestAccountDeletionRequestObject,
) (api.RequestAccountDeletionResponseObject, error) {
	if err := s.cfg.Auth.RequestDeletion(ctx, identity.From(ctx), r.Body.Password); err != nil {
		return nil, err
	}
	return api.RequestAccountDeletion202JSONResponse{Body: okBody}, nil
}

// okBody is the contract's {"ok": true}.
var okBody = api.Ok{Ok: true}

func toAPITokens(t auth.Tokens) api.AuthTokens {
	return api.AuthTokens{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresAt: t.ExpiresAt}
}
