package app

import (
	"fmt"

	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/oidc"
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

// openSSO returns the sign-ins with providers.
func (a *App) openSSO(providers []oidc.Named, issuers *oidc.Client, opts Options) *sso.Service {
	return sso.New(sso.Config{
		DB: a.DB, Accounts: a.Auth, Teams: a.Teams, Connections: a.Connections, Issuers: issuers,
		Providers: providers, Audit: a.Audit, Now: opts.Now, Log: opts.Log,
	})
}
