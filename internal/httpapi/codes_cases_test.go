package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// startReset asks for a reset and returns the handle.
func startReset(t *testing.T, a *apitest.API, email string) string {
	t.Helper()
	got := a.Do("POST", "/api/v1/auth/password/reset", `{"email":"`+email+`"}`, nil)
	if got.Status != http.StatusAccepted {
		t.Fatalf("reset: %d %s", got.Status, got.Body)
	}
	return got.JSON(t)["handle"].(string)
}

func resetBody(handle, code, password string) string {
	return fmt.Sprintf(`{"handle":%q,"code":%q,"new_password":%q}`, handle, code, password)
}

func TestEveryRefusedCodeHasTheSameAnswer(t *testing.T) {
	t.Attr("case", "MC26")
	t.Parallel()
	clock := apitest.NewClock()
	a := apitest.StartReplica(t, apitest.Replica{Config: apitest.Config(t), DB: pgtest.New(t), Now: clock.Now}, nil)
	me, bob := a.Register("anna@example.com"), a.Register("bob@example.com")
	verification := lastCode(t, a, "anna@example.com")
	expired := startReset(t, a, "anna@example.com")
	expiredCode := lastCode(t, a, "anna@example.com")
	clock.Advance(10 * time.Minute)
	refreshed := func(email string) apitest.Header {
		got := a.Do("POST", "/api/v1/auth/login", `{"email":"`+email+`","password":"correct horse battery"}`, nil)
		return apitest.Header{"Authorization": "Bearer " + got.JSON(t)["access_token"].(string)}
	}
	me, bob = refreshed("anna@example.com"), refreshed("bob@example.com")
	const reset, confirm = "/api/v1/auth/password/reset/confirm", "/api/v1/auth/email/confirm"
	const verify, good = "/api/v1/auth/email/verification/confirm", "staple battery horse"
	unsent, guessed := startReset(t, a, "anna@example.com"), startReset(t, a, "bob@example.com")
	unknown := startReset(t, a, "nobody@example.com")
	lastCode(t, a, "bob@example.com")
	code := func(c string) string { return fmt.Sprintf(`{"code":%q}`, c) }
	var bodies []string
	for _, c := range []struct {
		name, path, body string
		as               apitest.Header
	}{
		{"expired", reset, resetBody(expired, expiredCode, good), nil},
		{"not mailed", reset, resetBody(unsent, "12345678", good), nil},
		{"no account", reset, resetBody(unknown, "12345678", good), nil},
		{"unknown handle", reset, resetBody(strings.Repeat("A", 26), "12345678", good), nil},
		{"wrong", reset, resetBody(guessed, "00000000", good), nil},
		{"of another purpose", confirm, code(verification), me},
		{"of another account", verify, code(verification), bob},
		{"none asked for", confirm, code("12345678"), bob},
	} {
		got := a.Do("POST", c.path, c.body, c.as)
		if got.Status != http.StatusUnprocessableEntity || got.Code() != "code_invalid" {
			t.Errorf("%s: %d %s", c.name, got.Status, got.Body)
			continue
		}
		problem := got.JSON(t)
		delete(problem, "request_id")
		delete(problem, "instance")
		bodies = append(bodies, fmt.Sprint(problem))
	}
	for _, body := range bodies {
		if body != bodies[0] {
			t.Errorf("answers differ: %s and %s", bodies[0], body)
		}
	}
}

func TestResetClosesSocketsOfOtherReplicas(t *testing.T) {
	t.Attr("case", "MC27")
	t.Parallel()
	shared := pgtest.New(t)
	often := apitest.Config(t)
	often.WSPingInterval = time.Second // an idle socket looks at its session with each ping
	one := apitest.StartReplica(t, apitest.Replica{Config: often, DB: shared}, nil)
	two := apitest.StartReplica(t, apitest.Replica{Config: apitest.Config(t), DB: shared}, nil)
	socket := one.Dial(one.Register("anna@example.com"))
	socket.Ask("what is overdue?")
	socket.Answer()
	lastCode(t, two, "anna@example.com") // of the registration, so that the next one is the reset's
	handle := startReset(t, two, "anna@example.com")
	body := resetBody(handle, lastCode(t, two, "anna@example.com"), "staple battery horse")
	if got := two.Do("POST", "/api/v1/auth/password/reset/confirm", body, nil); got.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	socket.ExpectClose("token_invalid", 4401)
}

func TestCodesAreBoundedAndTyped(t *testing.T) {
	t.Attr("case", "MC28")
	t.Parallel()
	a := apitest.Start(t, nil)
	me := a.Register("anna@example.com")
	handle := startReset(t, a, "anna@example.com")
	const good = "long enough x"
	number := `{"handle":"` + handle + `","code":12345678,"new_password":"long enough x"}`
	for _, c := range []struct{ method, path, body string }{
		{"POST", "/auth/password/reset", `{}`},
		{"POST", "/auth/password/reset", `{"email":"no address"}`},
		{"POST", "/auth/password/reset", `{"email":["anna@example.com"]}`},
		{"POST", "/auth/password/reset", `{"email":"anna@example.com","user_id":"x"}`},
		{"POST", "/auth/password/reset/confirm", number},
		{"POST", "/auth/password/reset/confirm", resetBody(handle, strings.Repeat("1", 5000), good)},
		{"POST", "/auth/password/reset/confirm", resetBody(strings.Repeat("A", 5000), "12345678", good)},
		{"POST", "/auth/password/reset/confirm", resetBody(handle, "12345678", "")},
		{"POST", "/auth/email/verification/confirm", `{"code":null}`},
		{"POST", "/auth/email/confirm", `{}`},
		{"PUT", "/auth/email", `{"email":"x@example.com"}`},
		{"PUT", "/auth/email", `{"email":"@example.com","password":"correct horse battery"}`},
		{"PUT", "/auth/email", `{"email":"a@b@example.com","password":"correct horse battery"}`},
		{"PUT", "/auth/email", `{"email":"a\r\nBcc: b@example.com","password":"correct horse battery"}`},
	} {
		got := a.Do(c.method, "/api/v1"+c.path, c.body, me)
		if got.Status != http.StatusUnprocessableEntity || got.Code() != "validation_failed" {
			t.Errorf("%s %.80s: %d %s", c.path, c.body, got.Status, got.Body)
		}
	}
	for path, body := range map[string]string{
		"/auth/email/verification": "", "/auth/email/verification/confirm": `{"code":"12345678"}`,
		"/auth/email/confirm": `{"code":"12345678"}`,
	} {
		if got := a.Do("POST", "/api/v1"+path, body, nil); got.Code() != "token_missing" {
			t.Errorf("%s without a token: %d %s", path, got.Status, got.Body)
		}
	}
}

func TestResetsAndConfirmationsOfANetworkAreLimited(t *testing.T) {
	t.Attr("case", "MC29")
	t.Parallel()
	a := apitest.Start(t, nil, apitest.WithRateLimits(t))
	for _, c := range []struct {
		path, body string
		allowed    int
	}{
		{"/api/v1/auth/password/reset", `{"email":"p%d@example.com"}`, 20},
		{"/api/v1/auth/password/reset/confirm", `{"handle":"%d","code":"12345678","new_password":"long enough x"}`, 10},
	} {
		served := 0
		for i := range 2 * c.allowed {
			if got := a.Do("POST", c.path, fmt.Sprintf(c.body, i), nil); got.Status != http.StatusTooManyRequests {
				served++
			}
		}
		if served != c.allowed {
			t.Errorf("%s: %d requests from one network were served, want %d", c.path, served, c.allowed)
		}
	}
}

func TestStripeAndTheOwnerLearnOfChanges(t *testing.T) {
	t.Attr("case", "MC41")
	t.Attr("case", "MC42")
	t.Parallel()
	a := apitest.Start(t, nil)
	me := a.Register("anna@example.com")
	got := a.Do("POST", "/api/v1/billing/checkout", `{"tier":"pro"}`, me)
	if got.Status != http.StatusOK {
		t.Fatalf("checkout: %d %s", got.Status, got.Body)
	}
	url := got.JSON(t)["checkout_url"].(string)
	a.Stripe.Pay(url[strings.LastIndexByte(url, '/')+1:], 0)
	a.Do("PUT", "/api/v1/auth/email", `{"email":"new@example.com","password":"correct horse battery"}`, me)
	confirm := `{"code":"` + lastCode(t, a, "new@example.com") + `"}`
	if got := a.Do("POST", "/api/v1/auth/email/confirm", confirm, me); got.Status != http.StatusOK {
		t.Fatalf("confirm: %d %s", got.Status, got.Body)
	}
	check(t, a.Billing.UpdateCustomers(t.Context()))
	var customer string
	check(t, a.DB.Pool.QueryRow(t.Context(), "SELECT stripe_customer_id FROM users").Scan(&customer))
	written := ""
	for _, c := range a.Stripe.Calls() {
		if c.Method == "POST" && c.Path == "/v1/customers/"+customer {
			written = c.Body
		}
	}
	if written != "email=new%40example.com" {
		t.Errorf("written to Stripe: %q", written)
	}
	a.Stripe.DeclineCard(customer, true)
	a.Stripe.Advance(31 * 24 * time.Hour)
	for _, event := range a.Stripe.Events() {
		check(t, a.Billing.HandleEvent(t.Context(), event.Payload,
			devstripe.Sign(event.Payload, apitest.WebhookSecret, time.Now())))
	}
	_, err := a.Billing.ProcessDue(t.Context())
	check(t, err)
	check(t, a.Mail.SendDue(t.Context()))
	mails := a.Mailbox.Mails("new@example.com")
	if last := mails[len(mails)-1]; last.Subject != "Your payment did not go through" {
		t.Errorf("the last mail is %q", last.Subject)
	}
}
