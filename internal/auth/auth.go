package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/gen/db"
	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth/lockout"
	"github.com/adiuva/cloud-api/internal/auth/mailcode"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/auth/sessioncache"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/worker"
)

// Faults of this package. Package token declares those of tokens.
var (
	ErrInvalidCredentials = fault.New(fault.InvalidCredentials, "The e-mail or the password is wrong.")
	ErrEmailTaken         = fault.New(fault.EmailTaken, "There is an account with this e-mail already. Log in instead.")
	ErrPasswordWrong      = fault.New(fault.PasswordWrong, "The current password is wrong.")
	ErrRefreshReused      = fault.New(fault.RefreshReused,
		"This refresh token was used before, so its session has ended. Log in again.")
	ErrRefreshExpired = fault.New(fault.RefreshExpired, "The session has expired. Log in again.")
)

// DefaultLoginFailures is how many wrong passwords one network may try on an account within 15 minutes before further
// ones are refused. Package lockout derives the other limits from it.
const DefaultLoginFailures = 10

// maxSessionAge ends every session, however active it is.
const maxSessionAge = 90 * 24 * time.Hour

// Config configures a Service. Zero values of Algorithm, AccessTTL, RefreshTTL, BcryptCost and Now mean HS256, 15
// minutes, 720 hours, 12 and time.Now. A nil Log discards.
type Config struct {
	DB              *postgres.DB
	Secret          string   // its raw bytes sign access tokens; the key of refresh tokens is derived from it
	PreviousSecrets []string // verify tokens while the secret is being rotated
	Algorithm       string
	Pepper          string   // key of the passwords' pre-hash
	PreviousPeppers []string // keys of hashes that are replaced at the next log-in
	AccessTTL       time.Duration
	RefreshTTL      time.Duration // how long a session may go without a refresh
	BcryptCost      int
	LoginFailures   int             // wrong passwords allowed per account and network in 15 minutes; 0 for no limit
	Deletion        []DeletionStep  // run in this order before an account's rows are deleted
	SecretsKeys     []string        // keys of mailed codes: the first makes them, all are accepted; required
	CodesUnlimited  bool            // lifts the limit of mails with codes an hour
	Keys            *apikey.Service // nil means one of its own
	Audit           *audit.Log      // nil means one of its own
	// MailAdded is called after mails were added to the outbox; nil leaves them to the worker's next look.
	MailAdded func()
	// ResetGate may refuse a reset of the password whose code was right, as where a second factor is due. Nil refuses
	// none.
	ResetGate func(ctx context.Context, user uuid.UUID) error
	// Reclaimed runs in the transaction of a reset by the owner of an address that was never verified. It ends what
	// somebody else may have set up: keys, second factors, memberships. May be nil.
	Reclaimed func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
	Now       func() time.Time
	Log       *slog.Logger
}

// Service manages accounts. It is safe for concurrent use, and replicas may share one database.
type Service struct {
	db            *postgres.DB
	q             *db.Queries
	keys          *token.Keys
	policy        password.Policy
	hasher        *password.Hasher
	refreshTTL    time.Duration
	lockout       *lockout.Guard
	deletionSteps []DeletionStep
	apiKeys       *apikey.Service
	audit         *audit.Log
	clock         func() time.Time
	log           *slog.Logger
	verified      *lru.Cache[[sha256.Size]byte, token.Access] // by the token's SHA-256
	sessions      *sessioncache.Cache[db.SessionStateRow]
	worker        *worker.Worker
	codes         *mailcode.Codes
	outbox        *mail.Outbox
	mailAdded     func()
	resetGate     func(ctx context.Context, user uuid.UUID) error
	reclaimed     func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
}

// Tokens is what a client receives after a log-in or a refresh.
type Tokens struct {
	AccessToken  string
	RefreshToken string
	ExpiresAt    int64 // of the access token, in milliseconds since the Unix epoch
}

// Profile describes an account to its owner. Tier is the higher of its subscription's tier and an operator's grant.
type Profile struct {
	ID        uuid.UUID
	Email     string
	Tier      tier.Tier
	Seats     int
	CreatedAt time.Time
	// EmailVerified says whether somebody has proved with a mailed code that the address is theirs.
	EmailVerified bool
}

// New returns a Service, or an error that names the invalid value of cfg.
func New(cfg Config) (*Service, error) {
	cfg = cfg.withDefaults()
	if cfg.Keys == nil {
		var err error
		cfg.Keys, err = apikey.New(apikey.Config{DB: cfg.DB, Audit: cfg.Audit, Now: cfg.Now, Log: cfg.Log})
		if err != nil {
			return nil, err
		}
	}
	keys, err := token.NewKeys(token.Config{
		Secret: cfg.Secret, Previous: cfg.PreviousSecrets, Algorithm: cfg.Algorithm,
		AccessTTL: cfg.AccessTTL, Now: cfg.Now,
	})
	if err != nil {
		return nil, err
	}
	hasher, err := password.NewHasher(cfg.Pepper, cfg.PreviousPeppers, cfg.BcryptCost)
	if err != nil {
		return nil, err
	}
	verified, err := lru.New[[sha256.Size]byte, token.Access](maxVerifiedTokens)
	if err != nil {
		return nil, fmt.Errorf("make the token cache: %w", err)
	}
	s := &Service{
		db: cfg.DB, q: db.New(),
		keys: keys, policy: password.NewPolicy(), hasher: hasher,
		refreshTTL: cfg.RefreshTTL,
		apiKeys:    cfg.Keys, audit: cfg.Audit,
		deletionSteps: cfg.Deletion, clock: cfg.Now, log: cfg.Log, verified: verified,
	}
	s.lockout = lockout.New(lockout.Config{
		DB: cfg.DB, Secrets: lockoutSecrets(cfg), Limit: cfg.LoginFailures, Now: s.now,
	})
	if s.sessions, err = sessioncache.New(cfg.Now, s.loadSession, isEnded); err != nil {
		return nil, fmt.Errorf("make the session cache: %w", err)
	}
	s.codes, err = mailcode.New(mailcode.Config{
		DB: cfg.DB, Secrets: cfg.SecretsKeys, Unlimited: cfg.CodesUnlimited, Now: s.now,
	})
	if err != nil {
		return nil, err
	}
	s.outbox, s.mailAdded = mail.NewOutbox(s.now), cfg.MailAdded
	s.resetGate, s.reclaimed = cfg.ResetGate, cfg.Reclaimed
	s.worker = s.newWorker()
	return s, nil
}

// lockoutSecrets returns other keys than the passwords', derived from the same peppers.
func lockoutSecrets(cfg Config) []string {
	secrets := []string{"log-in attempts\x00" + cfg.Pepper}
	for _, pepper := range cfg.PreviousPeppers {
		secrets = append(secrets, "log-in attempts\x00"+pepper)
	}
	return secrets
}

func (c Config) withDefaults() Config {
	if c.Algorithm == "" {
		c.Algorithm = "HS256"
	}
	if c.AccessTTL == 0 {
		c.AccessTTL = 15 * time.Minute
	}
	if c.RefreshTTL == 0 {
		c.RefreshTTL = 720 * time.Hour
	}
	if c.BcryptCost == 0 {
		c.BcryptCost = 12
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MailAdded == nil {
		c.MailAdded = func() {}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Audit == nil {
		c.Audit = audit.New(audit.Config{DB: c.DB, Now: c.Now, Log: c.Log})
	}
	return c
}

// now returns the time at the database's precision, so that a time read back equals the one written.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// createSession creates a session for an account whose password, last changed at verifiedAt, was verified. It returns
// ErrInvalidCredentials when the password was changed or the account deleted in the meantime. The event is recorded
// with the session as its subject; announce it once the transaction is committed.
func (s *Service) createSession(
	ctx context.Context, tx db.DBTX, event audit.Event, verifiedAt time.Time,
) (Tokens, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Tokens{}, fmt.Errorf("make a session id: %w", err)
	}
	userID := event.User
	event.Subject = id
	now := s.now()
	refresh := s.keys.SignRefresh(token.Refresh{Session: id, Counter: 1})
	created, err := s.q.CreateSession(ctx, tx, db.CreateSessionParams{
		ID: id, UserID: userID, TokenHash: digest(refresh), VerifiedAt: verifiedAt,
		Now: now, ExpiresAt: now.Add(s.refreshTTL), EndsAt: now.Add(maxSessionAge),
		Network: audit.Network(event.Client.Addr), Device: audit.Device(event.Client.UserAgent),
	})
	if err != nil {
		return Tokens{}, err
	}
	if created == 0 {
		return Tokens{}, ErrInvalidCredentials
	}
	if err := s.audit.Record(ctx, tx, event); err != nil {
		return Tokens{}, err
	}
	row, err := s.q.UserByID(ctx, tx, userID)
	if err != nil {
		return Tokens{}, err
	}
	return s.issueTokens(row, id, refresh, now)
}

// issueTokens signs an access token for the session and returns it with the refresh token.
func (s *Service) issueTokens(
	row db.UserByIDRow, session uuid.UUID, refresh string, issuedAt time.Time,
) (Tokens, error) {
	effective, _ := effectiveTier(row)
	access, expires, err := s.keys.SignAccess(token.Access{
		User: row.ID, Session: session, Version: row.TokenVersion, Tier: effective, IssuedAt: issuedAt,
	})
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{AccessToken: access, RefreshToken: refresh, ExpiresAt: expires.UnixMilli()}, nil
}

// effectiveTier returns the higher of the subscribed and the granted tier with its seats. When both are the same
// tier, the larger number of seats counts.
func effectiveTier(row db.UserByIDRow) (tier.Tier, int) {
	subscribed, seats := tier.Tier(row.Tier), int(row.Seats)
	if row.GrantTier == nil {
		return subscribed, seats
	}
	granted, grantSeats := tier.Tier(*row.GrantTier), int(row.GrantSeats)
	switch {
	case granted.Rank() > subscribed.Rank():
		return granted, grantSeats
	case granted == subscribed:
		return subscribed, max(seats, grantSeats)
	default:
		return subscribed, seats
	}
}

func profileOf(row db.UserByIDRow) Profile {
	effective, seats := effectiveTier(row)
	return Profile{ID: row.ID, Email: row.Email, Tier: effective, Seats: seats, CreatedAt: row.CreatedAt,
		EmailVerified: row.EmailVerifiedAt != nil}
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
