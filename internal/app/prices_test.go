package app

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

// TestStartRefusesWrongPricesInProduction also shows that dev only warns, and that a Stripe which does not answer
// stops nothing.
func TestStartRefusesWrongPricesInProduction(t *testing.T) {
	t.Parallel()
	sold := map[tier.Tier]string{tier.Pro: "price_pro", tier.Power: "price_power", tier.Team: "price_team"}
	stripe, err := devstripe.New(devstripe.Config{Prices: sold, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stripe)
	t.Cleanup(server.Close)
	swapped := map[tier.Tier]string{tier.Pro: "price_power", tier.Power: "price_pro", tier.Team: "price_team"}
	for name, c := range map[string]struct {
		env    string
		prices map[tier.Tier]string
		fault  devstripe.Fault
		stops  bool
		warns  string
	}{
		"right":                  {"prod", sold, devstripe.None, false, ""},
		"wrong in production":    {"prod", swapped, devstripe.None, true, ""},
		"wrong in dev":           {"dev", swapped, devstripe.None, false, "STRIPE_PRICE_PRO"},
		"Stripe does not answer": {"prod", sold, devstripe.ServerError, false, "billing_unavailable"},
	} {
		stripe.InjectFaults(func(*http.Request) devstripe.Fault { return c.fault })
		var log bytes.Buffer
		pay := stripepay.New(
			stripepay.Config{
				Key:     "sk_test_1",
				APIBase: server.URL,
				Prices:  listed(c.prices),
				Log:     slog.New(slog.DiscardHandler),
			},
		)
		err := checkPrices(t.Context(), config.Config{Env: c.env}, pay, slog.New(slog.NewJSONHandler(&log, nil)))
		var wrong ConfigError
		if errors.As(err, &wrong) != c.stops || c.stops && !strings.Contains(err.Error(), "STRIPE_PRICE_POWER") {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(log.String(), c.warns) || c.warns == "" && log.Len() > 0 {
			t.Errorf("%s: the log says %s", name, &log)
		}
	}
}

// listed returns the prices as a list of one each.
func listed(prices map[tier.Tier]string) map[tier.Tier][]string {
	lists := map[tier.Tier][]string{}
	for t, id := range prices {
		lists[t] = []string{id}
	}
	return lists
}
