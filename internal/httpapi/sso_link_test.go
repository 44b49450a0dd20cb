package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

var anna = person{"anna-1", "anna@example.com", true}

// verified registers an account with a password and a verified address.
func (s *ssoSite) verified(email string) apitest.Header {
	s.t.Helper()
	as := s.Register(email)
	got := s.Do("POST", "/api/v1/auth/email/verification/confirm", `{"code":"`+lastCode(s.t, s.API, email)+`"}`, as)
	if got.Status != http.StatusOK {
		s.t.Fatalf("verification: %d %s", got.Status, got.Body)
	}
	return as
}

// ticket signs the person in with google and returns the ticket of link_required.
func (s *ssoSite) ticket(who person) string {
	s.t.Helper()
	got := s.redeem(s.arrive(who))
	wantRefusal(s.t, got, http.StatusUnauthorized, "link_required")
	return got.JSON(s.t)["ticket"].(string)
}

// link links with the members, which are pairs of name and value.
func (s *ssoSite) link(ticket string, members ...string) apitest.Response {
	s.t.Helper()
	body := fmt.Sprintf(`{"ticket":%q`, ticket)
	for i := 0; i < len(members); i += 2 {
		body += fmt.Sprintf(`,%q:%q`, members[i], members[i+1])
	}
	return s.Do("POST", "/api/v1/auth/sso/link", body+"}", nil)
}

func (s *ssoSite) linkCode(ticket string) string {
	s.t.Helper()
	got := s.Do("POST", "/api/v1/auth/sso/link/code", fmt.Sprintf(`{"ticket":%q}`, ticket), nil)
	if got.Status != http.StatusAccepted {
		s.t.Fatalf("ask for a code: %d %s", got.Status, got.Body)
	}
	return lastCode(s.t, s.API, "anna@example.com")
}

func TestAnAccountIsLinkedByItsPasswordOnly(t *testing.T) {
	t.Attr("case", "SSO14")
	t.Parallel()
	s := startSSO(t)
	owner := s.me(s.verified("anna@example.com"))
	ticket := s.ticket(anna)
	wantRefusal(t, s.link(ticket, "password", "wrong password"), http.StatusUnauthorized, "invalid_credentials")
	wantRefusal(t, s.link(ticket), http.StatusUnprocessableEntity, "validation_failed")
	wantRefusal(t, s.link(ticket, "password", rightPassword, "code", "12345678"), http.StatusUnprocessableEntity,
		"validation_failed")
	wantRefusal(t, s.link(strings.Repeat("A", 26), "password", rightPassword), http.StatusUnprocessableEntity,
		"code_invalid")
	if me := s.me(bearer(t, s.link(ticket, "password", rightPassword))); me["id"] != owner["id"] {
		t.Errorf("signed in to %v", me)
	}
	if me := s.me(s.signIn(anna)); me["id"] != owner["id"] { // for good
		t.Errorf("the next sign-in is to %v", me)
	}
	if mails := s.mails("anna@example.com"); !strings.Contains(mails, "new way to sign in") {
		t.Errorf("the owner got %s", mails)
	}
	events := s.Do("GET", "/api/v1/auth/events", "", s.signIn(anna))
	if !strings.Contains(string(events.Body), `"sso_linked"`) {
		t.Errorf("events %s", events.Body)
	}
}

func (s *ssoSite) mails(to string) string {
	s.t.Helper()
	check(s.t, s.Mail.SendDue(s.t.Context()))
	var text strings.Builder
	for _, m := range s.Mailbox.Mails(to) {
		text.WriteString(m.Subject + "\n")
	}
	return text.String()
}

func TestATicketIsGoodOnceAndForTenMinutes(t *testing.T) {
	t.Attr("case", "SSO15")
	t.Parallel()
	s := startSSO(t)
	s.verified("anna@example.com")
	code := s.arrive(anna)
	ticket := s.redeem(code).JSON(t)["ticket"].(string)
	wantRefusal(t, s.redeem(code), http.StatusUnprocessableEntity, "code_invalid") // the ticket took its place
	wantRefusal(t, s.redeem(ticket), http.StatusUnprocessableEntity, "code_invalid")
	late := s.ticket(anna)
	fresh := s.arrive(anna)
	wantRefusal(t, s.link(fresh, "password", rightPassword), http.StatusUnprocessableEntity, "code_invalid")
	bearer(t, s.link(ticket, "password", rightPassword))
	wantRefusal(t, s.link(ticket, "password", rightPassword), http.StatusUnprocessableEntity, "code_invalid")
	s.clock.Advance(10 * time.Minute)
	for _, got := range []apitest.Response{
		s.link(late, "password", rightPassword),
		s.Do("POST", "/api/v1/auth/sso/link/code", fmt.Sprintf(`{"ticket":%q}`, late), nil),
	} {
		wantRefusal(t, got, http.StatusUnprocessableEntity, "code_invalid")
	}
}

func TestAnAccountIsLinkedByAMailedCode(t *testing.T) {
	t.Attr("case", "SSO16")
	t.Parallel()
	s := startSSO(t)
	owner := s.me(s.verified("anna@example.com"))
	ticket := s.ticket(anna)
	code := s.linkCode(ticket)
	wantRefusal(t, s.link(ticket, "code", "00000000"), http.StatusUnprocessableEntity, "code_invalid")
	if me := s.me(bearer(t, s.link(ticket, "code", code))); me["id"] != owner["id"] {
		t.Errorf("signed in to %v", me)
	}
	wantRefusal(t, s.link(s.ticket(person{"anna-2", "anna@example.com", true}), "code", code),
		http.StatusUnprocessableEntity, "code_invalid") // a code is good once
}

func TestACodeOfAnotherPurposeLinksNothing(t *testing.T) {
	t.Attr("case", "SSO17")
	t.Parallel()
	s := startSSO(t)
	s.verified("anna@example.com")
	ticket := s.ticket(anna)
	startReset(t, s.API, "anna@example.com")
	wantRefusal(t, s.link(ticket, "code", lastCode(t, s.API, "anna@example.com")), http.StatusUnprocessableEntity,
		"code_invalid")
	linking := s.linkCode(ticket)
	handle := startReset(t, s.API, "anna@example.com")
	got := s.Do("POST", "/api/v1/auth/password/reset/confirm", resetBody(handle, linking, "staple battery horse"), nil)
	wantRefusal(t, got, http.StatusUnprocessableEntity, "code_invalid")
}

func TestFiveWrongCodesVoidTheCode(t *testing.T) {
	t.Attr("case", "SSO18")
	t.Parallel()
	s := startSSO(t)
	s.verified("anna@example.com")
	ticket := s.ticket(anna)
	code := s.linkCode(ticket)
	for range 5 {
		wantRefusal(t, s.link(ticket, "code", "00000000"), http.StatusUnprocessableEntity, "code_invalid")
	}
	wantRefusal(t, s.link(ticket, "code", code), http.StatusUnprocessableEntity, "code_invalid")
}

func TestWrongPasswordsOfALinkCountWithThoseOfLogIns(t *testing.T) {
	t.Attr("case", "SSO19")
	t.Parallel()
	s := startSSO(t, func(c *config.Config) { c.RateLimits = "on" })
	s.verified("anna@example.com")
	ticket := s.ticket(anna)
	for range 5 {
		wantRefusal(t, s.link(ticket, "password", "wrong password"), http.StatusUnauthorized, "invalid_credentials")
		got := s.Do("POST", "/api/v1/auth/login", `{"email":"anna@example.com","password":"wrong password"}`, nil)
		wantRefusal(t, got, http.StatusUnauthorized, "invalid_credentials")
	}
	refused := s.link(ticket, "password", rightPassword)
	wantRefusal(t, refused, http.StatusTooManyRequests, "rate_limited")
	if refused.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestALinkNeedsTheSecondFactor(t *testing.T) {
	t.Attr("case", "SSO20")
	t.Parallel()
	s := startSSO(t)
	owner := s.verified("anna@example.com")
	created := s.Do("POST", "/api/v1/auth/totp", `{"password":"`+rightPassword+`"}`, owner).JSON(t)
	factor := func() string {
		code, err := totp.GenerateCode(created["secret"].(string), s.clock.Now())
		check(t, err)
		return code
	}
	got := s.Do("POST", "/api/v1/auth/totp/confirm", `{"code":"`+factor()+`"}`, owner)
	if got.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	s.clock.Advance(time.Minute)
	ticket := s.ticket(anna)
	code := s.linkCode(ticket)
	wantRefusal(t, s.link(ticket, "password", rightPassword), http.StatusUnauthorized, "second_factor_required")
	wantRefusal(t, s.link(ticket, "code", code), http.StatusUnauthorized, "second_factor_required")
	wantRefusal(t, s.link(ticket, "code", code, "second_factor", "000000"), http.StatusUnprocessableEntity,
		"code_invalid")
	wantRefusal(t, s.link(ticket, "password", "wrong password", "second_factor", factor()), http.StatusUnauthorized,
		"invalid_credentials")
	bearer(t, s.link(ticket, "code", code, "second_factor", factor())) // all of them are still good
	if me := s.me(s.signIn(anna)); me["email"] != "anna@example.com" { // and it is not asked for again
		t.Errorf("profile %v", me)
	}
}

func TestAnAddressThatIsNotVerifiedOnBothSidesLinksNothing(t *testing.T) {
	t.Attr("case", "SSO21")
	t.Parallel()
	s := startSSO(t)
	s.Register("bob@example.com") // not verified here
	wantRefusal(t, s.redeem(s.arrive(person{"bob-1", "bob@example.com", true})), http.StatusConflict, "email_taken")
	s.verified("anna@example.com")
	for name, verified := range map[string]any{"false": false, "missing": nil, `"true"`: "true", `"false"`: "false"} {
		got := s.redeem(s.arrive(person{"anna-1", "anna@example.com", verified}))
		if got.Status != http.StatusConflict || got.Code() != "email_taken" {
			t.Errorf("email_verified %s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestTheSubjectIsTheIdentityAndNotTheAddress(t *testing.T) {
	t.Attr("case", "SSO22")
	t.Parallel()
	s := startSSO(t)
	first := s.me(s.signIn(person{"ada-1", "ada@example.com", true}))
	for _, moved := range []string{"new@example.com", "", "no address"} {
		me := s.me(s.signIn(person{"ada-1", moved, true}))
		if me["id"] != first["id"] || me["email"] != "ada@example.com" {
			t.Errorf("with the address %q it is %v", moved, me)
		}
	}
	for name, got := range map[string]apitest.Response{
		"another subject":                     s.redeem(s.arrive(person{"ada-2", "ada@example.com", true})),
		"the same subject of another issuer":  s.redeem(s.arriveAt(s.microsoft, "microsoft", ada)),
		"the same subject in upper case":      s.redeem(s.arrive(person{"ADA-1", "ada@example.com", true})),
		"the same subject, another's address": s.redeem(s.arrive(person{"ada-3", "ADA@EXAMPLE.COM", true})),
	} {
		if got.Code() != "link_required" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := s.redeem(s.arrive(person{"nobody", "", true})); got.Code() != "sso_failed" {
		t.Errorf("somebody new without an address: %d %s", got.Status, got.Body)
	}
}

// arriveAt is arrive with another provider.
func (s *ssoSite) arriveAt(i *issuer, name string, who person) string {
	s.t.Helper()
	started := s.begin(map[string]string{"provider": name})
	return s.appCode(s.back(started.cookie, i.authorize(s.t, started.issuer, who)))
}

func TestATicketEndsWhenTheAccountMovesOrIsReset(t *testing.T) {
	t.Attr("case", "SSO23")
	t.Parallel()
	s := startSSO(t)
	s.verified("anna@example.com")
	ticket := s.ticket(anna)
	handle := startReset(t, s.API, "anna@example.com")
	const next = "staple battery horse"
	got := s.Do("POST", "/api/v1/auth/password/reset/confirm",
		resetBody(handle, lastCode(t, s.API, "anna@example.com"), next), nil)
	if got.Status != http.StatusOK {
		t.Fatalf("reset: %d %s", got.Status, got.Body)
	}
	wantRefusal(t, s.link(ticket, "password", next), http.StatusUnprocessableEntity, "code_invalid")
	ticket = s.ticket(anna)
	s.exec("UPDATE users SET email = 'moved@example.com' WHERE email = 'anna@example.com'")
	wantRefusal(t, s.link(ticket, "password", next), http.StatusUnprocessableEntity, "code_invalid")
}
