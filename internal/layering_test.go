// Package internal_test checks the whole tree: which package may import which, and how large files, functions and lines
// may be. docs/architecture.md explains the import directions in words.
package internal_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/adiuva/cloud-api/"

// allowed says which of our packages each package may import outside its tests. A folder without a row of its own
// belongs to the nearest folder above that has one. A package without any row fails the test, and so does a
// permission that nobody uses. "*" allows everything.
var allowed = map[string]string{
	"":               "", // tools.go: how gen/ is made
	"openapi":        "",
	"docs":           "",
	"gen/api":        "",
	"gen/client":     "",
	"gen/db":         "",
	"sql/migrations": "",

	// Shared vocabulary: no I/O, importable by everyone.
	"internal/fault":    "",
	"internal/tier":     "",
	"internal/identity": "internal/tier",
	"internal/sanitize": "",
	"internal/config":   "",
	"internal/dates":    "",
	"internal/fold":     "",
	"internal/tokens":   "",
	"internal/network":  "",
	"internal/thought":  "",
	"internal/seal":     "",
	"internal/listener": "internal/network",
	"internal/span":     "",

	// The outside world, as far as customers name it.
	"internal/publicdial":  "",
	"internal/domainproof": "",

	// The domain.
	"internal/action":   "internal/dates",
	"internal/consent":  "internal/dates internal/fold",
	"internal/playbook": "internal/action internal/fault internal/tier",
	"internal/playbook/record": "internal/action internal/agent internal/agent/schema internal/dates " +
		"internal/playbook internal/thought",
	"internal/agent": "internal/action internal/agent/schema internal/consent internal/dates internal/fault " +
		"internal/identity internal/playbook internal/sanitize internal/span internal/tier internal/tokens",
	"internal/agent/schema": "",
	"internal/agent/task": "internal/action internal/agent internal/agent/workspace internal/dates " +
		"internal/playbook",
	"internal/agent/calendar": "internal/action internal/agent internal/agent/workspace internal/dates " +
		"internal/playbook",
	"internal/agent/email": "internal/action internal/agent internal/agent/workspace internal/dates " +
		"internal/playbook",
	"internal/agent/analytics": "internal/action internal/agent internal/agent/workspace internal/dates " +
		"internal/playbook",
	"internal/agent/workspace": "internal/action internal/agent internal/dates internal/fold",
	"internal/agent/declared": "internal/action internal/agent internal/agent/schema internal/agent/workspace " +
		"internal/dates internal/playbook internal/tier",
	"internal/continuation": "internal/agent internal/fault internal/identity internal/seal",
	"internal/chat": "internal/action internal/agent internal/continuation internal/dates " +
		"internal/playbook internal/playbook/record " +
		"internal/fold internal/sanitize internal/thought " +
		"internal/identity internal/tier internal/tokens internal/fault",
	"internal/scenario": "internal/action internal/agent internal/dates internal/tier",
	"internal/auth": "internal/worker internal/postgres gen/db internal/apikey internal/audit internal/identity " +
		"internal/auth/sessioncache internal/livecheck internal/mail internal/seal " +
		"internal/network internal/strictjson internal/tier internal/fault",
	"internal/auth/sessioncache": "",
	"internal/livecheck":         "",
	"internal/apikey": "internal/audit internal/auth/sessioncache internal/livecheck internal/postgres gen/db " +
		"internal/identity internal/fault",
	"internal/audit":  "internal/postgres gen/db internal/identity internal/network",
	"internal/export": "internal/postgres gen/db internal/fault",
	"internal/mail":   "internal/worker internal/postgres gen/db",
	"internal/team": "internal/audit internal/auth internal/identity internal/mail internal/seal internal/tier " +
		"internal/worker internal/postgres gen/db internal/fault",
	"internal/sso": "internal/audit internal/auth internal/identity internal/mail internal/oidc internal/team " +
		"internal/sso/connection internal/worker internal/postgres gen/db internal/fault",
	"internal/sso/connection": "internal/audit internal/domainproof internal/identity internal/oidc internal/seal " +
		"internal/team internal/tier internal/worker internal/postgres gen/db internal/fault",
	"internal/backup": "internal/worker internal/postgres gen/db internal/identity internal/tier " +
		"internal/fault",
	"internal/billing": "internal/worker internal/postgres gen/db internal/identity internal/tier " +
		"internal/fault",
	"internal/budget": "internal/agent internal/worker internal/postgres gen/db internal/identity internal/tier " +
		"internal/tokens internal/fault",
	"internal/backlog":     "internal/postgres gen/db",
	"internal/leakhistory": "internal/sanitize internal/redisclient",
	"internal/provider":    "internal/agent internal/fault internal/tier",
	"internal/ratelimit":   "internal/redisclient",
	"internal/worker":      "",

	// Adapters: each wraps one dependency.
	"internal/postgres":    "sql/migrations internal/fault",
	"internal/redisclient": "",
	"internal/langchain":   "internal/agent internal/thought",
	"internal/http1":       "",
	"internal/llm":         "internal/agent internal/http1 internal/thought",
	"internal/s3blob":      "internal/backup",
	"internal/stripepay":   "internal/billing internal/tier",
	"internal/smtpmail":    "internal/mail",
	"internal/oidc":        "internal/publicdial",
	"internal/metrics":     "internal/agent internal/backup",
	"internal/tracing":     "internal/agent internal/backup internal/span",

	// The edge.
	"internal/strictjson": "internal/fault",
	"internal/bodyreader": "internal/strictjson",
	"internal/chatstream": "internal/fault internal/identity",
	"internal/docsite":    "openapi docs internal/fault",
	"internal/forwarded":  "",
	"internal/httpapi": "openapi gen/api internal/action internal/agent internal/auth internal/backup " +
		"internal/bodyreader " +
		"internal/apikey internal/audit internal/export " +
		"internal/billing internal/budget internal/chat internal/chatstream internal/dates internal/forwarded " +
		"internal/listener internal/playbook internal/provider internal/ratelimit internal/strictjson " +
		"internal/docsite internal/fault " +
		"internal/identity internal/mail internal/network internal/span internal/tier " +
		"internal/sso internal/sso/connection internal/team",

	// Stand-ins for development.
	"internal/dev/devpg":     "",
	"internal/dev/devstripe": "internal/tier",
	"internal/dev/diskblob":  "internal/backup",
	"internal/dev/mailbox":   "internal/mail",
	"internal/dev/offline": "internal/agent internal/dev/offline/answering internal/dev/offline/reading " +
		"internal/fold",

	"internal/dev/offline/reading":   "internal/dates internal/fold",
	"internal/dev/offline/answering": "internal/dev/offline/reading internal/fold",

	// For tests alone.
	"internal/testing/agenttest": "internal/agent internal/identity internal/playbook internal/tier",
	"internal/testing/apitest": "internal/agent internal/app internal/auth internal/billing internal/config " +
		"internal/dev/devstripe internal/dev/mailbox internal/mail internal/metrics " +
		"internal/httpapi internal/postgres internal/ratelimit internal/sso internal/sso/connection " +
		"internal/testing/pgtest openapi",
	"internal/testing/dnstest":     "",
	"internal/testing/issuertest":  "",
	"internal/testing/hostilejson": "",
	"internal/testing/leaktest":    "",
	"internal/testing/smallmodel":  "internal/testing/pgtest",
	"internal/testing/soak":        "",
	"internal/testing/llmtest":     "internal/agent internal/dev/offline",
	"internal/testing/pgtest":      "internal/postgres internal/dev/devpg sql/migrations",
	"internal/testing/s3test":      "",
	"internal/testing/servetest":   "internal/testing/pgtest",
	"internal/testing/storetest":   "internal/backup",
	"internal/testing/testpeers":   "internal/dev/devpg",
	"internal/testing/randomjson":  "",
	"internal/testing/lineplot":    "",

	// The evaluation of models, with its default set.
	"tests/scenarios": "",
	"internal/eval": "internal/agent internal/chat internal/fault internal/identity internal/scenario " +
		"internal/tokens",

	// Wiring and commands.
	"internal/app": "*",
	"cmd/adiuva-api": "internal/app internal/config internal/httpapi internal/agent internal/auth internal/backup " +
		"internal/apikey internal/billing internal/docsite internal/listener internal/postgres " +
		"internal/provider internal/fault " +
		"internal/sso/connection internal/team internal/tier internal/dev/offline internal/eval internal/scenario " +
		"internal/chat tests/scenarios",
}

// owners says which of our packages alone may import a package of ours or a dependency, outside tests. A path that
// ends in "/" stands for everything below it. An owner that does not import what it owns fails the test.
var owners = map[string]string{
	module + "gen/api":    "internal/httpapi",
	module + "gen/client": "",
	module + "gen/db": "internal/sso internal/sso/connection internal/apikey internal/audit internal/auth " +
		"internal/backup internal/billing " +
		"internal/backlog internal/budget internal/export internal/mail internal/team",
	module + "internal/config": "internal/app internal/testing/apitest cmd/adiuva-api",
	module + "internal/dev/": "internal/dev/offline internal/dev/offline/answering internal/app " +
		"internal/testing/llmtest internal/testing/apitest " +
		"cmd/adiuva-api internal/testing/pgtest internal/testing/testpeers",
	module + "internal/testing/": "internal/testing/apitest internal/testing/servetest " +
		"internal/testing/smallmodel",
	"github.com/tmc/langchaingo/llms": "internal/agent internal/chat internal/langchain internal/llm " +
		"internal/provider internal/dev/offline internal/testing/llmtest internal/eval",
	"github.com/tmc/langchaingo/llms/": "internal/langchain",
	"github.com/aws/":                  "internal/s3blob internal/testing/s3test",
	"github.com/stripe/stripe-go/":     "internal/stripepay",
	"github.com/labstack/echo/":        "internal/httpapi gen/api",
	"github.com/wneessen/go-mail":      "internal/smtpmail",
	"github.com/ulule/limiter/":        "internal/ratelimit",
	"github.com/redis/go-redis/": "internal/redisclient internal/leakhistory internal/ratelimit " +
		"cmd/adiuva-api",
	"github.com/golang-migrate/migrate/":   "internal/postgres",
	"github.com/lestrrat-go/jwx/":          "internal/auth",
	"github.com/go-webauthn/webauthn/":     "internal/auth",
	"github.com/pquerna/otp":               "internal/auth",
	"github.com/pquerna/otp/":              "internal/auth",
	"github.com/coreos/go-oidc/":           "internal/oidc",
	"github.com/go-jose/":                  "internal/oidc",
	"golang.org/x/oauth2":                  "internal/oidc",
	"github.com/spf13/cobra":               "cmd/adiuva-api",
	"github.com/go-json-experiment/json/":  "internal/llm",
	"github.com/gorilla/websocket":         "internal/chatstream internal/testing/apitest",
	"github.com/yuin/goldmark":             "internal/docsite",
	"github.com/prometheus/client_golang/": "internal/metrics",
	"go.opentelemetry.io/otel/sdk/":        "internal/tracing",
	"go.opentelemetry.io/otel/exporters/":  "internal/tracing",
	"github.com/exaring/otelpgx":           "internal/tracing",
}

// vocabulary are the packages that everyone may import, so they pull in nothing from outside.
var vocabulary = []string{
	"internal/fault",
	"internal/tier",
	"internal/identity",
	"internal/sanitize",
	"internal/config",
	"internal/dates",
	"internal/tokens",
}

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func (p pkg) name() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
}

func TestImportsAreAllowed(t *testing.T) {
	t.Parallel()
	unused := map[string]bool{}
	for from, targets := range allowed {
		for _, to := range strings.Fields(strings.Trim(targets, "*")) {
			unused[from+" → "+to] = true
		}
	}
	for _, p := range packages(t) {
		row := rowOf(p.name())
		permitted, ok := allowed[row]
		if !ok {
			t.Errorf("%s has no row in allowed: say what it may import", p.name())
			continue
		}
		for _, path := range p.Imports {
			target, isOurs := strings.CutPrefix(path, module)
			target = rowOf(target)
			delete(unused, row+" → "+target)
			if isOurs && permitted != "*" && target != row && !slices.Contains(strings.Fields(permitted), target) {
				t.Errorf("%s imports %s, which its row does not allow", p.name(), target)
			}
			external := !isOurs && strings.Contains(strings.Split(path, "/")[0], ".")
			if external && slices.Contains(vocabulary, row) &&
				path != "github.com/google/uuid" && !strings.HasPrefix(path, "golang.org/x/text/") {
				t.Errorf("%s is shared vocabulary and imports %s", p.name(), path)
			}
		}
	}
	for _, permission := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("nothing uses the permission %s: remove it", permission)
	}
}

// rowOf returns the row that governs a package: its own or that of the nearest folder above.
func rowOf(name string) string {
	for folder := name; folder != "."; folder = filepath.Dir(folder) {
		if _, ok := allowed[folder]; ok {
			return folder
		}
	}
	return name
}

func TestOnlyOwnersImportADependency(t *testing.T) {
	t.Parallel()
	unused := map[string]bool{}
	for owned, who := range owners {
		for _, owner := range strings.Fields(who) {
			unused[owner+" → "+owned] = true
		}
	}
	for _, p := range packages(t) {
		row := rowOf(p.name())
		for _, path := range p.Imports {
			for owned, who := range owners {
				if path != owned && (!strings.HasSuffix(owned, "/") || !strings.HasPrefix(path, owned)) {
					continue
				}
				delete(unused, row+" → "+owned)
				if !slices.Contains(strings.Fields(who), row) {
					t.Errorf("%s imports %s, which belongs to [%s]", p.name(), path, who)
				}
			}
		}
	}
	for _, permission := range slices.Sorted(maps.Keys(unused)) {
		t.Errorf("nothing uses the ownership %s: remove it", permission)
	}
}

// packages lists the module's packages as the go command sees them.
func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) > 0 {
			list = append(list, p)
		}
	}
	if len(list) < 5 {
		t.Fatalf("go list found only %d packages", len(list))
	}
	return list
}
