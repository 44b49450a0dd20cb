package app

import (
	"context"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/adiuva/cloud-api/internal/auth"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/team"
)

// openAccountsAndTeams opens accounts and the teams that they are in. Accounts tell teams about deletions, and teams
// ask accounts for passwords.
func openAccountsAndTeams(accounts auth.Config) (*auth.Service, *team.Service, error) {
	var teams *team.Service
	accounts.LeaveTeam = func(ctx context.Context, tx pgx.Tx, user uuid.UUID, endTeam bool) error {
		return teams.Leave(ctx, tx, user, endTeam)
	}
	accounts.Reclaimed = func(ctx context.Context, tx pgx.Tx, user uuid.UUID) error {
		return teams.Leave(ctx, tx, user, true)
	}
	service, err := auth.New(accounts)
	if err != nil {
		return nil, nil, err
	}
	teams, err = team.New(team.Config{
		DB: accounts.DB, Accounts: service, SecretsKeys: accounts.SecretsKeys, Unlimited: accounts.CodesUnlimited,
		MailAdded: accounts.MailAdded, Audit: accounts.Audit, Now: accounts.Now, Log: accounts.Log,
	})
	return service, teams, err
}

// OpenTeams returns the teams in db, for commands; New wires those of the service.
func OpenTeams(cfg config.Config, db *postgres.DB, log *slog.Logger) (*team.Service, error) {
	cfg, err := cfg.WithDevSecrets()
	if err != nil {
		return nil, err
	}
	_, teams, err := openAccountsAndTeams(authConfig(cfg, db, log))
	return teams, err
}
