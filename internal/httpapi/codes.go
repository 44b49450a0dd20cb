package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
)

// RequestPasswordReset mails a code for a new password.
func (s *Server) RequestPasswordReset(
	ctx context.Context, r api.RequestPasswordResetRequestObject,
) (api.RequestPasswordResetResponseObject, error) {
	handle, err := s.cfg.Auth.RequestPasswordReset(ctx, r.Body.Email, requestInfoFrom(ctx).client,
		mail.LanguageOf(zeroIfNil(r.Params.AcceptLanguage)))
	if err != nil {
		return nil, err
	}
	return api.RequestPasswordReset202JSONResponse{Body: api.PasswordResetStarted{Ok: true, Handle: handle}}, nil
}

// ConfirmPasswordReset sets a new password with a mailed code.
func (s *Server) ConfirmPasswordReset(
	ctx context.Context, r api.ConfirmPasswordResetRequestObject,
) (api.ConfirmPasswordResetResponseObject, error) {
	info := requestInfoFrom(ctx)
	client := identity.Client{Addr: info.client, UserAgent: info.userAgent}
	if err := s.cfg.Auth.ConfirmPasswordReset(ctx, client, r.Body.Handle, r.Body.Code, r.Body.NewPassword); err != nil {
		return nil, err
	}
	return api.ConfirmPasswordReset200JSONResponse{Body: okBody}, nil
}

// RequestEmailVerification mails a code to the caller's address.
func (s *Server) RequestEmailVerification(
	ctx context.Context, r api.RequestEmailVerificationRequestObject,
) (api.RequestEmailVerificationResponseObject, error) {
	if err := s.cfg.Auth.RequestVerification(ctx, identity.From(ctx), requestInfoFrom(ctx).client,
		mail.LanguageOf(zeroIfNil(r.Params.AcceptLanguage))); err != nil {
		return nil, err
	}
	return api.RequestEmailVerification202JSONResponse{Body: okBody}, nil
}

// ConfirmEmailVerification verifies the caller's address.
func (s *Server) ConfirmEmailVerification(
	ctx context.Context, r api.ConfirmEmailVerificationRequestObject,
) (api.ConfirmEmailVerificationResponseObject, error) {
	if err := s.cfg.Auth.ConfirmVerification(ctx, identity.From(ctx), r.Body.Code); err != nil {
		return nil, err
	}
	return api.ConfirmEmailVerification200JSONResponse{Body: okBody}, nil
}

// ChangeEmail mails a code to the address that the account is to have.
func (s *Server) ChangeEmail(
	ctx context.Context, r api.ChangeEmailRequestObject,
) (api.ChangeEmailResponseObject, error) {
	if err := s.cfg.Auth.RequestEmailChange(ctx, identity.From(ctx), requestInfoFrom(ctx).client, r.Body.Email,
		zeroIfNil(r.Body.Password), mail.LanguageOf(zeroIfNil(r.Params.AcceptLanguage))); err != nil {
		return nil, err
	}
	return api.ChangeEmail202JSONResponse{Body: okBody}, nil
}

// ConfirmEmailChange gives the account the address that a code was mailed to.
func (s *Server) ConfirmEmailChange(
	ctx context.Context, r api.ConfirmEmailChangeRequestObject,
) (api.ConfirmEmailChangeResponseObject, error) {
	if err := s.cfg.Auth.ConfirmEmailChange(ctx, identity.From(ctx), r.Body.Code); err != nil {
		return nil, err
	}
	return api.ConfirmEmailChange200JSONResponse{Body: okBody}, nil
}
