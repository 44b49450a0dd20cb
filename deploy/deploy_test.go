// Package deploy_test parses the deployment files. They may set only variables that package config knows, and the
// production files must set every variable that production requires.
package deploy_test

import (
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/adiuva/cloud-api/internal/config"
)

type composeFile struct {
	Services map[string]struct {
		Image       string
		Environment map[string]string
		Ports       []string
	}
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	var file composeFile
	if err := yaml.Unmarshal(readFile(t, "docker-compose.yml"), &file); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestComposeSetsKnownVariables(t *testing.T) {
	t.Parallel()
	file := readCompose(t)
	for _, name := range []string{"app", "migrate", "postgres", "redis", "s3"} {
		if _, ok := file.Services[name]; !ok {
			t.Errorf("service %s is missing", name)
		}
	}
	if got := file.Services["postgres"].Image; got != "postgres:16" {
		t.Errorf("PostgreSQL is %s", got)
	}
	env := file.Services["app"].Environment
	checkNames(t, env)
	if _, err := loadCompose(env); err != nil {
		t.Errorf("the app would not start: %v", err)
	}
}

// loadCompose loads env with the defaults of ${NAME:-default}, as in a shell that sets no variable.
func loadCompose(env map[string]string) (config.Config, error) {
	substitution := regexp.MustCompile(`^\$\{[A-Z0-9_]+:-(.*)\}$`)
	return config.Load(func(name string) string {
		return substitution.ReplaceAllString(env[name], "$1")
	}, os.ReadFile)
}

// The stand-in's checkout page is at the port it listens on, so that port must be the same outside the container.
func TestComposePublishesTheStripeStandIn(t *testing.T) {
	t.Parallel()
	app := readCompose(t).Services["app"]
	cfg, err := loadCompose(app.Environment)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.StripeSecretKey.IsSet() {
		t.Error("the stand-in is not used: STRIPE_SECRET_KEY has a default")
	}
	for _, addr := range []string{cfg.Addr, cfg.DevStripeAddr} {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || host != "" || port == "0" {
			t.Errorf("%q is not a fixed port on all of the container's addresses", addr)
		}
		if want := "127.0.0.1:" + port + ":" + port; !slices.Contains(app.Ports, want) {
			t.Errorf("the published ports %q do not include %s", app.Ports, want)
		}
	}
}

// TestReadinessDoesNotAskTheDatabase checks the probes of the production files: a database that is away is so for every
// replica.
func TestReadinessDoesNotAskTheDatabase(t *testing.T) {
	t.Attr("case", "S15")
	t.Parallel()
	for _, name := range []string{"kubernetes/adiuva.yaml", "fly.toml"} {
		probes := regexp.MustCompile(`/readyz[^", ]*`).FindAllString(string(readFile(t, name)), -1)
		if len(probes) != 1 || probes[0] != "/readyz?exclude=database" {
			t.Errorf("%s probes %q", name, probes)
		}
	}
}

func TestFlyStartsInProduction(t *testing.T) {
	t.Parallel()
	data := flySettings(t)
	checkNames(t, data)
	checkStarts(t, data, secretsInHeader(readFile(t, "fly.toml")))
}

// flySettings returns the variables of fly.toml's [env].
func flySettings(t *testing.T) map[string]string {
	t.Helper()
	text := readFile(t, "fly.toml")
	_, section, found := strings.Cut(string(text), "[env]\n")
	section, _, _ = strings.Cut(section, "\n[")
	data := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z0-9_]+) = "([^"]*)"$`).FindAllStringSubmatch(section, -1) {
		data[m[1]] = m[2]
	}
	if !found || len(data) == 0 {
		t.Fatal("fly.toml has no [env]")
	}
	return data
}

func TestWorkflowRunsEveryGate(t *testing.T) {
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
	if err := yaml.Unmarshal(readFile(t, "../.github/workflows/ci.yml"), &flow); err != nil {
		t.Fatal(err)
	}
	if _, ok := flow.On["pull_request"]; !ok || flow.Permissions["contents"] != "read" || len(flow.Permissions) != 1 {
		t.Errorf("the workflow runs on %v with permissions %v", flow.On, flow.Permissions)
	}
	for job, wants := range map[string][]string{
		"lint":  {"actions/checkout@", "actions/setup-go@", "actions/setup-node@", "make verify lint"},
		"test":  {"actions/checkout@", "actions/setup-go@", "make test"},
		"bench": {"actions/checkout@", "make bench", "actions/upload-artifact@"},
		"image": {"actions/checkout@", "docker/build-push-action@", "adiuva/cloud-api:ci version"},
		"breaking": {
			"actions/checkout@", "actions/setup-go@", "make breaking",
			"oasdiff changelog", "$GITHUB_STEP_SUMMARY", "gh pr comment",
		},
	} {
		var steps strings.Builder
		for _, s := range flow.Jobs[job].Steps {
			steps.WriteString(s.Uses + s.Run + "\n")
		}
		for _, want := range wants {
			if !strings.Contains(steps.String(), want) {
				t.Errorf("job %s does not run %s", job, want)
			}
		}
		if flow.Jobs[job].TimeoutMinutes == 0 {
			t.Errorf("job %s has no timeout", job)
		}
	}
	if got := flow.Jobs["breaking"].Permissions["pull-requests"]; got != "write" {
		t.Errorf("the permission to comment on pull requests is %q, want write", got)
	}
}

func TestMakeTargetsOfCIExist(t *testing.T) {
	t.Parallel()
	makefile := string(readFile(t, "../Makefile"))
	for _, path := range []string{"../.github/workflows/ci.yml", "../.ci/run"} {
		calls := regexp.MustCompile(`(?m)\bmake ((?:[a-z-]+ ?)+)$`).FindAllStringSubmatch(string(readFile(t, path)), -1)
		if len(calls) == 0 {
			t.Errorf("%s runs no make target", path)
		}
		for _, call := range calls {
			for _, target := range strings.Fields(call[1]) {
				if !strings.Contains(makefile, "\n"+target+":") {
					t.Errorf("%s runs make %s, which is not in the Makefile", path, target)
				}
			}
		}
	}
}

// checkStarts fails unless production starts with the settings and the secrets that the file's header asks for.
func checkStarts(t *testing.T, settings map[string]string, secrets []string) {
	t.Helper()
	for _, name := range secrets {
		settings[name] = name + "-0123456789abcdef0123456789abcdef"
	}
	settings["DATABASE_URL"] = "postgres://u:p@db/adiuva?sslmode=verify-full"
	settings["REDIS_URL"] = "rediss://cache:6379"
	settings["SMTP_URL"] = "smtps://u:p@smtp.example.com"
	cfg, err := config.Load(func(name string) string { return settings[name] }, os.ReadFile)
	if err != nil {
		t.Errorf("production would not start: %v", err)
	}
	if warnings := cfg.Warnings(); len(warnings) > 0 {
		t.Errorf("production starts with warnings: %q", warnings)
	}
}

// secretsInHeader returns the variables named in the comment at the top of the file.
func secretsInHeader(text []byte) []string {
	var header strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		header.WriteString(line)
	}
	var names []string
	for _, name := range config.Names() {
		if regexp.MustCompile(`\b` + name + `\b`).MatchString(header.String()) {
			names = append(names, name)
		}
	}
	return names
}

func checkNames(t *testing.T, settings map[string]string) {
	t.Helper()
	if len(settings) == 0 {
		t.Error("no variable is set")
	}
	for name := range settings {
		if !slices.Contains(config.Names(), name) {
			t.Errorf("the service has no variable %s", name)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
