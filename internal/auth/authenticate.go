package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/singleflight"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
)

const (
	stateAge      = 10 * time.Second // how old a cached tier, token version or session may be
	stateDeadline = 3 * time.Second  // for reading it, whoever waits
	cacheEntries  = 16384            // tokens, and sessions, remembered
)

// Authenticate returns who presents the access token, with tier and seats read at most ten seconds ago. It returns
// token_missing for "", token_expired, token_invalid (also when the session ended), or db_unavailable.
func (s *Service) Authenticate(ctx context.Context, accessToken string) (identity.User, error) {
	access, err := s.verify(accessToken)
	if err != nil {
		return identity.User{}, err
	}
	if row, ok := s.states.recent(access.Session, s.clock()); ok {
		return admit(access, row)
	}
	return s.admitFresh(ctx, access)
}

// AuthenticateFresh is Authenticate with the state read from the database now, for operations whose effect lasts.
func (s *Service) AuthenticateFresh(ctx context.Context, accessToken string) (identity.User, error) {
	access, err := s.verify(accessToken)
	if err != nil {
		return identity.User{}, err
	}
	row, err := s.readState(ctx, access.User, access.Session)
	if err != nil {
		return identity.User{}, err
	}
	return admit(access, row)
}

// AuthenticateEnded checks the token alone and not whether its session still lives, so that logging out twice is fine.
// Only ID and Session of the answer are set.
func (s *Service) AuthenticateEnded(accessToken string) (identity.User, error) {
	access, err := s.verify(accessToken)
	if err != nil {
		return identity.User{}, err
	}
	return identity.User{ID: access.User, Session: access.Session}, nil
}

// Me returns the user's profile as of at most ten seconds ago, or token_invalid when the session ended.
func (s *Service) Me(ctx context.Context, user identity.User) (Profile, error) {
	row, ok := s.states.recent(user.Session, s.clock())
	if !ok || row.UserID != user.ID {
		var err error
		if row, err = s.sharedState(ctx, user.ID, user.Session); err != nil {
			return Profile{}, err
		}
	}
	return profileOf(accountIn(row)), nil
}

// verify checks the token, by memory when it was seen before; its time is checked always.
func (s *Service) verify(accessToken string) (token.Access, error) {
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

func (s *Service) admitFresh(ctx context.Context, access token.Access) (identity.User, error) {
	row, err := s.sharedState(ctx, access.User, access.Session)
	if err != nil {
		return identity.User{}, err
	}
	return admit(access, row)
}

// admit compares the token with the state of its session.
func admit(access token.Access, row db.SessionStateRow) (identity.User, error) {
	if row.UserID != access.User || row.TokenVersion != access.Version {
		return identity.User{}, token.ErrInvalid
	}
	effective, seats := effectiveTier(accountIn(row))
	return identity.User{ID: row.UserID, Email: row.Email, Tier: effective, Seats: seats, Session: access.Session}, nil
}

// sharedState reads the state once for all who ask at the same time. The read outlives a caller who leaves.
func (s *Service) sharedState(ctx context.Context, userID, session uuid.UUID) (db.SessionStateRow, error) {
	read := s.states.flight().DoChan(session.String()+userID.String(), func() (any, error) {
		free, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateDeadline)
		defer cancel()
		return s.readState(free, userID, session)
	})
	select {
	case <-ctx.Done():
		return db.SessionStateRow{}, ctx.Err()
	case result := <-read:
		if result.Err != nil {
			return db.SessionStateRow{}, result.Err
		}
		return result.Val.(db.SessionStateRow), nil
	}
}

// readState reads the session and its account and remembers them. A session that ended is token_invalid.
func (s *Service) readState(ctx context.Context, userID, session uuid.UUID) (db.SessionStateRow, error) {
	epoch := s.states.epochOf(session).Load()
	now := s.now()
	row, err := s.q.SessionState(ctx, s.db.Pool, db.SessionStateParams{ID: session, UserID: userID, Now: now})
	if errors.Is(err, pgx.ErrNoRows) {
		s.states.forget(session)
		return db.SessionStateRow{}, token.ErrInvalid
	}
	if err != nil {
		return db.SessionStateRow{}, postgres.Translate(err)
	}
	s.states.remember(session, row, now, epoch)
	return row, nil
}

func accountIn(row db.SessionStateRow) db.UserByIDRow {
	return db.UserByIDRow{
		ID: row.UserID, Email: row.Email, Tier: row.Tier, Seats: row.Seats, GrantTier: row.GrantTier,
		GrantSeats: row.GrantSeats, TokenVersion: row.TokenVersion, CreatedAt: row.CreatedAt,
	}
}

// verifiedTokens remembers the content of good tokens by their SHA-256.
type verifiedTokens struct {
	*lru.Cache[[sha256.Size]byte, token.Access]
}

func newVerifiedTokens() (*verifiedTokens, error) {
	cache, err := lru.New[[sha256.Size]byte, token.Access](cacheEntries)
	return &verifiedTokens{cache}, err
}

// states remembers the state of sessions for stateAge. Forgetting raises the session's epoch, so that a read that began
// before it is not remembered after it, and starts a new flight, so that nobody joins such a read. Sessions share 256
// epochs: with a single one, busy refreshing elsewhere would keep every read from being remembered.
type states struct {
	cache   *lru.Cache[uuid.UUID, state]
	epochs  [256]atomic.Uint64
	mu      sync.Mutex // orders remember against forgetting
	flights atomic.Pointer[singleflight.Group]
}

type state struct {
	row    db.SessionStateRow
	readAt time.Time
}

func newStates() (*states, error) {
	cache, err := lru.New[uuid.UUID, state](cacheEntries)
	s := &states{cache: cache}
	s.flights.Store(new(singleflight.Group))
	return s, err
}

func (s *states) flight() *singleflight.Group { return s.flights.Load() }

// epochOf picks by the id's last byte, which is random.
func (s *states) epochOf(session uuid.UUID) *atomic.Uint64 { return &s.epochs[session[len(session)-1]] }

func (s *states) recent(session uuid.UUID, now time.Time) (db.SessionStateRow, bool) {
	known, ok := s.cache.Get(session)
	if !ok || now.Sub(known.readAt) >= stateAge {
		return db.SessionStateRow{}, false
	}
	return known.row, true
}

func (s *states) remember(session uuid.UUID, row db.SessionStateRow, readAt time.Time, epoch uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.epochOf(session).Load() == epoch {
		s.cache.Add(session, state{row, readAt})
	}
}

func (s *states) forget(session uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epochOf(session).Add(1)
	s.flights.Store(new(singleflight.Group))
	s.cache.Remove(session)
}

func (s *states) forgetUser(userID uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.epochs { // the user's sessions that are only now being read are not known
		s.epochs[i].Add(1)
	}
	s.flights.Store(new(singleflight.Group))
	for _, session := range s.cache.Keys() {
		if known, ok := s.cache.Peek(session); ok && known.row.UserID == userID {
			s.cache.Remove(session)
		}
	}
}
