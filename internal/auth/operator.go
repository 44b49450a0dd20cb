package auth

import (
	"context"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// CreateUser creates an account without a session. A tier other than free is granted as SetTier does. Its errors are
// Register's.
func (s *Service) CreateUser(ctx context.Context, email, secret string, t tier.Tier) (Profile, error) {
	var row db.UserByIDRow
	account := newAccount{email: email, secret: secret, grant: t, language: mail.English}
	err := s.createAccount(ctx, account, func(tx pgx.Tx, user db.InsertUserParams) error {
		var err error
		row, err = s.q.UserByID(ctx, tx, user.ID)
		return err
	})
	if err != nil {
		return Profile{}, err
	}
	return profileOf(row), nil
}

// Users returns at most limit accounts in order of creation, those after the one with the id after. With uuid.Nil it
// starts at the first.
func (s *Service) Users(ctx context.Context, after uuid.UUID, limit int) ([]Profile, error) {
	rows, err := s.q.UsersAfter(ctx, s.db.Pool, after, int32(limit))
	if err != nil {
		return nil, postgres.Translate(err)
	}
	users := make([]Profile, len(rows))
	for i, row := range rows {
		users[i] = profileOf(db.UserByIDRow(row))
	}
	return users, nil
}

// SetTier grants a tier independently of the subscription; tier.Free removes the grant. An unknown e-mail is
// not_found, and seats below one are validation_failed.
func (s *Service) SetTier(ctx context.Context, email string, t tier.Tier, seats int) error {
	if seats < 1 || seats > math.MaxInt32 {
		return fault.ErrValidation.WithDetails(fault.Detail{Pointer: "/seats", Message: "At least one seat."})
	}
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return err
	}
	defer s.sessions.InvalidateUser(user)
	granted, err := s.q.GrantTier(ctx, s.db.Pool, db.GrantTierParams{
		ID: user, GrantTier: grantColumn(t), GrantSeats: int32(seats), Now: s.now(),
	})
	if err == nil && granted == 0 {
		return fault.ErrNotFound
	}
	return postgres.Translate(err)
}

// RevokeSessions ends every session of an account. Its API keys stay. An unknown e-mail is not_found.
func (s *Service) RevokeSessions(ctx context.Context, email string) error {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return err
	}
	defer s.sessions.InvalidateUser(user)
	event := audit.Event{User: user, Kind: audit.SessionsRevoked}
	return postgres.Translate(s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := s.revokeAll(ctx, tx, user, reasonOperator); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, event)
	}))
}

// DeleteUser does what RequestDeletion does, without the password. An unknown e-mail is not_found.
func (s *Service) DeleteUser(ctx context.Context, email string) error {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return err
	}
	return s.markDeleted(ctx, identity.User{ID: user})
}

// Keys returns the API keys of an account that are not revoked. An unknown e-mail is not_found.
func (s *Service) Keys(ctx context.Context, email string) ([]apikey.Key, error) {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	return s.apiKeys.List(ctx, user)
}

// RevokeKey revokes an API key of an account. An unknown e-mail or id is not_found.
func (s *Service) RevokeKey(ctx context.Context, email string, id uuid.UUID) error {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return err
	}
	return s.apiKeys.Revoke(ctx, identity.User{ID: user}, id)
}

// RevokeKeys revokes every API key of an account and returns how many. An unknown e-mail is not_found.
func (s *Service) RevokeKeys(ctx context.Context, email string) (revoked int, err error) {
	user, err := s.userByEmail(ctx, email)
	if err != nil {
		return 0, err
	}
	committed := func() {}
	err = s.db.Tx(ctx, func(tx pgx.Tx) (err error) {
		if revoked, committed, err = s.apiKeys.RevokeAll(ctx, tx, user); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, audit.Event{User: user, Kind: audit.KeysRevoked})
	})
	if err != nil {
		return 0, postgres.Translate(err)
	}
	committed()
	return revoked, nil
}

func (s *Service) userByEmail(ctx context.Context, email string) (uuid.UUID, error) {
	normal, err := NormalizeEmail(email)
	if err != nil {
		return uuid.Nil, err
	}
	row, err := s.q.UserByEmail(ctx, s.db.Pool, normal)
	if err != nil {
		return uuid.Nil, postgres.NotFoundAs(err, fault.ErrNotFound)
	}
	return row.ID, nil
}
