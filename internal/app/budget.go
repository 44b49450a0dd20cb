package app

import (
	"time"

	"github.com/adiuva/cloud-api/internal/budget"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/postgres"
	"github.com/adiuva/cloud-api/internal/tier"
)

// openBudget returns the token budgets of the configured limits. A reservation outlives the longest model call.
func openBudget(cfg config.Config, db *postgres.DB, opts Options, decided func(refused bool)) *budget.Service {
	return budget.New(budget.Config{
		DB: db, Lease: 2*cfg.LLMTimeout + time.Minute, Now: opts.Now, Log: opts.Log, Decided: decided,
		PerDay: map[tier.Tier]int64{
			tier.Free: int64(cfg.TokensPerDayFree), tier.Pro: int64(cfg.TokensPerDayPro),
			tier.Power: int64(cfg.TokensPerDayPower), tier.Team: int64(cfg.TokensPerDayTeam),
		},
	})
}
