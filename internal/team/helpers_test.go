package team_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/team"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

const password = "correct horse battery"

// world is a database with a clock, and two replicas.
type world struct {
	t        *testing.T
	db       *postgres.DB
	mu       sync.Mutex
	now      time.Time
	accounts *auth.Service // of the first replica
	replicas []*team.Service
	teams    *team.Service // the first replica
	tokens   map[uuid.UUID]string
}

func newWorld(t *testing.T, change ...func(*team.Config)) *world {
	t.Helper()
	w := &world{t: t, db: pgtest.New(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		tokens: map[uuid.UUID]string{}}
	for range 2 {
		var teams *team.Service
		accounts, err := auth.New(auth.Config{
			DB: w.db, Secret: strings.Repeat("s", 32), Pepper: strings.Repeat("p", 32), BcryptCost: 4, Now: w.clock,
			SecretsKeys: []string{strings.Repeat("k", 32)},
			LeaveTeam: func(ctx context.Context, tx pgx.Tx, user uuid.UUID, end bool) error {
				return teams.Leave(ctx, tx, user, end)
			},
		})
		w.check(err)
		cfg := team.Config{DB: w.db, Accounts: accounts, Unlimited: true, Now: w.clock,
			SecretsKeys: []string{strings.Repeat("k", 32)}}
		for _, f := range change {
			f(&cfg)
		}
		teams, err = team.New(cfg)
		w.check(err)
		w.replicas = append(w.replicas, teams)
		w.accounts = accounts
	}
	w.teams = w.replicas[1]
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	_, err := w.db.Pool.Exec(w.t.Context(), sql, args...)
	w.check(err)
}

func (w *world) count(sql string, args ...any) (n int) {
	w.t.Helper()
	w.check(w.db.Pool.QueryRow(w.t.Context(), sql, args...).Scan(&n))
	return n
}

// account registers name@example.com with a verified address.
func (w *world) account(name string) identity.User {
	w.t.Helper()
	u := w.unverified(name)
	w.exec("UPDATE users SET email_verified_at = now() WHERE id = $1", u.ID)
	return u
}

func (w *world) unverified(name string) identity.User {
	w.t.Helper()
	tokens, err := w.accounts.Register(w.t.Context(),
		auth.Credentials{Email: name + "@example.com", Password: password})
	w.check(err)
	u, err := w.accounts.Authenticate(w.t.Context(), tokens.AccessToken)
	w.check(err)
	w.tokens[u.ID] = tokens.AccessToken
	return u
}

// subscribe gives the account a subscription to Team, or ends it with 0 seats, as billing does.
func (w *world) subscribe(u identity.User, seats int) {
	w.t.Helper()
	name := "team"
	if seats == 0 {
		name, seats = "free", 1
	}
	w.exec("UPDATE users SET tier = $2, seats = $3 WHERE id = $1", u.ID, name, seats)
}

// owner registers an account with a subscription to Team.
func (w *world) owner(name string, seats int) identity.User {
	w.t.Helper()
	u := w.account(name)
	w.subscribe(u, seats)
	return u
}

// invite invites name@example.com and returns the code that is mailed.
func (w *world) invite(by identity.User, name string) string {
	w.t.Helper()
	in, err := w.teams.Invite(w.t.Context(), by, name+"@example.com", mail.English)
	w.check(err)
	return w.code(in.ID)
}

// code makes the code of an invitation as the mail worker does.
func (w *world) code(id uuid.UUID) (code string) {
	w.t.Helper()
	w.check(w.db.Tx(w.t.Context(), func(tx pgx.Tx) error {
		made, ok, err := w.teams.Activate(w.t.Context(), tx, id)
		if err == nil && !ok {
			err = errors.New("there is nothing to mail")
		}
		code = made
		return err
	}))
	return code
}

// member registers an account that joins the team.
func (w *world) member(of identity.User, name string) identity.User {
	w.t.Helper()
	u := w.account(name)
	_, err := w.teams.Join(w.t.Context(), u, w.invite(of, name))
	w.check(err)
	return u
}

// fresh returns the user as the database has it now.
func (w *world) fresh(u identity.User) identity.User {
	w.t.Helper()
	got, err := w.accounts.AuthenticateFresh(w.t.Context(), w.tokens[u.ID])
	w.check(err)
	return got
}

func (w *world) wantPlan(u identity.User, want string) {
	w.t.Helper()
	got := w.fresh(u)
	if have := fmt.Sprintf("%s %d", got.Tier, got.Seats); have != want {
		w.t.Errorf("%s has %s, want %s", u.Email, have, want)
	}
}

func (w *world) wantCode(what string, err error, code fault.Code) {
	w.t.Helper()
	var f *fault.Error
	if code == "" && err != nil || code != "" && (!errors.As(err, &f) || f.Code != code) {
		w.t.Errorf("%s: got %v, want %q", what, err, code)
	}
}

// race runs do n times at once, by turns on both replicas, and returns how often it succeeded. Errors of other codes
// fail the test.
func (w *world) race(n int, do func(teams *team.Service, i int) error, refusals ...fault.Code) int {
	w.t.Helper()
	errs := make([]error, n)
	start, done := make(chan struct{}), sync.WaitGroup{}
	for i := range n {
		done.Go(func() {
			<-start
			errs[i] = do(w.replicas[i%len(w.replicas)], i)
		})
	}
	close(start)
	done.Wait()
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
		} else if code := fault.From(err).Code; !strings.Contains(fmt.Sprint(refusals), string(code)) {
			w.t.Errorf("in a race: %v", err)
		}
	}
	return succeeded
}
