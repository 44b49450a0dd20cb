package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/dev/offline"
)

// agentsCommand lists the agents with their sizes, which checks every manifest.
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
			if err := printAgents(env.out, agents); err != nil {
				return err
			}
			warnOfLongPrompts(env.err, agents)
			return nil
		},
	}
}

func printAgents(out io.Writer, agents *agent.Registry) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tKIND\tFROM TIER\tTOOLS\tTOKENS\tDESCRIPTION\tSKILLS")
	for _, a := range agents.All() {
		kind := "built-in"
		if a.Tier() != "" {
			kind = "declared"
		}
		from := "none"
		if lowest, ok := agents.LowestTier(a); ok {
			from = string(lowest)
		}
		size := agents.Size(a)
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", a.Name(), kind, from, size.Tools, size.Tokens, a.Description(),
			strings.Join(a.Skills(), ", "))
	}
	return w.Flush()
}

// warnOfLongPrompts names the agents whose prompt and tools take a small model long to read. It is no error: models
// with much context manage.
func warnOfLongPrompts(out io.Writer, agents *agent.Registry) {
	for _, a := range agents.All() {
		if n := agents.Size(a).Tokens; n > agent.MaxPromptTokens {
			fmt.Fprintf(out, "warning: the prompt and the tools of %s are about %d tokens, more than %d; small models "+
				"answer slowly or badly. Shorten them.\n", a.Name(), n, agent.MaxPromptTokens)
		}
	}
}
