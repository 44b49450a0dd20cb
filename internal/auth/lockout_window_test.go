package auth_test

import (
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
)

func TestRareWrongPasswordsNeverLockOut(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	registerAt(t, s, home)
	for range 40 { // an app with an old password, beside one with the right one
		wantCode(t, loginAt(t.Context(), s, "wrong", home), "invalid_credentials")
		wantCode(t, loginAt(t.Context(), s, password, home), "")
		e.clock.Advance(5 * time.Minute)
	}
}

func TestRightPasswordsDoNotKeepWrongOnesCounted(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	registerAt(t, s, home)
	for range 9 {
		wantCode(t, loginAt(t.Context(), s, "wrong", home), "invalid_credentials")
	}
	for range 4 {
		e.clock.Advance(5 * time.Minute)
		wantCode(t, loginAt(t.Context(), s, password, home), "")
	}
	wantCounts(t, s, 10, "invalid_credentials", func() error { return loginAt(t.Context(), s, "wrong", home) })
}

func TestLockoutEndsWhenRetryAfterSays(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	registerAt(t, s, home)
	for range 10 {
		wantCode(t, loginAt(t.Context(), s, "wrong", home), "invalid_credentials")
		e.clock.Advance(time.Minute)
	}
	for range 10 { // each makes room for one
		err := loginAt(t.Context(), s, "wrong", home)
		wantCode(t, err, "rate_limited")
		wait := fault.From(err).RetryAfter
		e.clock.Advance(wait - time.Second)
		wantCode(t, loginAt(t.Context(), s, password, home), "rate_limited")
		e.clock.Advance(time.Second)
		wantCode(t, loginAt(t.Context(), s, "wrong", home), "invalid_credentials")
	}
}

func TestAttemptsOfAClockAYearAheadDoNotLockOut(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	registerAt(t, s, home)
	year := 365 * 24 * time.Hour
	e.clock.Advance(year)
	wantCounts(t, s, 10, "invalid_credentials", func() error { return loginAt(t.Context(), s, "wrong", home) })
	e.clock.Advance(-year)
	wantCounts(t, s, 10, "invalid_credentials", func() error { return loginAt(t.Context(), s, "wrong", home) })
}

func TestDeviceIsNotHeldUpByStrangersBehindItsAddress(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	tokens, user := registerAt(t, s, home)
	wantCode(t, s.Logout(t.Context(), user), "")
	wantCounts(t, s, 10, "invalid_credentials", func() error { return loginAt(t.Context(), s, "wrong", home) })
	login := func(secret string) error {
		_, err := s.Login(t.Context(), auth.Credentials{
			Email: email, Password: secret, RefreshToken: tokens.RefreshToken, From: home,
		})
		return err
	}
	wantCode(t, login(password), "")
	wantCounts(t, s, 10, "invalid_credentials", func() error { return login("wrong") })
	// What a device got wrong counts for its network.
	e.clock.Advance(15 * time.Minute)
	for range 10 {
		wantCode(t, login("wrong"), "invalid_credentials")
	}
	wantCode(t, loginAt(t.Context(), s, password, home), "rate_limited")
}
