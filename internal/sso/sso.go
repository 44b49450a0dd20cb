// Package sso signs people in with the providers of the operator and of teams (OpenID Connect).
//
//	app ──► Start ──► the browser goes to the provider, with a cookie of ours
//	provider ──► Finish ──► asks the provider who it was ──► the browser goes to the app, with a code
//	app ──► Redeem: the code and its verifier
//	           a known person                ──► a session
//	           a new one                     ──► an account without a password, and a session
//	           a new one with the address of
//	           somebody's account            ──► link_required with a ticket
//	app ──► Link: the ticket and a proof that the account is the person's own ──► a session
//
// What identifies a person is the provider and its name for them, never the address alone. Of states, cookies, codes
// and tickets only hashes are kept, each is good once, and no token is in a URL. The verifier and the nonce that a
// provider has to repeat are derived from the state and the cookie, so that nobody who reads the table can finish a
// sign-in. A team's provider speaks for addresses of the domains that the team has proved, and its people are members
// of the team: somebody whom the team has removed is refused. What a provider does wrong is sso_failed to everybody;
// the log has the reason.
package sso

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/sso/connection"
	"github.com/adiuva/cloud-api/internal/worker"
)

// Faults of this package.
var (
	// ErrCode is returned for every code and ticket that is not accepted, whatever the reason.
	ErrCode = fault.New(fault.CodeInvalid,
		"The code or the ticket is not valid: it was used, or is too old. Start again in the app.")
	// ErrFailed is returned for everything that a provider does wrong, and for everybody it may not sign in.
	ErrFailed = fault.New(fault.SSOFailed, "The sign-in with the provider failed. Start again; if it fails again, ask "+
		"your administrator.")
	ErrEmailTaken = fault.New(fault.EmailTaken, "There is an account with this address already, and it is not certain "+
		"that it is yours. Sign in as before and verify the address, or ask for a new password; then try again.")
	// ErrLinkRequired is returned with the extra member "ticket".
	ErrLinkRequired = fault.New(fault.LinkRequired, "There is an account with this address. Send this ticket with the "+
		"account's password or a mailed code to POST /auth/sso/link within 10 minutes.")
)

// The reasons in the log that are not a provider's.
const (
	reasonProvider = "provider_gone"     // it was removed while somebody signed in
	reasonError    = "error_of_provider" // it sent the browser back with an error
	reasonAddress  = "no_address"        // it says none, or what is no address, of somebody new
	reasonDomain   = "domain_not_proved" // the address is of no domain of the team
	reasonRemoved  = "not_a_member"      // the team has removed the person
)

const (
	startFor      = 10 * time.Minute
	ticketFor     = 10 * time.Minute
	maxIdentities = 20 // of an account; the one that was unused for longest makes room
	pruneEvery    = 10 * time.Minute
	pruneBatch    = 1000
)

// Issuers asks OpenID Connect issuers. Errors are oidc.Refused, or the context's.
type Issuers interface {
	AuthURL(ctx context.Context, p oidc.Provider, start oidc.Start) (string, error)
	Exchange(ctx context.Context, p oidc.Provider, answer oidc.Answer) (oidc.Identity, error)
}

// Connections finds the providers of teams.
type Connections interface {
	OfDomain(ctx context.Context, domain string) (connection.Connection, bool, error)
	OfTeam(ctx context.Context, team uuid.UUID) (connection.Connection, bool, error)
}

// Teams makes people members of the team whose provider vouches for them.
type Teams interface {
	Admit(ctx context.Context, tx pgx.Tx, user, team uuid.UUID) (joined bool, err error)
}

// Config configures a Service. All members but Providers are required.
type Config struct {
	DB          *postgres.DB
	Accounts    *auth.Service
	Teams       Teams
	Connections Connections
	Issuers     Issuers
	Providers   []oidc.Named // of the operator, in the order in which they are shown
	Audit       *audit.Log
	Now         func() time.Time
	Log         *slog.Logger
}

// Service signs people in. It is safe for concurrent use, and replicas share the database: a sign-in may go from one to
// another at each step.
type Service struct {
	cfg    Config
	db     *postgres.DB
	q      *db.Queries
	outbox *mail.Outbox
	worker *worker.Worker
}

// New returns a Service. Background work starts with Maintain.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, db: cfg.DB, q: db.New(), outbox: mail.NewOutbox(cfg.Now)}
	s.worker = worker.New(worker.Config{Now: cfg.Now, Log: cfg.Log}, worker.Job{
		Every: pruneEvery, Delay: pruneEvery, Run: s.Prune, FailureMessage: "sweep of sign-ins with providers failed"})
	return s
}

// now returns the time at the database's precision, so that a time read back equals the one written.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// Providers returns the names of the operator's providers, in the operator's order.
func (s *Service) Providers() []string {
	names := make([]string, len(s.cfg.Providers))
	for i, p := range s.cfg.Providers {
		names[i] = p.Name
	}
	return names
}

// Maintain deletes what is left of old sign-ins until ctx ends. Several replicas may run it.
func (s *Service) Maintain(ctx context.Context) { s.worker.Run(ctx) }

// Prune deletes expired sign-ins, codes and tickets, in batches.
func (s *Service) Prune(ctx context.Context) error {
	now := s.now()
	return errors.Join(
		postgres.InBatches(func() (int64, error) { return s.q.PruneSSOStarts(ctx, s.db.Pool, now, pruneBatch) }),
		postgres.InBatches(func() (int64, error) { return s.q.PruneSSOAnswers(ctx, s.db.Pool, now, pruneBatch) }),
	)
}

// source is the provider of a sign-in.
type source struct {
	oidc.Provider
	name string     // of the operator's; "" for a team's
	team *uuid.UUID // nil for the operator's
}

// named returns the operator's provider of that name.
func (s *Service) named(name string) (source, bool) {
	i := slices.IndexFunc(s.cfg.Providers, func(p oidc.Named) bool { return p.Name == name })
	if i < 0 {
		return source{}, false
	}
	return source{Provider: s.cfg.Providers[i].Provider, name: name}, true
}

// ofAddress returns the provider of the team that has proved the domain of the address.
func (s *Service) ofAddress(ctx context.Context, email string) (source, bool, error) {
	normal, err := auth.NormalizeEmail(email)
	if err != nil {
		return source{}, false, nil
	}
	found, ok, err := s.cfg.Connections.OfDomain(ctx, domainOf(normal))
	return source{Provider: found.Provider, team: &found.Team}, ok, err
}

// again returns the provider that a sign-in was started with, as it is now.
func (s *Service) again(ctx context.Context, name *string, team *uuid.UUID) (source, bool, error) {
	switch {
	case team != nil:
		found, ok, err := s.cfg.Connections.OfTeam(ctx, *team)
		return source{Provider: found.Provider, team: team}, ok, err
	case name != nil:
		found, ok := s.named(*name)
		return found, ok, nil
	}
	return source{}, false, nil
}

func domainOf(normal string) string { return normal[strings.LastIndexByte(normal, '@')+1:] }

// failed logs why a sign-in is refused, and returns ErrFailed.
func (s *Service) failed(ctx context.Context, from source, reason string) error {
	attrs := []any{slog.String("reason", reason)}
	if from.name != "" {
		attrs = append(attrs, slog.String("provider", from.name))
	}
	if from.team != nil {
		attrs = append(attrs, slog.Any("team_id", *from.team))
	}
	s.cfg.Log.WarnContext(ctx, "sign-in with a provider refused", attrs...)
	return ErrFailed
}

// refused is failed for an error of Issuers. Where the caller has left, it returns the context's error.
func (s *Service) refused(ctx context.Context, from source, err error) error {
	refused, ok := errors.AsType[oidc.Refused](err)
	if !ok {
		return fmt.Errorf("ask a provider: %w", err)
	}
	return s.failed(ctx, from, refused.Reason)
}
