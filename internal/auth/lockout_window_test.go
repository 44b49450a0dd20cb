package auth_test

import (
	"testing"
	"time"

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
