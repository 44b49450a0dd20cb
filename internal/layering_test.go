// Package internal_test holds the tests of the whole tree: which package may import which, and how long a file or a
// function may be. docs/architecture.md explains the arrows in words.
package internal_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/adiuva/cloud-api/"

// arrows says which of our packages each package may import outside its tests.
// A folder inside a package that has no row of its own is part of that package. A package without any row fails the
// test: say where it belongs.
var arrows = map[string]string{
	"":                           "", // tools.go: how gen/ is made
	"openapi":                    "",
	"gen/api":                    "",
	"gen/client":                 "",
	"gen/db":                     "",
	"sql/migrations":             "",
	"internal/fault":             "",
	"internal/tier":              "",
	"internal/sanitize":          "",
	"internal/config":            "",
	"internal/identity":          "internal/tier",
	"internal/playbook":          "internal/fault internal/tier",
	"internal/agent":             "internal/playbook internal/sanitize internal/fault internal/identity internal/tier",
	"internal/agent/task":        "internal/agent internal/playbook internal/fault internal/identity internal/tier",
	"internal/agent/calendar":    "internal/agent internal/playbook internal/fault internal/identity internal/tier",
	"internal/agent/email":       "internal/agent internal/playbook internal/fault internal/identity internal/tier",
	"internal/agent/analytics":   "internal/agent internal/playbook internal/fault internal/identity internal/tier",
	"internal/agent/declared":    "internal/agent internal/playbook internal/fault internal/identity internal/tier",
	"internal/chat":              "internal/agent internal/playbook internal/sanitize internal/identity internal/tier internal/fault",
	"internal/auth":              "internal/postgres gen/db internal/identity internal/tier internal/fault",
	"internal/backup":            "internal/postgres gen/db internal/identity internal/tier internal/fault",
	"internal/billing":           "internal/postgres gen/db internal/identity internal/tier internal/fault",
	"internal/ratelimit":         "internal/fault",
	"internal/strictjson":        "internal/fault",
	"docs":                       "",
	"internal/docsite":           "openapi docs",
	"internal/postgres":          "sql/migrations gen/db internal/fault",
	"internal/llm":               "internal/fault internal/agent",
	"internal/s3blob":            "internal/backup",
	"internal/stripepay":         "internal/billing internal/fault internal/tier",
	"internal/httpapi":           "openapi gen/api internal/agent internal/auth internal/backup internal/billing internal/chat internal/playbook internal/ratelimit internal/strictjson internal/docsite internal/fault internal/identity internal/tier",
	"internal/dev/devpg":         "",
	"internal/dev/devstripe":     "internal/tier",
	"internal/dev/diskblob":      "internal/backup internal/fault",
	"internal/dev/offline":       "internal/agent internal/fault",
	"internal/testing/pgtest":    "internal/postgres internal/dev/devpg gen/db",
	"internal/testing/llmtest":   "internal/agent internal/fault",
	"internal/testing/s3test":    "",
	"internal/testing/servetest": "internal/testing/pgtest",
	"internal/testing/testpeers": "internal/dev/devpg",
	"internal/testing/agenttest": "internal/agent",
	"internal/testing/leaktest":  "internal/sanitize",
	"internal/testing/storetest": "internal/backup internal/fault",
	"cmd/adiuva-api":             "*",
}

// owners says who alone may import a package of ours or a dependency, outside tests. A path ending in "/" means
// everything below it.
var owners = map[string]string{
	module + "gen/api":                       "internal/httpapi",
	module + "gen/client":                    "",
	module + "gen/db":                        "internal/postgres internal/auth internal/backup internal/billing internal/testing/pgtest cmd/adiuva-api",
	module + "internal/config":               "cmd/adiuva-api",
	module + "internal/testing/pgtest":       "internal/testing/servetest",
	module + "internal/testing/servetest":    "",
	module + "internal/testing/agenttest":    "",
	module + "internal/testing/llmtest":      "internal/testing/llmtest",
	module + "internal/testing/s3test":       "",
	"github.com/tmc/langchaingo/llms/openai": "internal/llm",
	"github.com/aws/":                        "internal/s3blob internal/testing/s3test",
	"github.com/stripe/stripe-go/":           "internal/stripepay internal/dev/devstripe",
	"github.com/labstack/echo/":              "internal/httpapi gen/api",
	"github.com/ulule/limiter/":              "internal/ratelimit",
	"github.com/redis/go-redis/":             "internal/ratelimit cmd/adiuva-api",
	"github.com/golang-migrate/migrate/":     "internal/postgres",
	"github.com/lestrrat-go/jwx/":            "internal/auth",
	"github.com/spf13/cobra":                 "cmd/adiuva-api",
	"github.com/gorilla/websocket":           "internal/httpapi",
	"github.com/yuin/goldmark":               "internal/docsite",
	"github.com/prometheus/client_golang":    "internal/httpapi cmd/adiuva-api",
}

// words are the packages that everyone may import, so they carry nothing along.
var words = []string{"internal/fault", "internal/tier", "internal/identity", "internal/sanitize", "internal/config"}

type pkg struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func (p pkg) name() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, strings.TrimSuffix(module, "/")), "/")
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range ours(t) {
		owner := ownerOf(p.name())
		allowed, ok := arrows[owner]
		if !ok {
			t.Errorf("%s has no row in arrows: say what it may import", p.name())
			continue
		}
		for _, path := range p.Imports {
			target, isOurs := strings.CutPrefix(path, module)
			if isOurs && allowed != "*" && ownerOf(target) != owner && !slices.Contains(strings.Fields(allowed), ownerOf(target)) {
				t.Errorf("%s imports %s, which its row does not allow", p.name(), target)
			}
			if dependency := strings.Contains(strings.Split(path, "/")[0], "."); dependency && !isOurs && slices.Contains(words, owner) &&
				path != "github.com/google/uuid" && !strings.HasPrefix(path, "golang.org/x/text/") {
				t.Errorf("%s is a package of words and imports %s", p.name(), path)
			}
		}
	}
}

// ownerOf returns the row that speaks for the package: its own or that of the nearest folder above.
func ownerOf(name string) string {
	for folder := name; folder != "."; folder = filepath.Dir(folder) {
		if _, ok := arrows[folder]; ok {
			return folder
		}
	}
	return name
}

func TestOwners(t *testing.T) {
	t.Parallel()
	for _, p := range ours(t) {
		for _, path := range p.Imports {
			for owned, who := range owners {
				match := path == owned || strings.HasSuffix(owned, "/") && strings.HasPrefix(path, owned)
				if match && p.name() != "internal/deps" && !slices.Contains(strings.Fields(who), ownerOf(p.name())) {
					t.Errorf("%s imports %s, which belongs to [%s]", p.name(), path, who)
				}
			}
		}
	}
}

// ours lists the module's packages as the go command sees them.
func ours(t *testing.T) []pkg {
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

// The house's limits for code that people write, tests left out.
const (
	maxFileLines     = 300
	maxFunctionLines = 40
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, root := range []string{".", "../cmd", "../sql", "../openapi"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				checkSizes(t, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func checkSizes(t *testing.T, path string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if ast.IsGenerated(file) {
		return
	}
	if n := set.File(file.Pos()).LineCount(); n > maxFileLines+1 {
		t.Errorf("%s has %d lines; split it by nouns at %d", path, n-1, maxFileLines)
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > maxFunctionLines {
			t.Errorf("%s: %s has %d lines; more than %d", path, f.Name.Name, n, maxFunctionLines)
		}
	}
}
