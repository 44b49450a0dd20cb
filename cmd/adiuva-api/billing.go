package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

// wireBilling makes billing on Stripe, or where there is no key on a stand-in of our own, through the same adapter.
func (a *app) wireBilling(ctx context.Context, cfg config.Config, db *postgres.DB, self string, log *slog.Logger) error {
	gateway := stripepay.Config{
		Key: cfg.StripeSecretKey.Reveal(), WebhookSecrets: config.Reveal(cfg.StripeWebhookSecrets), APIBase: cfg.StripeAPIBase,
		Prices:     map[tier.Tier]string{tier.Pro: cfg.StripePricePro, tier.Power: cfg.StripePricePower, tier.Team: cfg.StripePriceTeam},
		SuccessURL: cmp.Or(cfg.BillingSuccessURL, self+"/billing/success"),
		CancelURL:  cmp.Or(cfg.BillingCancelURL, self+"/billing/cancel"), Log: log,
	}
	if !cfg.StripeSecretKey.IsSet() {
		stripe, err := a.startStripe(cfg, gateway, self, log)
		if err != nil {
			return err
		}
		gateway.Key, gateway.APIBase = "sk_test_stand_in", stripe
	}
	pay := stripepay.New(gateway)
	if cfg.StripeSecretKey.IsSet() {
		if err := checkPrices(ctx, cfg, pay, log); err != nil {
			return err
		}
	}
	a.billing = billing.New(billing.Config{DB: db, Gateway: pay, Log: log})
	return nil
}

// checkPrices stops production from selling at other prices than it shows. A Stripe that does not answer stops nothing.
func checkPrices(ctx context.Context, cfg config.Config, pay *stripepay.Gateway, log *slog.Logger) error {
	err := pay.CheckPrices(ctx)
	switch {
	case err == nil:
		return nil
	case cfg.IsProd() && !errors.Is(err, billing.ErrUnavailable):
		return configError{fmt.Errorf("the prices at Stripe are not those of the plans:\n%w", err)}
	}
	log.Warn("prices were not confirmed by Stripe", slog.Any("error", err))
	return nil
}

// startStripe starts the stand-in on a free loopback port and returns its address.
func (a *app) startStripe(cfg config.Config, gateway stripepay.Config, self string, log *slog.Logger) (string, error) {
	stripe, err := devstripe.New(devstripe.Config{
		Prices: gateway.Prices, WebhookURL: self + httpapi.BasePath + "/billing/webhook", WebhookSecret: gateway.WebhookSecrets[0],
		File: filepath.Join(cfg.DataDir, "stripe.json"), Log: log,
	})
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := httpapi.NewHTTPServer(listener.Addr().String(), stripe, log)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the Stripe stand-in ended", slog.Any("error", err))
		}
	}()
	a.stripe = stripe
	a.closer = append(a.closer, func() { _ = server.Close() }) // nothing of it is worth waiting for
	return "http://" + listener.Addr().String(), nil
}
