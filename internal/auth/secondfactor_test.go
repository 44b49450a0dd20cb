package auth_test

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/auth/secondfactor"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
)

const step = 30 * time.Second

// app is the authenticator app of an account.
type app struct {
	e *env
	secondfactor.Created
}

// at returns the code that the app shows when its clock is off by skew.
func (a app) at(t testing.TB, skew time.Duration) string {
	t.Helper()
	code, err := totp.GenerateCode(a.Secret, a.e.clock.Now().Add(skew))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// next waits for the app's next code, which was not used yet.
func (a app) next(t testing.TB) string {
	t.Helper()
	a.e.clock.Advance(step)
	return a.at(t, 0)
}

// guard sets up the second factor of the user.
func (e *env) guard(t testing.TB, s *auth.Service, user identity.User) app {
	t.Helper()
	created, err := s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, "")
	a := app{e, created}
	wantCode(t, s.ConfirmSecondFactor(t.Context(), user, netip.Addr{}, a.next(t)), "")
	return a
}

// ticketOf returns the ticket of an error that asks for the second factor.
func ticketOf(t testing.TB, err error) string {
	t.Helper()
	wantCode(t, err, fault.SecondFactorRequired)
	ticket, _ := fault.From(err).Extra["ticket"].(string)
	if len(ticket) < 26 {
		t.Fatalf("ticket %q", ticket)
	}
	return ticket
}

func ticket(t testing.TB, s *auth.Service, email, password string) string {
	t.Helper()
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	return ticketOf(t, err)
}

func redeem(t testing.TB, s *auth.Service, ticket, code string) (auth.Tokens, error) {
	t.Helper()
	return s.LoginWithSecondFactor(t.Context(), auth.SecondFactor{Ticket: ticket, Code: code, From: elsewhere})
}

func wantRedeem(t testing.TB, s *auth.Service, ticket, code string, want fault.Code) {
	t.Helper()
	_, err := redeem(t, s, ticket, code)
	wantCode(t, err, want)
}

func TestLogInOfAGuardedAccountNeedsACode(t *testing.T) {
	t.Attr("case", "SF01")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	if !strings.HasPrefix(a.URI, "otpauth://totp/Adiuva:anna@example.com?") || len(a.RecoveryCodes) != 10 {
		t.Errorf("created %s with %d recovery codes", a.URI, len(a.RecoveryCodes))
	}
	waiting := ticket(t, s, email, password)
	wantRedeem(t, s, waiting, "000000", fault.CodeInvalid)
	code := a.next(t)
	tokens, err := redeem(t, s, waiting, code[:3]+" "+code[3:])
	wantCode(t, err, "")
	if got := authenticated(t, s, tokens); got.ID != user.ID {
		t.Errorf("signed in as %s, want %s", got.ID, user.ID)
	}
	wantRedeem(t, s, waiting, a.next(t), fault.CodeInvalid) // the ticket was used
	authenticated(t, s, tokens)
}

func TestWrongPasswordTellsNothingOfTheSecondFactor(t *testing.T) {
	t.Attr("case", "SF02")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	e.guard(t, s, user)
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: "wrong password"})
	wantCode(t, err, fault.InvalidCredentials)
}

func TestUnconfirmedSecretGuardsNothing(t *testing.T) {
	t.Attr("case", "SF03")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	first, err := s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, "")
	second, err := s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, "")
	wantCode(t, s.ConfirmSecondFactor(t.Context(), user, elsewhere, app{e, first}.at(t, 0)), fault.CodeInvalid)
	wantCode(t, s.ConfirmSecondFactor(t.Context(), user, elsewhere, second.RecoveryCodes[0]), fault.CodeInvalid)
	wantCode(t, s.ConfirmSecondFactor(t.Context(), user, elsewhere, app{e, second}.at(t, 0)), "")
	waiting := ticket(t, s, email, password)
	wantRedeem(t, s, waiting, first.RecoveryCodes[0], fault.CodeInvalid)
	wantRedeem(t, s, waiting, second.RecoveryCodes[0], "")
	_, err = s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, fault.SecondFactorActive)
}

func TestSecretThatWaitsAnHourIsWorthless(t *testing.T) {
	t.Attr("case", "SF04")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	created, err := s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, "")
	e.clock.Advance(time.Hour)
	wantCode(t, s.ConfirmSecondFactor(t.Context(), user, elsewhere, app{e, created}.at(t, 0)), fault.CodeInvalid)
	wantCode(t, s.Sweep(t.Context()), "")
	if n := e.count(t, "SELECT (SELECT count(*) FROM totp_secrets) + (SELECT count(*) FROM recovery_codes)"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestSetUpNeedsThePasswordAndAnOpenSession(t *testing.T) {
	t.Attr("case", "SF05")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	_, err := s.CreateSecondFactor(t.Context(), user, netip.Addr{}, "wrong password")
	wantCode(t, err, fault.PasswordWrong)
	created, err := s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, "")
	wantCode(t, s.Logout(t.Context(), user), "")
	wantCode(t, s.ConfirmSecondFactor(t.Context(), user, elsewhere, app{e, created}.at(t, 0)), fault.TokenInvalid)
	_, err = s.CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, fault.TokenInvalid)
}

func TestConcurrentConfirmationsOfASecretSucceedOnce(t *testing.T) {
	t.Attr("case", "SF06")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	_, user := register(t, replicas[0])
	created, err := replicas[0].CreateSecondFactor(t.Context(), user, netip.Addr{}, password)
	wantCode(t, err, "")
	code := app{e, created}.at(t, 0)
	wantOneWinner(t, 6, func(i int) error {
		return replicas[i%2].ConfirmSecondFactor(t.Context(), user, elsewhere, code)
	})
}

// wantOneWinner runs n attempts at the same time, of which one succeeds and the others are code_invalid.
func wantOneWinner(t *testing.T, n int, attempt func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { errs[i] = attempt(i) })
	}
	running.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, fault.CodeInvalid)
	}
	if won != 1 {
		t.Errorf("%d attempts succeeded, want 1", won)
	}
}

func TestAppCodeWorksOnceOverTwoReplicas(t *testing.T) {
	t.Attr("case", "SF07")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	_, user := register(t, replicas[0])
	a := e.guard(t, replicas[0], user)
	var tickets []string
	for i := range 6 {
		tickets = append(tickets, ticket(t, replicas[i%2], email, password))
	}
	code := a.next(t)
	wantOneWinner(t, len(tickets), func(i int) error {
		_, err := redeem(t, replicas[i%2], tickets[i], code)
		return err
	})
}

func TestAppCodeIsNotReplayedInItsWindow(t *testing.T) {
	t.Attr("case", "SF08")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, 0), fault.CodeInvalid) // it confirmed the secret
	code := a.next(t)
	wantRedeem(t, s, ticket(t, s, email, password), code, "")
	e.clock.Advance(step) // its window has not ended
	wantRedeem(t, s, ticket(t, s, email, password), code, fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, step), "")
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, 0), fault.CodeInvalid) // older than the last one used
}

func TestDeviceClockMayBeHalfAMinuteOff(t *testing.T) {
	t.Attr("case", "SF09")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	e.clock.Advance(time.Hour)
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, -2*step), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, 2*step), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, -step), "")
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, step), "")
}

func TestRecoveryCodeWorksOnce(t *testing.T) {
	t.Attr("case", "SF10")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	_, user := register(t, replicas[0])
	a := e.guard(t, replicas[0], user)
	var tickets []string
	for range 4 {
		tickets = append(tickets, ticket(t, replicas[0], email, password))
	}
	wantOneWinner(t, len(tickets), func(i int) error {
		_, err := redeem(t, replicas[i%2], tickets[i], strings.ToLower(a.RecoveryCodes[3]))
		return err
	})
	wantRedeem(t, replicas[1], ticket(t, replicas[1], email, password), a.RecoveryCodes[3], fault.CodeInvalid)
	state, err := replicas[0].SecondFactorState(t.Context(), user)
	if err != nil || state.RecoveryCodesLeft != 9 || state.ConfirmedAt.IsZero() {
		t.Errorf("%+v, %v; want 9 codes left", state, err)
	}
}

func TestTicketHasFiveTriesAndFiveMinutes(t *testing.T) {
	t.Attr("case", "SF11")
	t.Attr("case", "SF12")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	waiting := ticket(t, s, email, password)
	for range 5 {
		wantRedeem(t, s, waiting, "000000", fault.CodeInvalid)
	}
	wantRedeem(t, s, waiting, a.next(t), fault.CodeInvalid)
	late := ticket(t, s, email, password)
	e.clock.Advance(5 * time.Minute)
	wantRedeem(t, s, late, a.at(t, 0), fault.CodeInvalid)
	fresh := ticket(t, s, email, password)
	for range 4 {
		wantRedeem(t, s, fresh, "000000", fault.CodeInvalid)
	}
	wantRedeem(t, s, fresh, a.at(t, 0), "")
}

func TestTicketOfAnotherAccountIsWorthless(t *testing.T) {
	t.Attr("case", "SF13")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, anna := register(t, s)
	tokens, err := s.Register(t.Context(), auth.Credentials{Email: "mallory@example.com", Password: password})
	wantCode(t, err, "")
	e.guard(t, s, anna)
	own := e.guard(t, s, authenticated(t, s, tokens))
	wantRedeem(t, s, ticket(t, s, email, password), own.next(t), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, email, password), own.RecoveryCodes[0], fault.CodeInvalid)
	wantRedeem(t, s, "unknown", own.at(t, 0), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, "mallory@example.com", password), own.at(t, 0), "")
}

func TestWrongCodesAreCountedOverAllTickets(t *testing.T) {
	t.Attr("case", "SF14")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.LoginFailures = auth.DefaultLoginFailures })
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	send()
	before, checked := box.count(email), 0
	for range 4 {
		waiting := ticket(t, s, email, password)
		for range 5 {
			_, err := redeem(t, s, waiting, "000000")
			if fault.From(err).Code == fault.CodeInvalid {
				checked++
				continue
			}
			wantCode(t, err, fault.RateLimited)
			if fault.From(err).RetryAfter <= 0 {
				t.Error("no time to wait")
			}
		}
	}
	if checked != auth.DefaultLoginFailures {
		t.Errorf("%d codes were checked, want %d", checked, auth.DefaultLoginFailures)
	}
	waiting := ticket(t, s, email, password)
	wantRedeem(t, s, waiting, a.next(t), fault.RateLimited) // even the right one
	send()
	if got := box.count(email) - before; got != 1 {
		t.Errorf("%d notices, want 1", got)
	}
	e.clock.Advance(15 * time.Minute)
	wantRedeem(t, s, ticket(t, s, email, password), a.at(t, 0), "")
}

func TestChangedPasswordVoidsTickets(t *testing.T) {
	t.Attr("case", "SF15")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, user := register(t, s)
	a := e.guard(t, s, user)
	waiting := ticket(t, s, email, password)
	wantCode(t, s.ChangePassword(t.Context(), user, elsewhere, password, renewed), "")
	wantRedeem(t, s, waiting, a.next(t), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, email, renewed), a.next(t), "")
}

// reset asks for a new password and returns what the right code gets.
func (e *env) reset(t testing.TB, s *auth.Service, box *inbox, send func(), next string) error {
	t.Helper()
	handle, err := s.RequestPasswordReset(t.Context(), email, elsewhere, mail.English)
	wantCode(t, err, "")
	send()
	return s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, box.code(email), next)
}

// verify verifies the address of the user.
func (e *env) verify(t testing.TB, s *auth.Service, box *inbox, send func(), user identity.User) {
	t.Helper()
	send()
	wantCode(t, s.ConfirmVerification(t.Context(), user, box.code(email)), "")
}

func TestResetOfAGuardedAccountNeedsTheSecondFactor(t *testing.T) {
	t.Attr("case", "SF16")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	tokens, user := register(t, s)
	e.verify(t, s, box, send, user)
	a := e.guard(t, s, user)
	send()
	waiting := ticketOf(t, e.reset(t, s, box, send, renewed))
	login := ticket(t, s, email, password) // the old password is still the right one
	authenticated(t, s, tokens)
	wantRedeem(t, s, waiting, "000000", fault.CodeInvalid)
	fresh, err := redeem(t, s, waiting, a.next(t))
	wantCode(t, err, "")
	authenticated(t, s, fresh)
	_, err = s.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, fault.TokenInvalid)
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, fault.InvalidCredentials)
	wantRedeem(t, s, login, a.next(t), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, email, renewed), a.at(t, 0), "")
}

func TestMailedCodeGivesOneTicket(t *testing.T) {
	t.Attr("case", "SF17")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	e.verify(t, s, box, send, user)
	e.guard(t, s, user)
	send()
	handle, err := s.RequestPasswordReset(t.Context(), email, elsewhere, mail.English)
	wantCode(t, err, "")
	send()
	code := box.code(email)
	err = s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, renewed)
	ticketOf(t, err)
	err = s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, renewed)
	wantCode(t, err, fault.CodeInvalid)
}

func TestResetOfAnUnverifiedAddressEndsTheSecondFactor(t *testing.T) {
	t.Attr("case", "SF18")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	send()
	a := e.guard(t, s, user) // by somebody who registered an address of others
	send()
	stolen := ticket(t, s, email, password)
	wantCode(t, e.reset(t, s, box, send, renewed), "")
	wantRedeem(t, s, stolen, a.next(t), fault.CodeInvalid)
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: renewed})
	wantCode(t, err, "")
}

func TestChangeOfAddressVoidsTheTicketOfAReset(t *testing.T) {
	t.Attr("case", "SF19")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	e.verify(t, s, box, send, user)
	a := e.guard(t, s, user)
	send()
	waiting := ticketOf(t, e.reset(t, s, box, send, renewed))
	const moved = "anna@example.org"
	wantCode(t, s.RequestEmailChange(t.Context(), user, elsewhere, moved, password, mail.English), "")
	send()
	wantCode(t, s.ConfirmEmailChange(t.Context(), user, box.code(moved)), "")
	wantRedeem(t, s, waiting, a.next(t), fault.CodeInvalid)
	wantRedeem(t, s, ticket(t, s, moved, password), a.at(t, 0), "")
}
