package app

import (
	"log/slog"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/domainproof"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/publicdial"
	"github.com/adiuva/cloud-api/internal/sso/connection"
	"github.com/adiuva/cloud-api/internal/team"
)

// openIssuers returns the client of OpenID Connect issuers. In development it reaches issuers of this machine too.
func openIssuers(cfg config.Config, opts Options) *oidc.Client {
	dev := !cfg.IsProd()
	dialer := publicdial.Dialer{Resolver: opts.Resolver, AllowLoopback: dev}
	return oidc.New(oidc.Config{Dial: dialer.DialContext, Now: opts.Now, AllowLoopback: dev})
}

// openConnections returns the providers of teams.
func openConnections(
	accounts auth.Config, service *auth.Service, teams *team.Service, issuers *oidc.Client, opts Options,
) (*connection.Service, error) {
	records := domainproof.New(nil)
	if opts.Resolver != nil {
		records = domainproof.New(opts.Resolver)
	}
	return connection.New(connection.Config{
		DB: accounts.DB, Teams: teams, Issuers: issuers, Records: records,
		SecretsKeys: accounts.SecretsKeys, Forget: service.Forget, Audit: accounts.Audit, Now: opts.Now, Log: opts.Log,
	})
}

// OpenConnections returns the teams in db and their providers, for commands, which ask no issuer and look no record up;
// New wires those of the service.
func OpenConnections(cfg config.Config, db *postgres.DB, log *slog.Logger) (*team.Service, *connection.Service, error) {
	cfg, err := cfg.WithDevSecrets()
	if err != nil {
		return nil, nil, err
	}
	accounts := authConfig(cfg, db, log)
	service, teams, err := openAccountsAndTeams(accounts)
	if err != nil {
		return nil, nil, err
	}
	connections, err := openConnections(accounts, service, teams, nil, Options{Log: log})
	return teams, connections, err
}
