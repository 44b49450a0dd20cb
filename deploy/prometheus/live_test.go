package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adiuva/cloud-api/internal/testing/pgtest"
	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestEveryPanelHasData asks a real Prometheus, which scrapes the metrics of a service and applies the rules, every
// query of the dashboards.
func TestEveryPanelHasData(t *testing.T) {
	t.Parallel()
	address := startPrometheus(t, everyMetric(t).Handler())
	for file, d := range dashboards(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				pgtest.Eventually(t, time.Minute, func() error {
					if err := ask(t, address, variables.Replace(q.Expr)); err != nil {
						return fmt.Errorf("%s: %s: %w", file, p.Title, err)
					}
					return nil
				})
			}
		}
	}
}

// ask returns an error unless the query has a result.
func ask(t *testing.T, address, expr string) error {
	t.Helper()
	resp, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Status, Error string
		Data          struct{ Result []any }
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		t.Fatalf("Prometheus refuses %s: %s", expr, answer.Error)
	}
	if len(answer.Data.Result) == 0 {
		return fmt.Errorf("no data for %s", expr)
	}
	return nil
}

// startPrometheus returns the address of a Prometheus that applies the rules and scrapes these metrics every second.
func startPrometheus(t *testing.T, metrics http.Handler) string {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		servetest.Missing(t, "prometheus")
	}
	service := httptest.NewServer(metrics)
	t.Cleanup(service.Close)
	alerts, err := filepath.Abs("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs: [{job_name: adiuva, static_configs: [{targets: [%q]}]}]
`, alerts, strings.TrimPrefix(service.URL, "http://")), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	cmd := exec.CommandContext(t.Context(), program, "--config.file="+config,
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(output.String())
		}
	})
	return address
}
