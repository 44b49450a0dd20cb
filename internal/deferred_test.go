package internal_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDeferredErrorsReachTheCaller fails on a deferred function that assigns to a variable of the function around it
// which is no named result: the caller never sees that value, so the error of a Close or a Remove is lost. A variable
// that shadows a named result counts as well.
func TestDeferredErrorsReachTheCaller(t *testing.T) {
	t.Parallel()
	files := 0
	for _, root := range []string{".", "../cmd", "../tests", "../bench"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || !strings.HasSuffix(path, ".go") {
				return err
			}
			files++
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for _, lost := range lostAssignments(set, file) {
				t.Errorf(
					"%s: %s is assigned in a deferred function and is no named result",
					set.Position(lost.Pos()),
					lost.Name,
				)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 5 {
		t.Fatalf("read only %d files", files)
	}
}

func TestLostAssignmentsAreFound(t *testing.T) {
	t.Parallel()
	const source = `package p
func unnamed() error { err := f(); defer func() { err = g() }(); return err }
func named() (err error) { defer func() { err = g() }(); return nil }
func shadowed() (err error) {
	if ok {
		file, err := open()
		defer func() { err = file.Close() }()
	}
	return nil
}
func literal() { run(func() error { err := f(); defer func() { err = g() }(); return err }) }
func ownVariable() { defer func() { err := f(); err = g() }() }
`
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, lost := range lostAssignments(set, file) {
		lines = append(lines, set.Position(lost.Pos()).Line)
	}
	if want := []int{2, 7, 11}; !slices.Equal(lines, want) {
		t.Errorf("found lines %v, want %v", lines, want)
	}
}

// lostAssignments returns the variables that a deferred function literal assigns to without declaring them, other than
// the named results of the function that defers it.
func lostAssignments(set *token.FileSet, file *ast.File) (lost []*ast.Ident) {
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	// Imports stay unresolved: where a local variable is declared does not depend on them.
	config := types.Config{Error: func(error) {}}
	_, _ = config.Check(file.Name.Name, set, []*ast.File{file}, info)
	var search func(body ast.Node, results map[types.Object]bool)
	search = func(body ast.Node, results map[types.Object]bool) {
		ast.Inspect(body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Body != nil {
					search(n.Body, namedResults(info, n.Type))
				}
				return false
			case *ast.FuncLit:
				search(n.Body, namedResults(info, n.Type))
				return false
			case *ast.DeferStmt:
				if literal, ok := n.Call.Fun.(*ast.FuncLit); ok {
					lost = append(lost, outerAssignments(info, literal, results)...)
				}
			}
			return true
		})
	}
	search(file, nil)
	return lost
}

func namedResults(info *types.Info, function *ast.FuncType) map[types.Object]bool {
	results := map[types.Object]bool{}
	if function.Results == nil {
		return results
	}
	for _, field := range function.Results.List {
		for _, name := range field.Names {
			results[info.Defs[name]] = true
		}
	}
	return results
}

// outerAssignments returns the variables declared outside of the literal, and not among results, that it assigns to.
func outerAssignments(info *types.Info, literal *ast.FuncLit, results map[types.Object]bool) (outer []*ast.Ident) {
	ast.Inspect(literal.Body, func(n ast.Node) bool {
		assignment, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for _, target := range assignment.Lhs {
			name, ok := target.(*ast.Ident)
			if !ok || info.Uses[name] == nil || results[info.Uses[name]] {
				continue
			}
			if declared := info.Uses[name].Pos(); declared < literal.Pos() || declared > literal.End() {
				outer = append(outer, name)
			}
		}
		return true
	})
	return outer
}
