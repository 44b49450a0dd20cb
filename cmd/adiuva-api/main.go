// Command adiuva-api is the whole service in one binary: it serves the API, migrates the database, checks its
// configuration and gives operators the commands they need. Package app wires it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // requests name IANA time zones, and minimal images have none

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/config"
)

// version is set by the linker for releases.
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

// run executes one command in the process's own environment and returns the exit code. The first SIGINT or SIGTERM asks
// it to end, a second one ends the process at once.
func run(args []string) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	signals := make(chan os.Signal, 2) // a second signal is kept, however soon it comes
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		endWith(<-signals)
	}()
	return execute(ctx, environment{getenv: os.Getenv, in: os.Stdin, out: os.Stdout, err: os.Stderr}, args)
}

// endWith ends the process as sig does when nobody handles it.
func endWith(sig os.Signal) {
	signal.Reset(syscall.SIGINT, syscall.SIGTERM)
	self, err := os.FindProcess(os.Getpid())
	if err != nil || self.Signal(sig) != nil {
		os.Exit(exitFailed)
	}
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitConfig = 2 // invalid configuration; every mistake was printed
)

// environment has the variables and outputs of a command. Tests replace them.
type environment struct {
	getenv   func(string) string
	in       io.Reader // nil for none
	out, err io.Writer
}

// execute runs one command and returns the process's exit code.
func execute(ctx context.Context, env environment, args []string) int {
	root := &cobra.Command{
		Use: "adiuva-api", Short: "The Adiuva Cloud API in one binary", SilenceUsage: true, SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(serveCommand(env), migrateCommand(env), healthcheckCommand(env), configCommand(env),
		userCommand(env), teamCommand(env), billingCommand(env),
		backupCommand(env), agentsCommand(env), modelsCommand(env), evalCommand(env), docsCommand(env),
		versionCommand(env))
	root.SetArgs(args)
	root.SetOut(env.out)
	root.SetErr(env.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(env.err, "adiuva-api:", err)
	var wrong app.ConfigError
	if errors.As(err, &wrong) {
		return exitConfig
	}
	return exitFailed
}

// load reads the configuration from the environment.
func (env environment) load() (config.Config, error) {
	cfg, err := config.Load(env.getenv, os.ReadFile)
	if err != nil {
		return config.Config{}, app.ConfigError{Err: fmt.Errorf("the configuration is wrong:\n%w", err)}
	}
	return cfg, nil
}

func versionCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(env.out, version)
			return err
		},
	}
}

func configCommand(env environment) *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check or print the configuration"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Report every mistake in the configuration; exit code 2 when there is one",
			Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				cfg, err := env.load()
				if err != nil {
					return err
				}
				if _, err := app.LoadProviders(cfg, env.getenv); err != nil {
					return err
				}
				if _, err := app.LoadSSOProviders(cfg); err != nil {
					return err
				}
				for _, warning := range cfg.Warnings() {
					if _, err := fmt.Fprintln(env.out, "Warning:", warning); err != nil {
						return err
					}
				}
				_, err = fmt.Fprintln(env.out, "The configuration is valid.")
				return err
			},
		},
		&cobra.Command{
			Use: "print", Short: "Print every variable; secrets as set or not", Args: cobra.NoArgs,
			RunE: func(*cobra.Command, []string) error {
				cfg, err := env.load()
				if err != nil {
					return err
				}
				return cfg.Print(env.out)
			},
		},
	)
	return cmd
}
