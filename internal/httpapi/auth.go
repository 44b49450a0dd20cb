package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
)

// Register opens an account and logs in.
func (s *Server) Register(ctx context.Context, r api.RegisterRequestObject) (api.RegisterResponseObject, error) {
	tokens, err := s.cfg.Auth.Register(ctx, auth.Credentials{
		Email: r.Body.Email, Password: r.Body.Password, From: requestInfoFrom(ctx).client,
		UserAgent: requestInfoFrom(ctx).userAgent,
		Language:  mail.LanguageOf(requestInfoFrom(ctx).languages),
	})
	if err != nil {
		return nil, err
	}
	return api.Register201JSONResponse{Body: s.issue(tokens)}, nil
}

// Login starts a session.
func (s *Server) Login(ctx context.Context, r api.LoginRequestObject) (api.LoginResponseObject, error) {
	tokens, err := s.cfg.Auth.Login(ctx, auth.Credentials{
		Email: r.Body.Email, Password: r.Body.Password, RefreshToken: zeroIfNil(r.Body.RefreshToken),
		From: requestInfoFrom(ctx).client, UserAgent: requestInfoFrom(ctx).userAgent,
	})
	if err != nil {
		return nil, err
	}
	return api.Login200JSONResponse{Body: s.issue(tokens)}, nil
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
	return api.RefreshTokens200JSONResponse{Body: s.issue(tokens)}, nil
}

// Logout ends the session of the token, which may have ended already, or with ?all=true every session of the account,
// which needs an open one, and with &keys=true every API key as well.
func (s *Server) Logout(ctx context.Context, r api.LogoutRequestObject) (api.LogoutResponseObject, error) {
	user, all, keys := identity.From(ctx), zeroIfNil(r.Params.All), zeroIfNil(r.Params.Keys)
	var err error
	switch {
	case all:
		err = s.cfg.Auth.LogoutEverywhere(ctx, user, keys)
	case keys:
		err = errKeysAlone
	default:
		err = s.cfg.Auth.Logout(ctx, user)
	}
	if err != nil {
		return nil, err
	}
	return api.Logout200JSONResponse{Body: okBody}, nil
}

var errKeysAlone = fault.ErrValidation.WithDetails(fault.Detail{
	Pointer: "/query/keys", Message: "goes together with all=true",
})

// GetMe returns the caller's account.
func (s *Server) GetMe(ctx context.Context, _ api.GetMeRequestObject) (api.GetMeResponseObject, error) {
	p, err := s.cfg.Auth.Me(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	return api.GetMe200JSONResponse{Body: api.UserProfile{
		ID: p.ID, Email: p.Email, Tier: api.BillingTier(p.Tier), Seats: int32(p.Seats),
		CreatedAt: p.CreatedAt.UnixMilli(), EmailVerified: p.EmailVerified,
	}}, nil
}

// ChangePassword replaces the password and ends every other session.
func (s *Server) ChangePassword(
	ctx context.Context,
	r api.ChangePasswordRequestObject,
) (api.ChangePasswordResponseObject, error) {
	if err := s.cfg.Auth.ChangePassword(ctx, identity.From(ctx), requestInfoFrom(ctx).client,
		r.Body.CurrentPassword, r.Body.NewPassword); err != nil {
		return nil, err
	}
	return api.ChangePassword200JSONResponse{Body: okBody}, nil
}

// defaultSessionLimit is the number of sessions in a page when the caller does not set a limit.
const defaultSessionLimit = 50

// ListSessions lists a page of the caller's live sessions.
func (s *Server) ListSessions(
	ctx context.Context,
	r api.ListSessionsRequestObject,
) (api.ListSessionsResponseObject, error) {
	limit := defaultSessionLimit
	if r.Params.Limit != nil {
		limit = int(*r.Params.Limit)
	}
	sessions, err := s.cfg.Auth.Sessions(ctx, identity.From(ctx), limit, zeroIfNil(r.Params.Before))
	if err != nil {
		return nil, err
	}
	list := make(api.SessionList, 0, len(sessions))
	for _, x := range sessions {
		list = append(list, api.Session{
			ID: x.ID, CreatedAt: x.CreatedAt.UnixMilli(), LastUsedAt: x.LastUsedAt.UnixMilli(), Current: x.Current,
			Device: &x.Device, Network: &x.Network,
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
	if err := s.cfg.Auth.RequestDeletion(
		ctx, identity.From(ctx), requestInfoFrom(ctx).client, zeroIfNil(r.Body.Password), zeroIfNil(r.Body.EndTeam),
	); err != nil {
		return nil, err
	}
	return api.RequestAccountDeletion202JSONResponse{Body: okBody}, nil
}

// okBody is the contract's {"ok": true}.
var okBody = api.Ok{Ok: true}

// issue returns the tokens, whose session is good from now on.
func (s *Server) issue(t auth.Tokens) api.AuthTokens {
	s.refusals.issued(t.AccessToken)
	return api.AuthTokens{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, ExpiresAt: t.ExpiresAt}
}
