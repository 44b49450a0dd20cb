package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/lockout"
	"github.com/adiuva/cloud-api/internal/auth/mailcode"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/auth/secondfactor"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// Credentials are what a client signs in with.
type Credentials struct {
	Email        string
	Password     string
	RefreshToken string        // the last one of this device, also of an ended session; "" for none
	From         netip.Addr    // of the client
	UserAgent    string        // of the client
	Language     mail.Language // of mails; "" means English
}

// client returns where the credentials come from.
func (c Credentials) client() identity.Client {
	return identity.Client{Addr: c.From, UserAgent: c.UserAgent}
}

// Register creates an account and its first session. It returns validation_failed with the pointers /email and
// /password, ErrEmailTaken, or auth_busy.
func (s *Service) Register(ctx context.Context, in Credentials) (Tokens, error) {
	var tokens Tokens
	event := audit.Event{Kind: audit.Registered, Client: in.client()}
	lang := cmp.Or(in.Language, mail.English)
	account := newAccount{email: in.Email, secret: in.Password, grant: tier.Free, language: lang}
	err := s.createAccount(ctx, account, func(tx pgx.Tx, row db.InsertUserParams) error {
		var err error
		event.User = row.ID
		if tokens, err = s.createSession(ctx, tx, event, row.Now); err != nil {
			return err
		}
		_, err = s.issueCode(ctx, tx, mailcode.Request{
			Purpose: mailcode.Verification, User: row.ID, To: row.Email, From: in.From,
		}, mail.VerifyAddress, lang)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	s.audit.Announce(ctx, event)
	s.mailAdded()
	s.rememberNetwork(ctx, event.User, in.From)
	return tokens, nil
}

// newAccount is an account to create.
type newAccount struct {
	email, secret string
	grant         tier.Tier
	language      mail.Language
}

// createAccount inserts an account and calls inTx in the same transaction.
func (s *Service) createAccount(
	ctx context.Context, a newAccount, inTx func(tx pgx.Tx, row db.InsertUserParams) error,
) error {
	normal, err := s.validateCredentials(a.email, a.secret)
	if err != nil {
		return err
	}
	// Before waiting for a hashing slot, so that an unavailable database is reported at once.
	if err := s.checkEmailFree(ctx, normal); err != nil {
		return err
	}
	hash, err := s.hashNew(ctx, normal, a.secret)
	if err != nil {
		return err
	}
	return s.insertAccount(ctx, a, normal, hash, inTx)
}

// insertAccount is createAccount with the normalized address and the hash of the password, "" for none.
func (s *Service) insertAccount(
	ctx context.Context, a newAccount, normal, hash string, inTx func(tx pgx.Tx, row db.InsertUserParams) error,
) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a user id: %w", err)
	}
	now := s.now()
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		user := db.InsertUserParams{
			ID: id, Email: normal, PasswordHash: hash, Now: now, GrantTier: grantColumn(a.grant),
			Language: string(a.language),
		}
		if err := s.q.InsertUser(ctx, tx, user); err != nil {
			return err
		}
		return inTx(tx, user)
	})
	if constraint, ok := postgres.UniqueViolation(err); ok && constraint == "users_email_key" {
		return ErrEmailTaken
	}
	return postgres.Translate(err)
}

// validateCredentials returns the normalized e-mail, or validation_failed with a detail for each of the two that is
// invalid.
func (s *Service) validateCredentials(email, secret string) (string, error) {
	normal, err := NormalizeEmail(email)
	violation := s.policy.Violation(secret)
	if violation == "" {
		return normal, err
	}
	invalid := fault.ErrValidation
	if err != nil {
		invalid = fault.From(err)
	}
	return "", invalid.WithDetails(fault.Detail{Pointer: "/password", Message: violation})
}

func (s *Service) checkEmailFree(ctx context.Context, email string) error {
	taken, err := s.q.EmailTaken(ctx, s.db.Pool, email)
	if err != nil {
		return postgres.Translate(err)
	}
	if taken {
		return ErrEmailTaken
	}
	return nil
}

// hashNew hashes the password of a new account. It checks the e-mail again once it has a slot: of many concurrent
// registrations with one e-mail, only the first pays for a hash.
func (s *Service) hashNew(ctx context.Context, email, secret string) (string, error) {
	slot, err := s.hasher.Slot(ctx, password.Stranger)
	if err != nil {
		return "", err
	}
	defer slot.Release()
	if err := s.checkEmailFree(ctx, email); err != nil {
		return "", err
	}
	return slot.Hash(secret)
}

// Login creates a session. An unknown e-mail and a wrong password both return ErrInvalidCredentials after the same
// time, as errors come at whole multiples of 10 ms; what is no e-mail address at all returns it at once. Other errors
// are lockout.ErrTooMany, with the time to wait, auth_busy, and ErrSecondFactorRequired where the password was right.
// An outdated hash is replaced. The account's longest idle sessions beyond 100 end.
func (s *Service) Login(ctx context.Context, in Credentials) (tokens Tokens, err error) {
	email, err := NormalizeEmail(in.Email)
	if err != nil { // it has no account to protect, and no count
		return Tokens{}, ErrInvalidCredentials
	}
	start := time.Now()
	defer func() {
		if err != nil {
			waitForGrid(ctx, start)
		}
	}()
	known, err := s.q.CredentialsByEmail(ctx, s.db.Pool, email)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return Tokens{}, postgres.Translate(err)
	}
	device, err := s.deviceOf(ctx, known.ID, in.RefreshToken)
	if err != nil {
		return Tokens{}, err
	}
	err = s.checkPassword(ctx, check{
		attempt: lockout.Attempt{Account: email, User: known.ID, From: in.From, Session: device},
		hash:    known.PasswordHash, secret: in.Password, wrong: ErrInvalidCredentials,
		refused: audit.Event{User: known.ID, Kind: audit.SignInRefused, Client: in.client()},
	}, nil)
	if err != nil {
		return Tokens{}, err
	}
	tokens, err = s.signIn(ctx, in, secondfactor.Ticket{
		User: known.ID, VerifiedAt: known.PasswordChangedAt, Device: device,
	})
	if err != nil {
		return Tokens{}, err
	}
	s.rememberNetwork(ctx, known.ID, in.From)
	return tokens, s.endIdleSessions(ctx, known.ID)
}

// signIn creates a session for a right password, or returns ErrSecondFactorRequired where a second factor guards the
// account.
func (s *Service) signIn(ctx context.Context, in Credentials, proved secondfactor.Ticket) (tokens Tokens, err error) {
	var required error // returned after the transaction, so that the ticket is kept
	event := audit.Event{User: proved.User, Kind: audit.SignedIn, Client: in.client()}
	err = s.db.Tx(ctx, func(tx pgx.Tx) (err error) {
		if err := s.q.ShareUser(ctx, tx, proved.User); err != nil {
			return err
		}
		required, err = s.requireSecondFactor(ctx, tx, proved, in.client())
		if err != nil || required != nil {
			return err
		}
		tokens, err = s.createSession(ctx, tx, event, proved.VerifiedAt)
		return err
	})
	if err != nil {
		return Tokens{}, postgres.Translate(err)
	}
	if required != nil {
		event.Kind = audit.SecondFactorAsked
		s.audit.Announce(ctx, event)
		return Tokens{}, required
	}
	s.audit.Announce(ctx, event)
	return tokens, nil
}

// deviceOf returns the session of the user that the refresh token is of, or uuid.Nil. The session may have ended.
func (s *Service) deviceOf(ctx context.Context, user uuid.UUID, refreshToken string) (uuid.UUID, error) {
	presented, err := s.keys.VerifyRefresh(refreshToken)
	if err != nil {
		return uuid.Nil, nil
	}
	owner, err := s.q.SessionOwner(ctx, s.db.Pool, presented.Session)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && owner != user {
		return uuid.Nil, nil
	}
	return presented.Session, postgres.Translate(err)
}

// rememberNetwork only logs a failure: the user is signed in.
func (s *Service) rememberNetwork(ctx context.Context, user uuid.UUID, from netip.Addr) {
	if err := s.lockout.Remember(ctx, user, from); err != nil {
		s.log.WarnContext(ctx, "network of a sign-in not remembered", "user_id", user, "error", err)
	}
}

// ChangePassword replaces the password and revokes every other session of the user and the codes that
// were mailed for another password or address. It returns ErrPasswordWrong when
// current is wrong, lockout.ErrTooMany, validation_failed with the pointer /new_password, or auth_busy. from is the
// client's address.
func (s *Service) ChangePassword(
	ctx context.Context, user identity.User, from netip.Addr, current, next string,
) error {
	if violation := s.policy.Violation(next); violation != "" {
		return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/new_password", Message: violation})
	}
	var hash string
	verifiedAt, err := s.checkOwnPassword(ctx, user, from, current, func(slot *password.Slot) error {
		var err error
		hash, err = slot.Hash(next)
		return err
	})
	if err != nil {
		return err
	}
	now, reason := s.now(), reasonPassword
	event := audit.Event{User: user.ID, Kind: audit.PasswordChanged, Client: user.Client, Subject: user.Session}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		changed, err := s.q.ChangePassword(ctx, tx, db.ChangePasswordParams{
			ID: user.ID, PasswordHash: hash, VerifiedAt: verifiedAt, Now: now,
		})
		if err != nil {
			return err
		}
		if changed == 0 { // another change came first: the verified password is no longer the current one
			return ErrPasswordWrong
		}
		err = s.q.EndSessionsExcept(ctx, tx, db.EndSessionsExceptParams{
			UserID: user.ID, ExceptID: user.Session, Now: &now, RevokedFor: &reason,
		})
		if err != nil {
			return err
		}
		if err := s.codes.Void(ctx, tx, user.ID, mailcode.Reset, mailcode.Address, mailcode.Link); err != nil {
			return err
		}
		if err := s.outbox.Notify(ctx, tx, user.ID, mail.PasswordChanged); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, event)
	})
	s.sessions.InvalidateUser(user.ID)
	if err == nil {
		s.audit.Announce(ctx, event)
		s.mailAdded()
	}
	return postgres.Translate(err)
}

func grantColumn(t tier.Tier) *string {
	if t == tier.Free {
		return nil
	}
	name := string(t)
	return &name
}
