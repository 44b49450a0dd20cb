package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/billing"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/devstripe"
	"github.com/adiuva/cloud-api/internal/httpapi"
	"github.com/adiuva/cloud-api/internal/listener"
	"github.com/adiuva/cloud-api/internal/mail"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/stripepay"
	"github.com/adiuva/cloud-api/internal/tier"
	"github.com/adiuva/cloud-api/internal/tracing"
)

// stripeURLFile has the URL of a running stand-in, for commands of the same data directory.
const stripeURLFile = "stripe.url"

// standInKey is the key with which the stand-in is used.
const standInKey = "sk_test_stand_in"

// wireBilling connects billing to Stripe, or to the stand-in where no key is set, through the same adapter.
func (a *App) wireBilling(ctx context.Context, cfg config.Config, opts Options) error {
	gateway := gatewayConfig(cfg, opts.BaseURL, opts.Log)
	if !cfg.StripeSecretKey.IsSet() {
		stripe, err := a.startStripe(cfg, gateway, opts)
		if err != nil {
			return err
		}
		gateway.Key, gateway.APIBase, gateway.Account = standInKey, stripe, a.Stripe.Account()
	}
	gateway.Transport = tracing.Transport(http.DefaultTransport, "stripe")
	pay := stripepay.New(gateway)
	if cfg.StripeSecretKey.IsSet() {
		if err := checkPrices(ctx, cfg, pay, opts.Log); err != nil {
			return err
		}
	}
	outbox := mail.NewOutbox(opts.Now)
	a.Billing = billing.New(billing.Config{DB: a.DB, Gateway: pay, Log: opts.Log,
		PaymentFailed: func(ctx context.Context, tx pgx.Tx, owner uuid.UUID) error {
			return outbox.Notify(ctx, tx, owner, mail.PaymentFailed)
		}})
	return confirmAccount(ctx, cfg, a.Billing, opts.Log)
}

func gatewayConfig(cfg config.Config, baseURL string, log *slog.Logger) stripepay.Config {
	return stripepay.Config{
		Key: cfg.StripeSecretKey.Reveal(), WebhookSecrets: config.Reveal(cfg.StripeWebhookSecrets),
		APIBase: cfg.StripeAPIBase,
		Prices: map[tier.Tier][]string{
			tier.Pro:   cfg.StripePricePro,
			tier.Power: cfg.StripePricePower,
			tier.Team:  cfg.StripePriceTeam,
		},
		SuccessURL: cmp.Or(cfg.BillingSuccessURL, baseURL+"/billing/success"),
		CancelURL:  cmp.Or(cfg.BillingCancelURL, baseURL+"/billing/cancel"), Log: log,
	}
}

// OpenBilling returns billing for commands that run beside the service. Without STRIPE_SECRET_KEY they use the stand-in
// of a running serve with the same data directory.
func OpenBilling(cfg config.Config, database *postgres.DB, log *slog.Logger) (*billing.Service, error) {
	gateway := gatewayConfig(cfg, "", log)
	if !cfg.StripeSecretKey.IsSet() {
		address, err := os.ReadFile(filepath.Join(cfg.DataDir, stripeURLFile))
		if err != nil {
			return nil, errors.New("there is no Stripe: set STRIPE_SECRET_KEY, " +
				"or start 'adiuva-api serve' with the same ADIUVA_DATA_DIR first")
		}
		gateway.Key, gateway.APIBase = standInKey, strings.TrimSpace(string(address))
	}
	return billing.New(billing.Config{DB: database, Gateway: stripepay.New(gateway), Log: log}), nil
}

// confirmAccount fails for a key of another Stripe account than that of the customers in the database. Where the
// account cannot be read it warns: nothing is reconciled until it was.
func confirmAccount(ctx context.Context, cfg config.Config, service *billing.Service, log *slog.Logger) error {
	err := service.ConfirmAccount(ctx)
	var other billing.OtherAccountError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &other) && !cfg.StripeSecretKey.IsSet():
		return ConfigError{fmt.Errorf("STRIPE_SECRET_KEY is missing: %w. Set the key of that account. To go on with "+
			"the built-in stand-in, use an empty database: another DATABASE_URL, or another ADIUVA_DATA_DIR", other)}
	case errors.As(err, &other):
		return ConfigError{fmt.Errorf("STRIPE_SECRET_KEY is wrong: %w. Set a key of that account and mode, or, if the "+
			"customers have moved, run 'adiuva-api billing adopt-account' with this key once", other)}
	case errors.Is(err, billing.ErrUnavailable):
		log.Warn("the account of the Stripe key was not confirmed", slog.Any("error", err))
		return nil
	}
	return err
}

// checkPrices fails in production where Stripe would sell at other prices than we show. When Stripe does not answer,
// it warns.
func checkPrices(ctx context.Context, cfg config.Config, pay *stripepay.Gateway, log *slog.Logger) error {
	err := pay.CheckPrices(ctx)
	switch {
	case err == nil:
		return nil
	case cfg.IsProd() && (!errors.Is(err, billing.ErrUnavailable) || errors.Is(err, billing.ErrMisconfigured)):
		return ConfigError{fmt.Errorf("the prices at Stripe are not those of the plans:\n%w", err)}
	}
	log.Warn("prices were not confirmed by Stripe", slog.Any("error", err))
	return nil
}

// startStripe starts the stand-in and returns its URL. The stand-in uses the host of that URL in the addresses of its
// pages, so it must be one that a browser on this machine can open.
func (a *App) startStripe(cfg config.Config, gateway stripepay.Config, opts Options) (string, error) {
	stripe, err := devstripe.New(devstripe.Config{
		Prices: firstPrices(gateway.Prices), WebhookURL: opts.BaseURL + httpapi.BasePath + "/billing/webhook",
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
	address := "http://" + addr.String()
	if err := os.WriteFile(filepath.Join(cfg.DataDir, stripeURLFile), []byte(address+"\n"), 0o600); err != nil {
		opts.Log.Warn("commands will not find the Stripe stand-in", slog.Any("error", err))
	}
	return address, nil
}

// firstPrices returns the price at which each tier is sold.
func firstPrices(prices map[tier.Tier][]string) map[tier.Tier]string {
	first := map[tier.Tier]string{}
	for t, ids := range prices {
		first[t] = ids[0]
	}
	return first
}
