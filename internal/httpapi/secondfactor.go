package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/identity"
)

// LoginWithSecondFactor exchanges a ticket and a code for a session.
func (s *Server) LoginWithSecondFactor(
	ctx context.Context, r api.LoginWithSecondFactorRequestObject,
) (api.LoginWithSecondFactorResponseObject, error) {
	info := requestInfoFrom(ctx)
	tokens, err := s.cfg.Auth.LoginWithSecondFactor(ctx, auth.SecondFactor{
		Ticket: r.Body.Ticket, Code: r.Body.Code, From: info.client, UserAgent: info.userAgent,
	})
	if err != nil {
		return nil, err
	}
	return api.LoginWithSecondFactor200JSONResponse{Body: s.issue(tokens)}, nil
}

// GetTotp says whether a second factor guards the caller's account.
func (s *Server) GetTotp(ctx context.Context, _ api.GetTotpRequestObject) (api.GetTotpResponseObject, error) {
	state, err := s.cfg.Auth.SecondFactorState(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	body := api.TotpState{Active: !state.ConfirmedAt.IsZero(), RecoveryCodesLeft: int32(state.RecoveryCodesLeft)}
	if body.Active {
		body.ConfirmedAt = milliseconds(&state.ConfirmedAt)
	}
	return api.GetTotp200JSONResponse{Body: body}, nil
}

// CreateTotp makes a secret and recovery codes. No other answer contains them.
func (s *Server) CreateTotp(ctx context.Context, r api.CreateTotpRequestObject) (api.CreateTotpResponseObject, error) {
	created, err := s.cfg.Auth.CreateSecondFactor(ctx, identity.From(ctx), requestInfoFrom(ctx).client, r.Body.Password)
	if err != nil {
		return nil, err
	}
	return api.CreateTotp201JSONResponse{Body: api.CreatedTotp{
		Secret: created.Secret, URI: created.URI, RecoveryCodes: created.RecoveryCodes,
	}}, nil
}

// ConfirmTotp makes the secret guard the caller's account.
func (s *Server) ConfirmTotp(
	ctx context.Context, r api.ConfirmTotpRequestObject,
) (api.ConfirmTotpResponseObject, error) {
	if err := s.cfg.Auth.ConfirmSecondFactor(
		ctx, identity.From(ctx), requestInfoFrom(ctx).client, r.Body.Code,
	); err != nil {
		return nil, err
	}
	return api.ConfirmTotp200JSONResponse{Body: okBody}, nil
}

// DeleteTotp removes the caller's second factor.
func (s *Server) DeleteTotp(ctx context.Context, r api.DeleteTotpRequestObject) (api.DeleteTotpResponseObject, error) {
	if err := s.cfg.Auth.RemoveSecondFactor(
		ctx, identity.From(ctx), requestInfoFrom(ctx).client, r.Body.Password, r.Body.Code,
	); err != nil {
		return nil, err
	}
	return api.DeleteTotp200JSONResponse{Body: okBody}, nil
}
