package auth_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
)

// inbox keeps what a worker sends, and fails with err while it is set.
type inbox struct {
	mu    sync.Mutex
	err   error
	mails []mail.Message
}

func (b *inbox) Send(_ context.Context, m mail.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, m)
	return b.err
}

// code returns the digits of the last mail to an address, "" where it has none.
func (b *inbox) code(to string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.mails) - 1; i >= 0; i-- {
		if m := b.mails[i]; m.To == to {
			return digits.FindString(m.Text)
		}
	}
	return ""
}

func (b *inbox) count(to string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, m := range b.mails {
		if m.To == to {
			n++
		}
	}
	return n
}

func (e *env) mailer(t testing.TB, s *auth.Service) (box *inbox, send func()) {
	t.Helper()
	box = &inbox{}
	w, err := mail.NewWorker(mail.WorkerConfig{
		DB: e.db, Sender: box, Activate: s.ActivateCode, Now: e.clock.Now, Log: quietLog(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return box, func() {
		t.Helper()
		if err := w.SendDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

const renewed = "staple battery horse"

var elsewhere = netip.MustParseAddr("203.0.113.7")

func TestResetSetsThePasswordOnceAndEndsSessions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	tokens, _ := register(t, s)
	send() // the code of the verification, before the one that is looked at
	handle, err := s.RequestPasswordReset(t.Context(), "ANNA@example.com", elsewhere, mail.German)
	wantCode(t, err, "")
	send()
	code := box.code(email)
	wantCode(t, s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, "short"), fault.ValidationFailed)
	wantCode(t, s.ConfirmPasswordReset(t.Context(), identity.Client{}, "another", code, renewed), fault.CodeInvalid)
	wantCode(t, s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, renewed), "")
	wantCode(t, s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, renewed), fault.CodeInvalid)
	_, err = s.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, fault.TokenInvalid)
	fresh, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: renewed})
	wantCode(t, err, "")
	me, err := s.Me(t.Context(), authenticated(t, s, fresh))
	if err != nil || !me.EmailVerified {
		t.Errorf("profile %+v, %v; want a verified address", me, err)
	}
}

func TestConcurrentConfirmationsSpendACodeOnce(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s, other := e.replica(t), e.replica(t)
	box, send := e.mailer(t, s)
	register(t, s)
	send() // the code of the verification, before the one that is looked at
	handle, err := s.RequestPasswordReset(t.Context(), email, elsewhere, mail.English)
	wantCode(t, err, "")
	send()
	code := box.code(email)
	errs := make([]error, 4)
	var running sync.WaitGroup
	for i := range errs {
		replica := []*auth.Service{s, other}[i%2]
		running.Go(func() {
			errs[i] = replica.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, renewed)
		})
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
		t.Errorf("%d confirmations succeeded, want 1", won)
	}
}

func TestFiveWrongTriesEndACodeAndTenMinutesToo(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	send()
	first := box.code(email)
	for range 5 {
		wantCode(t, s.ConfirmVerification(t.Context(), user, "x"), fault.CodeInvalid)
	}
	wantCode(t, s.ConfirmVerification(t.Context(), user, first), fault.CodeInvalid)
	wantCode(t, s.RequestVerification(t.Context(), user, elsewhere, mail.English), "")
	send()
	second := box.code(email)
	e.clock.Advance(10 * time.Minute)
	wantCode(t, s.ConfirmVerification(t.Context(), user, second), fault.CodeInvalid)
	wantCode(t, s.RequestVerification(t.Context(), user, elsewhere, mail.English), "")
	send()
	third := box.code(email)
	wantCode(t, s.RequestVerification(t.Context(), user, elsewhere, mail.English), fault.RateLimited)
	wantCode(t, s.ConfirmEmailChange(t.Context(), user, third), fault.CodeInvalid)
	wantCode(t, s.ConfirmVerification(t.Context(), user, third), "")
}

func TestAddressChangesWithTheCodeAndTellsTheOldOne(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	if _, err := s.CreateUser(t.Context(), "bob@example.com", password, "free"); err != nil {
		t.Fatal(err)
	}
	change := func(to, secret string) error {
		return s.RequestEmailChange(t.Context(), user, elsewhere, to, secret, mail.English)
	}
	wantCode(t, change("new@example.com", "wrong password"), fault.PasswordWrong)
	wantCode(t, change("bob@example.com", password), "")
	send()
	if got := box.code("bob@example.com"); got != "" || box.count("bob@example.com") != 1 {
		t.Errorf("the owner of a taken address got the code %q in %d mails", got, box.count("bob@example.com"))
	}
	wantCode(t, change("new@example.com", password), "")
	send()
	wantCode(t, s.ConfirmEmailChange(t.Context(), user, box.code("new@example.com")), "")
	before := box.count(email)
	send()
	if box.count(email) != before+1 {
		t.Error("the old address was not told")
	}
	_, err := s.Login(t.Context(), auth.Credentials{Email: "new@example.com", Password: password})
	wantCode(t, err, "")
}

func TestUnknownAddressesGetAHandleAndNoMail(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	handle, err := s.RequestPasswordReset(t.Context(), "nobody@example.com", elsewhere, mail.English)
	wantCode(t, err, "")
	send()
	if len(handle) != 26 || len(box.mails) != 0 {
		t.Errorf("handle %q and %d mails, want 26 characters and none", handle, len(box.mails))
	}
	wantCode(t, s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, "00000000", renewed), fault.CodeInvalid)
	if left := e.count(t, "SELECT count(*) FROM mail_outbox"); left != 0 {
		t.Errorf("%d mails left in the outbox", left)
	}
}

func TestMailThatFailsIsSentAgainWithTheSameCode(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	_, user := register(t, s)
	box.err = context.DeadlineExceeded
	send()
	first := box.code(email)
	send()
	if box.count(email) != 1 {
		t.Fatalf("%d mails before the pause ended, want 1", box.count(email))
	}
	box.err = nil
	e.clock.Advance(15 * time.Second)
	send()
	if box.count(email) != 2 || box.code(email) != first {
		t.Fatalf("%d mails, codes differ: %t", box.count(email), box.code(email) != first)
	}
	wantCode(t, s.ConfirmVerification(t.Context(), user, first), "")
}

func TestRefusedMailIsGivenUpAfterThreeTries(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	register(t, s)
	box.err = mail.ErrRefused
	for range 5 {
		send()
		e.clock.Advance(time.Hour)
	}
	if box.count(email) != 3 {
		t.Errorf("tried %d times, want 3", box.count(email))
	}
}
