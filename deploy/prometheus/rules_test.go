// Package prometheus_test runs Prometheus's own checks on the rules.
package prometheus_test

import (
	"net/http/httptest"
	"os/exec"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestPromtoolAcceptsTheRules also parses prometheus.yml, which names the file of the rules.
func TestPromtoolAcceptsTheRules(t *testing.T) {
	t.Parallel()
	run(t, promtool(t, "check", "config", "prometheus.yml"))
	run(t, promtool(t, "check", "rules", "alerts.yaml"))
}

// TestPromtoolAcceptsTheMetrics also lints names, types and help texts.
func TestPromtoolAcceptsTheMetrics(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	everyMetric(t).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	cmd := promtool(t, "check", "metrics")
	cmd.Stdin = w.Body
	run(t, cmd)
}

// TestAlertsFireWhenTheyShould runs tests-hours.yaml and tests-days.yaml, which also say when alerts are silent.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	run(t, promtool(t, "test", "rules", "tests-hours.yaml", "tests-days.yaml"))
}

// promtool returns a call of promtool in this folder.
func promtool(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		servetest.Missing(t, "promtool")
	}
	return exec.CommandContext(t.Context(), program, args...)
}

// run fails the test unless the program succeeds.
func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%q: %v\n%s", cmd.Args, err, out)
	}
}
