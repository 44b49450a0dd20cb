package system_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/testing/apitest"
)

// deliverEvents posts every event of the local Stripe to the webhook and processes what is due.
func (a *api) deliverEvents() {
	a.T.Helper()
	for _, e := range a.Stripe.Events() {
		got := a.Send("POST", "/api/v1/billing/webhook", bytes.NewReader(e.Payload),
			header{"Content-Type": "application/json; charset=utf-8",
				"Stripe-Signature": devstripe.Sign(e.Payload, apitest.WebhookSecret, time.Now())})
		if got.Status != http.StatusOK || strings.TrimSpace(string(got.Body)) != `{"ok":true}` {
			a.T.Fatalf("%s: %d %s", e.Type, got.Status, got.Body)
		}
	}
	_, err := a.Billing.ProcessDue(a.T.Context())
	check(a.T, err)
}

// openCheckout opens a checkout and returns its id.
func (a *api) openCheckout(me header, body string) string {
	a.T.Helper()
	got := a.Do("POST", "/api/v1/billing/checkout", body, me)
	if got.Status != http.StatusOK {
		a.T.Fatalf("checkout: %d %s", got.Status, got.Body)
	}
	u, err := url.Parse(got.JSON(a.T)["checkout_url"].(string))
	check(a.T, err)
	return path.Base(u.Path)
}

// TestSubscriptionLifecycle buys a subscription, cancels it twice at the end of its period, and then at once.
func TestSubscriptionLifecycle(t *testing.T) {
	t.Attr("case", "C110")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("buyer@example.com")
	subscription := func(want string) {
		t.Helper()
		if got := a.Do("GET", "/api/v1/billing/subscription", "", me); got.Status != http.StatusOK ||
			!strings.Contains(string(got.Body), want) {
			t.Errorf("subscription: %d %s, want %s", got.Status, got.Body, want)
		}
	}
	subscription(`"current_period_end":null`)
	subscription(`"status":"none"`)
	if got := a.Do("POST", "/api/v1/billing/portal", "", me); got.Status != http.StatusNotFound {
		t.Errorf("portal: %d %s", got.Status, got.Body)
	}
	if got := a.Do("DELETE", "/api/v1/billing/subscription", "", me); got.Status != http.StatusNotFound ||
		got.Code() != "not_found" {
		t.Errorf("cancel without a subscription: %d %s", got.Status, got.Body)
	}
	if a.Stripe.Pay(a.openCheckout(me, `{"tier":"team","seats":4}`), 0) == "" {
		t.Fatal("the payment failed")
	}
	a.deliverEvents()
	subscription(`"tier":"team"`)
	subscription(`"seats":4`)
	if got := a.Do("POST", "/api/v1/billing/checkout", `{"tier":"pro"}`, me); got.Status != http.StatusConflict ||
		got.Code() != "already_subscribed" {
		t.Errorf("second checkout: %d %s", got.Status, got.Body)
	}
	if got := a.Do("POST", "/api/v1/billing/portal", "", me); got.Status != http.StatusOK ||
		!strings.Contains(string(got.Body), "/p/cus_") {
		t.Errorf("portal: %d %s", got.Status, got.Body)
	}
	for range 2 {
		if got := a.Do("DELETE", "/api/v1/billing/subscription", "", me); got.Status != http.StatusOK {
			t.Errorf("cancel: %d %s", got.Status, got.Body)
		}
		subscription(`"cancel_at_period_end":true`)
	}
	if got := a.Do("DELETE", "/api/v1/billing/subscription?immediately=true", "", me); got.Status != http.StatusOK {
		t.Errorf("cancel immediately: %d %s", got.Status, got.Body)
	}
	subscription(`"status":"canceled"`)
}

func TestCheckoutRejectsInvalidBodies(t *testing.T) {
	t.Attr("case", "C122")
	t.Parallel()
	a := start(t, nil)
	me := a.Register("bodies@example.com")
	for body, pointer := range map[string]string{
		`{"tier":"free"}`:                 "/tier",
		`{"tier":"TEAM"}`:                 "/tier",
		`{"tier":"gold"}`:                 "/tier",
		`{"tier":["pro","power","team"]}`: "/tier",
		`{}`:                              "/tier",
		`{"tier":"team","seats":0}`:       "/seats",
		`{"tier":"team","seats":10001}`:   "/seats",
		`{"tier":"team","seats":1.5}`:     "/seats",
		`{"tier":"pro","seats":2}`:        "/seats",
		`{"tier":"pro","success_url":"https://evil.example.com"}`: "",
	} {
		got := a.Do("POST", "/api/v1/billing/checkout", body, me)
		if got.Status != http.StatusUnprocessableEntity || got.Code() != "validation_failed" ||
			!strings.Contains(string(got.Body), fmt.Sprintf(`"pointer":%q`, pointer)) {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
	if calls := a.Stripe.Calls(); len(calls) > 0 {
		t.Errorf("Stripe was called: %v", calls)
	}
	a.openCheckout(me, `{"tier":"team","seats":10000}`)
}

func TestWebhookRejectsUnsignedAndOversizedBodies(t *testing.T) {
	t.Attr("case", "C112")
	t.Parallel()
	a := start(t, nil)
	payload := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","created":1,` +
		`"data":{"object":{"object":"invoice"}}}`)
	signed := devstripe.Sign(payload, apitest.WebhookSecret, time.Now())
	thin := []byte(`{"id":"evt_2","object":"v2.core.event","type":"v2.core.account.closed",` +
		`"created":"2026-01-01T00:00:00Z"}`)
	large := bytes.Repeat([]byte(" "), 512<<10+1)
	for name, c := range map[string]struct {
		body   []byte
		header header
		status int
		code   string
	}{
		"no signature": {payload, nil, 400, "signature_invalid"},
		"wrong secret": {payload, header{"Stripe-Signature": devstripe.Sign(payload, "whsec_else", time.Now())},
			400, "signature_invalid"},
		"another body": {append(payload[:len(payload):len(payload)], '\n'), header{"Stripe-Signature": signed}, 400,
			"signature_invalid"},
		"no body": {nil, header{"Stripe-Signature": signed}, 400, "signature_invalid"},
		"too large": {large, header{"Stripe-Signature": devstripe.Sign(large, apitest.WebhookSecret,
			time.Now())}, 413, "body_too_large"},
		"valid": {payload, header{"Stripe-Signature": signed}, 200, ""},
		"two times": {payload, header{"Stripe-Signature": signed + fmt.Sprintf(",t=%d", time.Now().Unix())}, 400,
			"signature_invalid"},
		"thin": {thin, header{"Stripe-Signature": devstripe.Sign(thin, apitest.WebhookSecret, time.Now())}, 200, ""},
	} {
		got := a.Send("POST", "/api/v1/billing/webhook", bytes.NewReader(c.body),
			merge(header{"Content-Type": "application/json"}, c.header))
		if got.Status != c.status || got.Code() != c.code {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestBillingUnavailableWhileStripeFails(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.Register("away@example.com")
	a.Stripe.Pay(a.openCheckout(me, `{"tier":"pro"}`), 0)
	a.deliverEvents()
	other := a.Register("other@example.com")
	a.Stripe.InjectFaults(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	for name, got := range map[string]answer{
		"checkout": a.Do("POST", "/api/v1/billing/checkout", `{"tier":"pro"}`, other),
		"portal":   a.Do("POST", "/api/v1/billing/portal", "", me),
		"cancel":   a.Do("DELETE", "/api/v1/billing/subscription", "", me),
	} {
		if got.Status != http.StatusServiceUnavailable || got.Code() != "billing_unavailable" ||
			got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := a.Do("GET", "/api/v1/billing/subscription", "", me).JSON(t); got["status"] != "active" ||
		got["tier"] != "pro" {
		t.Errorf("subscription while Stripe fails: %v", got)
	}
}
