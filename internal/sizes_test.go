package internal_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes beyond which code that people write, tests left out, is worth a second look. They are alarms, not laws:
// sizeExceptions names what may be larger, with the reason.
const (
	maxFileLines     = 500
	maxFunctionLines = 60
	maxColumns       = 120 // with tabs of four, tests included
)

// sizeExceptions maps a file, or "file: function", to the reason why it may be larger. A file named here may also have lines
// of any width.
var sizeExceptions = map[string]string{
	"config/config.go": "a struct tag cannot be split over lines",
}

func TestSizes(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, root := range []string{".", "../cmd", "../sql", "../openapi"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				checkSizes(t, path, used)
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
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.ParseComments)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	if ast.IsGenerated(file) {
		return
	}
	tooLarge := func(name string, lines, limit int) {
		if lines <= limit {
			return
		}
		if _, ok := sizeExceptions[name]; ok {
			used[name] = true
			return
		}
		t.Errorf("%s has %d lines, more than %d", name, lines, limit)
	}
	tooLarge(path, set.File(file.Pos()).LineCount()-1, maxFileLines)
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			tooLarge(path+": "+f.Name.Name, lines, maxFunctionLines)
		}
	}
}
