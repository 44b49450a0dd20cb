package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Why a session ended, as the database says it.
const (
	endedByLogout   = "logout"
	endedByPassword = "password"
	endedByReuse    = "reuse"
	endedByOperator = "operator"
	endedByDeletion = "deletion"
)

const (
	grace             = 10 * time.Second // how long the token before the current one gets the same answer again
	maxIdempotencyKey = 255
)

// Session is one log-in of a user. LastUsedAt is its last refresh.
type Session struct {
	ID         uuid.UUID
	CreatedAt  time.Time
	LastUsedAt time.Time
	Current    bool
}

// Refresh exchanges a refresh token for new tokens. The token before the current one is answered with the same successor
// for ten seconds, and at any time with the idempotencyKey it was first exchanged with ("" for none): so a lost answer
// can be asked for again. Any older token ends its session for good (refresh_reused). Others: refresh_invalid,
// refresh_expired, validation_failed for a key of more than 255 bytes.
func (s *Service) Refresh(ctx context.Context, refreshToken, idempotencyKey string) (Tokens, error) {
	if len(idempotencyKey) > maxIdempotencyKey {
		return Tokens{}, fault.ErrValidation.WithDetails(fault.Detail{
			Pointer: "/header/Idempotency-Key", Message: "At most 255 bytes.",
		})
	}
	presented, err := s.keys.VerifyRefresh(refreshToken)
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	var refused error // told after the transaction, so that ending the session commits
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		tokens, refused, err = s.rotate(ctx, tx, presented, idempotencyKey)
		return err
	})
	if err != nil {
		return Tokens{}, postgres.Translate(err)
	}
	s.sessions.Invalidate(presented.Session)
	return tokens, refused
}

// rotate decides under the lock of the session's row.
func (s *Service) rotate(ctx context.Context, tx pgx.Tx, presented token.Refresh, key string) (Tokens, error, error) {
	row, err := s.q.LockSession(ctx, tx, presented.Session)
	if errors.Is(err, pgx.ErrNoRows) {
		return Tokens{}, token.ErrRefreshInvalid, nil
	}
	if err != nil {
		return Tokens{}, nil, err
	}
	now := s.now()
	if refused := unusable(row, presented, now); refused != nil {
		return Tokens{}, refused, nil
	}
	issuedAt := now
	switch {
	case presented.Counter == row.Counter:
		err = s.advance(ctx, tx, row, key, now)
		row.Counter++
	case presented.Counter == row.Counter-1 && now.Sub(row.RotatedAt) <= grace:
		issuedAt = row.RotatedAt // racing refreshes get equal answers
	case presented.Counter == row.Counter-1 && key != "" && row.IdempotencyKey != nil && *row.IdempotencyKey == nonce(key):
	default:
		return Tokens{}, ErrRefreshReused, s.end(ctx, tx, row.UserID, row.ID, endedByReuse)
	}
	if err != nil {
		return Tokens{}, nil, err
	}
	user, err := s.q.UserByID(ctx, tx, row.UserID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Tokens{}, token.ErrRefreshInvalid, nil
	}
	if err != nil {
		return Tokens{}, nil, err
	}
	successor := s.keys.SignRefresh(token.Refresh{Session: row.ID, Counter: row.Counter})
	tokens, err := s.issue(user, row.ID, successor, issuedAt)
	return tokens, nil, err
}

// unusable says why a session takes no refresh at all. A counter beyond the row's own can only be a token of a rotation
// that the database lost.
func unusable(row db.LockSessionRow, presented token.Refresh, now time.Time) error {
	switch {
	case row.RevokedAt != nil && row.RevokedFor != nil && *row.RevokedFor == endedByReuse:
		return ErrRefreshReused
	case row.RevokedAt != nil, presented.Counter > row.Counter:
		return token.ErrRefreshInvalid
	case !now.Before(row.ExpiresAt), !now.Before(row.EndsAt):
		return ErrRefreshExpired
	default:
		return nil
	}
}

func (s *Service) advance(ctx context.Context, tx pgx.Tx, row db.LockSessionRow, key string, now time.Time) error {
	next := token.Refresh{Session: row.ID, Counter: row.Counter + 1}
	var kept *string
	if key != "" {
		hashed := nonce(key)
		kept = &hashed
	}
	return s.q.RotateSession(ctx, tx, db.RotateSessionParams{
		ID: row.ID, Counter: next.Counter, TokenHash: digest(s.keys.SignRefresh(next)), IdempotencyKey: kept, Now: now,
		ExpiresAt: now.Add(s.refreshTTL),
	})
}

// nonce is what is kept of an idempotency key: whoever reads the database cannot ask for a lost answer.
func nonce(key string) string { return hex.EncodeToString(digest(key)) }

func (s *Service) end(ctx context.Context, tx db.DBTX, userID, session uuid.UUID, reason string) error {
	now := s.now()
	ended, err := s.q.EndSession(ctx, tx, db.EndSessionParams{ID: session, UserID: userID, Now: &now, RevokedFor: &reason})
	if err == nil && ended == 0 {
		return fault.ErrNotFound
	}
	return err
}

// endAll ends every session of the user and every access token at once.
func (s *Service) endAll(ctx context.Context, tx pgx.Tx, userID uuid.UUID, reason string) error {
	now := s.now()
	if err := s.q.RaiseTokenVersion(ctx, tx, now, userID); err != nil {
		return err
	}
	return s.q.EndSessionsExcept(ctx, tx, db.EndSessionsExceptParams{
		UserID: userID, Kept: uuid.Nil, Now: &now, RevokedFor: &reason,
	})
}

// Logout ends the session the user came with, or all of the user's sessions. Doing it again is fine.
func (s *Service) Logout(ctx context.Context, user identity.User, all bool) error {
	defer s.sessions.InvalidateUser(user.ID)
	if all {
		return postgres.Translate(s.db.Tx(ctx, func(tx pgx.Tx) error { return s.endAll(ctx, tx, user.ID, endedByLogout) }))
	}
	err := s.end(ctx, s.db.Pool, user.ID, user.Session, endedByLogout)
	if errors.Is(err, fault.ErrNotFound) { // swept or deleted: ended all the same
		return nil
	}
	return postgres.Translate(err)
}

// Sessions returns the user's live sessions, newest first.
func (s *Service) Sessions(ctx context.Context, user identity.User) ([]Session, error) {
	rows, err := s.q.LiveSessions(ctx, s.db.Pool, user.ID, s.now())
	if err != nil {
		return nil, postgres.Translate(err)
	}
	sessions := make([]Session, len(rows))
	for i, row := range rows {
		sessions[i] = Session{row.ID, row.CreatedAt, row.LastUsedAt, row.ID == user.Session}
	}
	return sessions, nil
}

// EndSession ends one session of the user; again is fine. An unknown id and another user's are both not_found.
func (s *Service) EndSession(ctx context.Context, user identity.User, id uuid.UUID) error {
	defer s.sessions.Invalidate(id)
	return postgres.Translate(s.end(ctx, s.db.Pool, user.ID, id, endedByLogout))
}
