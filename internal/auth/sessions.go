package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// Values of refresh_tokens.revoked_for.
const (
	reasonLogout   = "logout"
	reasonPassword = "password"
	reasonReuse    = "reuse"
	reasonOperator = "operator"
	reasonDeletion = "deletion"
)

const (
	reuseGrace        = 10 * time.Second // how long the previous token still returns the current one
	maxIdempotencyKey = 255
	maxSessions       = 100 // of one user
)

// Session is one log-in of a user. LastUsedAt is the time of its last refresh. Current marks the caller's own session.
// Network and Device say where it was opened, as package audit does; "" for sessions from before they were kept.
type Session struct {
	ID         uuid.UUID
	CreatedAt  time.Time
	LastUsedAt time.Time
	Current    bool
	Network    string
	Device     string
}

// Refresh exchanges a refresh token for new tokens. The previous token returns the same new tokens again for ten
// seconds, and at any time together with the idempotencyKey it was first exchanged with ("" for none), so that a
// client can retry when a response was lost. Any older token revokes its session for good (refresh_reused). Other
// errors are refresh_invalid, refresh_expired, and validation_failed for a key of more than 255 bytes.
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
	var refused error // returned after the transaction, so that a revocation commits
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

// rotate returns the successor of the presented token, while it holds a lock on the session's row. The first error
// refuses the token and lets the transaction commit; the second rolls it back.
func (s *Service) rotate(ctx context.Context, tx pgx.Tx, presented token.Refresh, key string) (Tokens, error, error) {
	row, err := s.q.LockSession(ctx, tx, presented.Session)
	if errors.Is(err, pgx.ErrNoRows) {
		return Tokens{}, token.ErrRefreshInvalid, nil
	}
	if err != nil {
		return Tokens{}, nil, err
	}
	now := s.now()
	if refused := refreshError(row, presented, now); refused != nil {
		return Tokens{}, refused, nil
	}
	issuedAt := now
	switch {
	case presented.Counter == row.Counter:
		err = s.saveRotation(ctx, tx, row, key, now)
		row.Counter++
	case presented.Counter == row.Counter-1 && now.Sub(row.RotatedAt) <= reuseGrace:
		issuedAt = row.RotatedAt // concurrent refreshes get equal tokens
	case presented.Counter == row.Counter-1 && key != "" && row.IdempotencyKey != nil &&
		*row.IdempotencyKey == hashKey(key):
	default:
		return Tokens{}, ErrRefreshReused, s.revokeReused(ctx, tx, row)
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
	tokens, err := s.issueTokens(user, row.ID, successor, issuedAt)
	return tokens, nil, err
}

// revokeReused ends a session whose old token was presented.
func (s *Service) revokeReused(ctx context.Context, tx pgx.Tx, row db.LockSessionRow) error {
	if err := s.revoke(ctx, tx, row.UserID, row.ID, reasonReuse); err != nil {
		return err
	}
	event := audit.Event{User: row.UserID, Kind: audit.SessionReused, Subject: row.ID}
	s.audit.Announce(ctx, event) // it was reused, whether or not the transaction commits
	return s.audit.Record(ctx, tx, event)
}

// refreshError returns why the session accepts no refresh at all, or nil. A counter ahead of the row's can only
// come from a rotation that the database lost.
func refreshError(row db.LockSessionRow, presented token.Refresh, now time.Time) error {
	switch {
	case row.RevokedAt != nil && row.RevokedFor != nil && *row.RevokedFor == reasonReuse:
		return ErrRefreshReused
	case row.RevokedAt != nil, row.Refused, presented.Counter > row.Counter:
		return token.ErrRefreshInvalid
	case !now.Before(row.ExpiresAt), !now.Before(row.EndsAt):
		return ErrRefreshExpired
	default:
		return nil
	}
}

// saveRotation advances the session's row to the next token.
func (s *Service) saveRotation(ctx context.Context, tx pgx.Tx, row db.LockSessionRow, key string, now time.Time) error {
	next := token.Refresh{Session: row.ID, Counter: row.Counter + 1}
	var keyHash *string
	if key != "" {
		hashed := hashKey(key)
		keyHash = &hashed
	}
	return s.q.RotateSession(ctx, tx, db.RotateSessionParams{
		ID: row.ID, Counter: next.Counter, TokenHash: digest(s.keys.SignRefresh(next)),
		IdempotencyKey: keyHash, Now: now, ExpiresAt: now.Add(s.refreshTTL),
	})
}

// hashKey returns the form in which an idempotency key is stored: whoever reads the database cannot replay a refresh.
func hashKey(key string) string { return hex.EncodeToString(digest(key)) }

// revoke ends one session of the user, or returns fault.ErrNotFound. A session that has ended keeps its first reason.
func (s *Service) revoke(ctx context.Context, tx db.DBTX, userID, session uuid.UUID, reason string) error {
	now := s.now()
	ended, err := s.q.EndSession(ctx, tx, db.EndSessionParams{
		ID: session, UserID: userID, Now: &now, RevokedFor: &reason,
	})
	if err == nil && ended == 0 {
		return fault.ErrNotFound
	}
	return err
}

// revokeAll ends every session of the user and invalidates every access token.
func (s *Service) revokeAll(ctx context.Context, tx pgx.Tx, userID uuid.UUID, reason string) error {
	now := s.now()
	if err := s.q.IncrementTokenVersion(ctx, tx, now, userID); err != nil {
		return err
	}
	return s.q.EndSessionsExcept(ctx, tx, db.EndSessionsExceptParams{
		UserID: userID, ExceptID: uuid.Nil, Now: &now, RevokedFor: &reason,
	})
}

// Logout ends the caller's session. Repeating it succeeds.
func (s *Service) Logout(ctx context.Context, user identity.User) error {
	err := s.endSession(ctx, audit.Event{
		User: user.ID, Kind: audit.SignedOut, Client: user.Client, Subject: user.Session,
	})
	if errors.Is(err, fault.ErrNotFound) { // already swept or deleted
		return nil
	}
	return err
}

// endSession ends the session that is the event's subject, and records the event unless it had ended already. It
// returns fault.ErrNotFound where the user has no such session.
func (s *Service) endSession(ctx context.Context, event audit.Event) error {
	defer s.sessions.Invalidate(event.Subject)
	ended := false
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		row, err := s.q.LockSession(ctx, tx, event.Subject)
		if err != nil {
			return postgres.NotFoundAs(err, fault.ErrNotFound)
		}
		ended = row.RevokedAt == nil
		if err := s.revoke(ctx, tx, event.User, event.Subject, reasonLogout); err != nil || !ended {
			return err
		}
		return s.audit.Record(ctx, tx, event)
	})
	if err == nil && ended {
		s.audit.Announce(ctx, event)
	}
	return postgres.Translate(err)
}

// LogoutEverywhere ends all of the user's sessions, and revokes the API keys as well if keys is set. The caller's own
// session must not have ended: token_invalid.
func (s *Service) LogoutEverywhere(ctx context.Context, user identity.User, keys bool) error {
	events := []audit.Event{{User: user.ID, Kind: audit.SignedOutEverywhere, Client: user.Client}}
	if keys {
		events = append(events, audit.Event{User: user.ID, Kind: audit.KeysRevoked, Client: user.Client})
	}
	forgetKeys := func() {}
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		own := db.LockLiveSessionParams{ID: user.Session, UserID: user.ID, Now: s.now()}
		if _, err := s.q.LockLiveSession(ctx, tx, own); err != nil {
			return postgres.NotFoundAs(err, token.ErrInvalid)
		}
		if err := s.revokeAll(ctx, tx, user.ID, reasonLogout); err != nil {
			return err
		}
		if keys {
			var err error
			if _, forgetKeys, err = s.apiKeys.RevokeAll(ctx, tx, user.ID); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, events)
	})
	if err == nil {
		s.sessions.InvalidateUser(user.ID)
		forgetKeys()
		s.announce(ctx, events)
	}
	return postgres.Translate(err)
}

// record records the events in the transaction. Announce them once it is committed.
func (s *Service) record(ctx context.Context, tx pgx.Tx, events []audit.Event) error {
	for _, event := range events {
		if err := s.audit.Record(ctx, tx, event); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) announce(ctx context.Context, events []audit.Event) {
	for _, event := range events {
		s.audit.Announce(ctx, event)
	}
}

// endIdleSessions ends the user's sessions beyond maxSessions, those that were not used for longest first.
func (s *Service) endIdleSessions(ctx context.Context, userID uuid.UUID) error {
	now := s.now()
	return postgres.InBatches(func() (int64, error) {
		ended, err := s.q.EndIdleSessions(ctx, s.db.Pool, db.EndIdleSessionsParams{
			UserID: userID, Now: &now, Keep: maxSessions, Batch: sweepBatch,
		})
		if ended > 0 {
			s.sessions.InvalidateUser(userID)
		}
		return ended, err
	})
}

// Sessions returns at most limit of the user's live sessions, newest first, those older than the one with the id
// before. With uuid.Nil it starts at the newest.
func (s *Service) Sessions(
	ctx context.Context, user identity.User, limit int, before uuid.UUID,
) ([]Session, error) {
	if before == uuid.Nil {
		before = uuid.Max
	}
	rows, err := s.q.LiveSessions(ctx, s.db.Pool, db.LiveSessionsParams{
		UserID: user.ID, Now: s.now(), Before: before, PageSize: int32(limit),
	})
	if err != nil {
		return nil, postgres.Translate(err)
	}
	sessions := make([]Session, len(rows))
	for i, row := range rows {
		sessions[i] = Session{
			ID: row.ID, CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt, Current: row.ID == user.Session,
			Network: row.Network, Device: row.Device,
		}
	}
	return sessions, nil
}

// EndSession ends one session of the user. Repeating it succeeds. An unknown id and another user's both return
// not_found.
func (s *Service) EndSession(ctx context.Context, user identity.User, id uuid.UUID) error {
	return s.endSession(ctx, audit.Event{User: user.ID, Kind: audit.SessionEnded, Client: user.Client, Subject: id})
}
