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

// call sends a form with a key and returns status and members.
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

// order makes a customer and an open checkout, and returns the checkout's id.
func order(t *testing.T, base string) string {
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

func TestIdempotency(t *testing.T) {
	t.Parallel()
	s, base := start(t, devstripe.Config{})
	_, first := call(t, "POST", base+"/v1/customers", "email=a", "k")
	_, again := call(t, "POST", base+"/v1/customers", "email=a", "k")
	if first["id"] != again["id"] {
		t.Error("the key made two customers")
	}
	if status, no := call(t, "POST", base+"/v1/customers", "email=b", "k"); status != http.StatusBadRequest || no["error"].(map[string]any)["type"] != "idempotency_error" {
		t.Errorf("other parameters: %d %v", status, no)
	}
	s.Script(func(*http.Request) devstripe.Fault { return devstripe.ServerError })
	call(t, "POST", base+"/v1/customers", "email=c", "l")
	s.Script(nil)
	if status, _ := call(t, "POST", base+"/v1/customers", "email=c", "l"); status != http.StatusInternalServerError {
		t.Errorf("a 500 is repeated for its key, and this was %d", status)
	}
}

func TestRefusals(t *testing.T) {
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
		if status, no := call(t, c.method, base+c.path, c.form, ""); status != c.status || no["error"] == nil {
			t.Errorf("%s %s: %d %v", c.method, c.path, status, no)
		}
	}
	resp, err := http.Get(base + "/v1/customers")
	check(t, err)
	check(t, resp.Body.Close())
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a key: %d", resp.StatusCode)
	}
}

// TestStateOverRestarts starts a second server on the first one's file.
func TestStateOverRestarts(t *testing.T) {
	t.Parallel()
	cfg := devstripe.Config{File: filepath.Join(t.TempDir(), "stripe.json")}
	s, base := start(t, cfg)
	id := s.Pay(order(t, base), 7)
	s.Advance(24 * time.Hour)
	later, base := start(t, cfg)
	status, got := call(t, "GET", base+"/v1/subscriptions/"+id, "", "")
	if status != http.StatusOK || got["status"] != "active" {
		t.Errorf("%d %v", status, got)
	}
	if n := len(later.Events()); n != 3 {
		t.Errorf("%d events wait, want 3", n)
	}
}

// receiver keeps what is delivered, and refuses the first few.
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

// TestWebhooks delivers events signed as stripe-go wants them, again when they are refused, and twice and the wrong way
// round when asked to.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		unruly bool
		want   string
	}{
		"in order": {false, "customer.subscription.created checkout.session.completed invoice.paid"},
		"unruly": {true, "invoice.paid invoice.paid checkout.session.completed checkout.session.completed " +
			"customer.subscription.created customer.subscription.created"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &receiver{}
			ts := httptest.NewServer(r)
			t.Cleanup(ts.Close)
			s, base := start(t, devstripe.Config{WebhookURL: ts.URL})
			s.Unruly(c.unruly)
			s.Pay(order(t, base), 0)
			if !c.unruly {
				r.refuse.Store(3) // each of the three once
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
					t.Fatalf("delivered: %s", got)
				}
			}
			stop()
			work.Wait()
			if n := r.wrong.Load(); n > 0 {
				t.Errorf("%d signatures were wrong", n)
			}
		})
	}
}

// TestPages takes a checkout through its page: declined, left, paid, and then closed.
func TestPages(t *testing.T) {
	t.Parallel()
	s, base := start(t, devstripe.Config{})
	id := order(t, base)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(form string) (int, string, string) {
		t.Helper()
		resp, err := browser.Post(base+"/c/pay/"+id, "application/x-www-form-urlencoded", strings.NewReader(form))
		check(t, err)
		body, err := io.ReadAll(resp.Body)
		check(t, errors.Join(err, resp.Body.Close()))
		return resp.StatusCode, resp.Header.Get("Location"), string(body)
	}
	if status, _, body := post("do=fail"); status != http.StatusOK || !strings.Contains(body, "declined") || len(s.Running()) != 0 {
		t.Errorf("declined: %d %s", status, body)
	}
	if status, to, _ := post("do=cancel"); status != http.StatusSeeOther || to != "http://app/no" {
		t.Errorf("left: %d %s", status, to)
	}
	if status, to, _ := post("do=pay&seats=9"); status != http.StatusSeeOther || to != "http://app/ok" || len(s.Running()) != 1 {
		t.Errorf("paid: %d %s", status, to)
	}
	if _, _, body := post("do=pay"); !strings.Contains(body, "This checkout is complete") || len(s.Running()) != 1 {
		t.Errorf("paid twice: %s", body)
	}
	_, got := call(t, "GET", base+"/v1/subscriptions/"+s.Running()[0], "", "")
	items := got["items"].(map[string]any)["data"].([]any)
	if seats := items[0].(map[string]any)["quantity"]; fmt.Sprint(seats) != "9" {
		t.Errorf("%v seats", seats)
	}
}

// TestExpiredCheckout lets a day pass.
func TestExpiredCheckout(t *testing.T) {
	t.Parallel()
	s, base := start(t, devstripe.Config{})
	id := order(t, base)
	s.Advance(24 * time.Hour)
	if s.Pay(id, 0) != "" {
		t.Error("a checkout of yesterday was paid")
	}
	if status, no := call(t, "POST", base+"/v1/checkout/sessions/"+id+"/expire", "", ""); status != http.StatusBadRequest {
		t.Errorf("expired twice: %d %v", status, no)
	}
}
