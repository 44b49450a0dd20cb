// Package connection keeps the OpenID Connect providers that teams sign in with, and the domains that they speak for.
//
//	Set      ──► the owner names issuer, client and domains; the issuer is asked whether it works
//	Prove    ──► the worker looks up the text record of each domain: soon while it is missing, then every day
//	OfDomain ──► for a sign-in: the provider of the team that has proved the domain of an address
//
// A provider says who somebody is for addresses under its team's proved domains alone, and only while the team's plan
// lasts. Client secrets are sealed with SECRETS_KEY and bound to their team; Reseal moves them to its newest value.
package connection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/seal"
	"github.com/adiuva/cloud-api/internal/team"
	"github.com/adiuva/cloud-api/internal/worker"
)

// ErrNone is returned for a team without a provider.
var ErrNone = fault.ErrNotFound.WithMessage("The team has no provider. Its owner sets one with PUT /team/sso.")

const (
	maxDomains  = 20 // of a team; the contract's limit
	resealBatch = 100
	keyIDBytes  = 8
)

// Teams finds the team of an account.
type Teams interface {
	Get(ctx context.Context, user identity.User) (team.Team, error)
}

// Issuers asks an issuer whether a sign-in with it can work. An error that is not an oidc.Refused is the caller's.
type Issuers interface {
	Check(ctx context.Context, p oidc.Provider) error
}

// Records looks up the text record that proves a domain. An error means that nobody knows.
type Records interface {
	Proven(ctx context.Context, domain, token string) (bool, error)
}

// Config configures a Service. DB, Teams, Issuers, Records and SecretsKeys are required.
type Config struct {
	DB          *postgres.DB
	Teams       Teams
	Issuers     Issuers
	Records     Records
	SecretsKeys []string             // of client secrets: the first seals, all of them open
	Forget      func(user uuid.UUID) // called for an account whose sessions were ended; may be nil
	Audit       *audit.Log
	Now         func() time.Time
	Log         *slog.Logger
}

// Service keeps connections. It is safe for concurrent use, and replicas share the database.
type Service struct {
	cfg    Config
	db     *postgres.DB
	q      *db.Queries
	keys   *seal.Keys
	keyID  []byte // of the key that seals
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
	if cfg.Forget == nil {
		cfg.Forget = func(uuid.UUID) {}
	}
	const purpose = "sso client secrets"
	keys, err := seal.New(purpose, cfg.SecretsKeys...)
	if err != nil {
		return nil, fmt.Errorf("keys of client secrets: %w", err)
	}
	names, err := seal.NewMAC(purpose, cfg.SecretsKeys...)
	if err != nil {
		return nil, fmt.Errorf("keys of client secrets: %w", err)
	}
	s := &Service{cfg: cfg, db: cfg.DB, q: db.New(), keys: keys, keyID: names.Sum("key id")[:keyIDBytes]}
	s.worker = worker.New(worker.Config{Now: cfg.Now, Log: cfg.Log},
		worker.Job{Every: proveEvery, Delay: proveEvery, Run: s.Prove,
			FailureMessage: "looking up the records of domains failed"},
		worker.Job{Every: time.Hour, Run: s.Reseal, FailureMessage: "sealing client secrets again failed"})
	return s, nil
}

// now returns the time at the database's precision, so that a time read back equals the one written.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// Maintain looks up the records of domains, and seals secrets with the newest key, until ctx ends. Several replicas may
// run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

// Connection is the provider that a team signs in with.
type Connection struct {
	Team     uuid.UUID
	Provider oidc.Provider
}

// OfDomain returns the connection of the team that has proved the domain, and whether there is one. A team without a
// plan has none.
func (s *Service) OfDomain(ctx context.Context, domain string) (Connection, bool, error) {
	row, err := s.q.ConnectionOfDomain(ctx, s.db.Pool, strings.ToLower(domain))
	if err != nil {
		return Connection{}, false, noneIsFine(err)
	}
	return s.open(row.TeamID, row.Issuer, row.ClientID, row.ClientSecret)
}

// OfTeam returns the connection of the team, and whether there is one. A team without a plan has none.
func (s *Service) OfTeam(ctx context.Context, id uuid.UUID) (Connection, bool, error) {
	row, err := s.q.SSOConnection(ctx, s.db.Pool, id)
	if err != nil {
		return Connection{}, false, noneIsFine(err)
	}
	if row.Seats == 0 {
		return Connection{}, false, nil
	}
	return s.open(id, row.Issuer, row.ClientID, row.ClientSecret)
}

// SpeaksFor reports whether the team has a plan and has proved the domain of the address.
func (s *Service) SpeaksFor(ctx context.Context, tx db.DBTX, id uuid.UUID, email string) (bool, error) {
	_, domain, found := strings.Cut(email, "@")
	if !found {
		return false, nil
	}
	proved, err := s.q.HasProvedDomain(ctx, tx, id, strings.ToLower(domain))
	return proved, postgres.Translate(err)
}

func (s *Service) open(id uuid.UUID, issuer, client string, sealed []byte) (Connection, bool, error) {
	secret, err := s.keys.Open(sealed, id[:])
	if err != nil {
		return Connection{}, false, fmt.Errorf("open the client secret of a team: %w", err)
	}
	return Connection{Team: id, Provider: oidc.Provider{
		Issuer: issuer, ClientID: client, ClientSecret: string(secret),
	}}, true, nil
}

// Reseal seals the client secrets again that a previous key sealed. A secret that no key opens is left as it is and is
// part of the error.
func (s *Service) Reseal(ctx context.Context) error {
	for {
		rows, err := s.q.ConnectionsOfOtherKeys(ctx, s.db.Pool, s.keyID, resealBatch)
		if err != nil {
			return postgres.Translate(err)
		}
		resealed, unreadable := int64(0), 0
		for _, row := range rows {
			secret, err := s.keys.Open(row.ClientSecret, row.TeamID[:])
			if err != nil {
				unreadable++
				continue
			}
			changed, err := s.q.ResealConnection(ctx, s.db.Pool, db.ResealConnectionParams{
				TeamID: row.TeamID, OldSecret: row.ClientSecret, KeyID: s.keyID,
				ClientSecret: s.keys.Seal(secret, row.TeamID[:]),
			})
			if err != nil {
				return postgres.Translate(err)
			}
			resealed += changed
		}
		if resealed > 0 {
			continue
		}
		if unreadable > 0 {
			return fmt.Errorf("%d or more client secrets of teams open with no key: add the one that sealed them to "+
				"SECRETS_PREVIOUS_KEYS", unreadable)
		}
		return nil
	}
}

func noneIsFine(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	return postgres.Translate(err)
}
