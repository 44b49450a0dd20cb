package team

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Admit makes the account a member of the team without an invitation, because the team's provider vouches for the
// person. It returns false for somebody who is one already, ErrInTeam, or ErrSeats. An open invitation of the address
// gives up its seat; a team of the account's own without other members and without a plan ends, as by Join. The
// transaction may lock the account before, and no team.
func (s *Service) Admit(ctx context.Context, tx pgx.Tx, user, to uuid.UUID) (joined bool, err error) {
	account, err := s.q.LockTeamAccount(ctx, tx, user)
	if err != nil {
		return false, postgres.NotFoundAs(err, token.ErrInvalid)
	}
	present, err := s.read(ctx, tx, user)
	if err != nil && !errors.Is(err, ErrNoTeam) || err == nil && present.ID == to {
		return false, err
	}
	if err := s.leaveForAnother(ctx, tx, user, account.OwnSeats > 0, to); err != nil {
		return false, err
	}
	now := s.now()
	_, err = s.q.ReplaceTeamInvitations(ctx, tx, db.ReplaceTeamInvitationsParams{
		Now: now, TeamID: to, Email: account.Email,
	})
	if err != nil {
		return false, err
	}
	err = s.q.InsertTeamMember(ctx, tx, db.InsertTeamMemberParams{
		UserID: user, TeamID: to, Role: string(Member), Now: now,
	})
	if err != nil {
		return false, err
	}
	joinedTeam, err := s.read(ctx, tx, user)
	if err == nil && joinedTeam.Members+joinedTeam.Invitations > joinedTeam.Seats {
		err = ErrSeats
	}
	if err == nil {
		err = s.outbox.Notify(ctx, tx, joinedTeam.owner, mail.TeamJoined)
	}
	return err == nil, err
}
