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

// Failed log-ins are counted over this long.
const attemptWindow = 15 * time.Minute

// Register makes an account and its first session. It returns validation_failed with pointers /email and /password,
// ErrEmailTaken, or auth_busy.
func (s *Service) Register(ctx context.Context, email, secret string) (Tokens, error) {
	var tokens Tokens
	err := s.create(ctx, email, secret, tier.Free, func(tx pgx.Tx, id uuid.UUID, at time.Time) error {
		var err error
		tokens, err = s.open(ctx, tx, id, at)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// create inserts an account and runs then in the same transaction.
func (s *Service) create(ctx context.Context, email, secret string, grant tier.Tier,
	then func(tx pgx.Tx, id uuid.UUID, at time.Time) error,
) error {
	normal, err := s.acceptable(email, secret)
	if err != nil {
		return err
	}
	if err := s.refuseTaken(ctx, normal); err != nil { // before the queue, so that a database that is away is told at once
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
		return then(tx, id, now)
	})
	if constraint, ok := postgres.UniqueViolation(err); ok && constraint == "users_email_key" {
		return ErrEmailTaken
	}
	return postgres.Translate(err)
}

// acceptable returns the normal form of email, or every objection to it and to the password at once.
func (s *Service) acceptable(email, secret string) (string, error) {
	normal, err := NormalizeEmail(email)
	objection := s.policy.Objection(secret)
	if objection == "" {
		return normal, err
	}
	refused := fault.ErrValidation
	if err != nil {
		refused = fault.From(err)
	}
	return "", refused.WithDetails(fault.Detail{Pointer: "/password", Message: objection})
}

func (s *Service) refuseTaken(ctx context.Context, email string) error {
	taken, err := s.q.EmailTaken(ctx, s.db.Pool, email)
	if err != nil {
		return postgres.Translate(err)
	}
	if taken {
		return ErrEmailTaken
	}
	return nil
}

// hashNew looks once more when it has its slot: of many who register one e-mail at a time, only the first pays a hash.
func (s *Service) hashNew(ctx context.Context, email, secret string) (string, error) {
	slot, err := s.hasher.Slot(ctx)
	if err != nil {
		return "", err
	}
	defer slot.Release()
	if err := s.refuseTaken(ctx, email); err != nil {
		return "", err
	}
	return slot.Hash(secret)
}

// Login opens a session. Unknown e-mail and wrong password are one answer, ErrInvalidCredentials, after the same time.
// Others: ErrTooManyLogins with how long to wait, auth_busy. A hash of lower cost than configured is raised on the way.
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
	account := s.accountOf(normal)
	if err := s.refuseBlocked(ctx, account); err != nil {
		return Tokens{}, err
	}
	if err := s.verifyLogin(ctx, account, known, secret); err != nil {
		return Tokens{}, err
	}
	tokens, err := s.open(ctx, s.db.Pool, known.ID, known.PasswordChangedAt)
	return tokens, postgres.Translate(err)
}

// verifyLogin counts the attempt, checks the password and takes the count back when it was right.
func (s *Service) verifyLogin(ctx context.Context, account []byte, known db.CredentialsByEmailRow, secret string) error {
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
		if err := s.q.ForgetLoginAttempts(ctx, s.db.Pool, account); err != nil {
			return postgres.Translate(err)
		}
	}
	return s.raiseCost(ctx, slot, known, secret)
}

func (s *Service) raiseCost(ctx context.Context, slot *password.Slot, known db.CredentialsByEmailRow, secret string) error {
	if !s.hasher.Outdated(known.PasswordHash) {
		return nil
	}
	raised, err := slot.Hash(secret)
	if err != nil {
		return err
	}
	return postgres.Translate(s.q.RaisePasswordCost(ctx, s.db.Pool, db.RaisePasswordCostParams{
		ID: known.ID, Verified: known.PasswordHash, Raised: raised, Now: s.now(),
	}))
}

// accountOf names an account in login_attempts without its e-mail.
func (s *Service) accountOf(email string) []byte {
	mac := hmac.New(sha256.New, s.accountKey)
	mac.Write([]byte(email))
	return mac.Sum(nil)
}

func (s *Service) refuseBlocked(ctx context.Context, account []byte) error {
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
	return s.overLimit(int(row.Attempts)+1, row.StartedAt)
}

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
	return s.overLimit(int(row.Attempts), row.StartedAt)
}

func (s *Service) overLimit(attempts int, started time.Time) error {
	if attempts <= s.loginFailures {
		return nil
	}
	return ErrTooManyLogins.WithRetryAfter(max(time.Second, started.Add(attemptWindow).Sub(s.now())))
}

// ChangePassword replaces the password and ends every other session of the user. It returns ErrInvalidCredentials when
// current is wrong, validation_failed with the pointer /new_password, or auth_busy.
func (s *Service) ChangePassword(ctx context.Context, user identity.User, current, next string) error {
	if objection := s.policy.Objection(next); objection != "" {
		return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/new_password", Message: objection})
	}
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return postgres.NotFoundAs(err, ErrInvalidCredentials)
	}
	hash, err := s.rehash(ctx, known.PasswordHash, current, next)
	if err != nil {
		return err
	}
	now, reason := s.now(), endedByPassword
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		changed, err := s.q.ChangePassword(ctx, tx, db.ChangePasswordParams{
			ID: user.ID, PasswordHash: hash, VerifiedAt: known.PasswordChangedAt, Now: now,
		})
		if err != nil {
			return err
		}
		if changed == 0 { // another change came first: what was verified is no longer the password
			return ErrInvalidCredentials
		}
		return s.q.EndSessionsExcept(ctx, tx, db.EndSessionsExceptParams{
			UserID: user.ID, Kept: user.Session, Now: &now, RevokedFor: &reason,
		})
	})
	s.sessions.InvalidateUser(user.ID)
	return postgres.Translate(err)
}

func (s *Service) rehash(ctx context.Context, hash, current, next string) (string, error) {
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
