package app

import (
	"fmt"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/publicdial"
	"github.com/adiuva/cloud-api/internal/sso"
)

// LoadSSOProviders reads the providers in OIDC_PROVIDERS_FILE; without one there are none. What is wrong in it is a
// ConfigError.
func LoadSSOProviders(cfg config.Config) ([]oidc.Named, error) {
	if cfg.OIDCProvidersFile == "" {
		return nil, nil
	}
	providers, err := oidc.ReadProviders(cfg.OIDCProvidersFile, !cfg.IsProd())
	if err != nil {
		return nil, ConfigError{fmt.Errorf("the providers in OIDC_PROVIDERS_FILE are wrong:\n%w", err)}
	}
	return providers, nil
}

// openIssuers returns the client of OpenID Connect issuers. In development it reaches issuers of this machine too.
func openIssuers(cfg config.Config, opts Options) *oidc.Client {
	dev := !cfg.IsProd()
	dialer := publicdial.Dialer{Resolver: opts.Resolver, AllowLoopback: dev}
	return oidc.New(oidc.Config{Dial: dialer.DialContext, Now: opts.Now, AllowLoopback: dev})
}

// openSSO returns the sign-ins with providers.
func (a *App) openSSO(providers []oidc.Named, issuers *oidc.Client, opts Options) *sso.Service {
	return sso.New(sso.Config{
		DB: a.DB, Accounts: a.Auth, Teams: a.Teams, Connections: a.Connections, Issuers: issuers,
		Providers: providers, Audit: a.Audit, Now: opts.Now, Log: opts.Log,
	})
}
