package internal_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write docs/security-cases.md")

type caseSection struct {
	Title string
	Cases []securityCase
}

type securityCase struct {
	Case  string
	Holds string // what the tests of the case show
	Note  string // what they do not show, or how
}

// TestSecurityCasesPage compares docs/security-cases.md with docs/security-cases.yaml and the tests that name a case
// with t.Attr("case", …). With -update it writes the page.
func TestSecurityCasesPage(t *testing.T) {
	t.Parallel()
	const source, page = "../docs/security-cases.yaml", "../docs/security-cases.md"
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	var sections []caseSection
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&sections); err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	tests := testsByCase(t)
	want := casesPage(t, sections, tests)
	for name, where := range tests {
		t.Errorf("%s has no case %s, which %s name", source, name, strings.Join(where, ", "))
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: run make generate", page)
	}
	if err := os.WriteFile(page, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// casesPage renders the page and takes the cases it used out of tests.
func casesPage(t *testing.T, sections []caseSection, tests map[string][]string) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString(`# Security cases: accounts, tokens, limits, the stream, backups, billing, the edge

<!-- Generated from docs/security-cases.yaml and the tests by make generate. -->

What the service must withstand, and the tests that fail when it no longer does. A test names its case with
` + "`t.Attr(\"case\", \"C01\")`" + `. "Two replicas" are two services on one database. ` + "`make soak`" + `
runs the long ones. Numbers are never used again for something else.
`)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n| Case | What holds | Tests |\n|---|---|---|\n", s.Title)
		for _, c := range s.Cases {
			if len(tests[c.Case]) == 0 {
				t.Errorf("no test names case %s", c.Case)
			}
			fmt.Fprintf(
				&b,
				"| %s | %s | %s |\n",
				c.Case,
				strings.TrimSpace(c.Holds+" "+c.Note),
				strings.Join(tests[c.Case], ", "),
			)
			delete(tests, c.Case)
		}
	}
	return b.Bytes()
}

// testsByCase returns, for every case, the tests that name it as "`folder` TestName", in the order of their folders.
func testsByCase(t *testing.T) map[string][]string {
	t.Helper()
	tests := map[string][]string{}
	for _, root := range []string{"../bench", "../cmd", "../deploy", "../internal", "../openapi", "../tests"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err == nil && strings.HasSuffix(path, "_test.go") {
				addCases(t, path, tests)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tests
}

func addCases(t *testing.T, path string, tests map[string][]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if name := caseNamed(n); name != "" {
				if entry := "`" + folder + "` " + f.Name.Name; !slices.Contains(tests[name], entry) {
					tests[name] = append(tests[name], entry)
				}
			}
			return true
		})
	}
}

// caseNamed returns X where n is t.Attr("case", "X"), and "" otherwise.
func caseNamed(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return ""
	}
	method, ok := call.Fun.(*ast.SelectorExpr)
	key, isKey := call.Args[0].(*ast.BasicLit)
	value, isValue := call.Args[1].(*ast.BasicLit)
	if !ok || method.Sel.Name != "Attr" || !isKey || key.Value != `"case"` || !isValue {
		return ""
	}
	name, err := strconv.Unquote(value.Value)
	if err != nil {
		return ""
	}
	return name
}
