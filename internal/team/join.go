package team

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Join makes the user a member with the code of an invitation that was mailed to the user's verified address. It
// returns ErrUnverified, ErrInvitation, ErrInTeam, or ErrSeats where the team has fewer seats by now; the invitation
// stays open then. A team of the user's own without other members and without a plan ends.
func (s *Service) Join(ctx context.Context, user identity.User, code string) (Team, error) {
	event := audit.Event{User: user.ID, Kind: audit.TeamJoined, Client: user.Client}
	var joined Team
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		account, err := s.q.LockTeamAccount(ctx, tx, user.ID)
		if err != nil {
			return postgres.NotFoundAs(err, token.ErrInvalid)
		}
		if account.EmailVerifiedAt == nil {
			return ErrUnverified
		}
		in, err := s.invitationFor(ctx, tx, account.Email, code)
		if err != nil {
			return err
		}
		if err := s.leaveForAnother(ctx, tx, user.ID, account.OwnSeats > 0, in.TeamID); err != nil {
			return err
		}
		if err := s.accept(ctx, tx, user.ID, in); err != nil {
			return err
		}
		event.Subject = in.TeamID
		if joined, err = s.read(ctx, tx, user.ID); err != nil {
			return err
		}
		if err := s.outbox.Notify(ctx, tx, joined.owner, mail.TeamJoined); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, tx, event)
	})
	if err != nil {
		return Team{}, postgres.Translate(err)
	}
	s.cfg.MailAdded()
	s.cfg.Accounts.Forget(user.ID)
	s.cfg.Audit.Announce(ctx, event)
	return joined, nil
}

// invitationFor returns the open invitation of the address that has the code, or ErrInvitation.
func (s *Service) invitationFor(
	ctx context.Context, tx pgx.Tx, email, typed string,
) (found db.MailedInvitationsRow, err error) {
	code, ok := normalizeCode(typed)
	if !ok {
		return found, ErrInvitation
	}
	rows, err := s.q.MailedInvitations(ctx, tx, db.MailedInvitationsParams{
		Email: email, Now: s.now(), PageSize: maxInvitations,
	})
	if err != nil {
		return found, err
	}
	for _, row := range rows {
		if s.mac.Matches(row.Digest, "digest", row.ID.String(), code) {
			return row, nil
		}
	}
	return found, ErrInvitation
}

// leaveForAnother locks the team to join, and ends the user's own team if nobody else is in it and no plan of the
// user's pays for it. Any other membership is ErrInTeam.
func (s *Service) leaveForAnother(ctx context.Context, tx pgx.Tx, user uuid.UUID, hasPlan bool, to uuid.UUID) error {
	present, err := s.read(ctx, tx, user)
	if err != nil && !errors.Is(err, ErrNoTeam) {
		return err
	}
	ids := []uuid.UUID{to}
	if err == nil {
		if present.ID == to || present.Role != Owner || hasPlan {
			return ErrInTeam
		}
		ids = append(ids, present.ID) // in the order of ids, so that two joins never wait for each other
		slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	}
	for _, id := range ids {
		if _, err := s.q.LockTeam(ctx, tx, id); err != nil {
			return postgres.NotFoundAs(err, ErrInvitation)
		}
	}
	if len(ids) == 1 {
		return nil
	}
	if present, err = s.read(ctx, tx, user); err != nil {
		return err
	}
	if present.Role != Owner || present.Members > 1 {
		return ErrInTeam
	}
	return s.q.DeleteTeam(ctx, tx, present.ID)
}

// accept uses up the invitation and adds the member to the team, which is locked.
func (s *Service) accept(ctx context.Context, tx pgx.Tx, user uuid.UUID, in db.MailedInvitationsRow) error {
	now := s.now()
	accepted, err := s.q.AcceptTeamInvitation(ctx, tx, &now, in.ID)
	if err != nil {
		return err
	}
	if accepted == 0 { // used, revoked or replaced while we waited for the lock
		return ErrInvitation
	}
	team, err := s.q.SeatsOf(ctx, tx, in.TeamID)
	if err != nil {
		return err
	}
	if team.Members >= team.Seats {
		return ErrSeats
	}
	return s.q.InsertTeamMember(ctx, tx, db.InsertTeamMemberParams{
		UserID: user, TeamID: in.TeamID, Role: string(Member), Now: now,
	})
}
