// SPDX-License-Identifier: MIT

package leaks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var testName = regexp.MustCompile(`^(Test|Fuzz)`)

// Everywhere reports the tests of a package that do not begin with Check. It reads the sources, and is
// skipped without them.
func Everywhere(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("*_test.go")
	if err != nil || len(files) == 0 {
		t.Skip("the sources are not here")
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, isFunction := d.(*ast.FuncDecl)
			if isFunction && testName.MatchString(f.Name.Name) && f.Name.Name != "TestMain" && !beginsWithCheck(f) {
				t.Errorf("%s: %s must begin with leaks.Check(t)", name, f.Name.Name)
			}
		}
	}
}

func beginsWithCheck(f *ast.FuncDecl) bool {
	if len(f.Body.List) == 0 {
		return false
	}
	statement, isExpression := f.Body.List[0].(*ast.ExprStmt)
	return isExpression && strings.HasPrefix(types.ExprString(statement.X), "leaks.Check(")
}
