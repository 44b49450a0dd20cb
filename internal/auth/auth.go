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
	"github.com/adiuva/cloud-api/internal/auth/passkey"
	"github.com/adiuva/cloud-api/internal/auth/password"
	"github.com/adiuva/cloud-api/internal/auth/secondfactor"
	"github.com/adiuva/cloud-api/internal/auth/sessioncache"
	"github.com/adiuva/cloud-api/internal/auth/token"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/livecheck"
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
	// ErrSignInTooOld is returned to accounts without a password, which have a fresh sign-in in its place.
	ErrSignInTooOld = fault.New(fault.SignInTooOld,
		"This account has no password, so this needs a sign-in within the last 5 minutes. Sign in again first.")
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
	SecretsKeys     []string        // of mailed codes and second factors: the first is used, all are accepted; required
	PublicURL       string          // where browsers reach the page of passkeys; "" means where a request reached us
	CodesUnlimited  bool            // lifts the limit of mails with codes an hour
	Keys            *apikey.Service // nil means one of its own
	Audit           *audit.Log      // nil means one of its own
	// MailAdded is called after mails were added to the outbox; nil leaves them to the worker's next look.
	MailAdded func()
	// LeaveTeam runs in the transaction that marks an account as deleted. It ends the account's membership or its team,
	// and may refuse the deletion. Nil refuses none.
	LeaveTeam func(ctx context.Context, tx pgx.Tx, user uuid.UUID, endTeam bool) error
	// Reclaimed runs in the transaction of a reset by the owner of an address that was never verified. It ends what
	// somebody else may have set up beside keys and second factors, such as memberships. May be nil.
	Reclaimed func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
	// EmailChanged runs in the transaction that changes an account's address. May be nil.
	EmailChanged func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
	Now          func() time.Time
	Log          *slog.Logger
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
	liveSessions  *livecheck.Checks
	worker        *worker.Worker
	codes         *mailcode.Codes
	outbox        *mail.Outbox
	mailAdded     func()
	factors       *secondfactor.Factors
	passkeys      *passkey.Service
	reclaimed     func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
	leaveTeam     func(ctx context.Context, tx pgx.Tx, user uuid.UUID, endTeam bool) error
	emailChanged  func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error
}

// Tokens is what a client receives after a log-in or a refresh.
type Tokens struct {
	AccessToken  string
	RefreshToken string
	ExpiresAt    int64 // of the access token, in milliseconds since the Unix epoch
}

// Profile describes an account to its owner. Tier is the highest of its subscription's, an operator's grant and its
// team's.
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
	s.liveSessions = livecheck.New(s.findLive)
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
	s.factors, err = secondfactor.New(secondfactor.Config{DB: cfg.DB, Secrets: cfg.SecretsKeys, Now: s.now})
	if err != nil {
		return nil, err
	}
	s.passkeys = passkey.New(passkey.Config{DB: cfg.DB, PublicURL: cfg.PublicURL, Now: s.now})
	s.reclaimed = cfg.Reclaimed
	s.leaveTeam = cfg.LeaveTeam
	s.emailChanged = cfg.EmailChanged
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
// ErrInvalidCredentials when the password was changed or the account deleted in the meantime, and ErrSSORequired where
// the account's team signs in with its provider only. The event is recorded
// with the session as its subject; announce it once the transaction is committed. The owner is told by mail of a
// sign-in from a network that is new to the account.
func (s *Service) createSession(
	ctx context.Context, tx db.DBTX, event audit.Event, verifiedAt time.Time,
) (Tokens, error) {
	return s.createSessionThrough(ctx, tx, event, verifiedAt, nil)
}

// createSessionThrough is createSession for a sign-in through the provider of a team; nil is any other.
func (s *Service) createSessionThrough(
	ctx context.Context, tx db.DBTX, event audit.Event, verifiedAt time.Time, ssoTeam *uuid.UUID,
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
		SsoTeamID: ssoTeam,
	})
	if err != nil {
		return Tokens{}, err
	}
	if created == 0 {
		return Tokens{}, ErrInvalidCredentials
	}
	if err := s.checkRequiredProvider(ctx, tx, userID, ssoTeam); err != nil {
		return Tokens{}, err
	}
	if err := s.notifyNewNetwork(ctx, tx, event); err != nil {
		return Tokens{}, err
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
	access, expires, err := s.keys.SignAccess(token.Access{
		User: row.ID, Session: session, Version: row.TokenVersion, Tier: planOf(row).tier, IssuedAt: issuedAt,
	})
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{AccessToken: access, RefreshToken: refresh, ExpiresAt: expires.UnixMilli()}, nil
}

func profileOf(row db.UserByIDRow) Profile {
	has := planOf(row)
	return Profile{ID: row.ID, Email: row.Email, Tier: has.tier, Seats: has.seats, CreatedAt: row.CreatedAt,
		EmailVerified: row.EmailVerifiedAt != nil}
}

func digest(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
