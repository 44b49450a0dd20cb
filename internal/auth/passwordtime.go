package auth

import (
	"context"
	"time"

	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// PasswordChanged returns when the user's password was last changed, which is when the account was made if it never
// was. It returns token_invalid if there is no such account any more, or db_unavailable.
func (s *Service) PasswordChanged(ctx context.Context, user identity.User) (time.Time, error) {
	known, err := s.q.CredentialsByID(ctx, s.db.Pool, user.ID)
	if err != nil {
		return time.Time{}, postgres.NotFoundAs(err, token.ErrInvalid)
	}
	return known.PasswordChangedAt, nil
}
