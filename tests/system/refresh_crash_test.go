package system_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// What is on the wire when a transaction is committed.
const (
	commitRequest = "commit\x00"
	commitReply   = "COMMIT\x00"
)

// TestRefreshSurvivesDatabaseCrash kills PostgreSQL after a rotation was written, once before and once after its
// commit. Either way the client gets 503, and retries with the same idempotency key return one and the same new
// token, which works.
func TestRefreshSurvivesDatabaseCrash(t *testing.T) {
	t.Attr("case", "C37")
	t.Parallel()
	for name, c := range map[string]struct {
		mark    string
		counter int // what the database holds after the crash
	}{
		"before the commit": {commitRequest, 1},
		"after the commit":  {commitReply, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refreshAcrossCrash(t, c.mark, c.counter)
		})
	}
}

// refreshAcrossCrash kills PostgreSQL when the message with that mark is on the wire. wantCounter is the session's
// token counter in the database after the crash.
func refreshAcrossCrash(t *testing.T, mark string, wantCounter int) {
	t.Helper()
	server := pgtest.Start(t)
	direct := server.DB()
	wire := pgtest.NewProxy(t, server.DSN())
	db, err := postgres.Open(t.Context(), wire.DSN)
	check(t, err)
	t.Cleanup(db.Close)
	a := start(t, nil, withAccountsOn(t, db))
	account := a.Do("POST", "/api/v1/auth/register",
		fmt.Sprintf(`{"email":"a@example.com","password":%q}`, password), nil)
	first := account.JSON(t)["refresh_token"].(string)
	refresh := func(token, key string) (answer, error) {
		return a.tryDo("POST", "/api/v1/auth/refresh", fmt.Sprintf(`{"refresh_token":%q}`, token),
			header{"Idempotency-Key": key})
	}

	held := wire.BreakOn(mark)
	lost := make(chan answer, 1)
	go func() {
		got, err := refresh(first, "k")
		if err != nil {
			t.Error(err)
		}
		lost <- got
	}()
	<-held.Reached
	server.Kill()
	held.Drop()
	if got := <-lost; got.Status != http.StatusServiceUnavailable || got.Code() != "db_unavailable" {
		t.Errorf("killed before the response: %d %s", got.Status, got.Body)
	}
	server.Start()
	counter := func() (n int) {
		t.Helper()
		check(t, direct.Pool.QueryRow(t.Context(), "SELECT counter FROM refresh_tokens").Scan(&n))
		return n
	}
	pgtest.Eventually(t, maxRecovery, func() error { return direct.Ping(t.Context()) })
	if n := counter(); n != wantCounter {
		t.Fatalf("after the crash the session is at token %d, want %d", n, wantCounter)
	}
	var second string
	pgtest.Eventually(t, maxRecovery, func() error {
		got, err := refresh(first, "k")
		if err != nil || got.Status != http.StatusOK {
			return fmt.Errorf("retry: %d %s %w", got.Status, got.Body, err)
		}
		second = got.JSON(t)["refresh_token"].(string)
		return nil
	})
	again, err := refresh(first, "k")
	check(t, err)
	if again.Status != http.StatusOK || again.JSON(t)["refresh_token"] != second || counter() != 2 {
		t.Errorf("second retry: %d %s, session at token %d", again.Status, again.Body, counter())
	}
	if next, err := refresh(second, "l"); err != nil || next.Status != http.StatusOK || counter() != 3 {
		t.Errorf("refresh with the new token: %d %s %v", next.Status, next.Body, err)
	}
}
