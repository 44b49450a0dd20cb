package team

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Person is an account in a team.
type Person struct {
	ID       uuid.UUID
	Email    string
	Role     Role
	HasSeat  bool // by its place among the members; without a seat it has its own plan
	JoinedAt time.Time
}

// Members returns at most limit members of the user's team in the order of their ids, those with a greater id than
// after. It returns ErrNoTeam.
func (s *Service) Members(ctx context.Context, user identity.User, limit int, after uuid.UUID) ([]Person, error) {
	t, err := s.Get(ctx, user)
	if err != nil {
		return nil, err
	}
	return s.members(ctx, t, limit, after)
}

func (s *Service) members(ctx context.Context, t Team, limit int, after uuid.UUID) ([]Person, error) {
	rows, err := s.q.TeamMembers(ctx, s.db.Pool, db.TeamMembersParams{
		TeamID: t.ID, Seats: int32(t.Seats), After: after, PageSize: int32(limit),
	})
	if err != nil {
		return nil, postgres.Translate(err)
	}
	list := make([]Person, len(rows))
	for i, row := range rows {
		list[i] = Person{ID: row.UserID, Email: row.Email, Role: roleOf(t.owner, row.UserID, row.Role),
			HasSeat: row.HasSeat, JoinedAt: row.JoinedAt}
	}
	return list, nil
}

// SetRole makes a member an admin or an admin a member. It returns ErrNoTeam, role_required for anybody but the owner,
// ErrNoMember, or ErrOwner for the owner.
func (s *Service) SetRole(ctx context.Context, user identity.User, target uuid.UUID, role Role) (Person, error) {
	event := audit.Event{User: target, Kind: audit.TeamRoleChanged}
	var changed Person
	_, err := s.change(ctx, user, func(tx pgx.Tx, t Team) error {
		if err := t.Require(Owner); err != nil {
			return err
		}
		if target == t.owner {
			return ErrOwner
		}
		row, err := s.q.TeamMember(ctx, tx, target, t.ID)
		if err != nil {
			return postgres.NotFoundAs(err, ErrNoMember)
		}
		changed = Person{ID: target, Email: row.Email, Role: role, HasSeat: row.HasSeat, JoinedAt: row.JoinedAt}
		if row.Role == string(role) {
			return nil
		}
		event.Subject = t.ID
		err = s.q.SetTeamRole(ctx, tx, db.SetTeamRoleParams{Role: string(role), UserID: target, TeamID: t.ID})
		if err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, tx, event)
	})
	if err == nil && event.Subject != uuid.Nil {
		s.cfg.Audit.Announce(ctx, event)
	}
	return changed, err
}

// Remove ends a membership. With the user's own id it leaves the team. It returns ErrNoTeam, ErrNoMember, ErrOwner for
// the owner, or role_required where the target is somebody else: an admin removes members alone, a member nobody.
func (s *Service) Remove(ctx context.Context, user identity.User, target uuid.UUID) error {
	var events []audit.Event
	_, err := s.change(ctx, user, func(tx pgx.Tx, t Team) error {
		role, err := s.q.TeamRole(ctx, tx, target, t.ID)
		if err != nil {
			return postgres.NotFoundAs(err, ErrNoMember)
		}
		switch {
		case target == t.owner:
			err = ErrOwner
		case target == user.ID:
			events = []audit.Event{{User: user.ID, Kind: audit.TeamLeft, Client: user.Client, Subject: t.ID}}
		case role == string(Admin):
			err = t.Require(Owner)
		default:
			err = t.Require(Owner, Admin)
		}
		if err != nil {
			return err
		}
		if target != user.ID {
			events = []audit.Event{
				{User: user.ID, Kind: audit.TeamMemberRemoved, Client: user.Client, Subject: target},
				{User: target, Kind: audit.TeamRemoved, Subject: t.ID},
			}
		}
		return s.removeMember(ctx, tx, t.ID, target, events)
	})
	if err != nil {
		return err
	}
	s.settle(ctx, target, events...)
	return nil
}

// removeMember ends a membership with the sessions that the team's provider has opened, and records the events.
// Somebody whom others remove gets a notice.
func (s *Service) removeMember(
	ctx context.Context, tx pgx.Tx, team, target uuid.UUID, events []audit.Event,
) error {
	if err := s.q.DeleteTeamMember(ctx, tx, target, team); err != nil {
		return err
	}
	now := s.now()
	err := s.q.EndSSOSessions(ctx, tx, db.EndSSOSessionsParams{Now: &now, UserID: target, TeamID: &team})
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Kind == audit.TeamRemoved {
			if err := s.outbox.Notify(ctx, tx, target, mail.TeamRemoved); err != nil {
				return err
			}
		}
		if err := s.cfg.Audit.Record(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// settle does what follows a committed change of the account's membership.
func (s *Service) settle(ctx context.Context, account uuid.UUID, events ...audit.Event) {
	s.cfg.Accounts.Forget(account)
	for _, e := range events {
		s.cfg.Audit.Announce(ctx, e)
	}
	s.cfg.MailAdded()
}

// HandOver makes another member the owner; the user becomes an admin. It returns ErrNoTeam, role_required for anybody
// but the owner, auth.ErrPasswordWrong, lockout.ErrTooMany, auth_busy, ErrNoMember, or ErrPaysForOther.
func (s *Service) HandOver(ctx context.Context, user identity.User, to uuid.UUID, password string) (Team, error) {
	t, err := s.Get(ctx, user)
	if err == nil {
		err = t.Require(Owner)
	}
	if err == nil {
		err = s.cfg.Accounts.ConfirmPassword(ctx, user, password)
	}
	if err != nil {
		return Team{}, err
	}
	events := []audit.Event{{User: user.ID, Kind: audit.TeamHandedOver, Client: user.Client, Subject: to},
		{User: to, Kind: audit.TeamOwned, Subject: t.ID}}
	t, err = s.change(ctx, user, func(tx pgx.Tx, t Team) error {
		if err := t.Require(Owner); err != nil {
			return err
		}
		if to == user.ID {
			events = nil
			return nil
		}
		return s.handOver(ctx, tx, t, to, events)
	})
	if err != nil {
		return Team{}, err
	}
	s.settle(ctx, to, events...)
	s.cfg.Accounts.Forget(user.ID)
	return t, nil
}

// handOver makes another member of the team, which is locked, its owner. They exchange their places, so that the
// owner's stays the first.
func (s *Service) handOver(ctx context.Context, tx pgx.Tx, t Team, to uuid.UUID, events []audit.Event) error {
	if _, err := s.q.TeamRole(ctx, tx, to, t.ID); err != nil {
		return postgres.NotFoundAs(err, ErrNoMember)
	}
	paid, err := s.q.PaidTeam(ctx, tx, &to)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if err == nil && paid.ID != t.ID {
		if paid.OwnerSeats == 0 {
			return ErrPaysForOther
		}
		if err := s.q.ForgetPayer(ctx, tx, to); err != nil {
			return err
		}
	}
	payer, err := s.payerAfter(ctx, tx, t, to)
	if err != nil {
		return err
	}
	if err := s.q.SetTeamOwner(ctx, tx, db.SetTeamOwnerParams{OwnerID: to, PayerID: payer, ID: t.ID}); err != nil {
		return err
	}
	if err := s.q.ExchangePlaces(ctx, tx, t.owner, to); err != nil {
		return err
	}
	if err := s.outbox.Notify(ctx, tx, to, mail.TeamOwner); err != nil {
		return err
	}
	for _, e := range events {
		if err := s.cfg.Audit.Record(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// payerAfter returns who pays for the team once somebody else owns it: the present owner if their own plan is Team, or
// else whoever has paid so far. It is nil where that is the new owner.
func (s *Service) payerAfter(ctx context.Context, tx pgx.Tx, t Team, to uuid.UUID) (*uuid.UUID, error) {
	own, err := s.q.TeamAccount(ctx, tx, t.owner)
	if err != nil {
		return nil, postgres.NotFoundAs(err, ErrNoTeam)
	}
	payer := t.payer
	if own.OwnSeats > 0 {
		payer = &t.owner
	}
	if payer != nil && *payer == to {
		payer = nil
	}
	return payer, nil
}

// Leave ends the account's membership, in the transaction that deletes the account or takes it back from a stranger. A
// team that it owns ends, and the other members get a notice; without endTeam that is ErrOwnerDeleted while there are
// any. The account's row has to be locked.
func (s *Service) Leave(ctx context.Context, tx pgx.Tx, account uuid.UUID, endTeam bool) error {
	t, err := s.lock(ctx, tx, account)
	if errors.Is(err, ErrNoTeam) {
		return nil
	}
	if err != nil {
		return err
	}
	if t.Role != Owner {
		return s.removeMember(ctx, tx, t.ID, account,
			[]audit.Event{{User: account, Kind: audit.TeamLeft, Subject: t.ID}})
	}
	if t.Members > 1 && !endTeam {
		return ErrOwnerDeleted
	}
	err = s.q.NotifyTeam(ctx, tx, db.NotifyTeamParams{
		Kind: string(mail.TeamEnded), Now: s.now(), TeamID: t.ID, ExceptID: account,
	})
	if err != nil {
		return err
	}
	ended := audit.Event{User: account, Kind: audit.TeamEnded, Subject: t.ID}
	if err := s.cfg.Audit.Record(ctx, tx, ended); err != nil {
		return err
	}
	return s.q.DeleteTeam(ctx, tx, t.ID)
}
