package auth_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestDeletionSurvivesRestartAndOutage(t *testing.T) {
	t.Attr("case", "C134")
	t.Parallel()
	e := newEnv(t)
	var purged []uuid.UUID
	errAway := errors.New("storage is unavailable")
	step := func(result *error) func(*auth.Config) {
		return func(c *auth.Config) {
			c.Deletion = []auth.DeletionStep{{Name: "backups", Run: func(_ context.Context, id uuid.UUID) error {
				purged = append(purged, id)
				return *result
			}}}
		}
	}
	s := e.replica(t, step(&errAway))
	tokens, user := register(t, s)
	wantCode(t, s.RequestDeletion(t.Context(), user, netip.Addr{}, "wrong password", false), "password_wrong")
	wantCode(t, s.RequestDeletion(t.Context(), user, netip.Addr{}, password, false), "")
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "invalid_credentials")
	_, err = s.Refresh(t.Context(), tokens.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
	if done, err := s.DeleteDue(t.Context()); done != 0 || !errors.Is(err, errAway) {
		t.Errorf("with storage unavailable: %d, %v", done, err)
	}
	if done, err := s.DeleteDue(t.Context()); done != 0 || err != nil {
		t.Errorf("retried without a pause: %d, %v", done, err)
	}
	// The e-mail is free while the job waits.
	_, err = s.Register(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")

	var noErr error
	restarted := e.replica(t, step(&noErr))
	e.clock.Advance(2 * time.Second)
	if done, err := restarted.DeleteDue(t.Context()); done != 1 || err != nil {
		t.Errorf("after the restart: %d, %v", done, err)
	}
	if len(purged) != 2 || purged[0] != user.ID || purged[1] != user.ID {
		t.Errorf("the step ran for %v, want %v twice", purged, user.ID)
	}
	users := e.count(t, "SELECT count(*) FROM users WHERE id = $1", user.ID)
	if jobs := e.count(t, "SELECT count(*) FROM account_deletions"); users != 0 || jobs != 0 {
		t.Errorf("%d users and %d deletions are left", users, jobs)
	}
	_, err = restarted.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
}

func TestMaintainRunsRequestedDeletions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	gone := make(chan uuid.UUID, 1)
	s := e.replica(t, func(c *auth.Config) {
		c.Deletion = []auth.DeletionStep{{Name: "notify", Run: func(_ context.Context, id uuid.UUID) error {
			gone <- id
			return nil
		}}}
	})
	_, user := register(t, s)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Maintain(ctx)
	}()
	wantCode(t, s.DeleteUser(t.Context(), email, false), "")
	if id := <-gone; id != user.ID {
		t.Errorf("deleted %v", id)
	}
	stop()
	<-ended
}

func TestOperatorCommands(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	p, err := s.CreateUser(t.Context(), "Team@Example.com", password, tier.Pro)
	if err != nil || p.Email != "team@example.com" || p.Tier != tier.Pro {
		t.Fatalf("created %+v, %v", p, err)
	}
	_, err = s.CreateUser(t.Context(), "team@example.com", password, tier.Free)
	wantCode(t, err, "email_taken")
	tokens, _ := register(t, s)
	var emails []string
	after := uuid.Nil
	for range 2 {
		page, err := s.Users(t.Context(), after, 1)
		wantCode(t, err, "")
		emails, after = append(emails, page[0].Email), page[0].ID
	}
	if len(emails) != 2 || emails[0] != "team@example.com" || emails[1] != email {
		t.Errorf("listed %v", emails)
	}
	wantCode(t, s.RevokeSessions(t.Context(), email), "")
	_, err = s.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, "token_invalid")
	_, err = s.Refresh(t.Context(), tokens.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
	for _, err := range []error{
		s.SetTier(t.Context(), "nobody@example.com", tier.Pro, 1), s.RevokeSessions(t.Context(), "nobody@example.com"),
		s.DeleteUser(t.Context(), "nobody@example.com", false),
	} {
		wantCode(t, err, "not_found")
	}
	wantCode(t, s.SetTier(t.Context(), email, tier.Team, 0), "validation_failed")
	wantCode(t, s.DeleteUser(t.Context(), email, false), "")
	wantCode(t, s.DeleteUser(t.Context(), email, false), "not_found")
}

func TestSweepDeletesExpiredSessionsAndAttempts(t *testing.T) {
	t.Attr("case", "S8")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.LoginFailures = 3 })
	register(t, s)
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: "wrong password"})
	wantCode(t, err, "invalid_credentials")
	wantCode(t, s.Sweep(t.Context()), "")
	left := "SELECT (SELECT count(*) FROM refresh_tokens) + (SELECT count(*) FROM password_attempts) + " +
		"(SELECT count(*) FROM known_networks)"
	if n := e.count(t, left); n != 3 { // a session, a network and its count
		t.Errorf("%d rows, want 3", n)
	}
	more := `INSERT INTO refresh_tokens
		(id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at)
		SELECT gen_random_uuid(), u.id, '', r.ends_at, r.ends_at, r.ends_at, r.ends_at, r.ends_at
		FROM users u, refresh_tokens r, generate_series(1, 2500)` // more than a batch
	if _, err := e.db.Pool.Exec(t.Context(), more); err != nil {
		t.Fatal(err)
	}
	e.clock.Advance(120 * 24 * time.Hour)
	wantCode(t, s.Sweep(t.Context()), "")
	if n := e.count(t, left); n != 0 {
		t.Errorf("%d rows left", n)
	}
}
