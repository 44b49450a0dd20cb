package auth_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/tier"
)

func TestC01_RegisterLogsIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	s := h.replica(t)
	tokens, user := register(t, s)
	me, err := s.Me(t.Context(), user)
	wantCode(t, err, "")
	if me.ID != user.ID || me.Email != email || me.Tier != tier.Free || me.Seats != 1 {
		t.Errorf("profile %+v", me)
	}
	if want := h.clock.Now().Add(15 * time.Minute).UnixMilli(); tokens.ExpiresAt != want {
		t.Errorf("expires at %d, want %d", tokens.ExpiresAt, want)
	}
	if n := h.count(t, "SELECT count(*) FROM users WHERE password_hash LIKE '$2%' AND strpos(password_hash, $1) = 0", password); n != 1 {
		t.Error("the password is not kept as a bcrypt hash")
	}
}

func TestC03_EveryByteOfAPasswordCounts(t *testing.T) {
	t.Parallel()
	s := newHouse(t).replica(t)
	emoji := strings.Repeat("🐎", 63)
	_, err := s.Register(t.Context(), email, emoji+"🐎")
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), email, emoji+"🐎")
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), email, emoji+"🐴")
	wantCode(t, err, "invalid_credentials")
}

func TestC04_UnknownAndWrongTakeTheSameTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	old, s := h.replica(t), h.replica(t, func(c *auth.Config) { c.BcryptCost = 6 })
	register(t, old) // at a lower cost than the service's: the refusal must cost the same all the same
	var unknown, wrong []time.Duration
	for range 41 {
		for _, try := range []struct {
			email string
			took  *[]time.Duration
		}{{"nobody@example.com", &unknown}, {email, &wrong}} {
			start := time.Now()
			_, err := s.Login(t.Context(), try.email, "not the password")
			*try.took = append(*try.took, time.Since(start))
			wantCode(t, err, "invalid_credentials")
			if fault.From(err).Message != auth.ErrInvalidCredentials.Message {
				t.Fatal("the messages differ")
			}
		}
	}
	slices.Sort(unknown)
	slices.Sort(wrong)
	// The fastest quarter is what other work on the machine disturbs least.
	if ratio := float64(unknown[10]) / float64(wrong[10]); ratio < 0.7 || ratio > 1.4 {
		t.Errorf("unknown takes %.2f of wrong (%v, %v)", ratio, unknown[10], wrong[10])
	}
}

func TestC06_OneOfManyRegistrations(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	replicas := []*auth.Service{h.replica(t), h.replica(t)}
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { _, errs[i] = replicas[i%2].Register(t.Context(), email, password) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, "email_taken")
	}
	if won != 1 || h.count(t, "SELECT count(*) FROM users") != 1 {
		t.Errorf("%d registrations won", won)
	}
}

func TestC08_EmailNormalForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Anna@Example.COM":                "anna@example.com",
		"a@BÜCHER.example":                "a@xn--bcher-kva.example",
		"\u212Aim@x.io":                   "kim@x.io", // Kelvin sign
		"e\u0301@x.io":                    "\u00e9@x.io",
		"a@x.io\r\nBcc:b@x.io":            "",
		"a\x00@x.io":                      "",
		"a@":                              "",
		"@x.io":                           "",
		"a@x":                             "",
		"a b@x.io":                        "",
		"a@b@x.io":                        "",
		"a..b@x.io":                       "",
		"a@x.io ":                         "",
		"a\xff@x.io":                      "",
		"a\u202e@x.io":                    "",
		strings.Repeat("a", 65) + "@x.io": "",
		"a@" + strings.Repeat(strings.Repeat("b", 60)+".", 5) + "io": "",
	} {
		got, err := auth.NormalizeEmail(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q gives %q, %v; want %q", in, got, err, want)
		}
		if err != nil && fault.From(err).Details[0].Pointer != "/email" {
			t.Errorf("%q points at %q", in, fault.From(err).Details[0].Pointer)
		}
	}
}

func TestC12_RefusedPasswords(t *testing.T) {
	t.Parallel()
	s := newHouse(t).replica(t)
	for name, bad := range map[string]string{
		"seven": "x7$kq!z", "common": "password", "common in capitals": "TrustNo1", "long": strings.Repeat("x", 1025),
		"empty": "", "not UTF-8": "abcdefgh\xff",
	} {
		_, err := s.Register(t.Context(), email, bad)
		wantCode(t, err, "validation_failed")
		if d := fault.From(err).Details; len(d) != 1 || d[0].Pointer != "/password" {
			t.Errorf("%s: details %v", name, d)
		}
	}
	_, err := s.Register(t.Context(), "a@", "short")
	if d := fault.From(err).Details; len(d) != 2 {
		t.Errorf("not every objection at once: %v", d)
	}
}

func TestC14_AttemptsOnOneAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	limit := func(c *auth.Config) { c.LoginFailures = auth.DefaultLoginFailures }
	a, b := h.replica(t, limit), h.replica(t, limit)
	register(t, a)
	for i := range 10 {
		_, err := []*auth.Service{a, b}[i%2].Login(t.Context(), email, "wrong password")
		wantCode(t, err, "invalid_credentials")
	}
	_, err := b.Login(t.Context(), email, password)
	wantCode(t, err, "rate_limited")
	if wait := fault.From(err).RetryAfter; wait != 15*time.Minute {
		t.Errorf("wait %v", wait)
	}
	h.clock.Pass(15 * time.Minute)
	_, err = a.Login(t.Context(), email, password)
	wantCode(t, err, "")
	if h.count(t, "SELECT count(*) FROM login_attempts") != 0 {
		t.Error("a good log-in does not clear the count")
	}
}

func TestC15_PasswordsAreTakenAsSent(t *testing.T) {
	t.Parallel()
	s := newHouse(t).replica(t)
	_, err := s.Register(t.Context(), email, "caf\u00e9 au lait")
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), email, "cafe\u0301 au lait")
	wantCode(t, err, "invalid_credentials")
}

func TestC16_CostIsRaisedOnLogin(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	register(t, h.replica(t))
	s := h.replica(t, func(c *auth.Config) { c.BcryptCost = 5 })
	cost := func() int {
		var hash string
		if err := h.db.Pool.QueryRow(t.Context(), "SELECT password_hash FROM users").Scan(&hash); err != nil {
			t.Fatal(err)
		}
		n, err := bcrypt.Cost([]byte(hash))
		wantCode(t, err, "")
		return n
	}
	_, err := s.Login(t.Context(), email, "wrong password")
	wantCode(t, err, "invalid_credentials")
	if cost() != 4 {
		t.Error("a wrong password rewrote the hash")
	}
	for range 2 {
		_, err = s.Login(t.Context(), email, password)
		wantCode(t, err, "")
		if cost() != 5 {
			t.Error("the cost was not raised")
		}
	}
}

func FuzzNormalizeEmail(f *testing.F) {
	for _, seed := range []string{email, "a@BÜCHER.example", "İ@x.io", "a@x.io\r\n", "a@xn--a.io"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, err := auth.NormalizeEmail(in)
		if err != nil {
			return
		}
		if twice, err := auth.NormalizeEmail(once); err != nil || twice != once {
			t.Errorf("%q → %q → %q, %v", in, once, twice, err)
		}
	})
}
