package auth

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/fault"
)

// ErrSSORequired is returned to members of a team that signs in with its own provider only. Nobody is told so who has
// not proved that the account is theirs.
var ErrSSORequired = fault.New(fault.SSORequired,
	"Your team signs in with its own provider. Open GET /auth/sso/start with your address as email.")

// checkRequiredProvider returns ErrSSORequired where the account may sign in with the provider of its team only, and
// signs in otherwise. through is the team whose provider vouches for it; nil is none.
func (s *Service) checkRequiredProvider(ctx context.Context, tx db.DBTX, user uuid.UUID, through *uuid.UUID) error {
	required, err := s.q.RequiredSSOTeam(ctx, tx, user)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return err
	case through != nil && *through == required:
		return nil
	}
	return ErrSSORequired
}
