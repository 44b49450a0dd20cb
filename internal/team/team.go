package team

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/seal"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/worker"
)

// Faults of this package.
var (
	ErrNoTeam = fault.ErrNotFound.WithMessage(
		"This account is in no team. Join one with the code of an invitation, or subscribe to Team to have one.")
	ErrPaysElsewhere = fault.ErrNotFound.WithMessage("This account has left the team that its subscription pays for. " +
		"Cancel the subscription, or ask the team's owner to subscribe; after that it can have a team of its own.")
	ErrNoMember = fault.ErrNotFound.WithMessage("There is no such account in the team. GET /team/members lists them.")
	ErrNoInvite = fault.ErrNotFound.WithMessage(
		"The team has made no such invitation. GET /team/invitations lists the open ones.")
	ErrPlanEnded = fault.ErrTierRequired.WithMessage("The plan of this team has ended. Its owner has to subscribe to "+
		"Team before others can be invited.").WithExtra("required", []tier.Tier{tier.Team})
	ErrUnverified = fault.New(fault.EmailUnverified,
		"This needs a verified address. Ask for a code with POST /auth/email/verification first.")
	ErrSeats = fault.New(fault.SeatsExhausted, "The team has no free seat. Revoke an invitation, remove a member, or "+
		"have the owner add seats in the billing portal.")
	ErrMember = fault.New(fault.AlreadyMember, "This address is of a member of the team.")
	ErrInTeam = fault.New(fault.AlreadyMember, "This account is in a team. To join another one, leave the present one "+
		"first; an owner hands it over first, or ends the plan and removes the other members.")
	ErrPaysForOther = fault.New(fault.AlreadyMember, "The subscription of this account pays for another team, which "+
		"it has left. Choose another member, or cancel that subscription first.")
	ErrOwner = fault.New(fault.OwnerCannotLeave,
		"This account owns the team. Hand the team over with PUT /team/owner first.")
	ErrOwnerDeleted = fault.New(fault.OwnerCannotLeave, "This account owns a team with other members. Hand the team "+
		"over with PUT /team/owner first, or send end_team: true to end it.")
	ErrInvitation = fault.New(fault.InvitationInvalid, "The code is not valid for this account's address. Type in the "+
		"code of the newest mail, or ask for another invitation.")
	ErrTooManyMails = fault.New(fault.RateLimited,
		"This address was invited three times within the last hour. Wait before the next time.")
	ErrTooManyInvitations = fault.New(fault.RateLimited,
		"The team has sent as many invitations as it may within 24 hours. Wait before the next one.")

	errRole = fault.New(fault.RoleRequired, "Your role in the team does not allow this. Ask somebody whose role does.")
)

// Role is what an account is in its team.
type Role string

// The roles. The owner's is not stored with the member but with the team.
const (
	Owner  Role = "owner"
	Admin  Role = "admin"
	Member Role = "member"
)

const (
	pruneEvery = time.Hour
	pruneBatch = 1000
)

// Config configures a Service. DB, Accounts and SecretsKeys are required; Audit, Now and Log are New's defaults where
// they are nil.
type Config struct {
	DB          *postgres.DB
	Accounts    *auth.Service
	SecretsKeys []string // keys of invitations' codes: the first makes them, all are accepted
	Unlimited   bool     // lifts the limits of invitations an hour and a day
	MailAdded   func()   // called after mails were added to the outbox; nil leaves them to the worker's next look
	Audit       *audit.Log
	Now         func() time.Time
	Log         *slog.Logger
}

// Service manages teams. It is safe for concurrent use, and replicas may share one database.
type Service struct {
	cfg    Config
	db     *postgres.DB
	q      *db.Queries
	mac    *seal.MAC
	outbox *mail.Outbox
	worker *worker.Worker
}

// New returns a Service. It fails without a key. Background work starts with Maintain.
func New(cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Audit == nil {
		cfg.Audit = audit.New(audit.Config{DB: cfg.DB, Now: cfg.Now, Log: cfg.Log})
	}
	if cfg.MailAdded == nil {
		cfg.MailAdded = func() {}
	}
	mac, err := seal.NewMAC("team invitations", cfg.SecretsKeys...)
	if err != nil {
		return nil, fmt.Errorf("keys of invitations: %w", err)
	}
	s := &Service{cfg: cfg, db: cfg.DB, q: db.New(), mac: mac, outbox: mail.NewOutbox(cfg.Now)}
	s.worker = worker.New(worker.Config{Now: cfg.Now, Log: cfg.Log}, worker.Job{
		Every: pruneEvery, Delay: pruneEvery, Run: s.Prune, FailureMessage: "sweep of team invitations failed"})
	return s, nil
}

// now returns the time at the database's precision, so that a time read back equals the one written.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// Maintain deletes old invitations every hour until ctx ends. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

// Team is a team as one of its members sees it.
type Team struct {
	ID          uuid.UUID
	Name        string // empty until it was given one
	Role        Role   // of the member
	Seats       int    // 0 while no plan pays for it
	Members     int
	Invitations int // open ones
	CreatedAt   time.Time

	owner uuid.UUID
	payer *uuid.UUID
}

func teamOf(row db.TeamOfRow, user uuid.UUID) Team {
	return Team{ID: row.ID, Name: row.Name, Role: roleOf(row.OwnerID, user, row.Role), Seats: int(row.Seats),
		Members: int(row.Members), Invitations: int(row.Invitations), CreatedAt: row.CreatedAt,
		owner: row.OwnerID, payer: row.PayerID}
}

func roleOf(owner, user uuid.UUID, stored string) Role {
	if owner == user {
		return Owner
	}
	return Role(stored)
}

// Require returns role_required unless the caller has one of the roles.
func (t Team) Require(roles ...Role) error {
	for _, r := range roles {
		if t.Role == r {
			return nil
		}
	}
	return errRole.WithExtra("required_role", roles)
}

// Get returns the team of the user. An account whose own plan is Team and that is in no team gets one. It returns
// ErrNoTeam, or ErrPaysElsewhere for a former owner who has left the team that their plan pays for.
func (s *Service) Get(ctx context.Context, user identity.User) (Team, error) {
	t, err := s.read(ctx, s.db.Pool, user.ID)
	if !errors.Is(err, ErrNoTeam) {
		return t, err
	}
	own, err := s.q.TeamAccount(ctx, s.db.Pool, user.ID)
	if err != nil {
		return Team{}, postgres.NotFoundAs(err, ErrNoTeam)
	}
	if own.OwnSeats == 0 {
		return Team{}, ErrNoTeam
	}
	return s.change(ctx, user, func(pgx.Tx, Team) error { return nil })
}

// read returns the team of the account, or ErrNoTeam.
func (s *Service) read(ctx context.Context, tx db.DBTX, user uuid.UUID) (Team, error) {
	row, err := s.q.TeamOf(ctx, tx, s.now(), user)
	if err != nil {
		return Team{}, postgres.NotFoundAs(err, ErrNoTeam)
	}
	return teamOf(row, user), nil
}

// change calls do in a transaction with the user's team, which is locked, and returns the team as it is afterwards, or
// the zero Team where do has ended the membership.
func (s *Service) change(
	ctx context.Context, user identity.User, do func(tx pgx.Tx, t Team) error,
) (changed Team, err error) {
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		t, err := s.lock(ctx, tx, user.ID)
		if errors.Is(err, ErrNoTeam) {
			t, err = s.create(ctx, tx, user.ID)
		}
		if err != nil {
			return err
		}
		if err := do(tx, t); err != nil {
			return err
		}
		changed, err = s.read(ctx, tx, user.ID)
		if errors.Is(err, ErrNoTeam) {
			return nil
		}
		return err
	})
	return changed, postgres.Translate(err)
}

// lock locks the team of the account and returns it, or ErrNoTeam.
func (s *Service) lock(ctx context.Context, tx pgx.Tx, user uuid.UUID) (Team, error) {
	id, err := s.q.LockTeamOf(ctx, tx, user)
	if err != nil {
		return Team{}, postgres.NotFoundAs(err, ErrNoTeam)
	}
	t, err := s.read(ctx, tx, user)
	if err == nil && t.ID != id { // it moved to another team while we waited for the lock
		return Team{}, ErrNoTeam
	}
	return t, err
}

// create makes the team of an account whose own plan is Team.
func (s *Service) create(ctx context.Context, tx pgx.Tx, user uuid.UUID) (Team, error) {
	own, err := s.q.LockTeamAccount(ctx, tx, user)
	if err != nil {
		return Team{}, postgres.NotFoundAs(err, ErrNoTeam)
	}
	if own.OwnSeats == 0 {
		return Team{}, ErrNoTeam
	}
	if t, err := s.lock(ctx, tx, user); !errors.Is(err, ErrNoTeam) { // made, or joined, while we waited
		return t, err
	}
	paid, err := s.q.PaidTeam(ctx, tx, &user)
	switch {
	case err == nil && paid.OwnerSeats == 0:
		return Team{}, ErrPaysElsewhere
	case err == nil:
		err = s.q.ForgetPayer(ctx, tx, user)
	case errors.Is(err, pgx.ErrNoRows):
		err = nil
	}
	if err != nil {
		return Team{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Team{}, fmt.Errorf("make a team's id: %w", err)
	}
	now := s.now()
	if err := s.q.InsertTeam(ctx, tx, db.InsertTeamParams{ID: id, OwnerID: user, Now: now}); err != nil {
		return Team{}, err
	}
	err = s.q.InsertTeamMember(ctx, tx, db.InsertTeamMemberParams{
		UserID: user, TeamID: id, Role: string(Admin), Now: now,
	})
	if err != nil {
		return Team{}, err
	}
	if err := s.q.StartTeamUsage(ctx, tx, id, user); err != nil {
		return Team{}, err
	}
	return s.lock(ctx, tx, user)
}

// Rename gives the team of the user a name. It returns ErrNoTeam, or role_required for a member.
func (s *Service) Rename(ctx context.Context, user identity.User, name string) (Team, error) {
	return s.change(ctx, user, func(tx pgx.Tx, t Team) error {
		if err := t.Require(Owner, Admin); err != nil {
			return err
		}
		return s.q.RenameTeam(ctx, tx, name, t.ID)
	})
}
