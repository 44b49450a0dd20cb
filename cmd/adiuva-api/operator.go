package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adiuva/cloud-api/internal/app"
	"github.com/adiuva/cloud-api/internal/fault"
)

// operatorMessage returns a fault as operators read it: its message and the invalid members. Other errors are
// returned as they are.
func operatorMessage(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	lines := []string{f.Message}
	for _, d := range f.Details {
		lines = append(lines, strings.TrimPrefix(d.Pointer, "/")+": "+d.Message)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// healthTimeout is the timeout of a health check.
const healthTimeout = 3 * time.Second

// healthcheckCommand checks the server on ADDR, so that an image needs no other program for its health checks.
func healthcheckCommand(env environment) *cobra.Command {
	return &cobra.Command{
		Use: "healthcheck", Short: "Check that the server on ADDR is alive", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := env.load()
			if err != nil {
				return err
			}
			return checkHealth(c.Context(), cfg.Addr)
		},
	}
}

// checkHealth returns an error unless /livez on addr answers 200.
func checkHealth(ctx context.Context, addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return app.ConfigError{Err: fmt.Errorf("ADDR is not host:port: %w", err)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the server answers %s", resp.Status)
	}
	return nil
}
