package httpapi_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

const webhookSecret = "whsec_of_these_tests"

// newShop returns a Stripe that keeps state, and billing on it.
func newShop(t testing.TB, db *postgres.DB, log *slog.Logger) (*devstripe.Server, *billing.Service) {
	t.Helper()
	prices := map[tier.Tier]string{tier.Pro: "price_pro", tier.Power: "price_power", tier.Team: "price_team"}
	stripe, err := devstripe.New(devstripe.Config{Prices: prices, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stripe)
	t.Cleanup(server.Close)
	return stripe, billing.New(billing.Config{DB: db, Log: log, Gateway: stripepay.New(stripepay.Config{
		Key: "sk_test_1", WebhookSecrets: []string{webhookSecret}, APIBase: server.URL, Prices: prices,
		SuccessURL: "https://app.example.com/ok", CancelURL: "https://app.example.com/no", Log: log,
	})})
}

// deliver posts every event that Stripe has to the webhook, and lets the worker do its work.
func (a *api) deliver() {
	a.t.Helper()
	for _, e := range a.stripe.Events() {
		got := a.send("POST", "/api/v1/billing/webhook", bytes.NewReader(e.Payload), header{"Content-Type": "application/json; charset=utf-8",
			"Stripe-Signature": devstripe.Sign(e.Payload, webhookSecret, time.Now())})
		if got.status != http.StatusOK || strings.TrimSpace(string(got.body)) != `{"ok":true}` {
			a.t.Fatalf("%s: %d %s", e.Type, got.status, got.body)
		}
	}
	_, err := a.bills.ProcessDue(a.t.Context())
	check(a.t, err)
}

// checkout opens one and returns its id.
func (a *api) checkout(me header, body string) string {
	a.t.Helper()
	got := a.do("POST", "/api/v1/billing/checkout", body, me)
	if got.status != http.StatusOK {
		a.t.Fatalf("checkout: %d %s", got.status, got.body)
	}
	u, err := url.Parse(got.json(a.t)["checkout_url"].(string))
	check(a.t, err)
	return path.Base(u.Path)
}

// TestSubscriptionLife buys, changes nothing twice, and cancels, over HTTP.
func TestSubscriptionLife(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("buyer@example.com")
	subscription := func(want string) {
		t.Helper()
		if got := a.do("GET", "/api/v1/billing/subscription", "", me); got.status != http.StatusOK || !strings.Contains(string(got.body), want) {
			t.Errorf("subscription: %d %s, want %s", got.status, got.body, want)
		}
	}
	subscription(`"current_period_end":null`)
	subscription(`"status":"none"`)
	if got := a.do("POST", "/api/v1/billing/portal", "", me); got.status != http.StatusNotFound {
		t.Errorf("portal: %d %s", got.status, got.body)
	}
	if got := a.do("DELETE", "/api/v1/billing/subscription", "", me); got.status != http.StatusNotFound || got.code() != "not_found" {
		t.Errorf("nothing to cancel: %d %s", got.status, got.body)
	}
	if a.stripe.Pay(a.checkout(me, `{"tier":"team","seats":4}`), 0) == "" {
		t.Fatal("not paid")
	}
	a.deliver()
	subscription(`"tier":"team"`)
	subscription(`"seats":4`)
	if got := a.do("POST", "/api/v1/billing/checkout", `{"tier":"pro"}`, me); got.status != http.StatusConflict || got.code() != "already_subscribed" {
		t.Errorf("a second: %d %s", got.status, got.body)
	}
	if got := a.do("POST", "/api/v1/billing/portal", "", me); got.status != http.StatusOK || !strings.Contains(string(got.body), "/p/cus_") {
		t.Errorf("portal: %d %s", got.status, got.body)
	}
	for range 2 {
		if got := a.do("DELETE", "/api/v1/billing/subscription", "", me); got.status != http.StatusOK {
			t.Errorf("cancel: %d %s", got.status, got.body)
		}
		subscription(`"cancel_at_period_end":true`)
	}
	if got := a.do("DELETE", "/api/v1/billing/subscription?immediately=true", "", me); got.status != http.StatusOK {
		t.Errorf("cancel now: %d %s", got.status, got.body)
	}
	subscription(`"status":"canceled"`)
}

func TestC122_CheckoutBodies(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("bodies@example.com")
	for body, pointer := range map[string]string{
		`{"tier":"free"}`: "/tier", `{"tier":"TEAM"}`: "/tier", `{"tier":"gold"}`: "/tier", `{"tier":["pro","power","team"]}`: "/tier", `{}`: "/tier",
		`{"tier":"team","seats":0}`: "/seats", `{"tier":"team","seats":10001}`: "/seats", `{"tier":"team","seats":1.5}`: "/seats",
		`{"tier":"pro","seats":2}`: "/seats", `{"tier":"pro","success_url":"https://evil.example.com"}`: "",
	} {
		got := a.do("POST", "/api/v1/billing/checkout", body, me)
		if got.status != http.StatusUnprocessableEntity || got.code() != "validation_failed" || !strings.Contains(string(got.body), fmt.Sprintf(`"pointer":%q`, pointer)) {
			t.Errorf("%s: %d %s", body, got.status, got.body)
		}
	}
	if calls := a.stripe.Calls(); len(calls) > 0 {
		t.Errorf("Stripe was asked: %v", calls)
	}
	a.checkout(me, `{"tier":"team","seats":10000}`)
}

// TestC112_Webhooks sends what is not an event of Stripe's, too large, too slow, and unsigned.
func TestC112_Webhooks(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	payload := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","created":1,"data":{"object":{"object":"invoice"}}}`)
	signed := devstripe.Sign(payload, webhookSecret, time.Now())
	large := bytes.Repeat([]byte(" "), 512<<10+1)
	for name, c := range map[string]struct {
		body   []byte
		header header
		status int
		code   string
	}{
		"no signature":    {payload, nil, 400, "signature_invalid"},
		"another's":       {payload, header{"Stripe-Signature": devstripe.Sign(payload, "whsec_else", time.Now())}, 400, "signature_invalid"},
		"another body":    {append(payload[:len(payload):len(payload)], '\n'), header{"Stripe-Signature": signed}, 400, "signature_invalid"},
		"no body":         {nil, header{"Stripe-Signature": signed}, 400, "signature_invalid"},
		"too large":       {large, header{"Stripe-Signature": devstripe.Sign(large, webhookSecret, time.Now())}, 413, "body_too_large"},
		"as it should be": {payload, header{"Stripe-Signature": signed}, 200, ""},
	} {
		got := a.send("POST", "/api/v1/billing/webhook", bytes.NewReader(c.body), mergeHeaders(header{"Content-Type": "application/json"}, c.header))
		if got.status != c.status || got.code() != c.code {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

// TestBillingUnavailable takes Stripe away.
func TestBillingUnavailable(t *testing.T) {
	t.Parallel()
	a := start(t, nil)
	me := a.register("away@example.com")
	a.stripe.Pay(a.checkout(me, `{"tier":"pro"}`), 0)
	a.deliver()
	other := a.register("other@example.com")
	a.stripe.Script(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	for name, got := range map[string]answer{
		"checkout": a.do("POST", "/api/v1/billing/checkout", `{"tier":"pro"}`, other),
		"portal":   a.do("POST", "/api/v1/billing/portal", "", me),
		"cancel":   a.do("DELETE", "/api/v1/billing/subscription", "", me),
	} {
		if got.status != http.StatusServiceUnavailable || got.code() != "billing_unavailable" || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := a.do("GET", "/api/v1/billing/subscription", "", me).json(t); got["status"] != "active" || got["tier"] != "pro" {
		t.Errorf("what we know: %v", got)
	}
}
