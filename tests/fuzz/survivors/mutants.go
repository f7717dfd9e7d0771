// SPDX-License-Identifier: MIT

// Package survivors is a mutation test: it makes small changes to the code, one at a time, and
// finds those that no test detects.
package survivors

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// A mutant is a source file with one change.
type mutant struct {
	function string // that contains the change, or "" outside of functions
	line     string // the changed line, or "without " and the removed statement
	source   []byte
}

// key identifies the mutant in survivors.md.
func (m mutant) key() string { return m.function + ": " + m.line }

// An edit replaces a part of a source file. "$" in the text stands for the replaced part.
type edit struct {
	start, end token.Pos
	text       string
}

// replacements maps operators to their replacements. < does not become >=: tests that detect <= and
// a condition that is always false (see condition) detect that as well.
var replacements = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==",
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">",
	token.LAND: "||", token.LOR: "&&",
	token.ADD: "-", token.SUB: "+", token.MUL: "+",
	token.AND: "|", token.OR: "&", token.AND_NOT: "&", token.XOR: "|",
	token.SHL: ">>", token.SHR: "<<",
	token.ADD_ASSIGN: "-=", token.SUB_ASSIGN: "+=", token.OR_ASSIGN: "&=", token.AND_ASSIGN: "|=",
	token.INC: "--", token.DEC: "++",
}

// mutants returns all mutants of a source file. Some do not compile.
func mutants(name string, source []byte) ([]mutant, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, source, 0)
	if err != nil {
		return nil, err
	}
	file := files.File(parsed.FileStart)
	var all []mutant
	for _, declaration := range parsed.Decls {
		function := ""
		if f, ok := declaration.(*ast.FuncDecl); ok {
			function = f.Name.Name
		}
		ast.Inspect(declaration, func(n ast.Node) bool {
			for _, e := range edits(n) {
				all = append(all, apply(file, source, function, e))
			}
			return true
		})
	}
	numberDuplicates(all)
	return all, nil
}

// numberDuplicates appends a number to lines that occur more than once in a function.
func numberDuplicates(all []mutant) {
	seen := map[[2]string]int{}
	for i, m := range all {
		key := [2]string{m.function, m.line}
		seen[key]++
		if seen[key] > 1 {
			all[i].line += fmt.Sprint(" // ", seen[key])
		}
	}
}

// edits returns the changes of a node itself, without its children.
func edits(n ast.Node) []edit {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return operator(n.OpPos, n.Op)
	case *ast.IncDecStmt:
		return operator(n.TokPos, n.Tok)
	case *ast.AssignStmt:
		return operator(n.TokPos, n.Tok)
	case *ast.UnaryExpr:
		if n.Op == token.SUB || n.Op == token.NOT || n.Op == token.XOR {
			return []edit{{n.OpPos, n.X.Pos(), ""}}
		}
	case *ast.BasicLit:
		if n.Kind == token.INT {
			return []edit{{n.Pos(), n.End(), "($ + 1)"}}
		}
	case *ast.IfStmt:
		return condition(n.Cond)
	case *ast.ForStmt:
		if n.Cond != nil {
			return []edit{{n.Cond.Pos(), n.Cond.End(), "false && ($)"}}
		}
	case *ast.BlockStmt:
		return removals(n.List)
	case *ast.CaseClause:
		return append(removals(n.Body), conditions(n.List)...)
	}
	return nil
}

func operator(at token.Pos, op token.Token) []edit {
	if replacement := replacements[op]; replacement != "" {
		return []edit{{at, at + token.Pos(len(op.String())), replacement}}
	}
	return nil
}

// condition makes a condition always false, and always true. It keeps the operands, because Go
// refuses unused variables.
func condition(e ast.Expr) []edit {
	return []edit{{e.Pos(), e.End(), "false && ($)"}, {e.Pos(), e.End(), "true || ($)"}}
}

// conditions does the same for the cases of a switch without a tag.
func conditions(list []ast.Expr) (all []edit) {
	for _, e := range list {
		if b, ok := e.(*ast.BinaryExpr); ok && (b.Op.Precedence() <= token.EQL.Precedence()) {
			all = append(all, condition(e)...)
		}
	}
	return all
}

// removals removes one statement at a time. If statements need not be removed, since condition
// makes them false.
func removals(list []ast.Stmt) (all []edit) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt, *ast.BranchStmt, *ast.IncDecStmt:
			all = append(all, edit{s.Pos(), s.End(), ""})
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				all = append(all, edit{s.Pos(), s.End(), ""})
			}
		}
	}
	return all
}

// apply makes an edit.
func apply(file *token.File, source []byte, function string, e edit) mutant {
	start, end := file.Offset(e.start), file.Offset(e.end)
	text := strings.Replace(e.text, "$", string(source[start:end]), 1)
	changed := bytes.Join([][]byte{source[:start], source[end:]}, []byte(text))
	from := bytes.LastIndexByte(changed[:start], '\n') + 1
	to := start + len(text)
	to += bytes.IndexByte(changed[to:], '\n')
	line := strings.TrimSpace(string(changed[from:to]))
	if text == "" && strings.Trim(line, "{} ") == "" {
		line = "without " + string(source[start:end])
	}
	return mutant{function, line, changed}
}
