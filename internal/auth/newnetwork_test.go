package auth_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/mail"
)

// notices returns how many notices of a new network were mailed.
func (b *inbox) notices() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, m := range b.mails {
		if strings.HasPrefix(m.Subject, "New sign-in") {
			n++
		}
	}
	return n
}

func signInFrom(t testing.TB, s *auth.Service, from string) {
	t.Helper()
	_, err := s.Login(t.Context(), auth.Credentials{
		Email: email, Password: password, From: netip.MustParseAddr(from),
	})
	wantCode(t, err, "")
}

func TestSignInFromANewNetworkIsTold(t *testing.T) {
	t.Attr("case", "MC43")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, netip.MustParseAddr("192.0.2.1"))
	for _, c := range []struct {
		from   string
		after  time.Duration
		want   int
		reason string
	}{
		{"198.51.100.1", time.Hour, 0, "the first sign-in, within a day of registering"},
		{"192.0.2.200", 0, 0, "the network of the registration"},
		{"203.0.113.5", 0, 1, "another network"},
		{"203.0.113.99", 0, 1, "the same /24"},
		{"203.0.113.5", 0, 1, "again"},
		{"2001:db8:1::1", 0, 2, "IPv6"},
		{"2001:db8:1:ffff::1", 0, 2, "the same /48"},
		{"2001:db8:2::1", 0, 3, "another /48"},
		{"::ffff:203.0.113.7", 0, 3, "a known IPv4 network in IPv6"},
		{"203.0.113.5", 89 * 24 * time.Hour, 3, "within 90 days"},
		{"2001:db8:2::1", 2 * 24 * time.Hour, 4, "after 90 days"},
	} {
		e.clock.Advance(c.after)
		signInFrom(t, s, c.from)
		send()
		if got := box.notices(); got != c.want {
			t.Errorf("%s (%s): %d notices, want %d", c.from, c.reason, got, c.want)
		}
	}
	if _, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: "wrong", From: address(7)}); err == nil {
		t.Error("a wrong password was accepted")
	}
	send()
	if got := box.notices(); got != 4 {
		t.Error("a refused sign-in was told as one")
	}
}

func TestFirstSignInLongAfterRegisteringIsTold(t *testing.T) {
	t.Attr("case", "MC43")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, netip.MustParseAddr("192.0.2.1"))
	e.clock.Advance(100 * 24 * time.Hour) // its session went on by refreshes
	signInFrom(t, s, "203.0.113.5")
	send()
	if got := box.notices(); got != 1 {
		t.Errorf("%d notices, want 1", got)
	}
}

func TestOperatorsAccountIsNotToldOfItsFirstSignIn(t *testing.T) {
	t.Attr("case", "MC43")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, err := s.CreateUser(t.Context(), email, password, "free")
	wantCode(t, err, "")
	signInFrom(t, s, "192.0.2.1")
	signInFrom(t, s, "203.0.113.5")
	send()
	if got := box.notices(); got != 1 {
		t.Errorf("%d notices, want that of the second network", got)
	}
}

func TestConcurrentSignInsFromANewNetworkAreToldOnce(t *testing.T) {
	t.Attr("case", "MC43")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	box, send := e.mailer(t, replicas[0])
	newPerson(t, replicas[0], email, netip.MustParseAddr("192.0.2.1"))
	e.clock.Advance(48 * time.Hour)
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			_, err := replicas[i%2].Login(t.Context(), auth.Credentials{
				Email: email, Password: password, From: netip.MustParseAddr("203.0.113.5"),
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	send()
	if got := box.notices(); got != 1 {
		t.Errorf("%d notices, want 1", got)
	}
}

func TestNoticesHaveNoLimitOfMails(t *testing.T) {
	t.Attr("case", "MC11")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	for range 2 {
		wantCode(t, s.RequestVerification(t.Context(), anna.user, address(1), mail.English), "")
	}
	send()
	before := box.count(email)
	wantCode(t, s.ChangePassword(t.Context(), anna.user, address(1), password, renewed), "")
	send()
	if box.count(email) != before+1 {
		t.Error("the notice of a changed password was not mailed")
	}
}
