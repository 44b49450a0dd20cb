package apikey

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Find returns the state of a presented key with its account, at most sessioncache.MaxAge old. It returns ErrInvalid
// for a key that is malformed, unknown or revoked, and for one of a deleted account, ErrExpired, or db_unavailable. A
// key with a wrong checksum costs no query.
func (s *Service) Find(ctx context.Context, key string) (db.KeyStateRow, error) {
	return s.find(key, func(a, b uuid.UUID) (db.KeyStateRow, error) { return s.states.Get(ctx, a, b) })
}

// FindFresh is Find with the state read from the database now, for operations with a lasting effect.
func (s *Service) FindFresh(ctx context.Context, key string) (db.KeyStateRow, error) {
	return s.find(key, func(a, b uuid.UUID) (db.KeyStateRow, error) { return s.states.Refresh(ctx, a, b) })
}

func (s *Service) find(key string, read func(a, b uuid.UUID) (db.KeyStateRow, error)) (db.KeyStateRow, error) {
	if !IsWellFormed(key) {
		return db.KeyStateRow{}, ErrInvalid
	}
	hash := hashOf(key)
	row, err := read(halves(hash[:]))
	if err != nil {
		return db.KeyStateRow{}, err
	}
	if hasExpired(row, s.now()) {
		return db.KeyStateRow{}, ErrExpired
	}
	return row, nil
}

// CacheID returns an id by which a well-formed key may be remembered in place of the key.
func CacheID(key string) uuid.UUID {
	hash := hashOf(key)
	_, id := halves(hash[:])
	return id
}

// Ended reports whether the database says that the user's key has expired or was revoked, or an error where it does not
// answer.
func (s *Service) Ended(ctx context.Context, user identity.User) (bool, error) {
	return s.live.Ended(ctx, user.Key, user.ID)
}

// findLive returns the users of those of the keys that are neither expired nor revoked.
func (s *Service) findLive(ctx context.Context, keys []uuid.UUID) (map[uuid.UUID]uuid.UUID, error) {
	now := s.now()
	rows, err := s.q.OwnersOfLiveKeys(ctx, s.db.Pool, keys, &now)
	owners := make(map[uuid.UUID]uuid.UUID, len(rows))
	for _, row := range rows {
		owners[row.ID] = row.UserID
	}
	return owners, postgres.Translate(err)
}

// load reads the state of the key whose hash has these halves, and notes once an hour that the key is in use.
func (s *Service) load(ctx context.Context, first, second uuid.UUID) (db.KeyStateRow, error) {
	row, err := s.q.KeyState(ctx, s.db.Pool, append(first[:], second[:]...))
	if errors.Is(err, pgx.ErrNoRows) {
		return db.KeyStateRow{}, ErrInvalid
	}
	if err != nil {
		return db.KeyStateRow{}, postgres.Translate(err)
	}
	now := s.now()
	hour := now.Truncate(time.Hour)
	if !hasExpired(row, now) && (row.LastUsedAt == nil || row.LastUsedAt.Before(hour)) {
		if err := s.q.KeyWasUsed(ctx, s.db.Pool, &hour, row.ID); err != nil { // the key is good all the same
			s.log.WarnContext(ctx, "use of an API key not noted", "user_id", row.UserID, "error", err)
		}
	}
	return row, nil
}

func (s *Service) forget(hash []byte) {
	_, second := halves(hash)
	s.states.Invalidate(second)
}

// halves splits a hash into the pair of ids that the cache keeps a state by: both are compared.
func halves(hash []byte) (first, second uuid.UUID) {
	copy(first[:], hash)
	copy(second[:], hash[len(first):])
	return first, second
}

func hasExpired(row db.KeyStateRow, now time.Time) bool {
	return row.ExpiresAt != nil && !now.Before(*row.ExpiresAt)
}
