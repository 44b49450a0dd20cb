package auth

import (
	"context"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/tier"
)

// plan is what an account has, whoever pays for it.
type plan struct {
	tier  tier.Tier
	seats int
	team  uuid.UUID // of a plan that is the team's; uuid.Nil otherwise
}

// planOf returns the highest of the account's subscription, an operator's grant, and the plan of its team.
func planOf(row db.UserByIDRow) plan {
	own := ownPlan(row)
	if row.TeamSeats > 0 && tier.Team.Includes(own.tier) {
		return plan{tier.Team, int(row.TeamSeats), row.TeamID}
	}
	return own
}

// ownPlan returns the higher of the subscribed and the granted tier with its seats. When both are the same tier, the
// larger number of seats counts. A Team plan that pays for a team that the account has left is none.
func ownPlan(row db.UserByIDRow) plan {
	subscribed := plan{tier: tier.Tier(row.Tier), seats: int(row.Seats)}
	granted := plan{tier: tier.Free, seats: 1}
	if row.GrantTier != nil {
		granted = plan{tier: tier.Tier(*row.GrantTier), seats: int(row.GrantSeats)}
	}
	for _, p := range []*plan{&subscribed, &granted} {
		if row.PlanLent && p.tier == tier.Team {
			*p = plan{tier: tier.Free, seats: 1}
		}
	}
	switch {
	case granted.tier.Rank() > subscribed.tier.Rank():
		return granted
	case granted.tier == subscribed.tier:
		subscribed.seats = max(subscribed.seats, granted.seats)
	}
	return subscribed
}

// Forget has the user's sessions read from the database again, after something that the tier depends on has changed.
// Other replicas do so within 10 s.
func (s *Service) Forget(user uuid.UUID) { s.sessions.InvalidateUser(user) }

// ConfirmPassword returns nil if the user's password is the secret, or ErrPasswordWrong, lockout.ErrTooMany, or
// auth_busy.
func (s *Service) ConfirmPassword(ctx context.Context, user identity.User, secret string) error {
	_, err := s.checkOwnPassword(ctx, user, user.Client.Addr, secret, nil)
	return err
}

// AccountID returns the account with that address, or not_found.
func (s *Service) AccountID(ctx context.Context, email string) (uuid.UUID, error) {
	return s.userByEmail(ctx, email)
}
