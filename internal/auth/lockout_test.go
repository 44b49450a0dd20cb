package auth_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

func limited(c *auth.Config) { c.LoginFailures = auth.DefaultLoginFailures }

var home = netip.MustParseAddr("203.0.113.1")

// stranger returns the n-th of many IPv4 addresses.
func stranger(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, byte(18 + n>>16), byte(n >> 8), byte(n)})
}

// registerAt creates the account from an address, which is known to it from then on.
func registerAt(t *testing.T, s *auth.Service, from netip.Addr) (auth.Tokens, identity.User) {
	t.Helper()
	tokens, err := s.Register(t.Context(), auth.Credentials{Email: email, Password: password, From: from})
	wantCode(t, err, "")
	return tokens, authenticated(t, s, tokens)
}

func loginAt(ctx context.Context, s *auth.Service, secret string, from netip.Addr) error {
	_, err := s.Login(ctx, auth.Credentials{Email: email, Password: secret, From: from})
	return err
}

// wantCounts fails unless n attempts are checked and the next is refused.
func wantCounts(t *testing.T, s *auth.Service, n int, wrong fault.Code, try func() error) {
	t.Helper()
	for range n {
		wantCode(t, try(), wrong)
	}
	before := s.PasswordChecks()
	wantCode(t, try(), "rate_limited")
	if s.PasswordChecks() != before {
		t.Error("a refused attempt was checked")
	}
}

func TestWrongPasswordsFromOneNetworkAreLimitedOnEveryReplica(t *testing.T) {
	t.Attr("case", "C14")
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	a, b := e.replica(t, limited), e.replica(t, limited)
	registerAt(t, a, home)
	for i := range 10 {
		s := []*auth.Service{a, b}[i%2]
		wantCode(t, loginAt(t.Context(), s, "wrong password", stranger(1)), "invalid_credentials")
	}
	err := loginAt(t.Context(), b, password, stranger(1))
	wantCode(t, err, "rate_limited")
	if wait := fault.From(err).RetryAfter; wait != 15*time.Minute {
		t.Errorf("Retry-After is %v", wait)
	}
	wantCode(t, loginAt(t.Context(), b, password, home), "")
	wantCode(t, loginAt(t.Context(), b, password, stranger(2)), "") // the owner elsewhere
	e.clock.Advance(15 * time.Minute)
	wantCode(t, loginAt(t.Context(), a, password, stranger(1)), "")
}

func TestWrongPasswordsCountOverEveryRoute(t *testing.T) {
	t.Attr("case", "A01")
	t.Attr("case", "A02")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	_, user := registerAt(t, s, home)
	thief := stranger(1)
	routes := []func(from netip.Addr) error{
		func(from netip.Addr) error {
			return s.ChangePassword(t.Context(), user, from, "wrong", "another good one")
		},
		func(from netip.Addr) error { return s.RequestDeletion(t.Context(), user, from, "wrong") },
		func(from netip.Addr) error { return loginAt(t.Context(), s, "wrong", from) },
	}
	start, refused := s.PasswordChecks(), 0
	for i := range 300 {
		err := routes[i%3](thief)
		switch code := fault.From(err).Code; {
		case code == fault.RateLimited:
			refused++
		case i%3 < 2 && code != fault.PasswordWrong, i%3 == 2 && code != fault.InvalidCredentials:
			t.Fatalf("attempt %d: %v", i, err)
		}
		if i%20 == 0 {
			before := s.PasswordChecks()
			wantCode(t, loginAt(t.Context(), s, password, home), "")
			start += s.PasswordChecks() - before // the owner's own
		}
	}
	if checked := s.PasswordChecks() - start; checked > 10 || refused < 290 {
		t.Errorf("%d guesses were checked, %d refused", checked, refused)
	}
}

func TestWrongPasswordsBehindATokenAreLimitedOverAllNetworks(t *testing.T) {
	t.Attr("case", "A01")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	_, stolen := registerAt(t, s, home)
	tokens, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password, From: home})
	wantCode(t, err, "")
	other := authenticated(t, s, tokens)
	n := 0
	wantCounts(t, s, 10, "password_wrong", func() error {
		n++
		user := []identity.User{stolen, other}[n%2] // the account's limit holds over sessions
		return s.ChangePassword(t.Context(), user, stranger(n), "wrong", "another good one")
	})
	wantCode(t, s.RequestDeletion(t.Context(), other, home, "wrong"), "rate_limited")
	wantCode(t, loginAt(t.Context(), s, password, home), "")
	e.clock.Advance(15*time.Minute - time.Second)
	wantCode(t, s.RequestDeletion(t.Context(), other, home, password), "rate_limited")
	e.clock.Advance(time.Second)
	wantCode(t, s.ChangePassword(t.Context(), other, home, password, "another good one"), "")
}

func TestConcurrentGuessesDoNotExceedTheLimit(t *testing.T) {
	t.Attr("case", "A01")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t, limited), e.replica(t, limited)}
	_, user := registerAt(t, replicas[0], home)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			s := replicas[i%2]
			_ = s.ChangePassword(t.Context(), user, home, "wrong", "another good one")
			_ = loginAt(t.Context(), s, "wrong", home)
		})
	}
	wg.Wait()
	if checked := replicas[0].PasswordChecks() + replicas[1].PasswordChecks(); checked > 10 {
		t.Errorf("%d guesses were checked", checked)
	}
}

func TestWiderIPv6NetworksHaveRisingLimits(t *testing.T) {
	t.Attr("case", "S6")
	t.Parallel()
	for name, row := range map[string]struct {
		addresses string
		want      int
	}{
		"one /64": {"2001:db8:1:1::%x", 10}, "one /56": {"2001:db8:1:%x::1", 20}, "one /48": {"2001:db8:1:%x00::1", 40},
		"many": {"2001:db8:%x::1", 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newEnv(t).replica(t, limited)
			registerAt(t, s, home)
			n := 0
			wantCounts(t, s, row.want, "invalid_credentials", func() error {
				n++
				return loginAt(t.Context(), s, "wrong", netip.MustParseAddr(fmt.Sprintf(row.addresses, n%200)))
			})
			wantCode(t, loginAt(t.Context(), s, password, home), "")
		})
	}
}

func TestUnknownAddressesAreLimitedLikeKnownOnes(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	n := 0
	wantCounts(t, s, 100, "invalid_credentials", func() error {
		n++
		return loginAt(t.Context(), s, "wrong", stranger(n))
	})
	before := s.PasswordChecks()
	for range 30 { // no account, no count, no hash
		_, err := s.Login(t.Context(), auth.Credentials{Email: "a b@example.com", Password: "wrong", From: home})
		wantCode(t, err, "invalid_credentials")
	}
	if s.PasswordChecks() != before {
		t.Error("a password was checked for what is no e-mail address")
	}
}

func TestDeviceWithItsOldRefreshTokenIsNotHeldUpByStrangers(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	tokens, user := registerAt(t, s, home)
	wantCode(t, s.Logout(t.Context(), user), "")
	for n := range 100 {
		wantCode(t, loginAt(t.Context(), s, "wrong", stranger(n)), "invalid_credentials")
	}
	away := stranger(200)
	login := func(secret, refreshToken string) error {
		_, err := s.Login(t.Context(), auth.Credentials{
			Email: email, Password: secret, RefreshToken: refreshToken, From: away,
		})
		return err
	}
	bob, err := s.Register(t.Context(), auth.Credentials{Email: "bob@example.com", Password: password})
	wantCode(t, err, "")
	for _, useless := range []string{"", "nonsense", tokens.RefreshToken + "x", tokens.AccessToken, bob.RefreshToken} {
		wantCode(t, login(password, useless), "rate_limited")
	}
	wantCode(t, login(password, tokens.RefreshToken), "")
	away = stranger(201)
	n := 300
	wantCounts(t, s, 10, "invalid_credentials", func() error { // a stolen one is limited over all networks
		n++
		away = stranger(n)
		return login("wrong", tokens.RefreshToken)
	})
}

func TestOneStrangerAtATimeIsChecked(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited, func(c *auth.Config) { c.BcryptCost = 8 })
	registerAt(t, s, home)
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() { errs[i] = loginAt(t.Context(), s, "wrong", stranger(i)) })
	}
	wg.Wait()
	refused := 0
	for _, err := range errs {
		if fault.From(err).Code == fault.RateLimited {
			refused++
			if wait := fault.From(err).RetryAfter; wait != time.Second {
				t.Errorf("Retry-After is %v", wait)
			}
		}
	}
	if refused == 0 || refused == len(errs) {
		t.Errorf("%d of %d refused", refused, len(errs))
	}
	wantCode(t, loginAt(t.Context(), s, "wrong", stranger(50)), "invalid_credentials") // the place is free again
}

func TestNetworksAreKnownForNinetyDays(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, limited)
	registerAt(t, s, home)
	hammer := func() {
		for n := range 100 {
			_ = loginAt(t.Context(), s, "wrong", stranger(n))
		}
	}
	e.clock.Advance(89 * 24 * time.Hour)
	hammer()
	wantCode(t, loginAt(t.Context(), s, password, home), "") // known for another 90 days
	e.clock.Advance(89 * 24 * time.Hour)
	hammer()
	// A new pepper keeps the networks and the passwords.
	rolled := e.replica(t, limited, func(c *auth.Config) {
		c.Pepper, c.PreviousPeppers = "a new pepper", []string{c.Pepper}
	})
	wantCode(t, loginAt(t.Context(), rolled, password, home), "")
	e.clock.Advance(91 * 24 * time.Hour)
	hammer()
	wantCode(t, loginAt(t.Context(), s, password, home), "rate_limited")
	for n := range 40 {
		e.clock.Advance(25 * time.Hour)
		wantCode(t, loginAt(t.Context(), rolled, password, stranger(n)), "")
	}
	if n := e.count(t, "SELECT count(*) FROM known_networks"); n != 32 {
		t.Errorf("%d networks are kept", n)
	}
}

func TestOwnerSignsInWhileAThousandAddressesGuess(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	guessForHours(t, 3)
}

// guessForHours guesses from a thousand addresses, far more often than is allowed, while the owner signs in.
func guessForHours(t *testing.T, hours int) {
	t.Helper()
	e := newEnv(t)
	s := e.replica(t, limited)
	registerAt(t, s, home)
	start, own := s.PasswordChecks(), uint64(0)
	for minute := 0; minute < hours*60; minute += 5 {
		for n := range 13 {
			_ = loginAt(t.Context(), s, "wrong password", stranger((minute*13+n)%1000))
		}
		if minute%30 == 0 {
			wantCode(t, loginAt(t.Context(), s, password, home), "")
			own++
		}
		e.clock.Advance(5 * time.Minute)
	}
	// 2,500 in a day: 100 an hour, and 100 more for the window that began before.
	if checked := s.PasswordChecks() - start - own; checked > uint64(100*(hours+1)) || checked < 100 {
		t.Errorf("%d guesses were checked in %d hours", checked, hours)
	}
}

func TestLockoutIsReportedOnceADay(t *testing.T) {
	t.Attr("case", "S5")
	t.Parallel()
	e := newEnv(t)
	var logged bytes.Buffer
	s := e.replica(t, limited, func(c *auth.Config) { c.Log = slog.New(slog.NewJSONHandler(&logged, nil)) })
	_, user := registerAt(t, s, home)
	for range 2 {
		logged.Reset()
		for n := range 15 {
			_ = loginAt(t.Context(), s, "wrong", stranger(n%2))
			_, _ = s.Login(t.Context(), auth.Credentials{Email: "nobody@example.com", Password: "wrong", From: home})
		}
		for range 15 {
			_ = loginAt(t.Context(), s, "wrong", stranger(0))
		}
		text := logged.String()
		if strings.Count(text, "too many wrong passwords") != 1 || strings.Count(text, "sign_in_blocked") != 1 ||
			!strings.Contains(text, user.ID.String()) || strings.Contains(text, email) {
			t.Errorf("logged %s", text)
		}
		e.clock.Advance(24 * time.Hour)
	}
}

func TestPreviousPepperStillVerifiesAndIsReplaced(t *testing.T) {
	t.Attr("case", "S16")
	t.Parallel()
	e := newEnv(t)
	old := e.replica(t)
	register(t, old)
	rolled := e.replica(t, func(c *auth.Config) { c.Pepper, c.PreviousPeppers = "new", []string{"other", c.Pepper} })
	after := e.replica(t, func(c *auth.Config) { c.Pepper = "new" })
	wantCode(t, loginAt(t.Context(), rolled, "wrong", home), "invalid_credentials")
	wantCode(t, loginAt(t.Context(), after, password, home), "invalid_credentials")
	wantCode(t, loginAt(t.Context(), rolled, password, home), "")
	wantCode(t, loginAt(t.Context(), after, password, home), "")
	wantCode(t, loginAt(t.Context(), old, password, home), "invalid_credentials")
}
