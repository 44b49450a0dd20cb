package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/dev/offline"
	"github.com/adiuva/cloud-api/internal/tier"
)

// agentsCommand lists the agents, which checks every manifest.
func agentsCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "agents", Short: "List the agents and check those in AGENTS_DIR; exit code 2 when one is wrong",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			cfg, err := env.load()
			if err != nil {
				return err
			}
			manifests, err := app.LoadManifests(cfg)
			if err != nil {
				return err
			}
			agents, err := app.NewAgents(offline.New(offline.Config{}), manifests)
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
		from := "none"
		available := func(t tier.Tier) bool { return agents.List(t)[i].Available }
		if least := slices.IndexFunc(tier.All(), available); least >= 0 {
			from = string(tier.All()[least])
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, kind, from, a.Description, strings.Join(a.Skills, ", "))
	}
	return w.Flush()
}
