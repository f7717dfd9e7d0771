// SPDX-License-Identifier: MIT

// Package survivors changes the code in small ways, one at a time, and finds those changes
// that no test notices.
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
	function string // where it is, or "" outside of functions
	line     string // as changed, or "without " and the statement that is gone
	source   []byte
}

// An edit replaces a part of a source file. "$" in the text stands for what was there.
type edit struct {
	start, end token.Pos
	text       string
}

// replacements are what an operator may become. To swap < and >= says no more than to move
// the boundary, and to make the condition false, which is done as well.
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

// mutants returns all mutants of a source file. Some of them are not valid Go.
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
	number(all)
	return all, nil
}

// number tells apart the mutants of a function that look the same.
func number(all []mutant) {
	seen := map[[2]string]int{}
	for i, m := range all {
		key := [2]string{m.function, m.line}
		seen[key]++
		if seen[key] > 1 {
			all[i].line += fmt.Sprint(" // ", seen[key])
		}
	}
}

// edits are the changes that begin at a node.
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

// condition makes a condition false, and true. It is evaluated only where it was.
func condition(e ast.Expr) []edit {
	return []edit{{e.Pos(), e.End(), "false && ($)"}, {e.Pos(), e.End(), "true || ($)"}}
}

// conditions are those of a switch without a value: others are not comparisons.
func conditions(list []ast.Expr) (all []edit) {
	for _, e := range list {
		if b, ok := e.(*ast.BinaryExpr); ok && (b.Op.Precedence() <= token.EQL.Precedence()) {
			all = append(all, condition(e)...)
		}
	}
	return all
}

// removals leave out a statement. Without its body an if has none of its conditions'.
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

// apply makes an edit. The mutant is described by the line that it changes.
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
