package auth_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/apikey"
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/fault"
	"github.com/adiuva/cloud-api/internal/mail"
)

// askChange asks for another address with the person's password.
func askChange(t testing.TB, s *auth.Service, p person, to string) {
	t.Helper()
	wantCode(t, s.RequestEmailChange(t.Context(), p.user, elsewhere, to, password, mail.English), "")
}

func TestThreeMailsAnHourGoToAnAddress(t *testing.T) {
	t.Attr("case", "MC11")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna, bob := newPerson(t, s, email, address(1)), newPerson(t, s, "bob@example.com", address(2))
	send() // 1: of the registration
	askChange(t, s, bob, "ANNA@Example.com")
	send() // a notice, which counts like a code
	wantCode(t, s.RequestVerification(t.Context(), anna.user, address(1), mail.English), "")
	send() // 3
	last := box.code(email)
	for i, spelling := range []string{email, "ANNA@example.com", "Anna@EXAMPLE.com"} {
		if handle := askReset(t, s, spelling, address(10+i)); len(handle) != 26 {
			t.Errorf("a request beyond the limit has the handle %q", handle)
		}
	}
	err := s.RequestVerification(t.Context(), anna.user, address(1), mail.English)
	wantCode(t, err, fault.RateLimited)
	if wait := fault.From(err).RetryAfter; wait <= 0 || wait > time.Hour {
		t.Errorf("wait %v", wait)
	}
	send()
	if n := box.count(email); n != 3 {
		t.Errorf("%d mails in an hour", n)
	}
	wantCode(t, s.ConfirmVerification(t.Context(), anna.user, last), "")
	e.clock.Advance(time.Hour)
	askReset(t, s, email, address(20))
	send()
	if n := box.count(email); n != 4 {
		t.Errorf("%d mails after an hour", n)
	}
}

func TestOwnerAtAKnownNetworkIsServedBeyondTheStrangers(t *testing.T) {
	t.Attr("case", "MC12")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.LoginFailures = auth.DefaultLoginFailures })
	box, send := e.mailer(t, s)
	home := address(1)
	anna := newPerson(t, s, email, home)
	send()
	for i := range 3 {
		askReset(t, s, email, address(10+i))
		send()
	}
	askReset(t, s, email, home)
	send()
	if n := box.count(email); n != 3 {
		t.Fatalf("%d mails: the network of an account that nobody verified counts as the owner's", n)
	}
	e.clock.Advance(time.Hour)
	wantCode(t, s.RequestVerification(t.Context(), anna.user, home, mail.English), "")
	send()
	anna.verify(t, s, box)
	for i := range 5 {
		askReset(t, s, email, address(20+i))
		send()
	}
	before := box.count(email)
	var handle string
	for range 5 {
		if next := askReset(t, s, email, home); box.count(email) < before+3 {
			handle = next
		}
		send()
	}
	if n := box.count(email) - before; n != 3 {
		t.Errorf("%d mails for the owner, want 3", n)
	}
	wantCode(t, confirmReset(t, s, handle, box.code(email)), "")
}

func TestLimitOfMailsCanBeLifted(t *testing.T) {
	t.Attr("case", "MC13")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.CodesUnlimited = true })
	box, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	for i := range 9 {
		send()
		askReset(t, s, email, address(i))
	}
	send()
	if n := box.count(email); n != 10 {
		t.Errorf("%d mails, want 10", n)
	}
}

func TestTakenAddressTellsItsOwnerAndNobodyElse(t *testing.T) {
	t.Attr("case", "MC14")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	newPerson(t, s, "bob@example.com", address(2))
	send()
	e.clock.Advance(time.Hour + time.Second)
	before := box.count("bob@example.com")
	for range 5 {
		askChange(t, s, anna, "bob@example.com")
	}
	send()
	if n := box.count("bob@example.com") - before; n != 3 {
		t.Errorf("%d notices in an hour, want 3", n)
	}
	if code := box.code("bob@example.com"); code != "" {
		t.Error("the notice has a code")
	}
	wantCode(t, s.ConfirmEmailChange(t.Context(), anna.user, "1234 5678"), fault.CodeInvalid)
	if me, err := s.Me(t.Context(), anna.user); err != nil || me.Email != email {
		t.Errorf("profile %+v, %v", me, err)
	}
}

func TestOneOfTwoAccountsGetsAnAddress(t *testing.T) {
	t.Attr("case", "MC15")
	t.Parallel()
	e := newEnv(t)
	replicas := []*auth.Service{e.replica(t), e.replica(t)}
	s := replicas[0]
	box, send := e.mailer(t, s)
	people := []person{newPerson(t, s, email, address(1)), newPerson(t, s, "bob@example.com", address(2))}
	var codes []string
	for _, p := range people {
		askChange(t, s, p, "new@example.com")
		send()
		codes = append(codes, box.code("new@example.com"))
	}
	errs := make([]error, 2)
	var running sync.WaitGroup
	for i := range errs {
		running.Go(func() { errs[i] = replicas[i].ConfirmEmailChange(t.Context(), people[i].user, codes[i]) })
	}
	running.Wait()
	loser := 0
	if errs[0] == nil {
		loser = 1
	}
	wantCode(t, errs[1-loser], "")
	wantCode(t, errs[loser], fault.EmailTaken)
	if me, err := s.Me(t.Context(), people[loser].user); err != nil || me.Email != people[loser].email {
		t.Errorf("the other has %+v, %v", me, err)
	}
	if n := e.count(t, "SELECT count(*) FROM users WHERE email = 'new@example.com'"); n != 1 {
		t.Errorf("%d accounts have the address", n)
	}
}

func TestRegistrationMeanwhileKeepsItsAddress(t *testing.T) {
	t.Attr("case", "MC15")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	askChange(t, s, anna, "new@example.com")
	send()
	code := box.code("new@example.com")
	newPerson(t, s, "new@example.com", address(3))
	wantCode(t, s.ConfirmEmailChange(t.Context(), anna.user, code), fault.EmailTaken)
}

func TestOldAddressIsToldAndNoLongerGood(t *testing.T) {
	t.Attr("case", "MC16")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	send()
	handle := askReset(t, s, email, address(1))
	send()
	old := box.code(email)
	askChange(t, s, anna, "new@example.com")
	send()
	wantCode(t, s.ConfirmEmailChange(t.Context(), anna.user, box.code("new@example.com")), "")
	before := box.count(email)
	send()
	if box.count(email) != before+1 || digits.MatchString(box.mails[len(box.mails)-1].Text) {
		t.Error("the old address got no notice, or one with a code")
	}
	wantCode(t, confirmReset(t, s, handle, old), fault.CodeInvalid)
	askReset(t, s, email, address(1))
	send()
	if box.count(email) != before+1 {
		t.Error("the old address still gets codes")
	}
	_, err := s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, fault.InvalidCredentials)
	if me, err := s.Me(t.Context(), anna.user); err != nil || me.Email != "new@example.com" || !me.EmailVerified {
		t.Errorf("profile %+v, %v; want the new address, verified", me, err)
	}
}

// keysOf returns a service of API keys on the test's database, and a function that makes a key.
func (e *env) keysOf(t testing.TB) (keys *apikey.Service, create func(p person) (secret string)) {
	t.Helper()
	keys, err := apikey.New(apikey.Config{DB: e.db, Now: e.clock.Now})
	wantCode(t, err, "")
	return keys, func(p person) string {
		t.Helper()
		_, secret, err := keys.Create(t.Context(), p.user, apikey.Request{Name: "x", Scopes: []string{"chat"}})
		wantCode(t, err, "")
		return secret
	}
}

func TestResetEndsSessionsOnEveryReplicaAndLeavesKeys(t *testing.T) {
	t.Attr("case", "MC17")
	t.Parallel()
	e := newEnv(t)
	keys, create := e.keysOf(t)
	s, far := e.replica(t, func(c *auth.Config) { c.Keys = keys }), e.replica(t)
	box, send := e.mailer(t, s)
	first := newPerson(t, s, email, address(1))
	send()
	first.verify(t, s, box)
	key := create(first)
	tokens, err := far.Login(t.Context(), auth.Credentials{Email: email, Password: password, From: address(1)})
	wantCode(t, err, "")
	authenticated(t, far, tokens) // its cache knows the session now
	handle := askReset(t, s, email, address(1))
	send()
	wantCode(t, confirmReset(t, s, handle, box.code(email)), "")
	_, err = s.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, fault.TokenInvalid)
	_, err = far.AuthenticateFresh(t.Context(), tokens.AccessToken)
	wantCode(t, err, fault.TokenInvalid)
	e.clock.Advance(10 * time.Second)
	_, err = far.Authenticate(t.Context(), tokens.AccessToken)
	wantCode(t, err, fault.TokenInvalid)
	_, err = far.Refresh(t.Context(), tokens.RefreshToken, "")
	wantCode(t, err, fault.RefreshInvalid)
	_, err = keys.FindFresh(t.Context(), key)
	wantCode(t, err, "")
	_, err = s.Login(t.Context(), auth.Credentials{Email: email, Password: password})
	wantCode(t, err, fault.InvalidCredentials)
}

func TestResetOfANeverVerifiedAddressEndsWhatOthersSetUp(t *testing.T) {
	t.Attr("case", "MC18")
	t.Parallel()
	e := newEnv(t)
	keys, create := e.keysOf(t)
	reclaimed := 0
	s := e.replica(t, func(c *auth.Config) {
		c.Keys, c.LoginFailures = keys, auth.DefaultLoginFailures
		c.Reclaimed = func(context.Context, pgx.Tx, uuid.UUID) error { reclaimed++; return nil }
	})
	box, send := e.mailer(t, s)
	taker := newPerson(t, s, email, address(66)) // not the owner of the address
	key := create(taker)
	askChange(t, s, taker, "taker@example.com")
	send()
	change := box.code("taker@example.com")
	handle := askReset(t, s, email, address(1))
	send()
	wantCode(t, confirmReset(t, s, handle, box.code(email)), "")
	_, err := keys.FindFresh(t.Context(), key)
	wantCode(t, err, fault.TokenInvalid)
	wantCode(t, s.ConfirmEmailChange(t.Context(), taker.user, change), fault.CodeInvalid)
	if n := e.count(t, "SELECT count(*) FROM known_networks"); n != 0 || reclaimed != 1 {
		t.Errorf("%d networks are known; reclaimed %d times", n, reclaimed)
	}
	send()
	handle = askReset(t, s, email, address(1))
	send()
	wantCode(t, confirmReset(t, s, handle, box.code(email)), "")
	if reclaimed != 1 {
		t.Error("a reset of a verified account reclaims")
	}
}

func TestChangedPasswordVoidsCodes(t *testing.T) {
	t.Attr("case", "MC19")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	send()
	handle := askReset(t, s, email, address(1))
	askChange(t, s, anna, "new@example.com")
	send()
	reset, change := box.code(email), box.code("new@example.com")
	wantCode(t, s.ChangePassword(t.Context(), anna.user, address(1), password, renewed), "")
	wantCode(t, confirmReset(t, s, handle, reset), fault.CodeInvalid)
	wantCode(t, s.ConfirmEmailChange(t.Context(), anna.user, change), fault.CodeInvalid)
}

func TestCodesOfADeletedAccountAreRefused(t *testing.T) {
	t.Attr("case", "MC20")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	send()
	handle := askReset(t, s, email, address(1))
	send()
	unsent := askReset(t, s, email, address(2))
	wantCode(t, s.RequestDeletion(t.Context(), anna.user, address(1), password, false), "")
	before := box.count(email)
	send()
	if n := box.count(email); n != before {
		t.Errorf("%d mails to a deleted account", n-before)
	}
	wantCode(t, confirmReset(t, s, handle, box.code(email)), fault.CodeInvalid)
	wantCode(t, confirmReset(t, s, unsent, "1234 5678"), fault.CodeInvalid)
	if _, err := s.DeleteDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := e.count(t, `SELECT (SELECT count(*) FROM mail_codes WHERE user_id IS NOT NULL OR address IS NOT NULL
		OR digest IS NOT NULL) + (SELECT count(*) FROM mail_outbox)`); n != 0 {
		t.Errorf("%d rows tell of the account", n)
	}
	newPerson(t, s, email, address(1))
	send()
	if n := box.count(email); n != before {
		t.Error("a deleted account frees its address of the limit of mails")
	}
	e.clock.Advance(25 * time.Hour)
	wantCode(t, s.Sweep(t.Context()), "")
	if n := e.count(t, "SELECT count(*) FROM mail_codes"); n != 0 {
		t.Errorf("%d rows are left a day later", n)
	}
}

func TestCodesOutliveARotationOfTheSecret(t *testing.T) {
	t.Attr("case", "MC21")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	send()
	handle := askReset(t, s, email, address(1))
	send()
	next := strings.Repeat("n", 32)
	rotated := e.replica(t, func(c *auth.Config) { c.SecretsKeys = []string{next, secret} })
	alone := e.replica(t, func(c *auth.Config) { c.SecretsKeys = []string{next} })
	wantCode(t, confirmReset(t, alone, handle, box.code(email)), fault.CodeInvalid)
	wantCode(t, confirmReset(t, rotated, handle, box.code(email)), "")
}

func TestWrongPasswordMailsNothingToANewAddress(t *testing.T) {
	t.Attr("case", "MC22")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t, func(c *auth.Config) { c.LoginFailures = auth.DefaultLoginFailures })
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	change := func(secret string) error {
		return s.RequestEmailChange(t.Context(), anna.user, address(1), "new@example.com", secret, mail.English)
	}
	for range auth.DefaultLoginFailures {
		wantCode(t, change("wrong password"), fault.PasswordWrong)
	}
	wantCode(t, change("wrong password"), fault.RateLimited)
	send()
	if n := box.count("new@example.com"); n != 0 {
		t.Errorf("%d mails", n)
	}
}

func TestOneAccountHasTenChangesAnHour(t *testing.T) {
	t.Attr("case", "MC25")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna, bob := newPerson(t, s, email, address(1)), newPerson(t, s, "bob@example.com", address(2))
	for i := range 10 {
		to := fmt.Sprintf("stranger%d@example.com", i)
		if i == 5 {
			to = bob.email // taken: counted too
		}
		askChange(t, s, anna, to)
		e.clock.Advance(time.Minute)
	}
	err := s.RequestEmailChange(t.Context(), anna.user, elsewhere, "eleventh@example.com", password, mail.English)
	wantCode(t, err, fault.RateLimited)
	if wait := fault.From(err).RetryAfter; wait != 50*time.Minute {
		t.Errorf("wait %v, want 50 min", wait)
	}
	send()
	if n := box.count("eleventh@example.com"); n != 0 || len(box.mails) != 4 { // two registrations, a notice, one code
		t.Errorf("%d mails to the eleventh address, %d in all", n, len(box.mails))
	}
	askChange(t, s, bob, "eleventh@example.com")
	e.clock.Advance(50 * time.Minute)
	askChange(t, s, anna, "eleventh@example.com")
}

func TestVerifiedAccountsAreMailedNothing(t *testing.T) {
	t.Attr("case", "MC23")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	box, send := e.mailer(t, s)
	anna := newPerson(t, s, email, address(1))
	send()
	anna.verify(t, s, box)
	for range 5 {
		wantCode(t, s.RequestVerification(t.Context(), anna.user, address(1), mail.English), "")
	}
	wantCode(t, s.RequestEmailChange(t.Context(), anna.user, address(1), "ANNA@example.com", password, mail.English),
		fault.ValidationFailed)
	send()
	if n := box.count(email); n != 1 {
		t.Errorf("%d mails, want that of the registration", n)
	}
}

func TestResetWritesTheSameForUnknownAddresses(t *testing.T) {
	t.Attr("case", "MC24")
	t.Parallel()
	e := newEnv(t)
	s := e.replica(t)
	_, send := e.mailer(t, s)
	newPerson(t, s, email, address(1))
	send()
	rows := func() string {
		return fmt.Sprint(e.count(t, "SELECT count(*) FROM mail_codes"), e.count(t, "SELECT count(*) FROM mail_outbox"))
	}
	for i, to := range []string{email, "nobody@example.com"} {
		before := rows()
		askReset(t, s, to, address(2+i))
		if after := rows(); after == before || i == 1 && after != "3 2" {
			t.Errorf("%s: %s rows became %s", to, before, after)
		}
	}
	for i := range 9 { // beyond the limit neither writes
		askReset(t, s, "nobody@example.com", address(10+i))
		askReset(t, s, email, address(10+i))
	}
	if got := rows(); got != "6 5" {
		t.Errorf("%s rows beyond the limit", got)
	}
}
