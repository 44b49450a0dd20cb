package auth_test

import (
	"crypto/sha256"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/audit"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/auth/handover"
	"github.com/adiuva/cloud-api/internal/auth/passkey"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
)

// verifier is the secret of the app that waits for a sign-in.
const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

func waitingApp() handover.App {
	sum := sha256.Sum256([]byte(verifier))
	return handover.App{RedirectURI: "adiuva://auth", CodeChallenge: encode(sum[:]), State: "a state & more"}
}

func public(c *auth.Config) { c.PublicURL = site }

func startRegistration(t testing.TB, s *auth.Service, user identity.User) passkey.Started {
	t.Helper()
	started, err := s.StartPasskeyRegistration(t.Context(), user, netip.Addr{}, password, "laptop", "")
	wantCode(t, err, "")
	return started
}

// addPasskey adds a passkey to the account of the user.
func addPasskey(t testing.TB, s *auth.Service, user identity.User) (*authenticator, passkey.Passkey) {
	t.Helper()
	device := newAuthenticator(t)
	started := startRegistration(t, s, user)
	added, err := s.FinishPasskeyRegistration(
		t.Context(), identity.Client{}, started.Ticket, device.create(t, started.Options))
	wantCode(t, err, "")
	return device, added
}

// answer sends the answer of a device for a new sign-in and returns the code for the app.
func answer(t testing.TB, s *auth.Service, device *authenticator) (code string, err error) {
	t.Helper()
	started, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "")
	wantCode(t, err, "")
	return finish(t, s, started.Ticket, device.get(t, started.Options))
}

func finish(t testing.TB, s *auth.Service, ticket string, credential map[string]any) (code string, err error) {
	t.Helper()
	to, err := s.FinishPasskeyLogin(t.Context(), identity.Client{}, ticket, credential)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme+"://"+u.Host != "adiuva://auth" || u.Query().Get("state") != waitingApp().State {
		t.Fatalf("redirect to %s, %v", to, err)
	}
	return u.Query().Get("code"), nil
}

func exchange(t testing.TB, s *auth.Service, code, verifier string) (auth.Tokens, error) {
	t.Helper()
	return s.LoginWithPasskey(t.Context(), identity.Client{}, code, verifier)
}

func TestPasskeySignsAnAppIn(t *testing.T) {
	t.Attr("case", "PK01")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	started := startRegistration(t, s, user)
	if want := site + "/passkeys#" + started.Ticket; started.URL != want {
		t.Errorf("page %s, want %s", started.URL, want)
	}
	kind, options, err := s.PasskeyOptions(t.Context(), started.Ticket)
	if err != nil || kind != passkey.Registration || options["challenge"] != started.Options["challenge"] {
		t.Errorf("%s %v, %v", kind, options, err)
	}
	device := newAuthenticator(t)
	added, err := s.FinishPasskeyRegistration(
		t.Context(), identity.Client{}, started.Ticket, device.create(t, started.Options))
	wantCode(t, err, "")
	e.clock.Advance(time.Minute)
	code, err := answer(t, s, device)
	wantCode(t, err, "")
	tokens, err := exchange(t, s, code, verifier)
	wantCode(t, err, "")
	if got := authenticated(t, s, tokens); got.ID != user.ID {
		t.Errorf("signed in as %s, want %s", got.ID, user.ID)
	}
	list, err := s.Passkeys(t.Context(), user)
	if err != nil || len(list) != 1 || list[0].ID != added.ID || list[0].Name != "laptop" ||
		list[0].LastUsedAt == nil || !list[0].LastUsedAt.After(list[0].CreatedAt) {
		t.Errorf("passkeys %+v, %v", list, err)
	}
}

func TestPasskeyNeedsNoSecondFactor(t *testing.T) {
	t.Attr("case", "PK02")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	device, _ := addPasskey(t, s, user)
	e.guard(t, s, user)
	code, err := answer(t, s, device)
	wantCode(t, err, "")
	_, err = exchange(t, s, code, verifier)
	wantCode(t, err, "")
}

func TestRefusedAnswersOfPasskeys(t *testing.T) {
	t.Attr("case", "PK03")
	t.Attr("case", "PK04")
	t.Attr("case", "PK05")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	good, _ := addPasskey(t, s, user)
	for name, change := range map[string]func(a *authenticator){
		"another site":            func(a *authenticator) { a.origin = "https://evil.example.com" },
		"a host below ours":       func(a *authenticator) { a.origin = "https://sub.api.example.com" },
		"plain HTTP":              func(a *authenticator) { a.origin = "http://api.example.com" },
		"another party":           func(a *authenticator) { a.rp = "evil.example.com" },
		"without verification":    func(a *authenticator) { a.flags = flagPresent },
		"without a person":        func(a *authenticator) { a.flags = flagVerified },
		"another key":             func(a *authenticator) { a.key = newAuthenticator(t).key },
		"unknown":                 func(a *authenticator) { a.id = []byte("0123456789abcdef") },
		"another user's handle":   func(a *authenticator) { a.handle = encode(make([]byte, 16)) },
		"without a user's handle": func(a *authenticator) { a.handle = "" },
	} {
		changed := *good
		change(&changed)
		_, err := answer(t, s, &changed)
		if fault.From(err) == nil || fault.From(err).Code != fault.PasskeyRefused {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, change := range []func(a *authenticator){
		func(a *authenticator) { a.origin = "https://evil.example.com" },
		func(a *authenticator) { a.rp = "evil.example.com" },
		func(a *authenticator) { a.flags = flagPresent },
		func(a *authenticator) { a.id = good.id }, // registered already
	} {
		device, started := newAuthenticator(t), startRegistration(t, s, user)
		change(device)
		_, err := s.FinishPasskeyRegistration(
			t.Context(), identity.Client{}, started.Ticket, device.create(t, started.Options))
		wantCode(t, err, fault.PasskeyRefused)
	}
	if _, err := answer(t, s, good); err != nil {
		t.Errorf("unchanged: %v", err)
	}
	for _, malformed := range []map[string]any{nil, {}, {"id": "x", "rawId": "x", "type": "public-key"}} {
		started, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "")
		wantCode(t, err, "")
		_, err = finish(t, s, started.Ticket, malformed)
		wantCode(t, err, fault.PasskeyRefused)
	}
}

func TestAnswerToAnotherChallengeIsRefused(t *testing.T) {
	t.Attr("case", "PK06")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	device, _ := addPasskey(t, s, user)
	first, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "")
	wantCode(t, err, "")
	second, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "")
	wantCode(t, err, "")
	recorded := device.get(t, first.Options)
	_, err = finish(t, s, second.Ticket, recorded)
	wantCode(t, err, fault.PasskeyRefused)
	_, err = finish(t, s, first.Ticket, recorded)
	wantCode(t, err, "")
	_, err = finish(t, s, first.Ticket, recorded) // the same again
	wantCode(t, err, fault.CodeInvalid)
	registration := startRegistration(t, s, user)
	_, err = finish(t, s, registration.Ticket, recorded)
	wantCode(t, err, fault.CodeInvalid)
	_, err = s.FinishPasskeyRegistration(t.Context(), identity.Client{}, second.Ticket, recorded)
	wantCode(t, err, fault.CodeInvalid)
}

func TestClonedPasskeyIsRefused(t *testing.T) {
	t.Attr("case", "PK07")
	t.Parallel()
	e := newEnv(t)
	log := audit.New(audit.Config{DB: e.db, Now: e.clock.Now})
	s := e.replica(t, public, func(c *auth.Config) { c.Audit = log })
	_, user := register(t, s)
	started := startRegistration(t, s, user)
	device := newAuthenticator(t)
	device.count = 5
	_, err := s.FinishPasskeyRegistration(
		t.Context(), identity.Client{}, started.Ticket, device.create(t, started.Options))
	wantCode(t, err, "")
	stolen := *device
	_, err = answer(t, s, device)
	wantCode(t, err, "")
	_, err = answer(t, s, &stolen) // its counter is the one that the original had just now
	wantCode(t, err, fault.PasskeyRefused)
	wantCode(t, log.Flush(t.Context()), "")
	if n := e.count(t, "SELECT count(*) FROM audit_events WHERE kind = 'passkey_refused'"); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	_, err = answer(t, s, device)
	wantCode(t, err, "")
}

func TestOneAnswerOfACounterWinsOverTwoReplicas(t *testing.T) {
	t.Attr("case", "PK08")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t, public), e.replica(t, public)}
	_, user := register(t, replicas[0])
	started := startRegistration(t, replicas[0], user)
	device := newAuthenticator(t)
	device.count = 5
	_, err := replicas[0].FinishPasskeyRegistration(
		t.Context(), identity.Client{}, started.Ticket, device.create(t, started.Options))
	wantCode(t, err, "")
	answers, tickets := []map[string]any{}, []string{}
	for range 4 {
		login, err := replicas[0].StartPasskeyLogin(t.Context(), waitingApp(), "")
		wantCode(t, err, "")
		same := *device
		answers, tickets = append(answers, same.get(t, login.Options)), append(tickets, login.Ticket)
	}
	done := make(chan error, len(answers))
	for i := range answers {
		go func() {
			_, err := finish(t, replicas[i%2], tickets[i], answers[i])
			done <- err
		}()
	}
	won := 0
	for range answers {
		if err := <-done; err == nil {
			won++
		} else {
			wantCode(t, err, fault.PasskeyRefused)
		}
	}
	if won != 1 {
		t.Errorf("%d answers succeeded, want 1", won)
	}
}

func TestCodeOfASignInIsTheAppsAlone(t *testing.T) {
	t.Attr("case", "PK09")
	t.Attr("case", "PK10")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t, public), e.replica(t, public)}
	s := replicas[0]
	_, user := register(t, s)
	device, _ := addPasskey(t, s, user)
	code, err := answer(t, s, device)
	wantCode(t, err, "")
	_, err = exchange(t, s, code, strings.Repeat("x", 43)) // somebody read the code
	wantCode(t, err, fault.CodeInvalid)
	_, err = exchange(t, s, "unknown", verifier)
	wantCode(t, err, fault.CodeInvalid)
	wantOneWinner(t, 4, func(i int) error {
		_, err := exchange(t, replicas[i%2], code, verifier)
		return err
	})
	late, err := answer(t, s, device)
	wantCode(t, err, "")
	e.clock.Advance(time.Minute)
	_, err = exchange(t, s, late, verifier)
	wantCode(t, err, fault.CodeInvalid)
}

func TestTicketsOfPasskeysExpire(t *testing.T) {
	t.Attr("case", "PK11")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	device, _ := addPasskey(t, s, user)
	registration := startRegistration(t, s, user)
	login, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "")
	wantCode(t, err, "")
	e.clock.Advance(5 * time.Minute)
	_, _, err = s.PasskeyOptions(t.Context(), login.Ticket)
	wantCode(t, err, fault.CodeInvalid)
	_, err = finish(t, s, login.Ticket, device.get(t, login.Options))
	wantCode(t, err, fault.CodeInvalid)
	_, err = s.FinishPasskeyRegistration(
		t.Context(), identity.Client{}, registration.Ticket, newAuthenticator(t).create(t, registration.Options))
	wantCode(t, err, fault.CodeInvalid)
	wantCode(t, s.Sweep(t.Context()), "")
	if n := e.count(t, "SELECT count(*) FROM passkey_ceremonies"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestRegistrationNeedsPasswordAndOpenSession(t *testing.T) {
	t.Attr("case", "PK12")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	_, err := s.StartPasskeyRegistration(t.Context(), user, netip.Addr{}, "wrong password", "laptop", "")
	wantCode(t, err, fault.PasswordWrong)
	started := startRegistration(t, s, user)
	wantCode(t, s.Logout(t.Context(), user), "")
	_, err = s.FinishPasskeyRegistration(
		t.Context(), identity.Client{}, started.Ticket, newAuthenticator(t).create(t, started.Options))
	wantCode(t, err, fault.CodeInvalid)
}

func TestAccountHasTwentyPasskeys(t *testing.T) {
	t.Attr("case", "PK13")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	var waiting []passkey.Started
	for range 19 {
		addPasskey(t, s, user)
	}
	for range 2 {
		waiting = append(waiting, startRegistration(t, s, user))
	}
	for i, want := range []fault.Code{"", fault.TooManyPasskeys} {
		_, err := s.FinishPasskeyRegistration(
			t.Context(), identity.Client{}, waiting[i].Ticket, newAuthenticator(t).create(t, waiting[i].Options))
		wantCode(t, err, want)
	}
	_, err := s.StartPasskeyRegistration(t.Context(), user, netip.Addr{}, password, "one more", "")
	wantCode(t, err, fault.TooManyPasskeys)
}

func TestRemovedPasskeyOpensNothing(t *testing.T) {
	t.Attr("case", "PK14")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	other, err := s.Register(t.Context(), auth.Credentials{Email: "mallory@example.com", Password: password})
	wantCode(t, err, "")
	device, added := addPasskey(t, s, user)
	wantCode(t, s.RemovePasskey(t.Context(), authenticated(t, s, other), added.ID), fault.NotFound)
	code, err := answer(t, s, device)
	wantCode(t, err, "")
	wantCode(t, s.RemovePasskey(t.Context(), user, added.ID), "")
	wantCode(t, s.RemovePasskey(t.Context(), user, added.ID), fault.NotFound)
	_, err = exchange(t, s, code, verifier) // the sign-in was under way
	wantCode(t, err, fault.CodeInvalid)
	_, err = answer(t, s, device)
	wantCode(t, err, fault.PasskeyRefused)
}

func TestResetsAndDeletionEndPasskeys(t *testing.T) {
	t.Attr("case", "PK15")
	t.Attr("case", "PK16")
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(t *testing.T, e *env, s *auth.Service, user identity.User)
		ends bool
	}{
		"operator": {func(t *testing.T, _ *env, s *auth.Service, _ identity.User) {
			removed, err := s.ResetSecondFactor(t.Context(), email)
			if err != nil || !removed {
				t.Errorf("removed %t, %v", removed, err)
			}
		}, true},
		"reset of an unverified address": {func(t *testing.T, e *env, s *auth.Service, _ identity.User) {
			box, send := e.mailer(t, s)
			send() // what is waiting, so that the code is in the last mail
			wantCode(t, e.reset(t, s, box, send, renewed), "")
		}, true},
		"reset of a verified address": {func(t *testing.T, e *env, s *auth.Service, _ identity.User) {
			box, send := e.mailer(t, s)
			send() // what is waiting, so that the code is in the last mail
			wantCode(t, e.reset(t, s, box, send, renewed), "")
		}, false},
		"deletion": {func(t *testing.T, _ *env, s *auth.Service, user identity.User) {
			wantCode(t, s.RequestDeletion(t.Context(), user, elsewhere, password, false), "")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.replica(t, public)
			_, user := register(t, s)
			if !c.ends {
				box, send := e.mailer(t, s)
				e.verify(t, s, box, send, user)
			}
			device, _ := addPasskey(t, s, user)
			waiting := startRegistration(t, s, user)
			code, err := answer(t, s, device)
			wantCode(t, err, "")
			c.end(t, e, s, user)
			want := fault.Code("")
			if c.ends {
				want = fault.CodeInvalid
			}
			_, err = exchange(t, s, code, verifier)
			wantCode(t, err, want)
			if _, err := answer(t, s, device); (err != nil) != c.ends {
				t.Errorf("another sign-in: %v", err)
			}
			_, err = s.FinishPasskeyRegistration(t.Context(), identity.Client{}, waiting.Ticket,
				newAuthenticator(t).create(t, waiting.Options))
			wantCode(t, err, fault.CodeInvalid) // it was removed, or its session has ended
			if name != "deletion" {
				return
			}
			if _, err := s.DeleteDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := e.count(t, "SELECT (SELECT count(*) FROM passkeys) + (SELECT count(*) FROM passkey_ceremonies "+
				"WHERE user_id IS NOT NULL)"); n != 0 {
				t.Errorf("%d rows are left", n)
			}
		})
	}
}

func TestSignInRedirectsToAppsOnTheDeviceOnly(t *testing.T) {
	t.Attr("case", "PK17")
	t.Parallel()
	s := newEnv(t).replica(t, public)
	for uri, allowed := range map[string]bool{
		"adiuva://auth": true, "http://127.0.0.1:49152/done": true, "http://[::1]:49152/": true,
		"http://127.0.0.1:49152": true,
		"adiuva://auth/x":        false, "adiuva://other": false, "ADIUVA://auth": false,
		"https://127.0.0.1:49152/": false, "http://127.0.0.1/": false, "http://127.0.0.2:1/": false,
		"http://localhost:49152/": false, "http://evil.example.com:80/": false,
		"http://127.0.0.1:1@evil.example.com/": false,
		"http://127.0.0.1:49152/?code=x":       false, "http://127.0.0.1:49152/#x": false,
		"http://user@127.0.0.1:1/": false,
		"javascript:alert(1)":      false, "//127.0.0.1:1/": false, "http://[::ffff:127.0.0.1]:1/": false,
		"http://127.0.0.1.evil.example.com:1/": false, "": false,
	} {
		app := waitingApp()
		app.RedirectURI = uri
		_, err := s.StartPasskeyLogin(t.Context(), app, "")
		if (err == nil) != allowed {
			t.Errorf("%s: %v, allowed %t", uri, err, allowed)
		}
		if err != nil {
			wantCode(t, err, fault.ValidationFailed)
		}
	}
}

func TestTablesHoldNoTicketOrCodeOfPasskeys(t *testing.T) {
	t.Attr("case", "PK18")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, public)
	_, user := register(t, s)
	device, _ := addPasskey(t, s, user)
	code, err := answer(t, s, device)
	wantCode(t, err, "")
	waiting := startRegistration(t, s, user)
	for _, secret := range []string{code, waiting.Ticket} {
		n := e.count(t, `SELECT count(*) FROM passkey_ceremonies c WHERE c::text LIKE '%' || $1 || '%'
			OR c::text LIKE '%' || encode($1::text::bytea, 'hex') || '%'`, secret)
		if n != 0 {
			t.Errorf("%d rows hold %s", n, secret)
		}
	}
	if n := e.count(t, "SELECT count(*) FROM passkey_ceremonies"); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestPasskeysWithoutAPublicURLBelongToTheHostOfTheRequest(t *testing.T) {
	t.Parallel()
	s := newEnv(t).replica(t)
	_, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "http://203.0.113.7:8080")
	if err == nil || !strings.Contains(err.Error(), "host name") {
		t.Errorf("an address: %v", err)
	}
	started, err := s.StartPasskeyLogin(t.Context(), waitingApp(), "http://127.0.0.1:8080")
	wantCode(t, err, "")
	if !strings.HasPrefix(started.URL, "http://localhost:8080/passkeys#") {
		t.Errorf("page %s", started.URL)
	}
}
