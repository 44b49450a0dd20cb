package team

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Summary is a team as operators see it.
type Summary struct {
	ID          uuid.UUID
	Name        string
	Owner       string // address
	Payer       string // address of the former owner whose plan counts where the owner has none; "" for nobody
	CreatedAt   time.Time
	Seats       int // 0 while no plan pays for it
	Members     int
	Invitations int
}

// Teams returns at most limit teams in order of creation, those after the one with the id after. With uuid.Nil it
// starts at the first.
func (s *Service) Teams(ctx context.Context, after uuid.UUID, limit int) ([]Summary, error) {
	rows, err := s.q.TeamsAfter(ctx, s.db.Pool, db.TeamsAfterParams{Now: s.now(), After: after, PageSize: int32(limit)})
	if err != nil {
		return nil, postgres.Translate(err)
	}
	list := make([]Summary, len(rows))
	for i, row := range rows {
		list[i] = Summary{ID: row.ID, Name: row.Name, Owner: row.Owner, Payer: row.Payer, CreatedAt: row.CreatedAt,
			Seats: int(row.Seats), Members: int(row.Members), Invitations: int(row.Invitations)}
	}
	return list, nil
}

// MembersOf returns at most limit members of the team of an account, as Members does. An unknown address and an account
// without a team are not_found.
func (s *Service) MembersOf(ctx context.Context, email string, limit int, after uuid.UUID) (Team, []Person, error) {
	account, err := s.cfg.Accounts.AccountID(ctx, email)
	if err != nil {
		return Team{}, nil, err
	}
	t, err := s.read(ctx, s.db.Pool, account)
	if err != nil {
		return Team{}, nil, err
	}
	list, err := s.members(ctx, t, limit, after)
	return t, list, err
}

// RemoveMember ends the membership of an account. It returns not_found for an unknown address and an account without a
// team, and ErrOwner for the owner.
func (s *Service) RemoveMember(ctx context.Context, email string) error {
	return s.operate(ctx, email, func(tx pgx.Tx, t Team, account uuid.UUID) ([]audit.Event, error) {
		if t.Role == Owner {
			return nil, ErrOwner
		}
		events := []audit.Event{{User: account, Kind: audit.TeamRemoved, Subject: t.ID}}
		return events, s.removeMember(ctx, tx, t.ID, account, events)
	})
}

// Transfer makes an account the owner of the team that it is in; the present owner becomes an admin. It returns
// not_found for an unknown address and an account without a team, or ErrPaysForOther.
func (s *Service) Transfer(ctx context.Context, email string) error {
	return s.operate(ctx, email, func(tx pgx.Tx, t Team, account uuid.UUID) ([]audit.Event, error) {
		if t.Role == Owner {
			return nil, nil
		}
		events := []audit.Event{{User: t.owner, Kind: audit.TeamHandedOver, Subject: account},
			{User: account, Kind: audit.TeamOwned, Subject: t.ID}}
		return events, s.handOver(ctx, tx, t, account, events)
	})
}

// operate calls do in a transaction with the team of the account, which is locked, and announces the events.
func (s *Service) operate(
	ctx context.Context, email string, do func(pgx.Tx, Team, uuid.UUID) ([]audit.Event, error),
) error {
	account, err := s.cfg.Accounts.AccountID(ctx, email)
	if err != nil {
		return err
	}
	var events []audit.Event
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		t, err := s.lock(ctx, tx, account)
		if err != nil {
			return err
		}
		events, err = do(tx, t, account)
		return err
	})
	if err != nil {
		return postgres.Translate(err)
	}
	s.settle(ctx, account, events...)
	return nil
}
