package auth_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
)

func refresh(t testing.TB, s *auth.Service, old auth.Tokens, key string) auth.Tokens {
	t.Helper()
	next, err := s.Refresh(t.Context(), old.RefreshToken, key)
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestC28_RefreshRotates(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	r1, _ := register(t, s)
	r2 := refresh(t, s, r1, "")
	if r2.RefreshToken == r1.RefreshToken {
		t.Error("the token was not rotated")
	}
	authenticated(t, s, r2)
	if h.count(t, "SELECT count(*) FROM refresh_tokens r WHERE strpos(r::text, $1) > 0", r2.RefreshToken) != 0 {
		t.Error("the database holds a usable token")
	}
}

func TestC29_RacingRefreshesGetOneSuccessor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	replicas := []*auth.Service{h.replica(t), h.replica(t)}
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
			t.Errorf("answer %d differs", i)
		}
	}
	if h.count(t, "SELECT counter FROM refresh_tokens") != 2 {
		t.Error("rotated more than once")
	}
	refresh(t, replicas[1], got[0], "")
}

func TestC30_ReuseEndsTheFamily(t *testing.T) {
	t.Parallel()
	for name, present := range map[string]func(r1, r2 auth.Tokens) auth.Tokens{
		"grandparent": func(r1, _ auth.Tokens) auth.Tokens { return r1 },
		"parent late": func(_, r2 auth.Tokens) auth.Tokens { return r2 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			s := h.replica(t)
			r1, _ := register(t, s)
			r2 := refresh(t, s, r1, "k1")
			r3 := refresh(t, s, r2, "k2")
			if name == "parent late" {
				h.clock.Pass(11 * time.Second)
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

func TestC33_LostAnswerByIdempotencyKey(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	r1, _ := register(t, s)
	r2 := refresh(t, s, r1, "k")
	h.clock.Pass(time.Hour)
	again := refresh(t, s, r1, "k")
	if again.RefreshToken != r2.RefreshToken {
		t.Error("another successor")
	}
	authenticated(t, s, again)
	_, err := s.Refresh(t.Context(), r1.RefreshToken, "another")
	wantCode(t, err, "refresh_reused")
	_, err = s.Refresh(t.Context(), r2.RefreshToken, strings.Repeat("k", 256))
	wantCode(t, err, "validation_failed")
}

func TestC36_ReuseLeavesOtherFamilies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	f1, _ := register(t, s)
	f2, err := s.Login(t.Context(), email, password)
	wantCode(t, err, "")
	refresh(t, s, refresh(t, s, f1, ""), "")
	_, err = s.Refresh(t.Context(), f1.RefreshToken, "")
	wantCode(t, err, "refresh_reused")
	refresh(t, s, f2, "")
}

func TestC38_WrongRefreshTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	good, _ := register(t, s)
	h.db.Close() // whatever needs the database would now be told apart
	parts := strings.Split(good.RefreshToken, ".")
	for _, bad := range []string{
		"", strings.Repeat("x", 10_000), good.RefreshToken[:len(good.RefreshToken)-1] + "!", good.RefreshToken + "=",
		"v1." + other(t).String() + "." + parts[2] + "." + parts[3],
		"v1." + parts[1] + ".2." + parts[3], "v1." + parts[1] + ".01." + parts[3], "v1." + strings.ToUpper(parts[1]) + ".1." + parts[3],
		"v2." + strings.Join(parts[1:], "."), good.AccessToken,
	} {
		_, err := s.Refresh(t.Context(), bad, "")
		wantCode(t, err, "refresh_invalid")
	}
	_, err := s.Refresh(t.Context(), good.RefreshToken, "")
	wantCode(t, err, "db_unavailable")
}

func TestC39_IdleAndAbsoluteLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	idle, _ := register(t, s)
	busy, err := s.Login(t.Context(), email, password)
	wantCode(t, err, "")
	for range 3 {
		h.clock.Pass(29 * 24 * time.Hour)
		busy = refresh(t, s, busy, "")
	}
	_, err = s.Refresh(t.Context(), idle.RefreshToken, "")
	wantCode(t, err, "refresh_expired")
	h.clock.Pass(3 * 24 * time.Hour)
	_, err = s.Refresh(t.Context(), busy.RefreshToken, "")
	wantCode(t, err, "refresh_expired")
}

func TestC41_LogoutAndPasswordChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, b := h.replica(t), h.replica(t)
	first, user := register(t, a)
	second, err := a.Login(t.Context(), email, password)
	wantCode(t, err, "")
	authenticated(t, a, second)
	wantCode(t, a.ChangePassword(t.Context(), user, "not the password", "another good one"), "invalid_credentials")
	wantCode(t, a.ChangePassword(t.Context(), user, password, "password"), "validation_failed")
	wantCode(t, a.ChangePassword(t.Context(), user, password, "another good one"), "")
	_, err = a.Authenticate(t.Context(), second.AccessToken)
	wantCode(t, err, "token_invalid")
	_, err = b.Refresh(t.Context(), second.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
	_, err = b.Login(t.Context(), email, password)
	wantCode(t, err, "invalid_credentials")
	first = refresh(t, b, first, "")
	for range 2 {
		ended, err := a.AuthenticateEnded(first.AccessToken)
		wantCode(t, err, "")
		wantCode(t, a.Logout(t.Context(), ended, false), "")
		_, err = a.Authenticate(t.Context(), first.AccessToken)
		wantCode(t, err, "token_invalid")
	}
	_, err = a.Refresh(t.Context(), first.RefreshToken, "")
	wantCode(t, err, "refresh_invalid")
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	_, user := register(t, s)
	h.clock.Pass(time.Second)
	phone, err := s.Login(t.Context(), email, password)
	wantCode(t, err, "")
	list, err := s.Sessions(t.Context(), user)
	wantCode(t, err, "")
	if len(list) != 2 || list[0].Current || !list[1].Current || list[1].ID != user.Session {
		t.Fatalf("sessions %+v", list)
	}
	for range 2 {
		wantCode(t, s.EndSession(t.Context(), user, list[0].ID), "")
	}
	_, err = s.Authenticate(t.Context(), phone.AccessToken)
	wantCode(t, err, "token_invalid")
	wantCode(t, s.EndSession(t.Context(), user, other(t)), "not_found")
	_, err = s.Register(t.Context(), "bob@example.com", password)
	wantCode(t, err, "")
	bob, err := s.Login(t.Context(), "bob@example.com", password)
	wantCode(t, err, "")
	wantCode(t, s.EndSession(t.Context(), authenticated(t, s, bob), user.Session), "not_found")
	wantCode(t, s.Logout(t.Context(), user, true), "")
	if list, err = s.Sessions(t.Context(), user); err != nil || len(list) != 0 {
		t.Errorf("after logout of all: %v, %v", list, err)
	}
}
