// Package prometheus_test runs Prometheus's own checks on the rules.
package prometheus_test

import (
	"os/exec"
	"testing"

	"github.com/adiuva/cloud-api/internal/testing/servetest"
)

// TestPromtoolAcceptsTheRules also parses prometheus.yml, which names the file of the rules.
func TestPromtoolAcceptsTheRules(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "config", "prometheus.yml")
	promtool(t, "check", "rules", "alerts.yaml")
}

// TestAlertsFireWhenTheyShould runs tests-hours.yaml and tests-days.yaml, which also say when alerts are silent.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	promtool(t, "test", "rules", "tests-hours.yaml", "tests-days.yaml")
}

// promtool runs promtool in this folder.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		servetest.Missing(t, "promtool")
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %q: %v\n%s", args, err, out)
	}
}
