package connection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/domainproof"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/team"
	"github.com/adiuva/cloud-api/internal/tier"
)

// State says whether a domain counts.
type State string

// The states of a domain.
const (
	Pending State = "pending" // its record is missing
	Proved  State = "proved"  // addresses under it sign in with the team's provider
	Taken   State = "taken"   // another team has proved it
)

// Domain is a domain of a team, and what proves that it is the team's.
type Domain struct {
	Name      string // ASCII, in lower case
	Record    string // the name of the text record
	Token     string // what the record has to hold
	State     State
	CheckedAt *time.Time // when the record was last looked up
}

// Settings are a team's connection without its secret.
type Settings struct {
	Issuer, ClientID string
	Required         bool
	Domains          []Domain // by name
	UpdatedAt        time.Time
}

// Change is what an owner wants the connection to be.
type Change struct {
	Issuer, ClientID string
	ClientSecret     *string // nil keeps the present one, while issuer and client stay
	Domains          []string
	Required         bool
}

// Get returns the settings of the user's team. It returns team.ErrNoTeam, role_required for a member, or ErrNone.
func (s *Service) Get(ctx context.Context, user identity.User) (Settings, error) {
	t, err := s.cfg.Teams.Get(ctx, user)
	if err == nil {
		err = t.Require(team.Owner, team.Admin)
	}
	if err != nil {
		return Settings{}, err
	}
	return s.SettingsOf(ctx, t.ID)
}

// SettingsOf returns the settings of the team, or ErrNone. It is for operators; Get checks the caller's role.
func (s *Service) SettingsOf(ctx context.Context, id uuid.UUID) (Settings, error) {
	row, err := s.q.SSOConnection(ctx, s.db.Pool, id)
	if err != nil {
		return Settings{}, postgres.NotFoundAs(err, ErrNone)
	}
	domains, err := s.domains(ctx, id)
	return Settings{Issuer: row.Issuer, ClientID: row.ClientID, Required: row.Required, Domains: domains,
		UpdatedAt: row.UpdatedAt}, err
}

func (s *Service) domains(ctx context.Context, id uuid.UUID) ([]Domain, error) {
	rows, err := s.q.SSODomains(ctx, s.db.Pool, id, maxDomains)
	if err != nil {
		return nil, postgres.Translate(err)
	}
	list := make([]Domain, len(rows))
	for i, row := range rows {
		state := Pending
		switch {
		case row.ProvedAt != nil:
			state = Proved
		case row.Taken:
			state = Taken
		}
		list[i] = Domain{Name: row.Domain, Record: domainproof.Label + "." + row.Domain, Token: row.Token,
			State: state, CheckedAt: row.CheckedAt}
	}
	return list, nil
}

// Set makes the change the connection of the user's team, looks its domains up, and returns how it is then. It returns
// team.ErrNoTeam, role_required for anybody but the owner, tier_required where the team's plan has ended, or
// validation_failed: with the pointer /issuer where the issuer does not answer as one, /client_secret where none was
// given and none can be kept, and /domains/… for a name that nobody can prove.
func (s *Service) Set(ctx context.Context, user identity.User, change Change) (Settings, error) {
	names, err := normalized(change.Domains)
	if err != nil {
		return Settings{}, err
	}
	t, err := s.owned(ctx, user)
	if err != nil {
		return Settings{}, err
	}
	provider, err := s.provider(ctx, t.ID, change)
	if err != nil {
		return Settings{}, err
	}
	if err := s.check(ctx, provider); err != nil {
		return Settings{}, err
	}
	event := audit.Event{User: user.ID, Kind: audit.TeamSSOChanged, Client: user.Client, Subject: t.ID}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := s.save(ctx, tx, t.ID, provider, names, change.Required); err != nil {
			return err
		}
		return s.cfg.Audit.Record(ctx, tx, event)
	})
	if err != nil {
		return Settings{}, postgres.Translate(err)
	}
	s.cfg.Audit.Announce(ctx, event)
	if err := s.proveAll(ctx, t.ID); err != nil {
		return Settings{}, err
	}
	if err := s.endRefused(ctx, t.ID); err != nil {
		return Settings{}, err
	}
	return s.SettingsOf(ctx, t.ID)
}

// owned returns the team that the user owns and that has a plan.
func (s *Service) owned(ctx context.Context, user identity.User) (team.Team, error) {
	t, err := s.cfg.Teams.Get(ctx, user)
	if err == nil {
		err = t.Require(team.Owner)
	}
	if err == nil && t.Seats == 0 {
		err = fault.ErrTierRequired.WithMessage("The plan of this team has ended. Subscribe to Team to use "+
			"single sign-on.").WithExtra("required", []tier.Tier{tier.Team})
	}
	return t, err
}

// provider returns the provider of the change, with the secret that is kept where the change has none.
func (s *Service) provider(ctx context.Context, id uuid.UUID, change Change) (oidc.Provider, error) {
	provider := oidc.Provider{Issuer: change.Issuer, ClientID: change.ClientID}
	if change.ClientSecret != nil {
		provider.ClientSecret = *change.ClientSecret
		return provider, nil
	}
	present, found, err := s.OfTeam(ctx, id)
	if err != nil {
		return oidc.Provider{}, err
	}
	if !found || present.Provider.Issuer != change.Issuer || present.Provider.ClientID != change.ClientID {
		return oidc.Provider{}, invalid("/client_secret",
			"Send the client's secret. It can be left out only while issuer and client stay the same.")
	}
	return present.Provider, nil
}

// check asks the issuer whether it works. Why it does not is for the log.
func (s *Service) check(ctx context.Context, provider oidc.Provider) error {
	err := s.cfg.Issuers.Check(ctx, provider)
	var refused oidc.Refused
	if !errors.As(err, &refused) {
		return err
	}
	s.cfg.Log.WarnContext(ctx, "the provider of a team was refused", slog.String("reason", refused.Reason))
	return invalid("/issuer", "No OpenID Connect provider answers there, or not as it has to: it must be on the "+
		"public internet, over https, and its discovery document must name exactly this issuer.")
}

func (s *Service) save(
	ctx context.Context, tx pgx.Tx, id uuid.UUID, provider oidc.Provider, names []string, required bool,
) error {
	if _, err := s.q.LockTeam(ctx, tx, id); err != nil {
		return err
	}
	now := s.now()
	err := s.q.SaveSSOConnection(ctx, tx, db.SaveSSOConnectionParams{
		TeamID: id, Issuer: provider.Issuer, ClientID: provider.ClientID,
		ClientSecret: s.keys.Seal([]byte(provider.ClientSecret), id[:]), KeyID: s.keyID, Required: required, Now: now,
	})
	if err != nil {
		return err
	}
	if err := s.q.DeleteOtherSSODomains(ctx, tx, id, names); err != nil {
		return err
	}
	for _, name := range names {
		err := s.q.InsertSSODomain(ctx, tx, db.InsertSSODomainParams{
			TeamID: id, Domain: name, Token: newToken(), Now: now,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Delete removes the connection of the user's team with its domains. Repeating it succeeds. It returns team.ErrNoTeam,
// or role_required for anybody but the owner.
func (s *Service) Delete(ctx context.Context, user identity.User) error {
	t, err := s.cfg.Teams.Get(ctx, user)
	if err == nil {
		err = t.Require(team.Owner)
	}
	if err != nil {
		return err
	}
	event := audit.Event{User: user.ID, Kind: audit.TeamSSORemoved, Client: user.Client, Subject: t.ID}
	removed := int64(0)
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if removed, err = s.q.DeleteSSOConnection(ctx, tx, t.ID); err != nil || removed == 0 {
			return err
		}
		return s.cfg.Audit.Record(ctx, tx, event)
	})
	if err == nil && removed > 0 {
		s.cfg.Audit.Announce(ctx, event)
	}
	return postgres.Translate(err)
}

// Lift makes the provider of the team one way to sign in among others, for operators whose customer is locked out. It
// returns ErrNone.
func (s *Service) Lift(ctx context.Context, id uuid.UUID) error {
	lifted, err := s.q.LiftRequiredSSO(ctx, s.db.Pool, s.now(), id)
	if err == nil && lifted == 0 {
		return ErrNone
	}
	return postgres.Translate(err)
}

// normalized returns the names as they are kept, each once and in order, or validation_failed with a pointer to each
// name that can't be proved.
func normalized(names []string) ([]string, error) {
	var wrong []fault.Detail
	list := make([]string, 0, len(names))
	for i, name := range names {
		domain, err := domainproof.Normalize(name)
		if err != nil {
			wrong = append(wrong, fault.Detail{Pointer: fmt.Sprintf("/domains/%d", i), Message: sentence(err)})
			continue
		}
		list = append(list, domain)
	}
	if len(wrong) > 0 {
		return nil, fault.ErrValidation.WithDetails(wrong...)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func invalid(pointer, message string) error {
	return fault.ErrValidation.WithDetails(fault.Detail{Pointer: pointer, Message: message})
}
