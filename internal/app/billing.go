package app

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
	"github.com/adiuva/cloud-api/internal/listener"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
)

// wireBilling connects billing to Stripe, or to the stand-in where no key is set, through the same adapter.
func (a *App) wireBilling(ctx context.Context, cfg config.Config, opts Options) error {
	gateway := stripepay.Config{
		Key: cfg.StripeSecretKey.Reveal(), WebhookSecrets: config.Reveal(cfg.StripeWebhookSecrets),
		APIBase: cfg.StripeAPIBase,
		Prices: map[tier.Tier]string{
			tier.Pro:   cfg.StripePricePro,
			tier.Power: cfg.StripePricePower,
			tier.Team:  cfg.StripePriceTeam,
		},
		SuccessURL: cmp.Or(cfg.BillingSuccessURL, opts.BaseURL+"/billing/success"),
		CancelURL:  cmp.Or(cfg.BillingCancelURL, opts.BaseURL+"/billing/cancel"), Log: opts.Log,
	}
	if !cfg.StripeSecretKey.IsSet() {
		stripe, err := a.startStripe(cfg, gateway, opts)
		if err != nil {
			return err
		}
		gateway.Key, gateway.APIBase = "sk_test_stand_in", stripe
	}
	pay := stripepay.New(gateway)
	if cfg.StripeSecretKey.IsSet() {
		if err := checkPrices(ctx, cfg, pay, opts.Log); err != nil {
			return err
		}
	}
	a.Billing = billing.New(billing.Config{DB: a.DB, Gateway: pay, Log: opts.Log})
	return nil
}

// checkPrices fails in production where Stripe would sell at other prices than we show. When Stripe does not answer,
// it warns.
func checkPrices(ctx context.Context, cfg config.Config, pay *stripepay.Gateway, log *slog.Logger) error {
	err := pay.CheckPrices(ctx)
	switch {
	case err == nil:
		return nil
	case cfg.IsProd() && !errors.Is(err, billing.ErrUnavailable):
		return ConfigError{fmt.Errorf("the prices at Stripe are not those of the plans:\n%w", err)}
	}
	log.Warn("prices were not confirmed by Stripe", slog.Any("error", err))
	return nil
}

// startStripe starts the stand-in and returns its URL. The stand-in uses the host of that URL in the addresses of its
// pages, so it must be one that a browser on this machine can open.
func (a *App) startStripe(cfg config.Config, gateway stripepay.Config, opts Options) (string, error) {
	stripe, err := devstripe.New(devstripe.Config{
		Prices: gateway.Prices, WebhookURL: opts.BaseURL + httpapi.BasePath + "/billing/webhook",
		WebhookSecret: gateway.WebhookSecrets[0],
		File:          filepath.Join(cfg.DataDir, "stripe.json"), Log: opts.Log,
	})
	if err != nil {
		return "", err
	}
	socket, err := net.Listen("tcp", cmp.Or(cfg.DevStripeAddr, "127.0.0.1:0"))
	if err != nil {
		return "", err
	}
	connections := listener.New(listener.Config{Log: opts.Log})
	server := connections.Server(stripe)
	go func() {
		if err := server.Serve(connections.Listener(socket)); !errors.Is(err, http.ErrServerClosed) {
			opts.Log.Error("the Stripe stand-in ended", slog.Any("error", err))
		}
	}()
	a.Stripe = stripe
	a.closers = append(a.closers, func() { _ = server.Close() }) // nothing of it is worth waiting for
	addr := *socket.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + addr.String(), nil
}
