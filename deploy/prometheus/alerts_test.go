package prometheus_test

import (
	"regexp"
	"strings"
	"testing"
)

// TestAlertsTellWhatToDo checks that each alert has a severity, texts, and a runbook in docs/operators.md, and that no
// runbook is left without its alert.
func TestAlertsTellWhatToDo(t *testing.T) {
	t.Parallel()
	const page = "https://github.com/adiuva/cloud-api/blob/main/docs/operators.md#"
	_, runbooks, _ := strings.Cut(string(read(t, "../../docs/operators.md")), "\n## Runbooks\n")
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (Adiuva\w+)$`).FindAllStringSubmatch(runbooks, -1) {
		headings[m[1]] = true
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has the severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s has no summary or no description", r.Alert)
		}
		if got, want := r.Annotations["runbook_url"], page+strings.ToLower(r.Alert); got != want {
			t.Errorf("%s has the runbook %s, want %s", r.Alert, got, want)
		}
		if !headings[r.Alert] {
			t.Errorf("docs/operators.md has no runbook %s", r.Alert)
		}
		delete(headings, r.Alert)
	}
	for name := range headings {
		t.Errorf("the runbook %s is of no alert", name)
	}
}

// TestEveryAlertHasATestInWhichItFires reads the files that TestAlertsFireWhenTheyShould runs. Each test of them names
// all alerts that fire at a time, so every alert is also seen to be silent.
func TestEveryAlertHasATestInWhichItFires(t *testing.T) {
	t.Parallel()
	tests := string(read(t, "tests-hours.yaml")) + string(read(t, "tests-days.yaml"))
	for _, r := range rules(t) {
		if r.Alert != "" && !strings.Contains(tests, `{alertname="`+r.Alert+`"}`) {
			t.Errorf("%s fires in no test", r.Alert)
		}
	}
}

// TestDashboardsAreWellFormed checks what Grafana needs to draw a dashboard of its classic JSON model.
func TestDashboardsAreWellFormed(t *testing.T) {
	t.Parallel()
	uids := map[string]bool{}
	for file, d := range dashboards(t) {
		if d.Title == "" || d.SchemaVersion < 39 || !strings.HasPrefix(d.UID, "adiuva-") || uids[d.UID] {
			t.Errorf("%s has the title %q, the schema %d and the uid %q", file, d.Title, d.SchemaVersion, d.UID)
		}
		uids[d.UID] = true
		ids, taken := map[int]bool{}, map[[2]int]string{}
		for _, p := range d.Panels {
			if p.ID == 0 || ids[p.ID] || p.Title == "" || (p.Type == "row") != (len(p.Targets) == 0) {
				t.Errorf("%s: the panel %d %q is not complete", file, p.ID, p.Title)
			}
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
						t.Fatalf("%s: %q overlaps %q or the edge", file, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			for _, q := range p.Targets {
				if q.Expr == "" || q.RefID == "" || q.Datasource.UID != "${datasource}" {
					t.Errorf("%s: a query of %q is not complete", file, p.Title)
				}
			}
		}
	}
}
