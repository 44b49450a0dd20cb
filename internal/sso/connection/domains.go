package connection

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const (
	proveEvery   = time.Minute
	maxLookUps   = 500         // in one run of the worker
	claimedFor   = time.Minute // how long another replica leaves a domain alone that is being looked up
	checkPending = 5 * time.Minute
	pendingFor   = 48 * time.Hour // after that a domain without its record is looked up as seldom as one with it
	checkProved  = 24 * time.Hour
	checkUnknown = 10 * time.Minute // after name servers have not answered
	sideBySide   = 5
	tokenPrefix  = "adiuva-domain="
)

// claim is a domain whose record is to be looked up.
type claim struct {
	team      uuid.UUID
	domain    string
	token     string
	createdAt time.Time
	provedAt  *time.Time
}

// Prove looks up the records of the domains that are due, and keeps what it found. Several replicas may run it.
func (s *Service) Prove(ctx context.Context) error {
	for range maxLookUps {
		now := s.now()
		row, err := s.q.ClaimSSODomain(ctx, s.db.Pool, now.Add(claimedFor), now)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return postgres.Translate(err)
		}
		c := claim{team: row.TeamID, domain: row.Domain, token: row.Token, createdAt: row.CreatedAt,
			provedAt: row.ProvedAt}
		if err := s.prove(ctx, c); err != nil {
			return err
		}
		if err := s.endRefused(ctx, c.team); err != nil {
			return err
		}
	}
	return nil
}

// proveAll looks up the records of all domains of a team.
func (s *Service) proveAll(ctx context.Context, id uuid.UUID) error {
	rows, err := s.q.SSODomains(ctx, s.db.Pool, id, maxDomains)
	if err != nil {
		return postgres.Translate(err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sideBySide)
	for _, row := range rows {
		group.Go(func() error {
			return s.prove(ctx, claim{team: id, domain: row.Domain, token: row.Token, createdAt: row.CreatedAt,
				provedAt: row.ProvedAt})
		})
	}
	return group.Wait()
}

// prove looks up the record of a domain and keeps what it found. While nobody knows, the domain stays what it was.
func (s *Service) prove(ctx context.Context, c claim) error {
	proven, unknown := s.cfg.Records.Proven(ctx, c.domain, c.token)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := s.now()
	found := db.SettleSSODomainParams{TeamID: c.team, Domain: c.domain, Token: c.token, ProvedAt: c.provedAt, Now: &now}
	switch {
	case unknown != nil:
		found.NextCheckAt = now.Add(checkUnknown)
	case !proven:
		found.ProvedAt, found.NextCheckAt = nil, now.Add(s.pause(c, now))
	default:
		found.NextCheckAt = now.Add(checkProved)
		if found.ProvedAt == nil {
			found.ProvedAt = &now
		}
	}
	_, err := s.q.SettleSSODomain(ctx, s.db.Pool, found)
	if _, taken := postgres.UniqueViolation(err); taken { // another team has proved it
		found.ProvedAt, found.NextCheckAt = nil, now.Add(s.pause(c, now))
		_, err = s.q.SettleSSODomain(ctx, s.db.Pool, found)
	}
	return postgres.Translate(err)
}

// pause returns how long a domain without proof waits for its next look-up.
func (s *Service) pause(c claim, now time.Time) time.Duration {
	if now.Sub(c.createdAt) < pendingFor {
		return checkPending
	}
	return checkProved
}

// endRefused ends the sessions that the members of a team may not have while its provider is required.
func (s *Service) endRefused(ctx context.Context, id uuid.UUID) error {
	return postgres.InBatches(func() (int64, error) {
		now := s.now()
		users, err := s.q.EndRefusedSessions(ctx, s.db.Pool, db.EndRefusedSessionsParams{
			Now: &now, TeamID: id, Batch: endBatch,
		})
		for _, user := range users {
			s.cfg.Forget(user)
		}
		return int64(len(users)), err
	})
}

const endBatch = 500

// newToken returns what proves a domain: 128 random bits.
func newToken() string { return tokenPrefix + rand.Text() }

// sentence returns the error's text as a sentence.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
