package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Sizes beyond which code that people write is worth a second look. They are alarms, not laws: sizeExceptions names
// what may be larger, with the reason.
const (
	maxFileLines     = 500 // not of tests
	maxFunctionLines = 60  // not of tests
	maxColumns       = 120 // with tabs of four
	tabWidth         = 4
)

// sizeExceptions maps a file, or "file: function", to the reason why it may be larger.
var sizeExceptions = map[string]string{
	"../internal/config/config.go":          "a struct tag cannot be split over lines",
	"../internal/agent/analytics/report.go": "a struct tag cannot be split over lines",
	"../internal/agent/analytics/trend.go":  "a struct tag cannot be split over lines",
	"../internal/agent/task/change.go":      "a struct tag cannot be split over lines",
	"../internal/agent/task/suggest.go":     "a struct tag cannot be split over lines",
}

func TestSizes(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, root := range []string{"../bench", "../cmd", "../deploy", "../internal", "../openapi", "../sql",
		"../tests"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err == nil && strings.HasSuffix(path, ".go") {
				checkSizes(t, filepath.ToSlash(path), used)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range sizeExceptions {
		if !used[name] {
			t.Errorf("%s needs no exception any more", name)
		}
	}
}

func checkSizes(t *testing.T, path string, used map[string]bool) {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.ParseComments)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if ast.IsGenerated(file) {
		return
	}
	tooLarge := func(name, unit string, size, limit int) {
		if size <= limit {
			return
		}
		if _, ok := sizeExceptions[name]; ok {
			used[name] = true
			return
		}
		t.Errorf("%s has %d %s, more than %d", name, size, unit, limit)
	}
	lines := strings.Split(string(source), "\n")
	for _, line := range lines {
		tooLarge(path, "columns", utf8.RuneCountInString(line)+(tabWidth-1)*strings.Count(line, "\t"), maxColumns)
	}
	if strings.HasSuffix(path, "_test.go") {
		return
	}
	tooLarge(path, "lines", len(lines)-1, maxFileLines)
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			length := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			tooLarge(path+": "+f.Name.Name, "lines", length, maxFunctionLines)
		}
	}
}
