package auth

import (
	"context"
	"net/netip"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/auth/passkey"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Passkeys returns the user's passkeys, newest first.
func (s *Service) Passkeys(ctx context.Context, user identity.User) ([]passkey.Passkey, error) {
	return s.passkeys.List(ctx, user.ID)
}

// StartPasskeyRegistration starts adding a passkey to the user's account. It returns ErrPasswordWrong,
// lockout.ErrTooMany, auth_busy, or passkey.ErrTooMany. base is where the request reached us.
func (s *Service) StartPasskeyRegistration(
	ctx context.Context, user identity.User, from netip.Addr, secret, name, base string,
) (started passkey.Started, err error) {
	verifiedAt, err := s.checkOwnPassword(ctx, user, from, secret, nil)
	if err != nil {
		return passkey.Started{}, err
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		email, err := s.lockOwner(ctx, tx, user, verifiedAt)
		if err != nil {
			return err
		}
		owner := passkey.Owner{User: user.ID, Session: user.Session, Email: email}
		started, err = s.passkeys.StartRegistration(ctx, tx, owner, name, base)
		return err
	})
	return started, postgres.Translate(err)
}

// PasskeyOptions returns what a ticket is for and what the browser takes, or passkey.ErrTicket.
func (s *Service) PasskeyOptions(ctx context.Context, ticket string) (passkey.Kind, map[string]any, error) {
	return s.passkeys.Options(ctx, ticket)
}

// FinishPasskeyRegistration adds the passkey of an authenticator's answer. It returns passkey.ErrTicket, also where the
// session that asked has ended, passkey.ErrRefused, or passkey.ErrTooMany.
func (s *Service) FinishPasskeyRegistration(
	ctx context.Context, client identity.Client, ticket string, answer map[string]any,
) (added passkey.Passkey, err error) {
	asked, err := s.passkeys.Asked(ctx, ticket)
	if err != nil {
		return passkey.Passkey{}, err
	}
	event := audit.Event{User: asked.User, Kind: audit.PasskeyAdded, Client: client}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		owner := identity.User{ID: asked.User, Session: asked.Session}
		if _, _, err := s.lockSignedIn(ctx, tx, owner); err != nil {
			if fault.From(err).Code == fault.TokenInvalid {
				return passkey.ErrTicket
			}
			return err
		}
		if added, err = s.passkeys.FinishRegistration(ctx, tx, asked, answer); err != nil {
			return err
		}
		event.Subject = added.ID
		return s.recordFactorChange(ctx, tx, event)
	})
	return added, s.announced(ctx, event, err)
}

// RemovePasskey removes a passkey of the user. An unknown id and another user's both return not_found.
func (s *Service) RemovePasskey(ctx context.Context, user identity.User, id uuid.UUID) error {
	event := audit.Event{User: user.ID, Kind: audit.PasskeyRemoved, Client: user.Client, Subject: id}
	return s.announced(ctx, event, s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, _, err := s.lockSignedIn(ctx, tx, user); err != nil {
			return err
		}
		if err := s.passkeys.Remove(ctx, tx, user.ID, id); err != nil {
			return err
		}
		return s.recordFactorChange(ctx, tx, event)
	}))
}

// StartPasskeyLogin starts a sign-in with a passkey for an app. It returns validation_failed with the pointer
// /redirect_uri. base is where the request reached us.
func (s *Service) StartPasskeyLogin(ctx context.Context, app handover.App, base string) (passkey.Started, error) {
	return s.passkeys.StartLogin(ctx, app, base)
}

// FinishPasskeyLogin checks a passkey's answer and returns where the browser goes, with a code for the app. It returns
// passkey.ErrTicket or passkey.ErrRefused.
func (s *Service) FinishPasskeyLogin(
	ctx context.Context, client identity.Client, ticket string, answer map[string]any,
) (redirectTo string, err error) {
	checked, copied, err := s.passkeys.CheckLogin(ctx, ticket, answer)
	refused := audit.Event{User: checked.User, Kind: audit.PasskeyRefused, Client: client}
	if copied {
		s.audit.Note(ctx, refused)
	}
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		redirectTo, err = s.passkeys.FinishLogin(ctx, tx, checked)
		return err
	})
	if err != nil {
		if fault.From(err).Code == fault.PasskeyRefused {
			s.audit.Note(ctx, refused)
		}
		return "", postgres.Translate(err)
	}
	return redirectTo, nil
}

// LoginWithPasskey exchanges the code that the app got, and the verifier of its challenge, for a session. Whatever is
// wrong with them is passkey.ErrTicket.
func (s *Service) LoginWithPasskey(
	ctx context.Context, client identity.Client, code, verifier string,
) (tokens Tokens, err error) {
	user, err := s.passkeys.Proved(ctx, code, verifier)
	if err != nil {
		return Tokens{}, err
	}
	event := audit.Event{User: user, Kind: audit.SignedIn, Client: client}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		locked, err := s.q.LockUser(ctx, tx, user)
		if err != nil {
			return postgres.NotFoundAs(err, passkey.ErrTicket)
		}
		if err := s.passkeys.Spend(ctx, tx, code); err != nil {
			return err
		}
		tokens, err = s.createSession(ctx, tx, event, locked.PasswordChangedAt)
		return err
	})
	if err != nil {
		return Tokens{}, postgres.Translate(err)
	}
	s.audit.Announce(ctx, event)
	s.mailAdded()
	s.rememberNetwork(ctx, user, client.Addr)
	return tokens, s.endIdleSessions(ctx, user)
}
