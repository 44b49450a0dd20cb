package auth_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

func refresh(t testing.TB, s *auth.Service, old auth.Tokens, key string) auth.Tokens {
	t.Helper()
	next, err := s.Refresh(t.Context(), old.RefreshToken, key)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestRefreshRotatesTheToken(t *testing.T) {
	t.Attr("case", "C28")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	r1, _ := register(t, s)
	r2 := refresh(t, s, r1, "")
	if r2.RefreshToken == r1.RefreshToken {
		t.Error("the token was not rotated")
	}
	authenticated(t, s, r2)
	if e.count(t, "SELECT count(*) FROM refresh_tokens r WHERE strpos(r::text, $1) > 0", r2.RefreshToken) != 0 {
		t.Error("the database holds a usable refresh token")
	}
}

func TestConcurrentRefreshesGetOneSuccessor(t *testing.T) {
	t.Attr("case", "C29")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	r1, _ := register(t, replicas[0])
	got := make([]auth.Tokens, 20)
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], errs[i] = replicas[i%2].Refresh(t.Context(), r1.RefreshToken, "") })
	}
	wg.Wait()
	for i := range got {
		wantCode(t, errs[i], "")
		if got[i] != got[0] {
			t.Errorf("response %d differs from the first", i)
		}
	}
	if e.count(t, "SELECT counter FROM refresh_tokens") != 2 {
		t.Error("the token was rotated more than once")
	}
	refresh(t, replicas[1], got[0], "")
}

func TestRefreshReuseEndsTheSessionFamily(t *testing.T) {
	t.Attr("case", "C30")
	t.Parallel()
	for name, present := range map[string]func(r1, r2 auth.Tokens) auth.Tokens{
		"older token":          func(r1, _ auth.Tokens) auth.Tokens { return r1 },
		"previous token, late": func(_, r2 auth.Tokens) auth.Tokens { return r2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.replica(t)
			r1, _ := register(t, s)
			r2 := refresh(t, s, r1, "k1")
			r3 := refresh(t, s, r2, "k2")
			if name == "previous token, late" {
				e.clock.Advance(11 * time.Second)
			}
			_, err := s.Refresh(t.Context(), present(r1, r2).RefreshToken, "k1")
			wantCode(t, err, "refresh_reused")
			_, err = s.Refresh(t.Context(), r3.RefreshToken, "")
			wantCode(t, err, "refresh_reused")
			_, err = s.Authenticate(t.Context(), r3.AccessToken)
			wantCode(t, err, "token_invalid")
		})
	}
}

func TestRefreshCanBeRetriedWithItsIdempotencyKey(t *testing.T) {
	t.Attr("case", "C33")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	r1, _ := register(t, s)
	r2 := refresh(t, s, r1, "k")
	e.clock.Advance(time.Hour)
	again := refresh(t, s, r1, "k")
	if again.RefreshToken != r2.RefreshToken {
		t.Error("the retry returned another token")
	}
	authenticated(t, s, again)
	_, err := s.Refresh(t.Context(), r1.RefreshToken, "another")
	wantCode(t, err, "refresh_reused")
	_, err = s.Refresh(t.Context(), r2.RefreshToken, strings.Repeat("k", 256))
	wantCode(t, err, "validation_failed")
}

func TestRefreshReuseLeavesOtherSessions(t *testing.T) {
	t.Attr("case", "C36")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	f1, _ := register(t, s)
	f2, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	refresh(t, s, refresh(t, s, f1, ""), "")
	_, err = s.Refresh(t.Context(), f1.RefreshToken, "")
	wantCode(t, err, "refresh_reused")
	refresh(t, s, f2, "")
}

func TestRefreshRejectsForgedTokensWithoutTheDatabase(t *testing.T) {
	t.Attr("case", "C38")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	good, _ := register(t, s)
	e.db.Close() // a token that gets as far as the database returns db_unavailable
	parts := strings.Split(good.RefreshToken, ".")
	for _, bad := range []string{
		"", strings.Repeat("x", 10_000), good.RefreshToken[:len(good.RefreshToken)-1] + "!", good.RefreshToken + "=",
		"v1." + newID(t).String() + "." + parts[2] + "." + parts[3],
		"v1." + parts[1] + ".2." + parts[3], "v1." + parts[1] + ".01." + parts[3],
		"v1." + strings.ToUpper(parts[1]) + ".1." + parts[3],
		"v2." + strings.Join(parts[1:], "."), good.AccessToken,
	} {
		_, err := s.Refresh(t.Context(), bad, "")
		wantCode(t, err, "refresh_invalid")
	}
	_, err := s.Refresh(t.Context(), good.RefreshToken, "")
	wantCode(t, err, "db_unavailable")
}

func TestSessionsExpireWhenIdleAndByAge(t *testing.T) {
	t.Attr("case", "C39")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	idle, _ := register(t, s)
	busy, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	for range 3 {
		e.clock.Advance(29 * 24 * time.Hour)
		busy = refresh(t, s, busy, "")
	}
	_, err = s.Refresh(t.Context(), idle.RefreshToken, "")
	wantCode(t, err, "refresh_expired")
	e.clock.Advance(3 * 24 * time.Hour)
	_, err = s.Refresh(t.Context(), busy.RefreshToken, "")
	wantCode(t, err, "refresh_expired")
}

func TestLogoutAndPasswordChangeEndSessions(t *testing.T) {
	t.Attr("case", "C41")
	t.Parallel()
	e := newEnv(t)
	a, b := e.replica(t), e.replica(t)
	first, user := register(t, a)
	second, err := a.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	authenticated(t, a, second)
	err = a.ChangePassword(t.Context(), user, netip.Addr{}, "not the password", "another good one")
	wantCode(t, err, "password_wrong")
	wantCode(t, a.ChangePassword(t.Context(), user, netip.Addr{}, password, "password"), "validation_failed")
	wantCode(t, a.ChangePassword(t.Context(), user, netip.Addr{}, password, "another good one"), "")
	_, err = a.Authenticate(t.Context(), second.AccessToken)
	wantCode(t, err, "token_invalid")
	_, err = b.Refresh(t.Context(), second.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
	_, err = b.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "invalid_credentials")
	first = refresh(t, b, first, "")
	for range 2 {
		ended, err := a.AuthenticateEnded(first.AccessToken)
		wantCode(t, err, "")
		wantCode(t, a.Logout(t.Context(), ended), "")
		_, err = a.Authenticate(t.Context(), first.AccessToken)
		wantCode(t, err, "token_invalid")
	}
	_, err = a.Refresh(t.Context(), first.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	e.clock.Advance(time.Second)
	phone, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	list, err := s.Sessions(t.Context(), user, 50, uuid.Nil)
	wantCode(t, err, "")
	if len(list) != 2 || list[0].Current || !list[1].Current || list[1].ID != user.Session {
		t.Fatalf("sessions %+v", list)
	}
	for range 2 {
		wantCode(t, s.EndSession(t.Context(), user, list[0].ID), "")
	}
	_, err = s.Authenticate(t.Context(), phone.AccessToken)
	wantCode(t, err, "token_invalid")
	wantCode(t, s.EndSession(t.Context(), user, newID(t)), "not_found")
	_, err = s.Register(t.Context(), auth.Credentials{Email: "bob@example.com", Password: password})
	wantCode(t, err, "")
	bob, err := s.Login(t.Context(), auth.Credentials{Email: "bob@example.com", Password: password})
	wantCode(t, err, "")
	wantCode(t, s.EndSession(t.Context(), authenticated(t, s, bob), user.Session), "not_found")
	wantCode(t, s.LogoutEverywhere(t.Context(), user, false), "")
	if list, err = s.Sessions(t.Context(), user, 50, uuid.Nil); err != nil || len(list) != 0 {
		t.Errorf("after logging out of all sessions: %v, %v", list, err)
	}
}

func TestLogoutEverywhereNeedsAnOpenSession(t *testing.T) {
	t.Attr("case", "S7")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	login := func() identity.User {
		tokens, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
		wantCode(t, err, "")
		return authenticated(t, s, tokens)
	}
	_, loggedOut := register(t, s)
	wantCode(t, s.Logout(t.Context(), loggedOut), "")
	byPassword, keeper := login(), login()
	wantCode(t, s.ChangePassword(t.Context(), keeper, netip.Addr{}, password, password), "")
	ended := login()
	wantCode(t, s.EndSession(t.Context(), keeper, ended.Session), "")
	foreign := keeper
	foreign.Session = newID(t)
	for name, user := range map[string]identity.User{
		"logged out": loggedOut, "before a password change": byPassword, "ended by another": ended, "unknown": foreign,
	} {
		if err := s.LogoutEverywhere(t.Context(), user, false); fault.From(err).Code != fault.TokenInvalid {
			t.Errorf("%s: %v", name, err)
		}
		wantCode(t, s.Logout(t.Context(), user), "")
	}
	if list, err := s.Sessions(t.Context(), keeper, 50, uuid.Nil); err != nil || len(list) != 1 {
		t.Fatalf("sessions %v, %v", list, err)
	}
	wantCode(t, s.LogoutEverywhere(t.Context(), keeper, false), "")
	wantCode(t, s.LogoutEverywhere(t.Context(), keeper, false), "token_invalid")
	last := login()
	wantCode(t, s.RequestDeletion(t.Context(), last, netip.Addr{}, password), "")
	wantCode(t, s.LogoutEverywhere(t.Context(), last, false), "token_invalid")
	wantCode(t, s.Logout(t.Context(), last), "")
}

func TestUserHasAtMostAHundredSessions(t *testing.T) {
	t.Attr("case", "A03")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	first, user := register(t, s)
	many := `INSERT INTO refresh_tokens
		(id, user_id, token_hash, rotated_at, expires_at, ends_at, last_used_at, created_at)
		SELECT gen_random_uuid(), user_id, '', created_at, expires_at, ends_at, created_at, created_at
		FROM refresh_tokens, generate_series(1, 2500)`
	if _, err := e.db.Pool.Exec(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	e.clock.Advance(time.Minute)
	first = refresh(t, s, first, "") // used last, so it stays
	var oldest auth.Tokens
	for i := range 105 {
		e.clock.Advance(time.Second)
		tokens, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
		wantCode(t, err, "")
		if i == 0 {
			oldest = tokens
		}
		if i == 98 {
			authenticated(t, s, first)
		}
	}
	_, err := s.Authenticate(t.Context(), first.AccessToken)
	wantCode(t, err, "token_invalid")
	_, err = s.Refresh(t.Context(), oldest.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
	seen := map[uuid.UUID]bool{}
	before := uuid.Nil
	for {
		page, err := s.Sessions(t.Context(), user, 30, before)
		wantCode(t, err, "")
		if len(page) == 0 {
			break
		}
		for i, one := range page {
			if i > 0 && one.CreatedAt.After(page[i-1].CreatedAt) {
				t.Error("not newest first")
			}
			seen[one.ID], before = true, one.ID
		}
	}
	if len(seen) != 100 {
		t.Errorf("%d sessions", len(seen))
	}
}
