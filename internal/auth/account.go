package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// attemptWindow is the period over which failed log-ins are counted.
const attemptWindow = 15 * time.Minute

// Register creates an account and its first session. It returns validation_failed with the pointers /email and
// /password, ErrEmailTaken, or auth_busy.
func (s *Service) Register(ctx context.Context, email, secret string) (Tokens, error) {
	var tokens Tokens
	err := s.createAccount(ctx, email, secret, tier.Free, func(tx pgx.Tx, id uuid.UUID, at time.Time) error {
		var err error
		tokens, err = s.createSession(ctx, tx, id, at)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// createAccount inserts an account and calls inTx in the same transaction.
func (s *Service) createAccount(
	ctx context.Context, email, secret string, grant tier.Tier,
	inTx func(tx pgx.Tx, id uuid.UUID, at time.Time) error,
) error {
	normal, err := s.validateCredentials(email, secret)
	if err != nil {
		return err
	}
	// Before waiting for a hashing slot, so that an unavailable database is reported at once.
	if err := s.checkEmailFree(ctx, normal); err != nil {
		return err
	}
	hash, err := s.hashNew(ctx, normal, secret)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a user id: %w", err)
	}
	now := s.now()
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		user := db.InsertUserParams{ID: id, Email: normal, PasswordHash: hash, Now: now, GrantTier: grantColumn(grant)}
		if err := s.q.InsertUser(ctx, tx, user); err != nil {
			return err
		}
		return inTx(tx, id, now)
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
	slot, err := s.hasher.Slot(ctx)
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
// time. Other errors are ErrTooManyLogins, with the time to wait, and auth_busy. A hash of a lower cost than the
// configured one is replaced.
func (s *Service) Login(ctx context.Context, email, secret string) (Tokens, error) {
	normal, invalid := NormalizeEmail(email)
	var known db.CredentialsByEmailRow
	var err error
	if invalid == nil {
		known, err = s.q.CredentialsByEmail(ctx, s.db.Pool, normal)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return Tokens{}, postgres.Translate(err)
		}
	}
	account := s.lockoutKey(normal) // counts for unknown e-mails too: the limit must not reveal which exist
	if err := s.checkLockout(ctx, account); err != nil {
		return Tokens{}, err
	}
	if err := s.verifyLogin(ctx, account, known, secret); err != nil {
		return Tokens{}, err
	}
	tokens, err := s.createSession(ctx, s.db.Pool, known.ID, known.PasswordChangedAt)
	return tokens, postgres.Translate(err)
}

// verifyLogin counts the attempt, verifies the password, and clears the count when it is right.
func (s *Service) verifyLogin(
	ctx context.Context, account []byte, known db.CredentialsByEmailRow, secret string,
) error {
	slot, err := s.hasher.Slot(ctx)
	if err != nil {
		return err
	}
	defer slot.Release()
	if err := s.countAttempt(ctx, account); err != nil {
		return err
	}
	matches, err := slot.Matches(known.PasswordHash, secret)
	if err != nil {
		return err
	}
	if !matches {
		return ErrInvalidCredentials
	}
	if s.loginFailures > 0 {
		if err := s.q.DeleteLoginAttempts(ctx, s.db.Pool, account); err != nil {
			return postgres.Translate(err)
		}
	}
	return s.upgradeHash(ctx, slot, known, secret)
}

// upgradeHash hashes the password again when its hash has a lower cost than the configured one.
func (s *Service) upgradeHash(
	ctx context.Context, slot *password.Slot, known db.CredentialsByEmailRow, secret string,
) error {
	if !s.hasher.Outdated(known.PasswordHash) {
		return nil
	}
	upgraded, err := slot.Hash(secret)
	if err != nil {
		return err
	}
	return postgres.Translate(s.q.UpgradePasswordHash(ctx, s.db.Pool, db.UpgradePasswordHashParams{
		ID: known.ID, OldHash: known.PasswordHash, NewHash: upgraded, Now: s.now(),
	}))
}

// lockoutKey returns the account's key in login_attempts, an HMAC so that the table holds no e-mail.
func (s *Service) lockoutKey(email string) []byte {
	mac := hmac.New(sha256.New, s.lockoutSecret)
	mac.Write([]byte(email))
	return mac.Sum(nil)
}

// checkLockout returns ErrTooManyLogins when one more attempt would exceed the limit. It counts nothing.
func (s *Service) checkLockout(ctx context.Context, account []byte) error {
	if s.loginFailures <= 0 {
		return nil
	}
	row, err := s.q.LoginAttempts(ctx, s.db.Pool, account, s.now().Add(-attemptWindow))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return postgres.Translate(err)
	}
	return s.lockoutErr(int(row.Attempts)+1, row.StartedAt)
}

// countAttempt counts an attempt before its password is verified, so that concurrent guesses cannot exceed the limit.
func (s *Service) countAttempt(ctx context.Context, account []byte) error {
	if s.loginFailures <= 0 {
		return nil
	}
	now := s.now()
	row, err := s.q.CountLoginAttempt(ctx, s.db.Pool, db.CountLoginAttemptParams{
		Account: account, Now: now, WindowStart: now.Add(-attemptWindow),
	})
	if err != nil {
		return postgres.Translate(err)
	}
	return s.lockoutErr(int(row.Attempts), row.StartedAt)
}

func (s *Service) lockoutErr(attempts int, started time.Time) error {
	if attempts <= s.loginFailures {
		return nil
	}
	return ErrTooManyLogins.WithRetryAfter(max(time.Second, started.Add(attemptWindow).Sub(s.now())))
}

// ChangePassword replaces the password and revokes every other session of the user. It returns
// ErrInvalidCredentials when current is wrong, validation_failed with the pointer /new_password, or auth_busy.
func (s *Service) ChangePassword(ctx context.Context, user identity.User, current, next string) error {
	if violation := s.policy.Violation(next); violation != "" {
		return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/new_password", Message: violation})
	}
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, ErrInvalidCredentials)
	}
	hash, err := s.verifyAndHash(ctx, known.PasswordHash, current, next)
	if err != nil {
		return err
	}
	now, reason := s.now(), reasonPassword
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		changed, err := s.q.ChangePassword(ctx, tx, db.ChangePasswordParams{
			ID: user.ID, PasswordHash: hash, VerifiedAt: known.PasswordChangedAt, Now: now,
		})
		if err != nil {
			return err
		}
		if changed == 0 { // another change came first: the verified password is no longer the current one
			return ErrInvalidCredentials
		}
		return s.q.EndSessionsExcept(ctx, tx, db.EndSessionsExceptParams{
			UserID: user.ID, ExceptID: user.Session, Now: &now, RevokedFor: &reason,
		})
	})
	s.sessions.InvalidateUser(user.ID)
	return postgres.Translate(err)
}

// verifyAndHash verifies current against hash and returns the hash of next, with one slot for both.
func (s *Service) verifyAndHash(ctx context.Context, hash, current, next string) (string, error) {
	slot, err := s.hasher.Slot(ctx)
	if err != nil {
		return "", err
	}
	defer slot.Release()
	matches, err := slot.Matches(hash, current)
	if err != nil {
		return "", err
	}
	if !matches {
		return "", ErrInvalidCredentials
	}
	return slot.Hash(next)
}

func grantColumn(t tier.Tier) *string {
	if t == tier.Free {
		return nil
	}
	name := string(t)
	return &name
}
