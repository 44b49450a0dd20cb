package prometheus_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/agent"
	"github.com/adiuva/cloud-api/internal/backlog"
	"github.com/adiuva/cloud-api/internal/metrics"
	"github.com/adiuva/cloud-api/internal/testing/llmtest"
)

// everyMetric returns the metrics of a service in which everything has happened that is counted.
func everyMetric(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := metrics.New("test")
	for _, operation := range []string{"chat", "streamChat", "getMe", "receiveStripeEvent", "createCheckout"} {
		for _, status := range []int{200, 429, 503} {
			m.Request(operation, status, time.Second)
		}
	}
	m.Active(1)
	for _, state := range []string{"idle", "answering", "events"} {
		m.Streams(state, 1)
	}
	for _, no := range []bool{false, true} {
		m.RateLimited("free", no)
		m.Budgeted(no)
		m.Tool("find_rows", no, time.Second)
		m.Agent("task", no, time.Second)
		m.Backup(metrics.Upload, no, 1)
		m.Backup(metrics.Download, no, 1)
	}
	m.Leak("hex", "decoder")
	m.LeakFilterExhausted()
	m.QuotaDrift(0)
	m.WatchPool(func() metrics.Pool { return metrics.Pool{Acquired: 1, Total: 2, Max: 4, Acquires: 1} })
	m.WatchQueues(func(context.Context) (map[string]time.Duration, error) {
		return map[string]time.Duration{
			backlog.Inbox: 0, backlog.Deletions: 0, backlog.Removals: 0, backlog.Mail: 0,
		}, nil
	})
	callModels(m)
	return m
}

// callModels has calls of a model end in every way.
func callModels(m *metrics.Metrics) {
	ends := []error{nil}
	for kind := agent.FailureInternal; kind <= agent.FailureEmit; kind++ {
		ends = append(ends, &agent.ModelFailure{Kind: kind, Cause: io.EOF})
	}
	for _, end := range append(ends, io.EOF) {
		answer := func(_ context.Context, _ agent.ModelCall, emit agent.Emit) (agent.Answer, error) {
			return agent.Answer{}, cmp.Or(emit("text"), end)
		}
		model := llmtest.NewModelFunc(answer)
		_, _ = m.Model(model, "openai", []string{"gpt"}).Generate(context.Background(),
			agent.ModelCall{Attempt: agent.Attempt{Model: "gpt"}}, func(string) error { return nil })
	}
}

// exposition returns the labels of each metric, and the values that each label has in any of them.
func exposition(t *testing.T) (labels map[string]map[string]bool, values map[string]map[string]bool) {
	t.Helper()
	w := httptest.NewRecorder()
	everyMetric(t).Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	labels, values = map[string]map[string]bool{}, map[string]map[string]bool{}
	pair := regexp.MustCompile(`(\w+)="([^"]*)"`)
	for line := range strings.Lines(w.Body.String()) {
		name := regexp.MustCompile(`^\w+`).FindString(line)
		if name == "" {
			continue
		}
		if labels[name] == nil {
			labels[name] = map[string]bool{"job": true, "instance": true}
		}
		for _, p := range pair.FindAllStringSubmatch(line, -1) {
			labels[name][p[1]] = true
			if values[p[1]] == nil {
				values[p[1]] = map[string]bool{}
			}
			values[p[1]][p[2]] = true
		}
	}
	labels["up"] = map[string]bool{"job": true, "instance": true}
	return labels, values
}

// rule is a rule of alerts.yaml.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(read(t, "alerts.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var list []rule
	for _, g := range file.Groups {
		list = append(list, g.Rules...)
	}
	if len(list) == 0 {
		t.Fatal("alerts.yaml has no rules")
	}
	return list
}

// dashboard is what Grafana's JSON model has that we check.
type dashboard struct {
	UID           string
	Title         string
	SchemaVersion int
	Templating    struct {
		List []struct{ Name, Type, Definition string }
	}
	Panels []struct {
		ID          int
		Type, Title string
		GridPos     struct{ H, W, X, Y int }
		Targets     []struct {
			RefID, Expr string
			Datasource  struct{ Type, UID string }
		}
	}
}

// dashboards returns the dashboards by the name of their file.
func dashboards(t *testing.T) map[string]dashboard {
	t.Helper()
	files, err := filepath.Glob("../grafana/dashboards/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("the dashboards are %q (%v), want three", files, err)
	}
	list := map[string]dashboard{}
	for _, file := range files {
		var d dashboard
		if err := json.Unmarshal(read(t, file), &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		list[filepath.Base(file)] = d
	}
	return list
}

// variables replaces Grafana's variables in a query.
var variables = strings.NewReplacer("$__rate_interval", "1m", "$job", "adiuva", "$provider", ".*",
	"$input_price", "1", "$output_price", "1")

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
