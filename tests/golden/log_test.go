package golden_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// recordLog records the shape of every line of the log, each shape once: its level, message and keys, and those values
// that are part of its meaning.
func recordLog(t *testing.T, s *service, file string) {
	shapes := map[string]bool{}
	for line := range strings.Lines(s.stderr.String()) {
		var attributes map[string]any
		if json.Unmarshal([]byte(line), &attributes) != nil {
			shapes["no JSON: "+s.mask(strings.TrimSpace(line))] = true
			continue
		}
		shape := fmt.Sprintf("%v %q", attributes["level"], attributes["msg"])
		for _, name := range []string{"method", "route", "status", "code"} {
			if value, ok := attributes[name]; ok {
				shape += fmt.Sprintf(" %s=%v", name, value)
			}
		}
		shapes[shape+" ["+strings.Join(slices.Sorted(maps.Keys(attributes)), " ")+"]"] = true
	}
	r := newRecording(t, file, s.mask)
	r.add("shapes of log lines", strings.Join(slices.Sorted(maps.Keys(shapes)), "\n"))
	r.compare()
}

// recordMetrics records name, type and help of every metric.
func recordMetrics(t *testing.T, s *service) {
	resp, err := http.Get(s.admin + "/metrics")
	check(t, err)
	text, err := io.ReadAll(resp.Body)
	check(t, err)
	check(t, resp.Body.Close())
	var list []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "# ") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	r := newRecording(t, "metrics.golden", s.mask)
	r.add("metrics", strings.Join(list, "\n"))
	r.compare()
}

// recordBanner records what serve printed to people, from its start to its end.
func recordBanner(t *testing.T, s *service) {
	r := newRecording(t, "cli/banner.golden", s.mask)
	r.add("banner of serve", s.stdout.String())
	r.compare()
}
