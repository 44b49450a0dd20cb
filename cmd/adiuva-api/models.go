package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
	"github.com/adiuva/cloud-api/internal/provider"
)

func modelsCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "models", Short: "Check the providers of language models"}
	cmd.AddCommand(&cobra.Command{
		Use: "check", Short: "Ask every provider a few small questions and say what works and what to change",
		Long: "Asks every provider of LLM_PROVIDERS_FILE, or the one of the OPENAI_ variables, a few small " +
			"questions, one of them with a tool. Prints what works and what to change. It costs some hundred tokens " +
			"a provider.\n\nExit code 1 when a provider does not answer, 2 when the configuration is wrong.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return checkModels(cmd.Context(), env) },
	})
	return cmd
}

// errSomeFail is returned when a provider does not answer.
var errSomeFail = errors.New("not every provider answers")

func checkModels(ctx context.Context, env environment) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	list, err := app.LoadProviders(cfg, env.getenv)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(env.out, "No provider is configured: the offline model answers. "+
			"Set OPENAI_API_KEY or LLM_PROVIDERS_FILE.")
		return err
	}
	var reports []provider.Report
	for _, p := range list {
		fmt.Fprintf(env.err, "Asking %s (%s, %s) ...", p.Name, p.Kind, p.Agent)
		began := time.Now()
		report, err := provider.Check(ctx, p, opener(cfg), time.Now)
		if err != nil {
			fmt.Fprintln(env.err)
			return err
		}
		fmt.Fprintf(env.err, " %s\n", time.Since(began).Round(100*time.Millisecond))
		if ctx.Err() != nil {
			return errors.New("stopped before every provider was asked")
		}
		reports = append(reports, report)
	}
	if err := printReports(env.out, reports); err != nil {
		return err
	}
	for _, r := range reports {
		if !r.Chat {
			return errSomeFail
		}
	}
	return nil
}

// opener returns a function that opens the client of one provider, as the service does.
func opener(cfg config.Config) provider.Open {
	return func(p provider.Provider) (agent.Model, func(), error) {
		clients, stop, err := app.NewClients(cfg, []provider.Provider{p}, slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, nil, err
		}
		return clients[0].Model, stop, nil
	}
}

func printReports(out io.Writer, reports []provider.Report) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PROVIDER\tKIND\tMODEL\tCHAT\tSTREAM\tTOOLS\tJSON SCHEMA\tUSAGE\tROUTER\tFIRST TOKEN")
	for _, r := range reports {
		first := "-"
		if r.FirstToken > 0 {
			first = r.FirstToken.Round(time.Millisecond).String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Provider.Name, r.Provider.Kind, r.Provider.Agent,
			yesNo(r.Chat), yesNo(r.Stream), yesNo(r.Tools), yesNo(r.Schema), yesNo(r.Usage), yesNo(r.Router), first)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range reports {
		for _, text := range r.Advice {
			if _, err := fmt.Fprintf(out, "%s: %s\n", r.Provider.Name, text); err != nil {
				return err
			}
		}
	}
	return nil
}

func yesNo(works bool) string {
	if works {
		return "yes"
	}
	return "no"
}
