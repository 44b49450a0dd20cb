package auth

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/lockout"
	"github.com/adiuva/cloud-api/internal/auth/secondfactor"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// ErrSecondFactorRequired is returned, with the extra member "ticket", where the password or the mailed code was right
// and a second factor guards the account.
var ErrSecondFactorRequired = fault.New(fault.SecondFactorRequired,
	"Send this ticket with a code of the authenticator app, or a recovery code, to POST /auth/login/second-factor "+
		"within 5 minutes.")

// tooManyCodes is what lockout.ErrTooMany says about codes.
const tooManyCodes = "Too many wrong codes for this account. Wait before the next one."

// requireSecondFactor returns ErrSecondFactorRequired with a ticket where a second factor guards the account, or nil.
// The first error is the answer and lets the transaction commit; the second rolls it back.
func (s *Service) requireSecondFactor(
	ctx context.Context, tx db.DBTX, t secondfactor.Ticket, client identity.Client,
) (required, err error) {
	guarded, err := s.factors.IsGuarded(ctx, tx, t.User)
	if err != nil || !guarded {
		return nil, err
	}
	ticket, err := s.factors.IssueTicket(ctx, tx, t)
	if err != nil {
		return nil, err
	}
	event := audit.Event{User: t.User, Kind: audit.SecondFactorAsked, Client: client}
	if err := s.audit.Record(ctx, tx, event); err != nil {
		return nil, err
	}
	return ErrSecondFactorRequired.WithExtra("ticket", ticket), nil
}

// SecondFactor finishes a log-in or a reset of the password.
type SecondFactor struct {
	Ticket    string
	Code      string // of the app, or a recovery code
	From      netip.Addr
	UserAgent string
}

// LoginWithSecondFactor exchanges the ticket of ErrSecondFactorRequired and a code for a session. Where the ticket is
// of a reset, it sets the new password as well, and every other session ends. Whatever is wrong with the ticket or the
// code is secondfactor.ErrInvalid; the other error is lockout.ErrTooMany.
func (s *Service) LoginWithSecondFactor(ctx context.Context, in SecondFactor) (Tokens, error) {
	ticket, err := s.factors.Try(ctx, in.Ticket)
	if err != nil {
		return Tokens{}, err
	}
	client := identity.Client{Addr: in.From, UserAgent: in.UserAgent}
	var done redeemed
	err = s.checkCode(ctx, codeCheck{
		attempt: lockout.Attempt{User: ticket.User, From: in.From, Session: ticket.Device},
		refused: audit.Event{User: ticket.User, Kind: audit.SecondFactorRefused, Client: client},
	}, func(tx pgx.Tx) (err error) {
		done, err = s.redeem(ctx, tx, ticket, in, client)
		return err
	})
	if ticket.PasswordHash != "" {
		s.sessions.InvalidateUser(ticket.User)
	}
	if err != nil {
		if !errors.Is(err, secondfactor.ErrInvalid) { // the code was not compared, or what it was right for failed
			err = errors.Join(err, s.factors.ReturnTry(ctx, in.Ticket))
		}
		return Tokens{}, err
	}
	done.committed()
	s.announce(ctx, done.events)
	s.mailAdded()
	s.rememberNetwork(ctx, ticket.User, in.From)
	return done.tokens, s.endIdleSessions(ctx, ticket.User)
}

// redeemed is what came of a ticket and a code. Call committed and announce the events after the transaction.
type redeemed struct {
	tokens    Tokens
	events    []audit.Event
	committed func()
}

// redeem uses up the ticket and the code in the transaction, and does what the ticket is for.
func (s *Service) redeem(
	ctx context.Context, tx pgx.Tx, t secondfactor.Ticket, in SecondFactor, client identity.Client,
) (redeemed, error) {
	done := redeemed{committed: func() {}}
	locked, err := s.q.LockUser(ctx, tx, t.User)
	if err != nil {
		return done, postgres.NotFoundAs(err, secondfactor.ErrInvalid)
	}
	if !locked.PasswordChangedAt.Equal(t.VerifiedAt) {
		return done, secondfactor.ErrInvalid
	}
	recovery, err := s.factors.Use(ctx, tx, t.User, in.Code)
	if err != nil {
		return done, err
	}
	if err := s.factors.Spend(ctx, tx, in.Ticket); err != nil {
		return done, err
	}
	if recovery {
		done.events = append(done.events, audit.Event{User: t.User, Kind: audit.RecoveryCodeUsed, Client: client})
	}
	verifiedAt := t.VerifiedAt
	if t.PasswordHash != "" {
		if done.committed, err = s.resetPassword(ctx, tx, t.User, t.PasswordHash); err != nil {
			return done, err
		}
		if locked, err = s.q.LockUser(ctx, tx, t.User); err != nil {
			return done, err
		}
		verifiedAt = locked.PasswordChangedAt
		done.events = append(done.events, audit.Event{User: t.User, Kind: audit.PasswordReset, Client: client})
	}
	if err := s.record(ctx, tx, done.events); err != nil {
		return done, err
	}
	signIn := audit.Event{User: t.User, Kind: audit.SignedIn, Client: client}
	done.tokens, err = s.createSession(ctx, tx, signIn, verifiedAt)
	done.events = append(done.events, signIn)
	return done, err
}

// codeCheck is a code to compare. The attempt's account is set by checkCode.
type codeCheck struct {
	attempt lockout.Attempt
	refused audit.Event // noted for a wrong code
}

// checkCode runs use, which compares a code of the second factor, in a transaction. Every operation that takes such a
// code goes through it, so that all of them count on the same limits, which are those of passwords. Other errors than
// those of use are lockout.ErrTooMany.
func (s *Service) checkCode(ctx context.Context, c codeCheck, use func(tx pgx.Tx) error) error {
	c.attempt.Account = "second factor\x00" + c.attempt.User.String()
	if c.attempt.Session != uuid.Nil { // a name of its own, so that wrong passwords of the device count apart
		c.attempt.Session = uuid.NewSHA1(c.attempt.Session, []byte("second factor"))
	}
	try, notify, err := s.lockout.Begin(ctx, c.attempt)
	if notify {
		s.log.InfoContext(ctx, "too many wrong codes of a second factor", "user_id", c.attempt.User)
		s.notifyTooMany(ctx, c.attempt.User, mail.TooManyCodes)
	}
	if err == nil {
		err = try.Count(ctx)
	}
	if err != nil {
		if errors.Is(err, lockout.ErrTooMany) {
			return fault.From(err).WithMessage(tooManyCodes)
		}
		return err
	}
	err = postgres.Translate(s.db.Tx(ctx, use))
	wrong := errors.Is(err, secondfactor.ErrInvalid)
	if wrong {
		s.audit.Note(ctx, c.refused)
	}
	if endErr := try.End(ctx, !wrong); err == nil {
		err = endErr
	}
	return err
}

// ownCode returns the check of a code that comes with an access token.
func ownCode(user identity.User, from netip.Addr) codeCheck {
	return codeCheck{
		attempt: lockout.Attempt{User: user.ID, From: from, Session: user.Session, Token: true},
		refused: audit.Event{User: user.ID, Kind: audit.SecondFactorRefused, Client: user.Client},
	}
}

// SecondFactorState returns whether a second factor guards the user's account.
func (s *Service) SecondFactorState(ctx context.Context, user identity.User) (secondfactor.State, error) {
	return s.factors.State(ctx, user.ID)
}

// CreateSecondFactor makes a secret for an authenticator app with recovery codes. It guards nothing until
// ConfirmSecondFactor. It returns ErrPasswordWrong, lockout.ErrTooMany, auth_busy, or secondfactor.ErrActive.
func (s *Service) CreateSecondFactor(
	ctx context.Context, user identity.User, from netip.Addr, secret string,
) (created secondfactor.Created, err error) {
	verifiedAt, err := s.checkOwnPassword(ctx, user, from, secret, nil)
	if err != nil {
		return secondfactor.Created{}, err
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		email, err := s.lockOwner(ctx, tx, user, verifiedAt)
		if err != nil {
			return err
		}
		created, err = s.factors.Create(ctx, tx, user.ID, email)
		return err
	})
	return created, postgres.Translate(err)
}

// lockOwner locks the user's row and returns the address. The session must be open (token_invalid), and the password
// the one that was verified (ErrPasswordWrong).
func (s *Service) lockOwner(
	ctx context.Context, tx pgx.Tx, user identity.User, verifiedAt time.Time,
) (email string, err error) {
	email, changedAt, err := s.lockSignedIn(ctx, tx, user)
	if err == nil && !changedAt.Equal(verifiedAt) {
		err = ErrPasswordWrong
	}
	return email, err
}

// lockSignedIn locks the user's row, so that nothing else changes how the account is protected, and returns its address
// and when the password was last changed. A session that has ended is token_invalid.
func (s *Service) lockSignedIn(
	ctx context.Context, tx pgx.Tx, user identity.User,
) (email string, passwordChangedAt time.Time, err error) {
	row, err := s.q.LockUser(ctx, tx, user.ID)
	if err != nil {
		return "", time.Time{}, postgres.NotFoundAs(err, token.ErrInvalid)
	}
	own := db.LockLiveSessionParams{ID: user.Session, UserID: user.ID, Now: s.now()}
	if _, err := s.q.LockLiveSession(ctx, tx, own); err != nil {
		return "", time.Time{}, postgres.NotFoundAs(err, token.ErrInvalid)
	}
	return row.Email, row.PasswordChangedAt, nil
}

// ConfirmSecondFactor makes the secret guard the account from now on. It returns secondfactor.ErrInvalid or
// lockout.ErrTooMany.
func (s *Service) ConfirmSecondFactor(ctx context.Context, user identity.User, from netip.Addr, code string) error {
	event := audit.Event{User: user.ID, Kind: audit.SecondFactorAdded, Client: user.Client}
	return s.announced(ctx, event, s.checkCode(ctx, ownCode(user, from), func(tx pgx.Tx) error {
		if _, _, err := s.lockSignedIn(ctx, tx, user); err != nil {
			return err
		}
		if err := s.factors.Confirm(ctx, tx, user.ID, code); err != nil {
			return err
		}
		return s.recordFactorChange(ctx, tx, event)
	}))
}

// RemoveSecondFactor removes the second factor with the password and a code. It returns ErrPasswordWrong,
// secondfactor.ErrInvalid, secondfactor.ErrNone, lockout.ErrTooMany, or auth_busy.
func (s *Service) RemoveSecondFactor(
	ctx context.Context, user identity.User, from netip.Addr, secret, code string,
) error {
	verifiedAt, err := s.checkOwnPassword(ctx, user, from, secret, nil)
	if err != nil {
		return err
	}
	guarded, err := s.factors.IsGuarded(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.Translate(err)
	}
	if !guarded {
		return secondfactor.ErrNone
	}
	event := audit.Event{User: user.ID, Kind: audit.SecondFactorRemoved, Client: user.Client}
	return s.announced(ctx, event, s.checkCode(ctx, ownCode(user, from), func(tx pgx.Tx) error {
		if _, err := s.lockOwner(ctx, tx, user, verifiedAt); err != nil {
			return err
		}
		if _, err := s.factors.Use(ctx, tx, user.ID, code); err != nil {
			return err
		}
		if _, err := s.factors.Remove(ctx, tx, user.ID); err != nil {
			return err
		}
		return s.recordFactorChange(ctx, tx, event)
	}))
}

// recordFactorChange records the event and tells the account's owner by mail.
func (s *Service) recordFactorChange(ctx context.Context, tx pgx.Tx, event audit.Event) error {
	if err := s.outbox.Notify(ctx, tx, event.User, mail.SecondFactorChanged); err != nil {
		return err
	}
	return s.audit.Record(ctx, tx, event)
}

// announced announces the event of a change that was committed, which is so where err is nil, and returns err.
func (s *Service) announced(ctx context.Context, event audit.Event, err error) error {
	if err == nil {
		s.audit.Announce(ctx, event)
	}
	s.mailAdded()
	return postgres.Translate(err)
}

// ResetSecondFactor removes the second factor of an account that its owner has lost, and its passkeys. removed is false
// where there was none. An unknown e-mail is not_found.
func (s *Service) ResetSecondFactor(ctx context.Context, email string) (removed bool, err error) {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return false, err
	}
	event := audit.Event{User: user, Kind: audit.SecondFactorReset}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := s.q.LockUser(ctx, tx, user); err != nil {
			return postgres.NotFoundAs(err, fault.ErrNotFound)
		}
		if removed, err = s.removeFactors(ctx, tx, user); err != nil || !removed {
			return err
		}
		return s.recordFactorChange(ctx, tx, event)
	})
	if err == nil && removed {
		s.audit.Announce(ctx, event)
	}
	return removed, postgres.Translate(err)
}

// removeFactors removes whatever an account has beside its password.
func (s *Service) removeFactors(ctx context.Context, tx pgx.Tx, user uuid.UUID) (removed bool, err error) {
	secret, err := s.factors.Remove(ctx, tx, user)
	if err != nil {
		return false, err
	}
	passkeys, err := s.passkeys.RemoveAll(ctx, tx, user)
	return secret || passkeys, err
}
