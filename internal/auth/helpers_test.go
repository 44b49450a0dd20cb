package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const (
	secret   = "0123456789abcdef0123456789abcdef"
	email    = "anna@example.com"
	password = "correct horse battery"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// env is a database and a clock, shared by the replicas that a test starts.
type env struct {
	db    *postgres.DB
	clock *clock
}

func newEnv(t testing.TB) *env {
	t.Helper()
	return &env{db: pgtest.New(t), clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
}

func (e *env) replica(t testing.TB, change ...func(*auth.Config)) *auth.Service {
	t.Helper()
	cfg := auth.Config{
		DB: e.db, Secret: secret, Pepper: "pepper of the tests", SecretsKeys: []string{secret}, BcryptCost: 4,
		Now: e.clock.Now,
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := auth.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func register(t testing.TB, s *auth.Service) (auth.Tokens, identity.User) {
	t.Helper()
	tokens, err := s.Register(t.Context(), auth.Credentials{Email: email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return tokens, authenticated(t, s, tokens)
}

func authenticated(t testing.TB, s *auth.Service, tokens auth.Tokens) identity.User {
	t.Helper()
	u, err := s.Authenticate(t.Context(), tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func wantCode(t testing.TB, err error, code fault.Code) {
	t.Helper()
	var f *fault.Error
	if code == "" {
		if err != nil {
			t.Fatalf("got %v, want no error", err)
		}
		return
	}
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
}

func (e *env) count(t testing.TB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := e.db.Pool.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func newID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// digits finds the code in a mail's text.
var digits = regexp.MustCompile(`\d{4} \d{4}`)

func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
