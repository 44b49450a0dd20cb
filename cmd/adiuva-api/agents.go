package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/agent/analytics"
	"github.com/adiuva/cloud-api/internal/agent/calendar"
	"github.com/adiuva/cloud-api/internal/agent/declared"
	"github.com/adiuva/cloud-api/internal/agent/email"
	"github.com/adiuva/cloud-api/internal/agent/task"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/tier"
)

// builtinAgents returns the agents written in Go; the order is the one in which tiers include them.
func builtinAgents(model agent.Model) []*agent.Agent {
	return []*agent.Agent{task.New(model), calendar.New(model), email.New(model), analytics.New(model)}
}

// registerAgents returns the registry of the built-in agents and, after them, the declared ones.
func registerAgents(model agent.Model, manifests *declared.Set) (*agent.Registry, error) {
	return agent.NewRegistry(append(builtinAgents(model), manifests.Agents(model)...)...)
}

// loadManifests reads AGENTS_DIR, where it is set. Faults of manifests are a faulty configuration.
func loadManifests(cfg config.Config) (*declared.Set, error) {
	if cfg.AgentsDir == "" {
		return nil, nil
	}
	var taken []string
	for _, a := range builtinAgents(nil) {
		taken = append(taken, a.Name())
	}
	set, err := declared.Load(cfg.AgentsDir, taken...)
	if err != nil {
		return nil, configError{fmt.Errorf("the agents in AGENTS_DIR are wrong:\n%w", err)}
	}
	return set, nil
}

// agentsCommand lists the agents and so checks every manifest.
func agentsCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "agents", Short: "List the agents and check those in AGENTS_DIR; exit code 2 when one is wrong", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := env.load()
			if err != nil {
				return err
			}
			manifests, err := loadManifests(cfg)
			if err != nil {
				return err
			}
			agents, err := registerAgents(offline.New(offline.Config{}), manifests)
			if err != nil {
				return err
			}
			return printAgents(env.out, agents)
		},
	}
}

func printAgents(out io.Writer, agents *agent.Registry) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tKIND\tFROM TIER\tDESCRIPTION\tSKILLS")
	for i, a := range agents.List(tier.Team) {
		found, _ := agents.Get(a.Name)
		kind := "built-in"
		if found.Tier() != "" {
			kind = "declared"
		}
		least := slices.IndexFunc(tier.All(), func(t tier.Tier) bool { return agents.List(t)[i].Available })
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, kind, tier.All()[least], a.Description, strings.Join(a.Skills, ", "))
	}
	return w.Flush()
}
