package budget_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tmc/langchaingo/llms"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/budget"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/tier"
)

// noon is when the tests take place.
var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

// world is a database with one account of Free.
type world struct {
	t     testing.TB
	db    *postgres.DB
	clock *clock
	user  identity.User
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.New(t), clock: &clock{now: noon}}
	w.user = w.addUser("anna@example.com", tier.Free)
	return w
}

func (w *world) addUser(email string, t tier.Tier) identity.User {
	w.t.Helper()
	u := identity.User{ID: uuid.New(), Email: email, Tier: t, Seats: 1}
	_, err := w.db.Pool.Exec(w.t.Context(), `INSERT INTO users
		(id, email, password_hash, password_changed_at, created_at, updated_at)
		VALUES ($1, $2, '', now(), now(), now())`,
		u.ID, email)
	check(w.t, err)
	return u
}

// replica returns a service on the world's database with that limit for each tier.
func (w *world) replica(perDay int64) *budget.Service { return w.replicaWith(perDay, time.Minute) }

func (w *world) replicaWith(perDay int64, lease time.Duration) *budget.Service {
	limits := map[tier.Tier]int64{}
	for _, t := range tier.All() {
		limits[t] = perDay
	}
	return budget.New(budget.Config{DB: w.db, PerDay: limits, Lease: lease, Now: w.clock.Now,
		Log: slog.New(slog.DiscardHandler)})
}

func (w *world) used(s *budget.Service) int64 {
	w.t.Helper()
	usage, err := s.Today(w.t.Context(), w.user)
	check(w.t, err)
	return usage.Used
}

// reserved returns the tokens that the account's running requests hold, by the counter and by the rows.
func (w *world) reserved() (counter, rows int64) {
	w.t.Helper()
	check(w.t, w.db.Pool.QueryRow(w.t.Context(), `SELECT coalesce(sum(reserved), 0),
		coalesce((SELECT sum(tokens) FROM token_reservations WHERE user_id = $1), 0)
		FROM token_usage WHERE user_id = $1`, w.user.ID).Scan(&counter, &rows))
	return counter, rows
}

// question is a call with a prompt of about 10 tokens and an answer of at most maxTokens.
func question(request *agent.ModelRequest, maxTokens int) agent.ModelCall {
	return agent.ModelCall{Request: request, MaxTokens: maxTokens, Messages: []llms.MessageContent{
		llms.TextParts(llms.ChatMessageTypeHuman, "Which of my tasks are due?")}}
}

// using returns a model that answers in text and says that it used that many tokens.
func using(input, output int64) *llmtest.Model {
	return llmtest.NewModelFunc(func(context.Context, agent.ModelCall, agent.Emit) (agent.Answer, error) {
		return agent.Answer{Text: "None.", Usage: agent.Usage{
			InputTokens: input, OutputTokens: output, ModelCalls: 1, Provider: "p", Model: "m"}}, nil
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
