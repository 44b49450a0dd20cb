// Package deploy_test reads the deployment files as their tools would: they parse, they set only variables that
// package config knows, and the production ones miss none that production needs.
package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/config"
)

func TestComposeSetsKnownVariables(t *testing.T) {
	t.Parallel()
	var file struct {
		Services map[string]struct {
			Image       string
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal(read(t, "docker-compose.yml"), &file); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app", "migrate", "postgres", "redis", "s3"} {
		if _, ok := file.Services[name]; !ok {
			t.Errorf("there is no service %s", name)
		}
	}
	if got := file.Services["postgres"].Image; got != "postgres:16" {
		t.Errorf("PostgreSQL is %s", got)
	}
	env := file.Services["app"].Environment
	known(t, keys(env))
	for name, value := range env {
		env[name] = regexp.MustCompile(`^\$\{[A-Z0-9_]+:-\}$`).ReplaceAllString(value, "") // as in an empty shell
	}
	if _, err := config.Load(func(name string) string { return env[name] }, os.ReadFile); err != nil {
		t.Errorf("the app would not start: %v", err)
	}
}

func TestKubernetesStartsInProduction(t *testing.T) {
	t.Parallel()
	text := read(t, "kubernetes/adiuva.yaml")
	data := map[string]string{}
	kinds := []string{}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc struct {
			Kind string
			Data map[string]string
		}
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, doc.Kind)
		for k, v := range doc.Data {
			data[k] = v
		}
	}
	if !slices.Equal(kinds, []string{"Deployment", "ConfigMap", "Service"}) {
		t.Errorf("kinds %v", kinds)
	}
	known(t, keys(data))
	startsWith(t, data, secretsNamedIn(text))
}

func TestFlyStartsInProduction(t *testing.T) {
	t.Parallel()
	text := read(t, "fly.toml")
	_, section, found := strings.Cut(string(text), "[env]\n")
	section, _, _ = strings.Cut(section, "\n[")
	data := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z0-9_]+) = "([^"]*)"$`).FindAllStringSubmatch(section, -1) {
		data[m[1]] = m[2]
	}
	if !found || len(data) == 0 {
		t.Fatal("fly.toml has no [env]")
	}
	known(t, keys(data))
	startsWith(t, data, secretsNamedIn(text))
}

func TestWorkflow(t *testing.T) {
	t.Parallel()
	type step struct{ Uses, Run, If string }
	var flow struct {
		On          map[string]any
		Permissions map[string]string
		Jobs        map[string]struct {
			TimeoutMinutes int `yaml:"timeout-minutes"`
			Permissions    map[string]string
			Steps          []step
		}
	}
	if err := yaml.Unmarshal(read(t, "../.github/workflows/ci.yml"), &flow); err != nil {
		t.Fatal(err)
	}
	if _, ok := flow.On["pull_request"]; !ok || flow.Permissions["contents"] != "read" || len(flow.Permissions) != 1 {
		t.Errorf("it runs on %v with %v", flow.On, flow.Permissions)
	}
	for job, wants := range map[string][]string{
		"lint":     {"actions/checkout@", "actions/setup-go@", "actions/setup-node@", "make verify lint"},
		"test":     {"actions/checkout@", "actions/setup-go@", "make test"},
		"breaking": {"actions/checkout@", "actions/setup-go@", "make breaking", "oasdiff changelog", "$GITHUB_STEP_SUMMARY", "gh pr comment"},
		"image":    {"actions/checkout@", "docker/build-push-action@", "adiuva/cloud-api:ci version"},
	} {
		var does strings.Builder
		for _, s := range flow.Jobs[job].Steps {
			does.WriteString(s.Uses + s.Run + "\n")
		}
		for _, want := range wants {
			if !strings.Contains(does.String(), want) {
				t.Errorf("job %s does not %s", job, want)
			}
		}
		if flow.Jobs[job].TimeoutMinutes == 0 {
			t.Errorf("job %s may run for hours", job)
		}
	}
	if got := flow.Jobs["breaking"].Permissions["pull-requests"]; got != "write" {
		t.Errorf("the comment's permission is %q", got)
	}
}

// TestTargetsExist finds every target that the workflow and .ci/run name in the Makefile.
func TestTargetsExist(t *testing.T) {
	t.Parallel()
	makefile := string(read(t, "../Makefile"))
	for _, path := range []string{"../.github/workflows/ci.yml", "../.ci/run"} {
		calls := regexp.MustCompile(`(?m)\bmake ((?:[a-z-]+ ?)+)$`).FindAllStringSubmatch(string(read(t, path)), -1)
		if len(calls) == 0 {
			t.Errorf("%s makes nothing", path)
		}
		for _, call := range calls {
			for _, target := range strings.Fields(call[1]) {
				if !strings.Contains(makefile, "\n"+target+":") {
					t.Errorf("%s makes %s, which the Makefile does not know", path, target)
				}
			}
		}
	}
}

// startsWith fails unless production starts with the settings and the secrets that the file's head asks for.
func startsWith(t *testing.T, settings map[string]string, secrets []string) {
	t.Helper()
	for _, name := range secrets {
		settings[name] = name + "-0123456789abcdef0123456789abcdef"
	}
	settings["DATABASE_URL"], settings["REDIS_URL"] = "postgres://u:p@db/adiuva", "redis://cache:6379"
	if _, err := config.Load(func(name string) string { return settings[name] }, os.ReadFile); err != nil {
		t.Errorf("production would not start: %v", err)
	}
}

// secretsNamedIn returns the variables that the comment at the head names.
func secretsNamedIn(text []byte) []string {
	var head strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		head.WriteString(line)
	}
	var named []string
	for _, name := range config.Names() {
		if regexp.MustCompile(`\b` + name + `\b`).MatchString(head.String()) {
			named = append(named, name)
		}
	}
	return named
}

func known(t *testing.T, names []string) {
	t.Helper()
	if len(names) == 0 {
		t.Error("no variable is set")
	}
	for _, name := range names {
		if !slices.Contains(config.Names(), name) {
			t.Errorf("%s is no variable of ours", name)
		}
	}
}

func keys(m map[string]string) []string {
	var names []string
	for k := range m {
		names = append(names, k)
	}
	return names
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
