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

func TestRegisterCreatesAFreeAccountAndLogsIn(t *testing.T) {
	t.Attr("case", "C01")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	tokens, user := register(t, s)
	me, err := s.Me(t.Context(), user)
	wantCode(t, err, "")
	if me.ID != user.ID || me.Email != email || me.Tier != tier.Free || me.Seats != 1 {
		t.Errorf("profile %+v", me)
	}
	if want := e.clock.Now().Add(15 * time.Minute).UnixMilli(); tokens.ExpiresAt != want {
		t.Errorf("expires at %d, want %d", tokens.ExpiresAt, want)
	}
	hashed := "SELECT count(*) FROM users WHERE password_hash LIKE '$2%' AND strpos(password_hash, $1) = 0"
	if n := e.count(t, hashed, password); n != 1 {
		t.Error("the password is not stored as a bcrypt hash")
	}
}

func TestEveryByteOfAPasswordCounts(t *testing.T) {
	t.Attr("case", "C03")
	t.Parallel()
	s := newEnv(t).replica(t)
	emoji := strings.Repeat("🐎", 63)
	_, err := s.Register(t.Context(), auth.Credentials{Email: email, Password: emoji + "🐎"})
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: emoji + "🐎"})
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: emoji + "🐴"})
	wantCode(t, err, "invalid_credentials")
}

func TestUnknownEmailAndWrongPasswordTakeTheSameTime(t *testing.T) {
	t.Attr("case", "C04")
	t.Parallel()
	e := newEnv(t)
	counted := func(c *auth.Config) { c.LoginFailures = 1000 } // counts, and never refuses here
	old, s := e.replica(t), e.replica(t, counted, func(c *auth.Config) { c.BcryptCost = 7 })
	register(t, old) // with a hash of lower cost: its mismatch must take as long as any other
	login := func(address string) time.Duration {
		start := time.Now()
		_, err := s.Login(t.Context(), auth.Credentials{Email: address, Password: "not the password"})
		took := time.Since(start)
		wantCode(t, err, "invalid_credentials")
		if fault.From(err).Message != auth.ErrInvalidCredentials.Message {
			t.Fatal("the messages differ")
		}
		return took
	}
	// Each pair runs together, so that other work on the machine disturbs both, and the order of the two alternates.
	const pairs = 31
	ratios := make([]float64, pairs)
	for i := range ratios {
		if i%2 == 0 {
			unknown := login("nobody@example.com")
			ratios[i] = float64(unknown) / float64(login(email))
		} else {
			wrong := login(email)
			ratios[i] = float64(login("nobody@example.com")) / float64(wrong)
		}
	}
	slices.Sort(ratios)
	if median := ratios[pairs/2]; median < 0.75 || median > 1.33 {
		t.Errorf("an unknown e-mail takes %.2f of the time of a wrong password", median)
	}
}

func TestConcurrentRegistrationsCreateOneAccount(t *testing.T) {
	t.Attr("case", "C06")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = replicas[i%2].Register(t.Context(), auth.Credentials{Email: email, Password: password})
		})
	}
	wg.Wait()
	succeeded := 0
	for _, err := range errs {
		if err == nil {
			succeeded++
			continue
		}
		wantCode(t, err, "email_taken")
	}
	if succeeded != 1 || e.count(t, "SELECT count(*) FROM users") != 1 {
		t.Errorf("%d registrations succeeded", succeeded)
	}
}

func TestEmailNormalization(t *testing.T) {
	t.Attr("case", "C08")
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
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
		if err != nil && fault.From(err).Details[0].Pointer != "/email" {
			t.Errorf("%q points at %q", in, fault.From(err).Details[0].Pointer)
		}
	}
}

func TestRegisterRejectsBadPasswords(t *testing.T) {
	t.Attr("case", "C12")
	t.Parallel()
	s := newEnv(t).replica(t)
	for name, bad := range map[string]string{
		"seven bytes": "x7$kq!z", "common": "password", "common, mixed case": "TrustNo1",
		"too long": strings.Repeat("x", 1025),
		"empty":    "", "not UTF-8": "abcdefgh\xff",
	} {
		_, err := s.Register(t.Context(), auth.Credentials{Email: email, Password: bad})
		wantCode(t, err, "validation_failed")
		if d := fault.From(err).Details; len(d) != 1 || d[0].Pointer != "/password" {
			t.Errorf("%s: details %v", name, d)
		}
	}
	_, err := s.Register(t.Context(), auth.Credentials{Email: "a@", Password: "short"})
	if d := fault.From(err).Details; len(d) != 2 {
		t.Errorf("details %v, want one for the e-mail and one for the password", d)
	}
}

func TestPasswordsAreNotNormalized(t *testing.T) {
	t.Attr("case", "C15")
	t.Parallel()
	s := newEnv(t).replica(t)
	_, err := s.Register(t.Context(), auth.Credentials{Email: email, Password: "caf\u00e9 au lait"})
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: "cafe\u0301 au lait"})
	wantCode(t, err, "invalid_credentials")
}

func TestLoginUpgradesTheHashCost(t *testing.T) {
	t.Attr("case", "C16")
	t.Parallel()
	e := newEnv(t)
	register(t, e.replica(t))
	s := e.replica(t, func(c *auth.Config) { c.BcryptCost = 5 })
	cost := func() int {
		var hash string
		if err := e.db.Pool.QueryRow(t.Context(), "SELECT password_hash FROM users").Scan(&hash); err != nil {
			t.Fatal(err)
		}
		n, err := bcrypt.Cost([]byte(hash))
		wantCode(t, err, "")
		return n
	}
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: "wrong password"})
	wantCode(t, err, "invalid_credentials")
	if cost() != 4 {
		t.Error("a wrong password rewrote the hash")
	}
	for range 2 {
		_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
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
