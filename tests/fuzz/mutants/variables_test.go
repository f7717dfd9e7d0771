// SPDX-License-Identifier: MIT

package mutants

import (
	"errors"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/internal/testenv"
)

// The linker recognizes a store to a package variable only if the address is formed in the store. If
// code computes with the address first, as for an element of an array, this test finds it in the
// source.
func TestNoFunctionAssignsToAVariable(t *testing.T) {
	for _, arch := range testenv.Arches {
		for _, folder := range []string{"core", "capi"} {
			context := build.Default
			context.GOOS, context.GOARCH, context.CgoEnabled = "linux", arch.GOARCH, false
			dir := filepath.Join(testenv.Repository(), folder)
			sources, err := context.ImportDir(dir, 0)
			if err != nil {
				t.Fatal(err)
			}
			files := token.NewFileSet()
			var parsed []*ast.File
			for _, name := range sources.GoFiles {
				file, err := parser.ParseFile(files, filepath.Join(dir, name), nil, 0)
				if err != nil {
					t.Fatal(err)
				}
				parsed = append(parsed, file)
			}
			for _, place := range assignments(files, parsed) {
				t.Errorf("%v: assignment to a package variable", place)
			}
		}
	}
}

func TestAssignmentsAreFound(t *testing.T) {
	const source = `package p
var number, table, record = 1, [8]int{}, struct{ a [2]int }{}
func f(n int) {
	number = 1
	number++
	table[n] += 1
	record.a[n] = 1
	for number = range 3 {}
	for _, table[0] = range table {}
	number := n
	number = table[n]
	*(&record.a[n]) = 1
	other := &table[n]
	*other = 1
	_ = table[number] + record.a[0]
}`
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, place := range assignments(files, []*ast.File{file}) {
		lines = append(lines, place.Line)
	}
	if want := []int{4, 5, 6, 7, 8, 9, 12}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v", lines, want)
	}
}

// assignments returns the positions where functions assign to variables of their package, or to parts of
// them.
func assignments(files *token.FileSet, parsed []*ast.File) (places []token.Position) {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: noImports{}, Error: func(error) {}}
	pkg, _ := config.Check("p", files, parsed, info) // errors are expected, because nothing is imported
	check := func(target ast.Expr) {
		variable, ok := info.Uses[root(target)].(*types.Var)
		if ok && variable.Parent() == pkg.Scope() {
			places = append(places, files.Position(target.Pos()))
		}
	}
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, target := range n.Lhs {
					check(target)
				}
			case *ast.IncDecStmt:
				check(n.X)
			case *ast.RangeStmt:
				check(n.Key)
				check(n.Value)
			}
			return true
		})
	}
	return places
}

type noImports struct{}

func (noImports) Import(string) (*types.Package, error) { return nil, errors.New("not imported") }

// root returns the variable that an expression is a part of, or nil.
func root(e ast.Expr) *ast.Ident {
	switch e := e.(type) {
	case *ast.Ident:
		return e
	case *ast.IndexExpr:
		return root(e.X)
	case *ast.SelectorExpr:
		return root(e.X)
	case *ast.ParenExpr:
		return root(e.X)
	case *ast.StarExpr: // *&x, but not *p
		if paren, ok := e.X.(*ast.ParenExpr); ok {
			return root(&ast.StarExpr{X: paren.X})
		}
		if address, ok := e.X.(*ast.UnaryExpr); ok && address.Op == token.AND {
			return root(address.X)
		}
	}
	return nil
}
