package apikey_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// env is a database with an account, and a clock.
type env struct {
	db       *postgres.DB
	mu       sync.Mutex
	now      time.Time
	accounts *auth.Service
	keys     *apikey.Service
	owner    identity.User
}

func (e *env) clock() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.now
}

func (e *env) advance(d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.now = e.now.Add(d)
}

func setup(t *testing.T, change ...func(*apikey.Config)) *env {
	t.Helper()
	e := &env{db: pgtest.New(t), now: time.Date(2026, 3, 1, 12, 20, 0, 0, time.UTC)}
	cfg := apikey.Config{DB: e.db, Now: e.clock}
	for _, f := range change {
		f(&cfg)
	}
	var err error
	e.keys, err = apikey.New(cfg)
	check(t, err)
	e.accounts, err = auth.New(auth.Config{
		DB: e.db, Secret: strings.Repeat("s", 32), Pepper: strings.Repeat("p", 32), BcryptCost: 4, Keys: e.keys,
		SecretsKeys: []string{strings.Repeat("k", 32)}, Now: e.clock,
	})
	check(t, err)
	e.owner = e.register(t, "anna@example.com")
	return e
}

func (e *env) register(t *testing.T, email string) identity.User {
	t.Helper()
	tokens, err := e.accounts.Register(t.Context(), auth.Credentials{Email: email, Password: "correct horse battery"})
	check(t, err)
	user, err := e.accounts.Authenticate(t.Context(), tokens.AccessToken)
	check(t, err)
	return user
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestKeyHasAFormThatScannersCanCheck(t *testing.T) {
	t.Attr("case", "K06")
	t.Parallel()
	e := setup(t)
	seen := map[string]bool{}
	for range 20 {
		key, secret, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
		check(t, err)
		if len(secret) != 44 || !apikey.IsWellFormed(secret) || !strings.HasPrefix(secret, key.Prefix) ||
			len(key.Prefix) != 8 || seen[secret] {
			t.Errorf("key %q with the prefix %q", secret, key.Prefix)
		}
		seen[secret] = true
		for i := range len(secret) {
			changed := []byte(secret)
			if changed[i] = 'a'; secret[i] == 'a' {
				changed[i] = 'b'
			}
			if apikey.IsWellFormed(string(changed)) {
				t.Errorf("%q with another character %d is well-formed", secret, i)
			}
		}
		if !apikey.IsIn("/x?adv_&k="+secret+"&b") || apikey.IsIn("/x?k="+secret[:43]) {
			t.Errorf("%q is not found in a URL, or a part of it is", secret)
		}
	}
}

func TestKeyWithAWrongChecksumCostsNoQuery(t *testing.T) {
	t.Attr("case", "K06")
	t.Parallel()
	e := setup(t)
	e.db.Close()
	_, err := e.keys.Find(t.Context(), "adv_"+strings.Repeat("0", 40))
	wantCode(t, err, fault.TokenInvalid)
	_, err = e.keys.FindFresh(t.Context(), "adv_"+strings.Repeat("1", 40))
	wantCode(t, err, fault.TokenInvalid)
}

func TestOnlyTheHashOfAKeyIsStored(t *testing.T) {
	t.Attr("case", "K09")
	t.Parallel()
	e := setup(t)
	_, secret, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
	check(t, err)
	var row string
	check(t, e.db.Pool.QueryRow(t.Context(), "SELECT k::text FROM api_keys k").Scan(&row))
	if strings.Contains(row, secret[8:]) || !strings.Contains(row, secret[:8]) {
		t.Errorf("row %s", row)
	}
}

func TestConcurrentCreationsMakeAtMost20Keys(t *testing.T) {
	t.Attr("case", "K10")
	t.Parallel()
	e := setup(t)
	var group sync.WaitGroup
	failures := make(chan error, 30)
	for range 30 {
		group.Go(func() {
			_, _, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
			failures <- err
		})
	}
	group.Wait()
	close(failures)
	made := 0
	for err := range failures {
		if err == nil {
			made++
			continue
		}
		wantCode(t, err, fault.TooManyKeys)
	}
	list, err := e.keys.List(t.Context(), e.owner.ID)
	check(t, err)
	if made != 20 || len(list) != 20 {
		t.Errorf("made %d, listed %d", made, len(list))
	}
	check(t, e.keys.Revoke(t.Context(), e.owner, list[0].ID))
	_, _, err = e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "x", Scopes: []string{"chat"}})
	if err != nil {
		t.Errorf("after a revocation: %v", err)
	}
}

func TestEndedSessionCreatesNoKey(t *testing.T) {
	t.Attr("case", "K11")
	t.Parallel()
	e := setup(t)
	check(t, e.accounts.Logout(t.Context(), e.owner))
	_, _, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
	wantCode(t, err, fault.TokenInvalid)
}

func TestLoggingOutEverywhereLeavesNoKeyCreatedMeanwhile(t *testing.T) {
	t.Attr("case", "K11")
	t.Parallel()
	e := setup(t)
	for range 10 {
		tokens, err := e.accounts.Login(t.Context(), auth.Credentials{
			Email: "anna@example.com", Password: "correct horse battery",
		})
		check(t, err)
		user, err := e.accounts.Authenticate(t.Context(), tokens.AccessToken)
		check(t, err)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				_, _, err := e.keys.Create(t.Context(), user, apikey.Request{Name: "test", Scopes: []string{"chat"}})
				if err != nil {
					wantCode(t, err, fault.TokenInvalid)
				}
			})
		}
		group.Go(func() {
			if err := e.accounts.LogoutEverywhere(t.Context(), user, true); err != nil {
				t.Errorf("log-out: %v", err)
			}
		})
		group.Wait()
		if left, err := e.keys.List(t.Context(), user.ID); err != nil || len(left) != 0 {
			t.Fatalf("left %v, %v", left, err)
		}
	}
}

func TestKeysOfOthersLookUnknown(t *testing.T) {
	t.Attr("case", "K12")
	t.Parallel()
	e := setup(t)
	key, secret, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
	check(t, err)
	bob := e.register(t, "bob@example.com")
	wantCode(t, e.keys.Revoke(t.Context(), bob, key.ID), fault.NotFound)
	wantCode(t, e.keys.Revoke(t.Context(), bob, uuid.New()), fault.NotFound)
	if list, err := e.keys.List(t.Context(), bob.ID); err != nil || len(list) != 0 {
		t.Errorf("bob sees %v, %v", list, err)
	}
	if _, err := e.keys.Find(t.Context(), secret); err != nil {
		t.Errorf("the key: %v", err)
	}
}

func TestLastUseIsKeptToTheHour(t *testing.T) {
	t.Attr("case", "K22")
	t.Parallel()
	e := setup(t)
	_, secret, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
	check(t, err)
	lastUse := func() *time.Time {
		list, err := e.keys.List(t.Context(), e.owner.ID)
		check(t, err)
		return list[0].LastUsedAt
	}
	if at := lastUse(); at != nil {
		t.Errorf("before any use: %v", at)
	}
	for _, want := range []int{12, 12, 13} {
		_, err := e.keys.Find(t.Context(), secret)
		check(t, err)
		if at := lastUse(); at == nil || !at.Equal(time.Date(2026, 3, 1, want, 0, 0, 0, time.UTC)) {
			t.Errorf("last used at %v, want %d:00", at, want)
		}
		e.advance(30 * time.Minute)
	}
}

func TestOldKeysArePruned(t *testing.T) {
	t.Attr("case", "K23")
	t.Parallel()
	e := setup(t)
	for _, name := range []string{"expires", "revoked", "stays"} {
		in := apikey.Request{Name: name, Scopes: []string{"chat"}}
		if name == "expires" {
			in.ExpiresAt = e.clock().Add(time.Hour)
		}
		key, _, err := e.keys.Create(t.Context(), e.owner, in)
		check(t, err)
		if name == "revoked" {
			check(t, e.keys.Revoke(t.Context(), e.owner, key.ID))
		}
	}
	rows := func() (names []string) {
		got, err := e.db.Pool.Query(t.Context(), "SELECT name FROM api_keys")
		check(t, err)
		names, err = pgx.CollectRows(got, pgx.RowTo[string])
		check(t, err)
		slices.Sort(names)
		return names
	}
	e.advance(30 * 24 * time.Hour)
	check(t, e.keys.Prune(t.Context()))
	if got := rows(); !slices.Equal(got, []string{"expires", "stays"}) {
		t.Errorf("after 30 days: %v", got)
	}
	e.advance(time.Hour)
	check(t, e.keys.Prune(t.Context()))
	if got := rows(); !slices.Equal(got, []string{"stays"}) {
		t.Errorf("an hour later: %v", got)
	}
}

func TestOwnerIsNotifiedInTheSameTransaction(t *testing.T) {
	t.Attr("case", "K24")
	t.Parallel()
	var told []uuid.UUID
	failing := false
	e := setup(t, func(c *apikey.Config) {
		c.NotifyCreated = func(_ context.Context, _ pgx.Tx, user uuid.UUID) error {
			if told = append(told, user); failing {
				return errors.New("no outbox")
			}
			return nil
		}
	})
	create := func() error {
		_, _, err := e.keys.Create(t.Context(), e.owner, apikey.Request{Name: "test", Scopes: []string{"chat"}})
		return err
	}
	check(t, create())
	failing = true
	if create() == nil || !slices.Equal(told, []uuid.UUID{e.owner.ID, e.owner.ID}) {
		t.Errorf("told %v", told)
	}
	if list, err := e.keys.List(t.Context(), e.owner.ID); err != nil || len(list) != 1 {
		t.Errorf("a key whose owner was not told: %v, %v", list, err)
	}
}
