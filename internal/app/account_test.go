package app

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/testing/pgtest"
)

// TestStartRefusesTheKeyOfAnotherStripe starts on a database whose customers belong to another account: with a key, and
// in dev without one. A Stripe that does not answer stops nothing.
func TestStartRefusesTheKeyOfAnotherStripe(t *testing.T) {
	t.Attr("case", "S9")
	t.Parallel()
	db := pgtest.New(t)
	for _, sql := range []string{
		"INSERT INTO stripe_account VALUES (true, 'acct_first', false, now())",
		`INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at, stripe_customer_id)
			VALUES (gen_random_uuid(), 'a@example.com', 'x', now(), now(), now(), 'cus_1')`,
	} {
		if _, err := db.Pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	stripe, err := devstripe.New(devstripe.Config{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stripe)
	t.Cleanup(server.Close)
	for name, c := range map[string]struct {
		key     config.Secret
		account string
		fault   devstripe.Fault
		says    string // in the error, or "" for none
	}{
		"another key":            {config.NewSecret("sk_test_2"), "", devstripe.None, "billing adopt-account"},
		"the stand-in":           {config.Secret{}, "acct_stand_in", devstripe.None, "ADIUVA_DATA_DIR"},
		"the right key":          {config.NewSecret("sk_test_1"), "acct_first", devstripe.None, ""},
		"Stripe does not answer": {config.NewSecret("sk_test_1"), "", devstripe.ServerError, ""},
	} {
		stripe.InjectFaults(func(*http.Request) devstripe.Fault { return c.fault })
		log := slog.New(slog.DiscardHandler)
		service := billing.New(billing.Config{DB: db, Log: log, Gateway: stripepay.New(stripepay.Config{
			Key: "sk_test_1", APIBase: server.URL, Account: c.account, Log: log,
		})})
		var warnings bytes.Buffer
		err := confirmAccount(t.Context(), config.Config{StripeSecretKey: c.key}, service,
			slog.New(slog.NewJSONHandler(&warnings, nil)))
		var wrong ConfigError
		if errors.As(err, &wrong) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if (warnings.Len() > 0) != (c.fault != devstripe.None) {
			t.Errorf("%s: the log says %s", name, &warnings)
		}
	}
}
