package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/docsite"
)

// docsCommand writes the documentation as a static site.
func docsCommand(env environment) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "docs --out DIR",
		Short: "Write the documentation as a static site: reference, stream, guide, errors, changelog",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return app.ConfigError{Err: fmt.Errorf("say where to write: adiuva-api docs --out DIR")}
			}
			if err := docsite.WriteStatic(out, version); err != nil {
				return err
			}
			_, err := fmt.Fprintf(env.out, "The documentation is in %s; begin with index.html.\n", out)
			return err
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write into")
	return cmd
}
