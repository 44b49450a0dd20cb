package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

var ada = person{"ada-1", "ada@example.com", true}

func TestAnAccountWithoutAPasswordNeedsAFreshSignIn(t *testing.T) {
	t.Attr("case", "SSO24")
	t.Parallel()
	s := startSSO(t)
	old := s.signIn(ada)
	s.clock.Advance(5*time.Minute + time.Second)
	for _, got := range []apitest.Response{
		s.Do("POST", "/api/v1/auth/me/deletion", `{}`, old),
		s.Do("POST", "/api/v1/auth/me/deletion", `{"password":"wrong password"}`, old),
		s.Do("PUT", "/api/v1/auth/email", `{"email":"new@example.com"}`, old),
		s.Do("PUT", "/api/v1/auth/email", `{"email":"new@example.com","password":"wrong password"}`, old),
	} {
		wantRefusal(t, got, http.StatusForbidden, "sign_in_too_old")
	}
	fresh := s.signIn(ada)
	changed := s.Do("PUT", "/api/v1/auth/email", `{"email":"new@example.com"}`, fresh)
	if changed.Status != http.StatusAccepted {
		t.Fatalf("change of the address: %d %s", changed.Status, changed.Body)
	}
	got := s.Do("POST", "/api/v1/auth/email/confirm", `{"code":"`+lastCode(t, s.API, "new@example.com")+`"}`, fresh)
	if got.Status != http.StatusOK || s.me(fresh)["email"] != "new@example.com" {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	got = s.Do("POST", "/api/v1/auth/me/deletion", `{}`, fresh)
	if got.Status != http.StatusOK && got.Status != http.StatusAccepted {
		t.Fatalf("deletion: %d %s", got.Status, got.Body)
	}
	if me := s.me(s.signIn(ada)); me["email"] != "ada@example.com" { // a new account: the link ended at once
		t.Errorf("after the deletion the sign-in is to %v", me)
	}
}

func TestAPasswordIsNeededWhereThereIsOne(t *testing.T) {
	t.Attr("case", "SSO25")
	t.Parallel()
	s := startSSO(t)
	owner := s.verified("anna@example.com")
	for _, got := range []apitest.Response{
		s.Do("POST", "/api/v1/auth/me/deletion", `{}`, owner),
		s.Do("PUT", "/api/v1/auth/email", `{"email":"new@example.com"}`, owner),
	} {
		wantRefusal(t, got, http.StatusUnprocessableEntity, "validation_failed")
	}
}

func TestAResetByMailSetsTheFirstPassword(t *testing.T) {
	t.Attr("case", "SSO26")
	t.Parallel()
	s := startSSO(t)
	first := s.me(s.signIn(ada))
	handle := startReset(t, s.API, "ada@example.com")
	got := s.Do("POST", "/api/v1/auth/password/reset/confirm",
		resetBody(handle, lastCode(t, s.API, "ada@example.com"), rightPassword), nil)
	if got.Status != http.StatusOK {
		t.Fatalf("reset: %d %s", got.Status, got.Body)
	}
	login := s.Do("POST", "/api/v1/auth/login", `{"email":"ada@example.com","password":"`+rightPassword+`"}`, nil)
	if me := s.me(bearer(t, login)); me["id"] != first["id"] {
		t.Errorf("logged in to %v", me)
	}
	if me := s.me(s.signIn(ada)); me["id"] != first["id"] { // the address was verified, so the link stays
		t.Errorf("the sign-in is to %v", me)
	}
}

// TestTheOwnerOfAnAddressTakesItBack shows that who signs in with somebody else's address has nothing of it once its
// owner asks for a password.
func TestTheOwnerOfAnAddressTakesItBack(t *testing.T) {
	t.Attr("case", "SSO27")
	t.Parallel()
	s := startSSO(t)
	mallory := person{"mallory-1", "anna@example.com", false}
	stranger := s.signIn(mallory)
	if me := s.me(stranger); me["email_verified"] != false {
		t.Fatalf("profile %v", me)
	}
	if mails := s.mails("anna@example.com"); mails == "" {
		t.Error("no code to verify the address was mailed")
	}
	handle := startReset(t, s.API, "anna@example.com")
	got := s.Do("POST", "/api/v1/auth/password/reset/confirm",
		resetBody(handle, lastCode(t, s.API, "anna@example.com"), rightPassword), nil)
	if got.Status != http.StatusOK {
		t.Fatalf("reset: %d %s", got.Status, got.Body)
	}
	wantRefusal(t, s.Do("GET", "/api/v1/auth/me", "", stranger), http.StatusUnauthorized, "token_invalid")
	wantRefusal(t, s.redeem(s.arrive(mallory)), http.StatusConflict, "email_taken")
}

func TestTheExportHasTheLinks(t *testing.T) {
	t.Attr("case", "SSO28")
	t.Parallel()
	s := startSSO(t)
	got := s.Do("GET", "/api/v1/auth/me/export", "", s.signIn(ada))
	links, _ := got.JSON(t)["sso_links"].([]any)
	if len(links) != 1 || !strings.Contains(string(got.Body), "ada-1") {
		t.Errorf("export %d: %v", got.Status, links)
	}
}

func TestExpiredSignInsArePruned(t *testing.T) {
	t.Attr("case", "SSO29")
	t.Parallel()
	s := startSSO(t)
	s.verified("anna@example.com")
	s.begin(nil)
	s.arrive(ada)
	s.ticket(anna)
	s.clock.Advance(10*time.Minute - time.Second)
	s.arrive(ada)
	count := func() (n int) {
		t.Helper()
		check(t, s.DB.Pool.QueryRow(t.Context(),
			"SELECT (SELECT count(*) FROM sso_starts) + (SELECT count(*) FROM sso_answers)").Scan(&n))
		return n
	}
	if n := count(); n != 4 {
		t.Fatalf("%d rows", n)
	}
	s.clock.Advance(time.Second)
	check(t, s.SSO.Prune(t.Context()))
	if n := count(); n != 1 { // the code of the last sign-in
		t.Errorf("%d rows are left", n)
	}
}
