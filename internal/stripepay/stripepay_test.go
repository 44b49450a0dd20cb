package stripepay_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

var prices = map[tier.Tier]string{tier.Pro: "price_pro", tier.Power: "price_power", tier.Team: "price_team"}

var listed = map[tier.Tier][]string{tier.Pro: {"price_pro"}, tier.Power: {"price_power"}, tier.Team: {"price_team"}}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func gateway(base string, options ...func(*stripepay.Config)) *stripepay.Gateway {
	cfg := stripepay.Config{
		Key: "sk_test_1", APIBase: base, Prices: listed, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		SuccessURL: "https://x.example.com/ok", CancelURL: "https://x.example.com/no",
	}
	for _, o := range options {
		o(&cfg)
	}
	return stripepay.New(cfg)
}

func startDevstripe(t *testing.T) (*devstripe.Server, string) {
	t.Helper()
	stripe, err := devstripe.New(devstripe.Config{Prices: prices, Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	server := httptest.NewServer(stripe)
	t.Cleanup(server.Close)
	return stripe, server.URL
}

// callEverything calls every method of the gateway.
func callEverything(
	t *testing.T, g *stripepay.Gateway, pay func(sessionID string) (subscriptionID string),
	schedule func(subscriptionID string) (scheduleID string),
) {
	t.Helper()
	ctx := t.Context()
	customer, err := g.CreateCustomer(ctx, uuid.New(), "a@example.com", "")
	check(t, err)
	check(t, g.UpdateCustomer(ctx, customer, "b@example.com"))
	order := billing.Order{UserID: uuid.New(), CustomerID: customer, Tier: tier.Team, Seats: 5}
	checkout, err := g.CreateCheckout(ctx, order, "key-1")
	check(t, err)
	_, err = g.Checkouts(ctx, customer)
	check(t, err)
	_, err = g.CreatePortal(ctx, customer)
	check(t, err)
	id := pay(checkout.ID)
	_, err = g.Subscription(ctx, id)
	check(t, err)
	for _, who := range []string{customer, ""} {
		for _, err := range g.Subscriptions(ctx, who, "") {
			check(t, err)
		}
	}
	_, err = g.Account(ctx)
	check(t, err)
	_, err = g.LastPaid(ctx, id)
	check(t, err)
	check(t, g.CheckPrice(ctx, tier.Team))
	check(t, g.Cancel(ctx, billing.Subscription{ID: id, ScheduleID: schedule(id)}, false))
	check(t, g.Cancel(ctx, billing.Subscription{ID: id}, true))
	other, err := g.CreateCheckout(ctx, order, "key-2")
	check(t, err)
	check(t, g.ExpireCheckout(ctx, other.ID))
	if err := g.CheckPrices(ctx); errors.Is(err, billing.ErrUnavailable) || errors.Is(err, billing.ErrNotAtStripe) {
		t.Error(err) // a different price is fine: it is stripe-mock's fixture
	}
	check(t, g.DeleteCustomer(ctx, customer))
}

// TestStripeMockAcceptsEveryRequest checks the gateway's requests, sent to stripe-mock and as devstripe received them,
// against Stripe's specification.
func TestStripeMockAcceptsEveryRequest(t *testing.T) {
	t.Parallel()
	mock := stripeMock(t)
	always := func(id string) func(string) string { return func(string) string { return id } }
	callEverything(t, gateway(mock), always("sub_1"), always("sub_sched_1"))
	stripe, base := startDevstripe(t)
	callEverything(t, gateway(base), func(id string) string { return stripe.Pay(id, 0) }, func(id string) string {
		stripe.Change(id, func(x *devstripe.Subscription) { x.Schedule = "sub_sched_1" })
		return "sub_sched_1"
	})
	calls := stripe.Calls()
	if len(calls) < 14 {
		t.Fatalf("only %d calls", len(calls))
	}
	for _, c := range calls {
		if status, body := send(t, mock, c); status != http.StatusOK {
			t.Errorf("%s %s %s: %d %s", c.Method, c.Path, c.Body, status, body)
		}
	}
}

func send(t *testing.T, base string, c devstripe.Call) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.Method, base+c.Path, strings.NewReader(c.Body))
	check(t, err)
	req.Header.Set("Authorization", "Bearer sk_test_1")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	body, err := io.ReadAll(resp.Body)
	check(t, errors.Join(err, resp.Body.Close()))
	return resp.StatusCode, body
}

// TestDevstripeRespondsLikeStripeMock compares the members of each response, of list entries, and of a
// subscription's items.
func TestDevstripeRespondsLikeStripeMock(t *testing.T) {
	t.Parallel()
	mock := stripeMock(t)
	stripe, base := startDevstripe(t)
	g := gateway(base)
	customer, err := g.CreateCustomer(t.Context(), uuid.New(), "a@example.com", "")
	check(t, err)
	order := billing.Order{CustomerID: customer, Tier: tier.Pro, Seats: 1}
	checkout, err := g.CreateCheckout(t.Context(), order, "k")
	check(t, err)
	id := stripe.Pay(checkout.ID, 0)
	checkoutForm := "mode=subscription&success_url=http%3A%2F%2Fx&customer=" + customer +
		"&line_items[0][price]=price_pro&line_items[0][quantity]=1"
	for _, c := range []devstripe.Call{
		{Method: "POST", Path: "/v1/customers", Body: "email=b%40example.com"},
		{Method: "GET", Path: "/v1/customers/" + customer},
		{Method: "GET", Path: "/v1/customers"},
		{Method: "POST", Path: "/v1/checkout/sessions", Body: checkoutForm},
		{Method: "GET", Path: "/v1/checkout/sessions?customer=" + customer},
		{Method: "GET", Path: "/v1/checkout/sessions/" + checkout.ID},
		{Method: "POST", Path: "/v1/billing_portal/sessions", Body: "customer=" + customer},
		{Method: "GET", Path: "/v1/subscriptions/" + id},
		{Method: "GET", Path: "/v1/subscriptions?customer=" + customer},
		{Method: "POST", Path: "/v1/subscriptions/" + id, Body: "cancel_at_period_end=true"},
		{Method: "GET", Path: "/v1/prices/price_pro"},
		{Method: "DELETE", Path: "/v1/subscriptions/" + id},
		{Method: "DELETE", Path: "/v1/customers/" + customer},
	} {
		status, ours := send(t, base, c)
		_, theirs := send(t, mock, c)
		if a, b := members(t, ours), members(t, theirs); status != http.StatusOK || !slices.Equal(a, b) {
			t.Errorf("%s %s: %d\ndevstripe   %v\nstripe-mock %v", c.Method, c.Path, status, a, b)
		}
	}
}

// members returns the names in an object, in a list's first entry, and in a subscription's first item.
func members(t *testing.T, raw []byte) []string {
	t.Helper()
	var o map[string]any
	check(t, json.Unmarshal(raw, &o))
	names := slices.Sorted(maps.Keys(o))
	for at := o; ; {
		list, ok := at["data"].([]any)
		if items, nested := at["items"].(map[string]any); nested {
			list, ok = items["data"].([]any)
		}
		if !ok || len(list) == 0 {
			return names
		}
		at, _ = list[0].(map[string]any)
		names = append(names, slices.Sorted(maps.Keys(at))...)
	}
}

func TestVerifyAcceptsOnlyValidSignatures(t *testing.T) {
	t.Attr("case", "C112")
	t.Attr("case", "B12")
	t.Parallel()
	now := time.Unix(1_767_225_600, 0)
	const current, previous = "whsec_current", "whsec_previous"
	g := gateway("", func(c *stripepay.Config) {
		c.WebhookSecrets, c.Now = []string{current, previous}, func() time.Time { return now }
	})
	payload := []byte(`{"id":"evt_1","object":"event","type":"invoice.paid","created":1767225600,
		"api_version":"2020-08-27",
		"data":{"object":{"id":"in_1","object":"invoice","parent":{"subscription_details":{"subscription":"sub_1"}}}}}`)
	sign := func(secret string, off time.Duration) string { return devstripe.Sign(payload, secret, now.Add(off)) }
	for name, c := range map[string]struct {
		payload   []byte
		signature string
		accepted  bool
	}{
		"now":                 {payload, sign(current, 0), true},
		"299 s old":           {payload, sign(current, -299*time.Second), true},
		"299 s ahead":         {payload, sign(current, 299*time.Second), true},
		"the previous secret": {payload, sign(previous, 0), true},
		"two signatures, one valid": {
			payload, sign("whsec_else", 0) + ",v1=" + sign(current, 0)[len("t=1767225600,v1="):], true,
		},
		"301 s old":        {payload, sign(current, -301*time.Second), false},
		"301 s ahead":      {payload, sign(current, 301*time.Second), false},
		"another secret":   {payload, sign("whsec_else", 0), false},
		"serialized again": {[]byte(strings.ReplaceAll(string(payload), "\n\t\t", "")), sign(current, 0), false},
		"one more byte":    {append(slices.Clone(payload), ' '), sign(current, 0), false},
		"no signature":     {payload, "", false},
		"malformed":        {payload, "t=now,v1=zz", false},
		"only scheme v0":   {payload, strings.Replace(sign(current, 0), "v1=", "v0=", 1), false},
		"another time than the signed one": {
			payload, "t=1767225601," + sign(current, 0)[len("t=1767225600,"):], false,
		},
		"now, and the time of an old signature": {
			payload, "t=1767225600," + sign(current, -7*24*time.Hour), false,
		},
		"an old signature, and now": {payload, sign(current, -7*24*time.Hour) + ",t=1767225600", false},
		"the same time twice":       {payload, "t=1767225600," + sign(current, 0), false},
		"a second time with a space": {
			payload, sign(current, -7*24*time.Hour) + ", t=1767225600", false,
		},
		"a time with a space":    {payload, strings.Replace(sign(current, 0), "t=", "t= ", 1), false},
		"an empty time":          {payload, "t=," + sign(current, 0)[len("t=1767225600,"):], false},
		"a negative time":        {payload, strings.Replace(sign(current, 0), "t=", "t=-", 1), false},
		"a time with a sign":     {payload, strings.Replace(sign(current, 0), "t=", "t=+", 1), false},
		"a time beyond int64":    {payload, "t=99999999999999999999," + sign(current, 0)[len("t=1767225600,"):], false},
		"a time with a fraction": {payload, strings.Replace(sign(current, 0), ",", ".0,", 1), false},
		"no time":                {payload, sign(current, 0)[len("t=1767225600,"):], false},
		"a repeated signature":   {payload, sign(current, 0) + sign(current, 0)[len("t=1767225600"):], true},
		"another scheme as well": {payload, sign(current, 0) + ",v0=00", true},
		"signed, but no JSON":    {[]byte("hello"), devstripe.Sign([]byte("hello"), current, now), false},
		"signed, but no event":   {[]byte("{}"), devstripe.Sign([]byte("{}"), current, now), false},
		"signed, but no object":  {[]byte("[]"), devstripe.Sign([]byte("[]"), current, now), false},
	} {
		event, err := g.Verify(c.payload, c.signature)
		parsed := event.ID == "evt_1" && event.SubscriptionID == "sub_1" && event.Type == "invoice.paid"
		if c.accepted && (err != nil || !parsed) || !c.accepted && !errors.Is(err, billing.ErrSignature) {
			t.Errorf("%s: %+v, %v", name, event, err)
		}
	}
}

// TestThinEventsAreIgnored checks that signed events without an object are accepted and lead to no subscription.
func TestThinEventsAreIgnored(t *testing.T) {
	t.Attr("case", "B13")
	t.Parallel()
	g := gateway("", func(c *stripepay.Config) { c.WebhookSecrets = []string{"whsec_1"} })
	for _, text := range []string{
		`{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.error_report_triggered","livemode":false,
			"created":"2026-01-01T00:00:00.000Z","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/x"}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v2.core.account.closed","created":"2026-01-01T00:00:00Z",
			"data":{"object":null}}`,
		`{"id":"evt_1","object":"event","type":"x","created":1,"data":null}`,
		`{"id":"evt_1","object":"event","type":"x","created":1,"data":{"object":[]}}`,
		`{"id":"evt_1","type":"x"}`,
	} {
		event, err := g.Verify([]byte(text), devstripe.Sign([]byte(text), "whsec_1", time.Now()))
		if err != nil || event.SubscriptionID != "" || event.ID != "evt_1" {
			t.Errorf("%s: %+v, %v", text, event, err)
		}
	}
}

// TestVerifyFindsTheSubscription checks every type of event, with the subscription as an id and as an object.
func TestVerifyFindsTheSubscription(t *testing.T) {
	t.Parallel()
	now := time.Now()
	g := gateway("", func(c *stripepay.Config) { c.WebhookSecrets = []string{"whsec_1"} })
	for object, want := range map[string]string{
		`{"id":"sub_1","object":"subscription"}`:                                                             "sub_1",
		`{"id":"cs_1","object":"checkout.session","subscription":"sub_2"}`:                                   "sub_2",
		`{"id":"cs_1","object":"checkout.session","subscription":{"id":"sub_3"}}`:                            "sub_3",
		`{"id":"cs_1","object":"checkout.session","subscription":null}`:                                      "",
		`{"id":"in_1","object":"invoice","subscription":"sub_4"}`:                                            "sub_4",
		`{"id":"in_1","object":"invoice","parent":{"subscription_details":{"subscription":{"id":"sub_5"}}}}`: "sub_5",
		`{"id":"in_1","object":"invoice","subscription":"sub_6","parent":{"subscription_details":{}}}`:       "sub_6",
		`{"id":"in_1","object":"invoice","subscription":"sub_7","parent":{"type":"x"}}`:                      "sub_7",
		`{"id":"sub_sched_1","object":"subscription_schedule","released_subscription":"sub_8"}`:              "sub_8",
		`{"id":"in_1","object":"invoice","parent":null}`:                                                     "",
	} {
		payload := []byte(`{"id":"evt_1","object":"event","type":"x","created":1,"data":{"object":` + object + `}}`)
		event, err := g.Verify(payload, devstripe.Sign(payload, "whsec_1", now))
		if err != nil || event.SubscriptionID != want {
			t.Errorf("%s: %q, %v; want %q", object, event.SubscriptionID, err, want)
		}
	}
}

func TestCheckPricesNamesEveryWrongVariable(t *testing.T) {
	t.Parallel()
	stripe, base := startDevstripe(t)
	check(t, gateway(base).CheckPrices(t.Context()))
	wrong := gateway(base, func(c *stripepay.Config) {
		c.Prices = map[tier.Tier][]string{
			tier.Pro: {"price_power"}, tier.Power: {"price_none"}, tier.Team: {"price_team"},
		}
	}).CheckPrices(t.Context())
	if wrong == nil || !strings.Contains(wrong.Error(), "STRIPE_PRICE_PRO: the price is 2900 eur, not 1500") ||
		!strings.Contains(wrong.Error(), "STRIPE_PRICE_POWER: Stripe has no such price") ||
		strings.Contains(wrong.Error(), "TEAM") {
		t.Errorf("wrong prices: %v", wrong)
	}
	stripe.InjectFaults(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	if err := gateway(base).CheckPrices(t.Context()); !errors.Is(err, billing.ErrUnavailable) {
		t.Errorf("with Stripe unavailable: %v", err)
	}
}

// TestErrorsQuoteNoPrivateData looks for the key, the e-mail and the host in the text of every failure.
func TestErrorsQuoteNoPrivateData(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"error response": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"error":{"type":"invalid_request_error","code":"email_invalid",
				"message":"Invalid email MARK@example.com","param":"email"}}`)
		},
		"no JSON":           func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "MARK <html>") },
		"connection closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		ts := httptest.NewServer(handler)
		t.Cleanup(ts.Close)
		g := gateway(ts.URL, func(c *stripepay.Config) { c.Key = "sk_test_MARK" })
		_, err := g.CreateCustomer(t.Context(), uuid.New(), "MARK@example.com", "")
		if err == nil || strings.Contains(err.Error(), "MARK") || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestScheduleTellsTheEndInListsAsWell reads a subscription whose schedule ends it, by its id and in a list. Stripe
// sends the schedule whole only where that is asked for.
func TestScheduleTellsTheEndInListsAsWell(t *testing.T) {
	t.Attr("case", "B03")
	t.Parallel()
	const whole = `{"id":"sub_sched_1","end_behavior":"cancel","phases":[{"end_date":1767225600}]}`
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		schedule := `"sub_sched_1"`
		list := r.URL.Path == "/v1/subscriptions"
		if want := map[bool]string{true: "data.schedule", false: "schedule"}[list]; r.FormValue("expand[0]") == want {
			schedule = whole
		}
		sub := `{"id":"sub_1","status":"active","schedule":` + schedule + `,
			"items":{"data":[{"price":{"id":"price_pro"},"quantity":1,"current_period_end":1767225600}]}}`
		if list {
			sub = `{"object":"list","data":[` + sub + `]}`
		}
		_, _ = io.WriteString(w, sub)
	}))
	t.Cleanup(ts.Close)
	g := gateway(ts.URL)
	one, err := g.Subscription(t.Context(), "sub_1")
	if err != nil || !one.CancelAtPeriodEnd || one.ScheduleID != "sub_sched_1" {
		t.Errorf("by its id: %+v, %v", one, err)
	}
	n := 0
	for sub, err := range g.Subscriptions(t.Context(), "", "") {
		if n++; err != nil || !sub.CancelAtPeriodEnd || sub.ScheduleID != "sub_sched_1" {
			t.Errorf("in a list: %+v, %v", sub, err)
		}
	}
	if n != 1 {
		t.Errorf("%d subscriptions, want 1", n)
	}
}
