package httpapi

import (
	"context"

	"github.com/adiuva/cloud-api/gen/api"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/auth/passkey"
	"github.com/adiuva/cloud-api/internal/identity"
)

// ListPasskeys lists the caller's passkeys.
func (s *Server) ListPasskeys(
	ctx context.Context, _ api.ListPasskeysRequestObject,
) (api.ListPasskeysResponseObject, error) {
	passkeys, err := s.cfg.Auth.Passkeys(ctx, identity.From(ctx))
	if err != nil {
		return nil, err
	}
	list := make(api.PasskeyList, 0, len(passkeys))
	for _, p := range passkeys {
		list = append(list, toPasskey(p))
	}
	return api.ListPasskeys200JSONResponse{Body: list}, nil
}

// DeletePasskey removes one passkey of the caller.
func (s *Server) DeletePasskey(
	ctx context.Context, r api.DeletePasskeyRequestObject,
) (api.DeletePasskeyResponseObject, error) {
	if err := s.cfg.Auth.RemovePasskey(ctx, identity.From(ctx), r.ID); err != nil {
		return nil, err
	}
	return api.DeletePasskey200JSONResponse{Body: okBody}, nil
}

// StartPasskeyRegistration starts adding a passkey.
func (s *Server) StartPasskeyRegistration(
	ctx context.Context, r api.StartPasskeyRegistrationRequestObject,
) (api.StartPasskeyRegistrationResponseObject, error) {
	info := requestInfoFrom(ctx)
	started, err := s.cfg.Auth.StartPasskeyRegistration(
		ctx, identity.From(ctx), info.client, r.Body.Password, r.Body.Name, info.base())
	if err != nil {
		return nil, err
	}
	return api.StartPasskeyRegistration201JSONResponse{Body: toCeremony(started)}, nil
}

// GetPasskeyOptions returns what the browser is to do for a ticket.
func (s *Server) GetPasskeyOptions(
	ctx context.Context, r api.GetPasskeyOptionsRequestObject,
) (api.GetPasskeyOptionsResponseObject, error) {
	kind, options, err := s.cfg.Auth.PasskeyOptions(ctx, r.Body.Ticket)
	if err != nil {
		return nil, err
	}
	return api.GetPasskeyOptions200JSONResponse{
		Body: api.PasskeyOptions{Kind: api.PasskeyOptionsKind(kind), Options: options},
	}, nil
}

// FinishPasskeyRegistration adds the passkey of an authenticator's answer.
func (s *Server) FinishPasskeyRegistration(
	ctx context.Context, r api.FinishPasskeyRegistrationRequestObject,
) (api.FinishPasskeyRegistrationResponseObject, error) {
	added, err := s.cfg.Auth.FinishPasskeyRegistration(ctx, clientOf(ctx), r.Body.Ticket, r.Body.Credential)
	if err != nil {
		return nil, err
	}
	return api.FinishPasskeyRegistration201JSONResponse{Body: toPasskey(added)}, nil
}

// StartPasskeyLogin starts a sign-in for an app.
func (s *Server) StartPasskeyLogin(
	ctx context.Context, r api.StartPasskeyLoginRequestObject,
) (api.StartPasskeyLoginResponseObject, error) {
	started, err := s.cfg.Auth.StartPasskeyLogin(ctx, handover.App{
		RedirectURI: r.Body.RedirectURI, CodeChallenge: r.Body.CodeChallenge, State: zeroIfNil(r.Body.State),
	}, requestInfoFrom(ctx).base())
	if err != nil {
		return nil, err
	}
	return api.StartPasskeyLogin201JSONResponse{Body: toCeremony(started)}, nil
}

// FinishPasskeyLogin sends the browser to the app, with a code.
func (s *Server) FinishPasskeyLogin(
	ctx context.Context, r api.FinishPasskeyLoginRequestObject,
) (api.FinishPasskeyLoginResponseObject, error) {
	redirectTo, err := s.cfg.Auth.FinishPasskeyLogin(ctx, clientOf(ctx), r.Body.Ticket, r.Body.Credential)
	if err != nil {
		return nil, err
	}
	return api.FinishPasskeyLogin200JSONResponse{Body: api.PasskeyRedirect{RedirectTo: redirectTo}}, nil
}

// ExchangePasskeyCode exchanges the app's code for a session.
func (s *Server) ExchangePasskeyCode(
	ctx context.Context, r api.ExchangePasskeyCodeRequestObject,
) (api.ExchangePasskeyCodeResponseObject, error) {
	tokens, err := s.cfg.Auth.LoginWithPasskey(ctx, clientOf(ctx), r.Body.Code, r.Body.CodeVerifier)
	if err != nil {
		return nil, err
	}
	return api.ExchangePasskeyCode200JSONResponse{Body: s.issue(tokens)}, nil
}

// clientOf returns where the request comes from.
func clientOf(ctx context.Context) identity.Client {
	info := requestInfoFrom(ctx)
	return identity.Client{Addr: info.client, UserAgent: info.userAgent}
}

func toCeremony(s passkey.Started) api.PasskeyCeremony {
	return api.PasskeyCeremony{Ticket: s.Ticket, URL: s.URL, Options: s.Options, ExpiresAt: s.ExpiresAt.UnixMilli()}
}

func toPasskey(p passkey.Passkey) api.Passkey {
	return api.Passkey{
		ID: p.ID, Name: p.Name, CreatedAt: p.CreatedAt.UnixMilli(), LastUsedAt: milliseconds(p.LastUsedAt),
		Synced: p.Synced,
	}
}
