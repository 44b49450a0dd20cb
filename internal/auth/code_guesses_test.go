package auth_test

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/auth/mailcode"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/identity"
	"github.com/adiuva/cloud-api/internal/mail"
)

// person is an account and the address that it registered with.
type person struct {
	user  identity.User
	email string
}

// newPerson registers an account from a network.
func newPerson(t testing.TB, s *auth.Service, email string, from netip.Addr) person {
	t.Helper()
	tokens, err := s.Register(t.Context(), auth.Credentials{Email: email, Password: password, From: from})
	wantCode(t, err, "")
	return person{authenticated(t, s, tokens), email}
}

// verify proves the person's address with the code of the last mail.
func (p person) verify(t testing.TB, s *auth.Service, box *inbox) {
	t.Helper()
	wantCode(t, s.ConfirmVerification(t.Context(), p.user, box.code(p.email)), "")
}

// askReset starts a reset from a network and returns its handle.
func askReset(t testing.TB, s *auth.Service, address string, from netip.Addr) (handle string) {
	t.Helper()
	handle, err := s.RequestPasswordReset(t.Context(), address, from, mail.English)
	wantCode(t, err, "")
	return handle
}

func confirmReset(t testing.TB, s *auth.Service, handle, code string) error {
	t.Helper()
	return s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, renewed)
}

// other returns a code that differs from this one.
func other(code string) string {
	if code == "1234 5678" {
		return "8765 4321"
	}
	return "1234 5678"
}

func address(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}) }

// raced runs that many calls of do at once and returns how many succeeded. All others must be code_invalid.
func raced(t *testing.T, calls int, do func(i int) error) (won int) {
	t.Helper()
	errs := make([]error, calls)
	var running sync.WaitGroup
	for i := range errs {
		running.Go(func() { errs[i] = do(i) })
	}
	running.Wait()
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, fault.CodeInvalid)
	}
	return won
}

func TestOneOfManyConfirmationsOfEveryPurposeSucceeds(t *testing.T) {
	t.Attr("case", "MC01")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	s := replicas[0]
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, elsewhere)
	send()
	code := box.code(email)
	if won := raced(t, 10, func(i int) error {
		return replicas[i%2].ConfirmVerification(t.Context(), anna.user, code)
	}); won != 1 {
		t.Errorf("%d verifications with one code", won)
	}
	wantCode(t, s.RequestEmailChange(t.Context(), anna.user, elsewhere, "new@example.com", password, mail.English), "")
	send()
	code = box.code("new@example.com")
	if won := raced(t, 10, func(i int) error {
		return replicas[i%2].ConfirmEmailChange(t.Context(), anna.user, code)
	}); won != 1 {
		t.Errorf("%d changes of the address with one code", won)
	}
	if n := e.count(t, "SELECT count(*) FROM audit_events WHERE kind = 'email_changed'"); n != 1 {
		t.Errorf("%d events of a changed address", n)
	}
}

func TestGuessesAtOnceHaveNoMoreTries(t *testing.T) {
	t.Attr("case", "MC02")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	box, send := e.mailer(t, replicas[0])
	newPerson(t, replicas[0], email, elsewhere)
	send()
	handle := askReset(t, replicas[0], email, address(1))
	send()
	code := box.code(email)
	if won := raced(t, 60, func(i int) error {
		return confirmReset(t, replicas[i%2], handle, other(code))
	}); won != 0 {
		t.Errorf("%d wrong codes were accepted", won)
	}
	if tries := e.count(t, "SELECT tries FROM mail_codes WHERE purpose = 'reset'"); tries != 5 {
		t.Errorf("%d guesses were compared, want 5", tries)
	}
	wantCode(t, confirmReset(t, replicas[1], handle, code), fault.CodeInvalid)
}

func TestCodesOfOtherPurposesAndAccountsAreRefused(t *testing.T) {
	t.Attr("case", "MC03")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna, bob := newPerson(t, s, email, address(1)), newPerson(t, s, "bob@example.com", address(2))
	send()
	verification := box.code(email)
	wantCode(t, s.ConfirmVerification(t.Context(), bob.user, verification), fault.CodeInvalid)
	wantCode(t, s.ConfirmEmailChange(t.Context(), anna.user, verification), fault.CodeInvalid)
	annas, bobs := askReset(t, s, email, address(1)), askReset(t, s, "bob@example.com", address(2))
	wantCode(t, confirmReset(t, s, annas, verification), fault.CodeInvalid)
	send()
	wantCode(t, confirmReset(t, s, bobs, box.code(email)), fault.CodeInvalid)
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, box.code(email)), fault.CodeInvalid)
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, verification), "")
	wantCode(t, confirmReset(t, s, annas, box.code(email)), "")
}

func TestStrangerUsesUpHisOwnTriesAlone(t *testing.T) {
	t.Attr("case", "MC04")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	send()
	owners := askReset(t, s, email, address(1))
	send()
	code := box.code(email)
	strangers := askReset(t, s, email, address(2)) // his code goes to the owner
	send()
	for range 8 {
		wantCode(t, confirmReset(t, s, strangers, other(code)), fault.CodeInvalid)
		wantCode(t, confirmReset(t, s, "no handle of ours", other(code)), fault.CodeInvalid)
	}
	wantCode(t, confirmReset(t, s, strangers, code), fault.CodeInvalid)
	wantCode(t, confirmReset(t, s, owners, box.code(email)), fault.CodeInvalid) // the code of the other handle
	wantCode(t, confirmReset(t, s, owners, code), "")
}

func TestNewCodeVoidsTheOldOneOfItsNetworkWhenItIsMailed(t *testing.T) {
	t.Attr("case", "MC05")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.CodesUnlimited = true })
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	send()
	first := box.code(email)
	wantCode(t, s.RequestVerification(t.Context(), anna.user, address(9), mail.English), "")
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, other(first)), fault.CodeInvalid)
	send()
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, first), fault.CodeInvalid)
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, box.code(email)), "")

	handle := askReset(t, s, email, address(1))
	send()
	old := box.code(email)
	newer := askReset(t, s, email, address(1))
	send()
	wantCode(t, confirmReset(t, s, handle, old), fault.CodeInvalid)
	wantCode(t, confirmReset(t, s, newer, box.code(email)), "")
}

func TestMailedCodeStaysGoodUntilTheNextIsMailed(t *testing.T) {
	t.Attr("case", "MC05")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	send()
	wantCode(t, s.RequestVerification(t.Context(), anna.user, address(1), mail.English), "")
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, box.code(email)), "")
	send()
	if n := box.count(email); n != 2 {
		t.Errorf("%d mails", n)
	}
}

// TestThousandGuessesOverManyAddresses has somebody who changes his network for every request ask for resets of 20
// accounts and guess 1,000 codes. The figures are those of the documented bound: 3 mails an hour and address, 5 tries
// each, whatever the network. With 10^8 codes that is a chance of 1.5 in ten million an hour and account.
func TestThousandGuessesOverManyAddresses(t *testing.T) {
	t.Attr("case", "MC06")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	const accounts = 20
	for i := range accounts {
		newPerson(t, s, fmt.Sprintf("p%d@example.com", i), address(1000+i))
	}
	send()
	e.clock.Advance(time.Hour + time.Second)
	var handles []string
	for i := range 10 * accounts {
		handles = append(handles, askReset(t, s, fmt.Sprintf("p%d@example.com", i%accounts), address(i)))
		if i%accounts == accounts-1 {
			send()
		}
	}
	var running sync.WaitGroup
	for part := range 4 {
		running.Go(func() {
			for i := part; i < 1000; i += 4 {
				err := s.ConfirmPasswordReset(t.Context(), identity.Client{}, handles[i%len(handles)],
					fmt.Sprintf("%08d", i), renewed)
				if !errors.Is(err, mailcode.ErrInvalid) {
					t.Errorf("guess %d: %v", i, err)
				}
			}
		})
	}
	running.Wait()
	compared := e.count(t, "SELECT sum(tries) FROM mail_codes WHERE purpose = 'reset'")
	mails := 0
	for i := range accounts {
		mails += box.count(fmt.Sprintf("p%d@example.com", i)) - 1 // without that of the registration
	}
	t.Logf("1000 guesses at %d accounts: %d compared, %d mails", accounts, compared, mails)
	if compared > accounts*3*5 || compared == 0 || mails != accounts*3 {
		t.Errorf("%d guesses were compared and %d mails sent, want at most %d and %d", compared, mails,
			accounts*3*5, accounts*3)
	}
}

func TestCodeIsGoodForTenMinutesFromItsMail(t *testing.T) {
	t.Attr("case", "MC07")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	e.clock.Advance(time.Hour) // the mail server was down
	send()
	e.clock.Advance(10*time.Minute - time.Second)
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, other(box.code(email))), fault.CodeInvalid)
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, box.code(email)), "")

	handle := askReset(t, s, email, address(1))
	send()
	e.clock.Advance(10 * time.Minute)
	wantCode(t, confirmReset(t, s, handle, box.code(email)), fault.CodeInvalid)
}

func TestNoCodeIsGoodBeforeItsMail(t *testing.T) {
	t.Attr("case", "MC08")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	handle := askReset(t, s, email, address(1))
	if n := e.count(t, "SELECT count(*) FROM mail_codes WHERE digest IS NOT NULL OR expires_at IS NOT NULL"); n != 0 {
		t.Errorf("%d codes are good without a mail", n)
	}
	wantCode(t, confirmReset(t, s, handle, "1234 5678"), fault.CodeInvalid)
	if n := e.count(t, "SELECT sum(tries) FROM mail_codes"); n != 0 {
		t.Errorf("%d tries of a code that does not exist yet", n)
	}
	send()
	wantCode(t, confirmReset(t, s, handle, box.code(email)), "")
}

func TestRefusedPasswordSpendsNoCode(t *testing.T) {
	t.Attr("case", "MC09")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	send()
	handle := askReset(t, s, email, address(1))
	send()
	code := box.code(email)
	for range 6 { // more than a code has tries
		err := s.ConfirmPasswordReset(t.Context(), identity.Client{}, handle, code, "short")
		wantCode(t, err, fault.ValidationFailed)
	}
	wantCode(t, confirmReset(t, s, handle, code), "")
}

func TestDigitsMayBeSpacedAndNothingElse(t *testing.T) {
	t.Attr("case", "MC10")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	send()
	handle := askReset(t, s, email, address(1))
	send()
	code := box.code(email)
	var wide []rune // full-width digits, which some keyboards type
	for _, r := range code {
		if r != ' ' {
			r += '０' - '0'
		}
		wide = append(wide, r)
	}
	for _, wrong := range []string{string(wide), code + "0", "0" + code, code[:8], ""} {
		wantCode(t, confirmReset(t, s, handle, wrong), fault.CodeInvalid)
		if _, err := e.db.Pool.Exec(t.Context(), "UPDATE mail_codes SET tries = 0"); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, confirmReset(t, s, handle, " "+code[:2]+"\t"+code[2:]+"\n"), "")
}
