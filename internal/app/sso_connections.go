package app

import (
	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/domainproof"
	"github.com/adiuva/cloud-api/internal/oidc"
	"github.com/adiuva/cloud-api/internal/sso/connection"
	"github.com/adiuva/cloud-api/internal/team"
)

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
