package auth

import (
	"context"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/lockout"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// freshFor is how long a sign-in stands for the password that an account does not have.
const freshFor = 5 * time.Minute

// check is a password to compare with a hash, "" for an unknown account.
type check struct {
	attempt lockout.Attempt
	hash    string
	secret  string
	wrong   error       // returned for a wrong password
	refused audit.Event // noted for a wrong password
}

// checkPassword returns nil when the password is right. Every operation that checks a password goes through it, so
// that all of them count on the same limits. Other errors than c.wrong are lockout.ErrTooMany and auth_busy.
//
// If then is not nil, it runs with the slot in which the password was checked, and returns the error. Otherwise a hash
// under a previous pepper or of a lower cost is replaced.
func (s *Service) checkPassword(ctx context.Context, c check, then func(*password.Slot) error) error {
	try, notify, err := s.lockout.Begin(ctx, c.attempt)
	if notify && c.attempt.User != uuid.Nil {
		s.log.InfoContext(ctx, "too many wrong passwords for an account", "user_id", c.attempt.User)
		blocked := c.refused
		blocked.Kind = audit.SignInBlocked
		s.audit.Note(ctx, blocked)
		s.notifyTooMany(ctx, c.attempt.User, mail.TooManyPasswords)
	}
	if err != nil {
		return err
	}
	class := password.Stranger
	if try.Trusted() {
		class = password.Known
	}
	slot, err := s.hasher.Slot(ctx, class)
	if err != nil {
		return err
	}
	defer slot.Release()
	if err := try.Count(ctx); err != nil {
		return err
	}
	result, err := slot.Verify(c.hash, c.secret)
	if endErr := try.End(ctx, result.Matches); err == nil {
		err = endErr
	}
	switch {
	case err != nil:
		return err
	case !result.Matches:
		s.audit.Note(ctx, c.refused)
		return c.wrong
	case then != nil: // it replaces the hash or needs none
		return then(slot)
	case result.Outdated:
		return s.replaceHash(ctx, slot, c)
	default:
		return nil
	}
}

// notifyTooMany only logs a failure: the refusal counts.
func (s *Service) notifyTooMany(ctx context.Context, user uuid.UUID, kind mail.Kind) {
	if err := s.outbox.Notify(ctx, s.db.Pool, user, kind); err != nil {
		s.log.WarnContext(ctx, "notice of wrong passwords or codes not added", "user_id", user, "error", err)
	}
	s.mailAdded()
}

// replaceHash hashes the password again, under the current pepper and at the configured cost.
func (s *Service) replaceHash(ctx context.Context, slot *password.Slot, c check) error {
	hash, err := slot.Hash(c.secret)
	if err != nil {
		return err
	}
	return postgres.Translate(s.q.UpgradePasswordHash(ctx, s.db.Pool, db.UpgradePasswordHashParams{
		ID: c.attempt.User, OldHash: c.hash, NewHash: hash, Now: s.now(),
	}))
}

// checkOwnPassword is checkPassword for a user with an access token. It returns when the password was last changed, and
// ErrPasswordWrong for a wrong one.
func (s *Service) checkOwnPassword(
	ctx context.Context, user identity.User, from netip.Addr, secret string, then func(*password.Slot) error,
) (changedAt time.Time, err error) {
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return time.Time{}, postgres.NotFoundAs(err, token.ErrInvalid)
	}
	return known.PasswordChangedAt, s.checkPassword(ctx, check{
		attempt: lockout.Attempt{
			Account: known.Email, User: user.ID, From: from, Session: user.Session, Token: true,
		},
		hash: known.PasswordHash, secret: secret, wrong: ErrPasswordWrong,
		refused: audit.Event{User: user.ID, Kind: audit.PasswordRefused, Client: user.Client},
	}, then)
}

// errPasswordMissing is returned where an account has a password and none was sent. The contract cannot say so, since
// accounts without a password leave it out.
var errPasswordMissing = fault.ErrValidation.WithDetails(fault.Detail{
	Pointer: "/password", Message: "Send the account's password.",
})

// confirmOwner is checkOwnPassword for what an account without a password may do as well. That needs a session of the
// last five minutes in its place, or it is ErrSignInTooOld. A password that is left out where there is one is
// validation_failed with the pointer /password.
func (s *Service) confirmOwner(
	ctx context.Context, user identity.User, from netip.Addr, secret string, then func(*password.Slot) error,
) error {
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, token.ErrInvalid)
	}
	if known.PasswordHash != "" && secret == "" { // left out, which is no guess
		return errPasswordMissing
	}
	if known.PasswordHash != "" {
		_, err := s.checkOwnPassword(ctx, user, from, secret, then)
		return err
	}
	signedInAt, err := s.q.SessionCreatedAt(ctx, s.db.Pool, user.Session, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, token.ErrInvalid)
	}
	if s.now().Sub(signedInAt) > freshFor {
		return ErrSignInTooOld
	}
	return nil
}

// PasswordChecks returns how many passwords were compared with a hash since the start.
func (s *Service) PasswordChecks() uint64 { return s.hasher.Checks() }
