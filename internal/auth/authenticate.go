package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

// maxVerifiedTokens bounds how many access tokens are remembered as verified.
const maxVerifiedTokens = 16384

// Authenticate returns the owner of the access token or API key, with tier and seats at most sessioncache.MaxAge old.
// It returns token_missing for "", token_expired, key_expired, token_invalid (also when the session has ended or the
// key was revoked), or db_unavailable. What a key may do is in the user's Scopes, which the caller has to compare.
func (s *Service) Authenticate(ctx context.Context, accessToken string) (identity.User, error) {
	if apikey.HasPrefix(accessToken) {
		row, err := s.apiKeys.Find(ctx, accessToken)
		return keyUser(row, err)
	}
	access, err := s.verifyAccess(accessToken)
	if err != nil {
		return identity.User{}, err
	}
	row, err := s.sessions.Get(ctx, access.User, access.Session)
	if err != nil {
		return identity.User{}, err
	}
	return userOf(access, row)
}

// AuthenticateFresh is Authenticate with the session or the key read from the database now, for operations with a
// lasting effect.
func (s *Service) AuthenticateFresh(ctx context.Context, accessToken string) (identity.User, error) {
	if apikey.HasPrefix(accessToken) {
		row, err := s.apiKeys.FindFresh(ctx, accessToken)
		return keyUser(row, err)
	}
	access, err := s.verifyAccess(accessToken)
	if err != nil {
		return identity.User{}, err
	}
	row, err := s.sessions.Refresh(ctx, access.User, access.Session)
	if err != nil {
		return identity.User{}, err
	}
	return userOf(access, row)
}

// AuthenticateEnded verifies the token alone and accepts one whose session has ended, so that logging out twice
// succeeds. Only ID and Session of the result are set.
func (s *Service) AuthenticateEnded(accessToken string) (identity.User, error) {
	access, err := s.verifyAccess(accessToken)
	if err != nil {
		return identity.User{}, err
	}
	return identity.User{ID: access.User, Session: access.Session}, nil
}

// Me returns the user's profile, at most sessioncache.MaxAge old, or token_invalid when the session has ended.
func (s *Service) Me(ctx context.Context, user identity.User) (Profile, error) {
	if user.Key != uuid.Nil {
		row, err := s.q.UserByID(ctx, s.db.Pool, user.ID)
		if err != nil {
			return Profile{}, postgres.NotFoundAs(err, apikey.ErrInvalid)
		}
		return profileOf(row), nil
	}
	row, err := s.sessions.Get(ctx, user.ID, user.Session)
	if err != nil {
		return Profile{}, err
	}
	return profileOf(accountIn(row)), nil
}

// verifyAccess verifies the token's signature once and its expiry on every call.
func (s *Service) verifyAccess(accessToken string) (token.Access, error) {
	key := sha256.Sum256([]byte(accessToken))
	if access, ok := s.verified.Get(key); ok {
		return access, access.ValidAt(s.clock())
	}
	access, err := s.keys.VerifyAccess(accessToken)
	if err != nil {
		return token.Access{}, err
	}
	s.verified.Add(key, access)
	return access, nil
}

// userOf returns the session's user, or token_invalid when the token names another user or its version was revoked.
func userOf(access token.Access, row db.SessionStateRow) (identity.User, error) {
	if row.UserID != access.User || row.TokenVersion != access.Version {
		return identity.User{}, token.ErrInvalid
	}
	has := planOf(accountIn(row))
	return identity.User{ID: row.UserID, Email: row.Email, Tier: has.tier, Seats: has.seats, Team: has.team,
		Session: access.Session}, nil
}

// keyUser returns the user of a key that was found.
func keyUser(row db.KeyStateRow, err error) (identity.User, error) {
	if err != nil {
		return identity.User{}, err
	}
	has := planOf(db.UserByIDRow{
		Tier: row.Tier, Seats: row.Seats, GrantTier: row.GrantTier, GrantSeats: row.GrantSeats,
		TeamID: row.TeamID, TeamSeats: row.TeamSeats, PlanLent: row.PlanLent,
	})
	return identity.User{
		ID: row.UserID, Email: row.Email, Tier: has.tier, Seats: has.seats, Team: has.team, Key: row.ID,
		Scopes: identity.Scopes(strings.Join(row.Scopes, " ")),
	}, nil
}

// loadSession reads a live session and its account from the database. A session that has ended is token_invalid.
func (s *Service) loadSession(ctx context.Context, userID, sessionID uuid.UUID) (db.SessionStateRow, error) {
	row, err := s.q.SessionState(ctx, s.db.Pool, db.SessionStateParams{ID: sessionID, UserID: userID, Now: s.now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return db.SessionStateRow{}, token.ErrInvalid
	}
	return row, postgres.Translate(err)
}

// isEnded reports whether loadSession found that the session has ended, which it has for good.
func isEnded(err error) bool { return errors.Is(err, token.ErrInvalid) }

// SessionEnded reports whether the database says that the user's session has ended, or the API key has expired or was
// revoked, or an error where it does not answer.
func (s *Service) SessionEnded(ctx context.Context, user identity.User) (bool, error) {
	if user.Key != uuid.Nil {
		return s.apiKeys.Ended(ctx, user)
	}
	return s.liveSessions.Ended(ctx, user.Session, user.ID)
}

// findLive returns the users of those of the sessions that have not ended.
func (s *Service) findLive(ctx context.Context, sessions []uuid.UUID) (map[uuid.UUID]uuid.UUID, error) {
	rows, err := s.q.OwnersOfLiveSessions(ctx, s.db.Pool, sessions, s.now())
	owners := make(map[uuid.UUID]uuid.UUID, len(rows))
	for _, row := range rows {
		owners[row.ID] = row.UserID
	}
	return owners, postgres.Translate(err)
}

func accountIn(row db.SessionStateRow) db.UserByIDRow {
	return db.UserByIDRow{
		ID: row.UserID, Email: row.Email, Tier: row.Tier, Seats: row.Seats, GrantTier: row.GrantTier,
		GrantSeats: row.GrantSeats, TokenVersion: row.TokenVersion, CreatedAt: row.CreatedAt,
		EmailVerifiedAt: row.EmailVerifiedAt, TeamID: row.TeamID, TeamSeats: row.TeamSeats, PlanLent: row.PlanLent,
	}
}
