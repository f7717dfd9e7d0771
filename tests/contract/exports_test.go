// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	exportsFile   = "capi/exports.h"
	goExportsFile = "capi/exports.go"
)

func TestExportList(t *testing.T) {
	report(t, compareExports(readHeader(t), readFile(t, exportsFile)))
}

func TestGoExports(t *testing.T) {
	report(t, compareGoExports(t, readHeader(t), readFile(t, exportsFile), readFile(t, goExportsFile)))
}

// On 32-bit architectures, some ABIs insert padding between an odd number of words and a
// uint64_t, and others do not.
func TestWordsBeforeUint64AreEven(t *testing.T) {
	for _, f := range readHeader(t).Functions {
		words := 0
		for _, p := range f.Params {
			if p.Type != "uint64_t" {
				words++
			} else if words%2 != 0 {
				t.Errorf("%s: parameter %s of %s follows an odd number of words; reorder the parameters", headerFile, p.Name, f.Name)
			}
		}
	}
}

// row is a row of exports.h: SHAPE(name, target).
type row struct{ shape, name, target string }

var exportRow = regexp.MustCompile(`(?m)^([A-Z]\w*)\((\w+), *(\S+)\)$`)

func parseRows(text string) []row {
	var rows []row
	for _, m := range exportRow.FindAllStringSubmatch(text, -1) {
		rows = append(rows, row{m[1], m[2], m[3]})
	}
	return rows
}

func compareExports(h *Header, text string) []string {
	rows := parseRows(text)
	var want, got []line
	for _, r := range rows {
		got = append(got, line{name: r.name, text: r.shape, paste: r.String()})
	}
	for _, f := range h.Functions {
		r := row{callShape(f), f.Name, "·" + camel(f.Name)}
		if i := slices.IndexFunc(rows, func(r row) bool { return r.name == f.Name }); i >= 0 {
			r.target = rows[i].target
			if fitsSystemCall(f, rows[i].shape) {
				r.shape = rows[i].shape
			}
		}
		want = append(want, line{name: f.Name, text: r.shape, paste: r.String()})
	}
	return compare(exportsFile, want, got)
}

func (r row) String() string {
	return fmt.Sprintf("%s(%s, %s)", r.shape, r.name, r.target)
}

// callShape returns the shape of a function that is implemented in Go.
func callShape(f Function) string {
	shape, words := "CALL", 0
	for _, p := range f.Params {
		if p.Type != "uint64_t" {
			words++
			continue
		}
		if words > 0 {
			shape += fmt.Sprint(words)
		}
		shape, words = shape+"D", 0
	}
	if words > 0 || shape == "CALL" {
		shape += fmt.Sprint(words)
	}
	return shape
}

// fitsSystemCall reports whether the parameters of a function fit a system call shape.
func fitsSystemCall(f Function, shape string) bool {
	if strings.Contains(callShape(f), "D") {
		return false
	}
	switch shape {
	case "SYS":
		return true
	case "FCNTL1":
		return len(f.Params) == 1
	case "FCNTL2":
		return len(f.Params) == 2
	}
	return false
}

// exportTypes are the types in capi/exports.go: the trampolines pass words, and uint64_t as is.
var exportTypes = dialect{
	structName: func(name string) string { return coreStructs[name].String() },
	pointer:    "*%s",
	toConst:    "*%s",
	results: map[string]string{
		"void":         "int",
		"int":          "int",
		"uint32_t":     "uintptr",
		"const char *": "*byte",
	},
	params: map[string]string{
		"int":            "uintptr",
		"uint32_t":       "uintptr",
		"size_t":         "uintptr",
		"uint64_t":       "uint64",
		"char *":         "*byte",
		"const void *":   "*byte",
		"void *":         "uintptr",
		"void **":        "*uintptr",
		"uint32_t *":     "*uint32",
		"uint64_t *":     "*uint64",
		"size_t *":       "*uintptr",
		"const int *":    "*int32",
		"int *":          "*int32",
		"char *const []": "unsafe.Pointer",
	},
}

// anyPointer lists the Go types allowed for a void *.
var anyPointer = []string{"uintptr", "*byte", "unsafe.Pointer"}

// goFunction is a function in exports.go.
type goFunction struct {
	name, result string
	params       []string // their types
}

func (f goFunction) String() string {
	return fmt.Sprintf("func %s(%s) %s", f.name, strings.Join(f.params, ", "), f.result)
}

func compareGoExports(t *testing.T, h *Header, exports, source string) []string {
	t.Helper()
	targets := make(map[string]string)
	for _, r := range parseRows(exports) {
		targets[r.name] = r.target
	}
	var want, got []line
	functions := make(map[string]goFunction)
	for _, f := range parseGoExports(t, source) {
		functions[f.name] = f
		got = append(got, line{name: f.name, text: f.String()})
	}
	for _, f := range h.Functions {
		target, listed := targets[f.Name]
		if !listed {
			target = "·" + camel(f.Name)
		}
		if name, isGo := strings.CutPrefix(target, "·"); isGo {
			want = append(want, goExport(f, name, functions[name]))
		}
	}
	return compare(goExportsFile, want, got)
}

// goExport returns the declaration of f in capi/exports.go. It keeps the current type of a void *,
// which may be any of anyPointer.
func goExport(f Function, name string, is goFunction) line {
	want := goFunction{name, exportTypes.result(f), exportTypes.paramTypes(f)}
	var params, args []string
	for i, p := range f.Params {
		if strings.HasSuffix(p.Type, "void *") && i < len(is.params) && slices.Contains(anyPointer, is.params[i]) {
			want.params[i] = is.params[i]
		}
		params = append(params, camel(p.Name)+" "+want.params[i])
		switch p.Type {
		case "int":
			args = append(args, "int32("+camel(p.Name)+")")
		case "uint32_t":
			args = append(args, "uint32("+camel(p.Name)+")")
		default:
			args = append(args, camel(p.Name))
		}
	}
	return line{
		name: name,
		text: want.String(),
		paste: fmt.Sprintf("//go:nosplit\nfunc %s(%s) %s { return core.%s(%s) }",
			name, strings.Join(params, ", "), want.result, pascal(f.Name), strings.Join(args, ", ")),
	}
}

func parseGoExports(t *testing.T, source string) []goFunction {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), goExportsFile, source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var functions []goFunction
	for _, d := range file.Decls {
		decl, ok := d.(*ast.FuncDecl)
		if !ok || decl.Name.Name == "main" {
			continue
		}
		f := goFunction{name: decl.Name.Name}
		for _, field := range decl.Type.Params.List {
			for range field.Names {
				f.params = append(f.params, types.ExprString(field.Type))
			}
		}
		if decl.Type.Results != nil {
			f.result = types.ExprString(decl.Type.Results.List[0].Type)
		}
		functions = append(functions, f)
	}
	return functions
}
