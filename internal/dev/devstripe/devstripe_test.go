package devstripe_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v85/webhook"

	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/tier"
)

const secret = "whsec_of_these_tests"

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func start(t *testing.T, cfg devstripe.Config) (*devstripe.Server, string) {
	t.Helper()
	cfg.Prices = map[tier.Tier]string{tier.Pro: "price_pro", tier.Power: "price_power", tier.Team: "price_team"}
	cfg.WebhookSecret, cfg.Log = secret, slog.New(slog.DiscardHandler)
	s, err := devstripe.New(cfg)
	check(t, err)
	ts := httptest.NewServer(s)
	t.Cleanup(ts.Close)
	return s, ts.URL
}

// call sends a form with an idempotency key and returns the response's status and members.
func call(t *testing.T, method, url, form, key string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	check(t, err)
	req.Header.Set("Authorization", "Bearer sk_test_1")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Idempotency-Key", key)
	resp, err := http.DefaultClient.Do(req)
	check(t, err)
	raw, err := io.ReadAll(resp.Body)
	check(t, errors.Join(err, resp.Body.Close()))
	var members map[string]any
	check(t, json.Unmarshal(raw, &members))
	return resp.StatusCode, members
}

// openCheckout creates a customer and a checkout and returns the checkout's id.
func openCheckout(t *testing.T, base string) string {
	t.Helper()
	_, customer := call(t, "POST", base+"/v1/customers", "email=a%40example.com", "")
	form := url.Values{"mode": {"subscription"}, "success_url": {"http://app/ok"}, "cancel_url": {"http://app/no"},
		"customer": {customer["id"].(string)}, "line_items[0][price]": {"price_team"}, "line_items[0][quantity]": {"2"}}
	status, session := call(t, "POST", base+"/v1/checkout/sessions", form.Encode(), "")
	if status != http.StatusOK {
		t.Fatalf("checkout: %d %v", status, session)
	}
	u, err := url.Parse(session["url"].(string))
	check(t, err)
	return path.Base(u.Path)
}

func TestIdempotencyKeyRepeatsTheResponse(t *testing.T) {
	t.Parallel()
	s, base := start(t, devstripe.Config{})
	_, first := call(t, "POST", base+"/v1/customers", "email=a", "k")
	_, again := call(t, "POST", base+"/v1/customers", "email=a", "k")
	if first["id"] != again["id"] {
		t.Error("two requests with one key created two customers")
	}
	status, response := call(t, "POST", base+"/v1/customers", "email=b", "k")
	if status != http.StatusBadRequest || response["error"].(map[string]any)["type"] != "idempotency_error" {
		t.Errorf("other parameters: %d %v", status, response)
	}
	s.InjectFaults(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	call(t, "POST", base+"/v1/customers", "email=c", "l")
	s.InjectFaults(nil)
	if status, _ := call(t, "POST", base+"/v1/customers", "email=c", "l"); status != http.StatusInternalServerError {
		t.Errorf("repeated after a 500: %d, want 500 again", status)
	}
}

func TestAPIErrors(t *testing.T) {
	t.Parallel()
	_, base := start(t, devstripe.Config{})
	for _, c := range []struct {
		method, path, form string
		status             int
	}{
		{"GET", "/v1/subscriptions/sub_none", "", 404}, {"DELETE", "/v1/subscriptions/sub_none", "", 404},
		{"GET", "/v1/customers/cus_none", "", 404}, {"DELETE", "/v1/customers/cus_none", "", 404},
		{"GET", "/v1/prices/price_none", "", 404}, {"POST", "/v1/billing_portal/sessions", "customer=cus_none", 404},
		{"POST", "/v1/checkout/sessions", "mode=banana", 400}, {"GET", "/v1/charges", "", 404},
	} {
		status, response := call(t, c.method, base+c.path, c.form, "")
		if status != c.status || response["error"] == nil {
			t.Errorf("%s %s: %d %v", c.method, c.path, status, response)
		}
	}
	resp, err := http.Get(base + "/v1/customers")
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %d", resp.StatusCode)
	}
}

// TestStateSurvivesARestart starts a second server with the first one's file.
func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	cfg := devstripe.Config{File: filepath.Join(t.TempDir(), "stripe.json")}
	s, base := start(t, cfg)
	id := s.Pay(openCheckout(t, base), 7)
	s.Advance(24 * time.Hour)
	restarted, base := start(t, cfg)
	status, got := call(t, "GET", base+"/v1/subscriptions/"+id, "", "")
	if status != http.StatusOK || got["status"] != "active" {
		t.Errorf("%d %v", status, got)
	}
	if n := len(restarted.Events()); n != 3 {
		t.Errorf("%d pending events, want 3", n)
	}
}

// receiver records the types of delivered events. It refuses the first deliveries, as many as refuse says.
type receiver struct {
	mu     sync.Mutex
	got    []string
	refuse atomic.Int64
	wrong  atomic.Int64
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	payload, _ := io.ReadAll(req.Body)
	event, err := webhook.ConstructEvent(payload, req.Header.Get("Stripe-Signature"), secret)
	if err != nil {
		r.wrong.Add(1)
	}
	if r.refuse.Add(-1) >= 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, string(event.Type))
}

func (r *receiver) types() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.got...)
}

// TestWebhookDelivery checks that deliveries are signed and retried, and repeated and reversed when unreliable.
func TestWebhookDelivery(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unreliable bool
		want       string
	}{
		"reliable": {false, "customer.subscription.created checkout.session.completed invoice.paid"},
		"unreliable": {true, "invoice.paid invoice.paid checkout.session.completed checkout.session.completed " +
			"customer.subscription.created customer.subscription.created"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{}
			ts := httptest.NewServer(r)
			t.Cleanup(ts.Close)
			s, base := start(t, devstripe.Config{WebhookURL: ts.URL})
			s.DeliverUnreliably(c.unreliable)
			s.Pay(openCheckout(t, base), 0)
			if !c.unreliable {
				r.refuse.Store(3) // each of the three events once
			}
			ctx, stop := context.WithCancel(t.Context())
			var work sync.WaitGroup
			work.Go(func() { s.Maintain(ctx) })
			deadline, tick := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
			defer tick.Stop()
			for got := ""; got != c.want; got = strings.Join(r.types(), " ") {
				select {
				case <-tick.C:
				case <-deadline:
					t.Fatalf("delivered %q, want %q", got, c.want)
				}
			}
			stop()
			work.Wait()
			if n := r.wrong.Load(); n > 0 {
				t.Errorf("%d signatures were invalid", n)
			}
		})
	}
}

// TestCheckoutPage submits a checkout's page: with a declined card, canceled, paid, and when it is complete.
func TestCheckoutPage(t *testing.T) {
	t.Parallel()
	s, base := start(t, devstripe.Config{})
	id := openCheckout(t, base)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	post := func(form string) (int, string, string) {
		t.Helper()
		resp, err := browser.Post(base+"/c/pay/"+id, "application/x-www-form-urlencoded", strings.NewReader(form))
		check(t, err)
		body, err := io.ReadAll(resp.Body)
		check(t, errors.Join(err, resp.Body.Close()))
		return resp.StatusCode, resp.Header.Get("Location"), string(body)
	}
	status, _, body := post("do=fail")
	if status != http.StatusOK || !strings.Contains(body, "declined") || len(s.RunningSubscriptions()) != 0 {
		t.Errorf("declined: %d %s", status, body)
	}
	if status, to, _ := post("do=cancel"); status != http.StatusSeeOther || to != "http://app/no" {
		t.Errorf("canceled: %d %s", status, to)
	}
	status, to, _ := post("do=pay&seats=9")
	if status != http.StatusSeeOther || to != "http://app/ok" || len(s.RunningSubscriptions()) != 1 {
		t.Errorf("paid: %d %s", status, to)
	}
	_, _, body = post("do=pay")
	if !strings.Contains(body, "This checkout is complete") || len(s.RunningSubscriptions()) != 1 {
		t.Errorf("paid twice: %s", body)
	}
	_, got := call(t, "GET", base+"/v1/subscriptions/"+s.RunningSubscriptions()[0], "", "")
	items := got["items"].(map[string]any)["data"].([]any)
	if seats := items[0].(map[string]any)["quantity"]; fmt.Sprint(seats) != "9" {
		t.Errorf("%v seats", seats)
	}
}

func TestCheckoutExpiresAfterADay(t *testing.T) {
	t.Parallel()
	s, base := start(t, devstripe.Config{})
	id := openCheckout(t, base)
	s.Advance(24 * time.Hour)
	if s.Pay(id, 0) != "" {
		t.Error("an expired checkout was paid")
	}
	status, response := call(t, "POST", base+"/v1/checkout/sessions/"+id+"/expire", "", "")
	if status != http.StatusBadRequest {
		t.Errorf("expired twice: %d %v", status, response)
	}
}
