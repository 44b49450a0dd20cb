package httpapi_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// lastCode sends what is due and returns the code of the last mail to an address.
func lastCode(t *testing.T, a *apitest.API, to string) string {
	t.Helper()
	if err := a.Mail.SendDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range slices.Backward(a.Mailbox.Mails(to)) { // mails without a code may have been sent after it
		if code := regexp.MustCompile(`\d{4} \d{4}`).FindString(m.Text); code != "" {
			return code
		}
	}
	t.Fatal("no mail has a code")
	return ""
}

func TestLostPasswordIsReplacedAndNoCodeIsKept(t *testing.T) {
	t.Parallel()
	a := apitest.Start(t, nil)
	old := a.Register("anna@example.com")
	reset := func(email string) apitest.Response {
		return a.Do("POST", "/api/v1/auth/password/reset", `{"email":"`+email+`"}`,
			apitest.Header{"Accept-Language": "de"})
	}
	known, unknown := reset("anna@example.com"), reset("nobody@example.com")
	if known.Status != http.StatusAccepted || unknown.Status != known.Status || len(known.Body) != len(unknown.Body) {
		t.Fatalf("known %d %s, unknown %d %s", known.Status, known.Body, unknown.Status, unknown.Body)
	}
	code := lastCode(t, a, "anna@example.com")
	body := `{"handle":"` + known.JSON(t)["handle"].(string) + `","code":"` + code +
		`","new_password":"staple battery horse"}`
	if got := a.Do("POST", "/api/v1/auth/password/reset/confirm", body, nil); got.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/auth/password/reset/confirm", body, nil); got.Code() != "code_invalid" {
		t.Errorf("a used code: %d %s", got.Status, got.Body)
	}
	if got := a.Do("GET", "/api/v1/auth/me", "", old); got.Code() != "token_invalid" {
		t.Errorf("the old session: %d %s", got.Status, got.Body)
	}
	digits := strings.ReplaceAll(code, " ", "")
	if logs := a.Logs.String(); strings.Contains(logs, digits) || strings.Contains(logs, "anna@") {
		t.Error("the log has a code or an address")
	}
}

func TestAddressIsVerifiedAndChanged(t *testing.T) {
	t.Parallel()
	a := apitest.Start(t, nil)
	h := a.Register("anna@example.com")
	verified := func() any { return a.Do("GET", "/api/v1/auth/me", "", h).JSON(t)["email_verified"] }
	if verified() != false {
		t.Error("a new address counts as verified")
	}
	confirm := `{"code":"` + lastCode(t, a, "anna@example.com") + `"}`
	if got := a.Do("POST", "/api/v1/auth/email/confirm", confirm, h); got.Code() != "code_invalid" {
		t.Errorf("a code of another purpose: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/auth/email/verification/confirm", confirm, h); got.Status != http.StatusOK {
		t.Fatalf("verify: %d %s", got.Status, got.Body)
	}
	if verified() != true {
		t.Error("the address does not count as verified")
	}
	change := `{"email":"new@example.com","password":"correct horse battery"}`
	if got := a.Do("PUT", "/api/v1/auth/email", change, h); got.Status != http.StatusAccepted {
		t.Fatalf("change: %d %s", got.Status, got.Body)
	}
	confirm = `{"code":"` + lastCode(t, a, "new@example.com") + `"}`
	if got := a.Do("POST", "/api/v1/auth/email/confirm", confirm, h); got.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	if got := a.Do("GET", "/api/v1/auth/me", "", h).JSON(t)["email"]; got != "new@example.com" {
		t.Errorf("the address is %v", got)
	}
}
