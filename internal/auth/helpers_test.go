package auth_test

import (
	"context"
	"errors"
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

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// house is one database with as many replicas on it as a test asks for, all by one clock.
type house struct {
	db    *postgres.DB
	clock *clock
}

func newHouse(t testing.TB) *house {
	t.Helper()
	return &house{db: pgtest.New(t), clock: &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}}
}

func (h *house) replica(t testing.TB, change ...func(*auth.Config)) *auth.Service {
	t.Helper()
	cfg := auth.Config{DB: h.db, Secret: secret, Pepper: "pepper of the tests", BcryptCost: 4, Now: h.clock.Now}
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
	tokens, err := s.Register(t.Context(), email, password)
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

func (h *house) count(t testing.TB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := h.db.Pool.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func other(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}
