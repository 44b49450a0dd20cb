// Package apikey manages the API keys with which programs call the API for an account: creation, listing, revocation,
// and the check of a presented key. Package auth calls the check, so that keys pass where access tokens do.
//
//	Create ──► key, shown once ──► SHA-256 ──► api_keys
//
//	key ──► Find: form and checksum ──► cache by hash, or the database ──► state ──► expiry
//
//	Revoke, RevokeAll ──► mark the rows ──► forget the states (other replicas follow within 10 s)
//
// A key belongs to one account, has scopes, and may expire. It is never stored or logged; a key that is lost is
// replaced. What an operation needs is in the contract (x-adiuva); the edge compares.
package apikey

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
	"github.com/adiuva/cloud-api/internal/auth/sessioncache"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/livecheck"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Faults of this package.
var (
	ErrInvalid = fault.New(fault.TokenInvalid, "This API key was mistyped or revoked. Use another one.")
	ErrExpired = fault.New(fault.KeyExpired, "This API key has expired. Create another one.")
	ErrTooMany = fault.New(fault.TooManyKeys, "This account has 20 API keys. Revoke one that is no longer used first.")
)

var errSessionEnded = fault.New(fault.TokenInvalid, "The session has ended. Log in again.")

const (
	maxKeys      = 20                  // of an account, expired ones included
	keyRetention = 30 * 24 * time.Hour // of rows of expired and revoked keys
	pruneBatch   = 1000
)

// Config configures a Service. DB is required; Audit, Now and Log are New's defaults where they are nil.
type Config struct {
	DB    *postgres.DB
	Audit *audit.Log
	// NotifyCreated tells the owner about a new key, in the transaction that creates it. nil tells nobody.
	NotifyCreated func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
	Now           func() time.Time
	Log           *slog.Logger
}

// Service manages keys. It is safe for concurrent use, and replicas may share one database.
type Service struct {
	db     *postgres.DB
	q      *db.Queries
	audit  *audit.Log
	notify func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
	clock  func() time.Time
	log    *slog.Logger
	states *sessioncache.Cache[db.KeyStateRow]
	live   *livecheck.Checks
}

// Request describes a key to create.
type Request struct {
	Name      string
	Scopes    []string
	ExpiresAt time.Time // zero for a key that does not expire
}

// Key is a key without the key itself.
type Key struct {
	ID         uuid.UUID
	Name       string
	Prefix     string // its first characters
	Scopes     []string
	CreatedAt  time.Time
	ExpiresAt  *time.Time // nil for a key that does not expire
	LastUsedAt *time.Time // to the hour; nil if it was not used
}

// New returns a Service.
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
	s := &Service{db: cfg.DB, q: db.New(), audit: cfg.Audit, notify: cfg.NotifyCreated, clock: cfg.Now, log: cfg.Log}
	s.live = livecheck.New(s.findLive)
	var err error
	isGone := func(err error) bool { return errors.Is(err, ErrInvalid) }
	if s.states, err = sessioncache.New(cfg.Now, s.load, isGone); err != nil {
		return nil, fmt.Errorf("make the cache of API keys: %w", err)
	}
	return s, nil
}

// now returns the time at the database's precision, so that a time read back equals the one written.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Create creates a key of the user, who must be signed in with a live session, and returns it with the key itself. It
// returns ErrTooMany, token_invalid when the session or the account has ended, and validation_failed with the pointer
// /expires_at for a time that is not in the future.
func (s *Service) Create(ctx context.Context, user identity.User, in Request) (Key, string, error) {
	now := s.now()
	var expires *time.Time
	if !in.ExpiresAt.IsZero() {
		if !in.ExpiresAt.After(now) {
			return Key{}, "", fault.ErrValidation.WithDetails(fault.Detail{
				Pointer: "/expires_at", Message: "must be in the future",
			})
		}
		expires = &in.ExpiresAt
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Key{}, "", fmt.Errorf("make the id of an API key: %w", err)
	}
	secret, err := newKey()
	if err != nil {
		return Key{}, "", err
	}
	key := Key{
		ID: id, Name: in.Name, Prefix: secret[:len(prefix)+shownDigits],
		Scopes: slices.Sorted(slices.Values(in.Scopes)), CreatedAt: now, ExpiresAt: expires,
	}
	event := audit.Event{User: user.ID, Kind: audit.KeyCreated, Client: user.Client, Subject: id}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := s.insert(ctx, tx, user, key, secret); err != nil {
			return err
		}
		if s.notify != nil {
			if err := s.notify(ctx, tx, user.ID); err != nil {
				return err
			}
		}
		return s.audit.Record(ctx, tx, event)
	})
	if err != nil {
		return Key{}, "", postgres.Translate(err)
	}
	s.audit.Announce(ctx, event)
	return key, secret, nil
}

// insert inserts the key. Its lock on the user's row orders concurrent creations of keys, and those after and before
// what ends all sessions.
func (s *Service) insert(ctx context.Context, tx pgx.Tx, user identity.User, key Key, secret string) error {
	if _, err := s.q.LockAccount(ctx, tx, user.ID); err != nil {
		return postgres.NotFoundAs(err, errSessionEnded)
	}
	live, err := s.q.SessionIsLive(ctx, tx, db.SessionIsLiveParams{
		ID: user.Session, UserID: user.ID, Now: key.CreatedAt,
	})
	if err != nil {
		return err
	}
	if !live {
		return errSessionEnded
	}
	count, err := s.q.CountKeys(ctx, tx, user.ID, maxKeys)
	if err != nil {
		return err
	}
	if count >= maxKeys {
		return ErrTooMany
	}
	hash := hashOf(secret)
	return s.q.CreateKey(ctx, tx, db.CreateKeyParams{
		ID: key.ID, UserID: user.ID, Name: key.Name, Prefix: key.Prefix, KeyHash: hash[:], Scopes: key.Scopes,
		Now: key.CreatedAt, ExpiresAt: key.ExpiresAt,
	})
}

// List returns the keys of the account that are not revoked, newest first. There are 20 at most.
func (s *Service) List(ctx context.Context, userID uuid.UUID) ([]Key, error) {
	rows, err := s.q.Keys(ctx, s.db.Pool, userID, maxKeys)
	if err != nil {
		return nil, postgres.Translate(err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		keys[i] = Key(row)
	}
	return keys, nil
}

// Revoke revokes a key of the user. Repeating it succeeds for 30 days. An unknown id and another user's both return
// not_found.
func (s *Service) Revoke(ctx context.Context, user identity.User, id uuid.UUID) error {
	now := s.now()
	var row db.LockKeyRow
	event := audit.Event{User: user.ID, Kind: audit.KeyRevoked, Client: user.Client, Subject: id}
	err := s.db.Tx(ctx, func(tx pgx.Tx) (err error) {
		if row, err = s.q.LockKey(ctx, tx, id, user.ID); err != nil {
			return postgres.NotFoundAs(err, fault.ErrNotFound)
		}
		if row.RevokedAt != nil {
			return nil
		}
		if err := s.q.RevokeKey(ctx, tx, &now, id); err != nil {
			return err
		}
		return s.audit.Record(ctx, tx, event)
	})
	if err != nil {
		return postgres.Translate(err)
	}
	s.forget(row.KeyHash)
	if row.RevokedAt == nil {
		s.audit.Announce(ctx, event)
	}
	return nil
}

// RevokeAll revokes all keys of the user in the caller's transaction, and returns how many, and what to call once that
// is committed.
func (s *Service) RevokeAll(
	ctx context.Context, tx pgx.Tx, userID uuid.UUID,
) (revoked int, committed func(), err error) {
	now := s.now()
	hashes, err := s.q.RevokeKeysOf(ctx, tx, &now, userID)
	return len(hashes), func() {
		for _, hash := range hashes {
			s.forget(hash)
		}
	}, err
}

// Prune deletes keys that expired or were revoked more than 30 days ago, in batches.
func (s *Service) Prune(ctx context.Context) error {
	before := s.now().Add(-keyRetention)
	expired := postgres.InBatches(func() (int64, error) {
		return s.q.PruneExpiredKeys(ctx, s.db.Pool, before, pruneBatch)
	})
	revoked := postgres.InBatches(func() (int64, error) {
		return s.q.PruneRevokedKeys(ctx, s.db.Pool, before, pruneBatch)
	})
	return errors.Join(expired, revoked)
}
