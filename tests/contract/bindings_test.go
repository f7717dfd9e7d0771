// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// binding is a file that declares each function, constant and struct member on one line.
type binding struct {
	file          string
	functionLine  *regexp.Regexp // matches a declaration; group 1 is the C name
	writeFunction func(Function) string
	constantLine  *regexp.Regexp // the same for constants; nil if the file has none
	writeConstant func(Constant) string
	structs       structLines
}

var bindings = map[string]binding{
	"python": {
		file:          "bindings/python/src/memfd_go/_ffi.py",
		functionLine:  regexp.MustCompile(`(?m)^(memfd_go_\w+) = .*$`),
		writeFunction: pythonFunction,
		constantLine:  regexp.MustCompile(`(?m)^((?:MEMFD_GO|MFD|F_SEAL)_\w+) = (?:0x|[0-9"]).*$`),
		writeConstant: pythonConstant,
		structs: structLines{
			head:      regexp.MustCompile(`(?m)^class (\w+)\(_?[A-Z]\w*\):$`),
			writeHead: func(s Struct) string { return fmt.Sprintf("class %s(Struct):", pascal(s.Name)) },
			line:      regexp.MustCompile(`(?m)^        \("(\w+)", .*\),$`),
			writeLine: func(f Field) string { return fmt.Sprintf("(%q, %s),", f.Name, pythonTypes.member(f)) },
			name:      pascal,
			others:    []string{"Struct", "_PyBuffer", "Readable", "Writable"},
		},
	},
	"rust": {
		file:          "bindings/rust/memfd-go-sys/src/lib.rs",
		functionLine:  regexp.MustCompile(`(?m)^    pub fn (\w+)\(.*$`),
		writeFunction: rustFunction,
		constantLine:  regexp.MustCompile(`(?m)^pub const (\w+): \S+ = (?:0x|[0-9"]).*$`),
		writeConstant: rustConstant,
		structs: structLines{
			head:      regexp.MustCompile(`(?m)^(?:#\[.*\]\n)*pub struct (\w+) \{$`),
			writeHead: func(s Struct) string { return rustAttributes + "\npub struct " + s.Name + " {" },
			line:      regexp.MustCompile(`(?m)^    pub (\w+): .*,$`),
			writeLine: func(f Field) string { return fmt.Sprintf("pub %s: %s,", f.Name, rustTypes.member(f)) },
			name:      func(name string) string { return name },
		},
	},
	"purego": {
		file:          "tests/purego/library_test.go",
		functionLine:  regexp.MustCompile("(?m)^\t\\w+ +func\\(.* +`c:\"(\\w+)\"`$"),
		writeFunction: puregoFunction,
		structs: structLines{
			head:      regexp.MustCompile(`(?m)^type ([A-Z]\w*) struct \{$`),
			writeHead: func(s Struct) string { return fmt.Sprintf("type %s struct {", pascal(s.Name)) },
			line:      regexp.MustCompile(`(?m)^\t([A-Z]\w*) +[\w\[\].]+$`),
			writeLine: func(f Field) string { return pascal(f.Name) + " " + puregoTypes.member(f) },
			name:      pascal,
		},
	},
}

func TestBindings(t *testing.T) {
	h := readHeader(t)
	for name, b := range bindings {
		t.Run(name, func(t *testing.T) {
			report(t, b.compare(h, readFile(t, b.file)))
		})
	}
}

func (b binding) compare(h *Header, text string) []string {
	var want []line
	for _, f := range h.Functions {
		want = append(want, line{name: f.Name, text: b.writeFunction(f)})
	}
	complaints := compare(b.file, want, match(b.functionLine, text))
	complaints = append(complaints, b.structs.compare(h, b.file, text)...)
	if b.constantLine == nil {
		return complaints
	}
	want = nil
	for _, c := range h.Constants {
		want = append(want, line{name: c.Name, text: b.writeConstant(c)})
	}
	return append(complaints, compare(b.file, want, match(b.constantLine, text))...)
}

// gofmt aligns columns with spaces, which the comparison must ignore.
var runOfSpaces = regexp.MustCompile(` +`)

func match(pattern *regexp.Regexp, text string) []line {
	var lines []line
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		declaration := runOfSpaces.ReplaceAllString(strings.TrimSpace(m[0]), " ")
		lines = append(lines, line{name: m[1], text: declaration})
	}
	return lines
}

const rustAttributes = "#[repr(C)]\n#[derive(Clone, Copy, Debug)]"

var pythonTypes = dialect{
	structName: pascal,
	pointer:    "POINTER(%s)",
	toConst:    "POINTER(%s)",
	array:      "%s * %d",
	results: map[string]string{
		"int":            "c_int",
		"uint32_t":       "c_uint32",
		"uint64_t":       "c_uint64",
		"size_t":         "c_size_t",
		"const char *":   "c_char_p",
		"char *":         "c_char_p",
		"const void *":   "c_void_p",
		"void *":         "c_void_p",
		"void **":        "POINTER(c_void_p)",
		"uint32_t *":     "POINTER(c_uint32)",
		"uint64_t *":     "POINTER(c_uint64)",
		"size_t *":       "POINTER(c_size_t)",
		"const int *":    "POINTER(c_int)",
		"int *":          "POINTER(c_int)",
		"char *const []": "POINTER(c_char_p)",
		"void":           "None",
		"int32_t":        "c_int32",
		"char":           "c_char",
	},
}

func pythonFunction(f Function) string {
	types := append([]string{pythonTypes.result(f)}, pythonTypes.paramTypes(f)...)
	return fmt.Sprintf("%s = _declare(%q, %s)", f.Name, f.Name, strings.Join(types, ", "))
}

func pythonConstant(c Constant) string {
	return c.Name + " = " + c.Text
}

var rustTypes = dialect{
	structName: func(name string) string { return name },
	pointer:    "*mut %s",
	toConst:    "*const %s",
	array:      "[%s; %d]",
	results: map[string]string{
		"int":            "c_int",
		"uint32_t":       "u32",
		"uint64_t":       "u64",
		"size_t":         "usize",
		"const char *":   "*const c_char",
		"char *":         "*mut c_char",
		"const void *":   "*const c_void",
		"void *":         "*mut c_void",
		"void **":        "*mut *mut c_void",
		"uint32_t *":     "*mut u32",
		"uint64_t *":     "*mut u64",
		"size_t *":       "*mut usize",
		"const int *":    "*const c_int",
		"int *":          "*mut c_int",
		"char *const []": "*const *const c_char",
		"int32_t":        "i32",
		"char":           "c_char",
	},
}

func rustFunction(f Function) string {
	var params []string
	for _, p := range f.Params {
		params = append(params, p.Name+": "+rustTypes.param(p))
	}
	result := ""
	if f.Result != "void" {
		result = " -> " + rustTypes.result(f)
	}
	return fmt.Sprintf("pub fn %s(%s)%s;", f.Name, strings.Join(params, ", "), result)
}

func rustConstant(c Constant) string {
	kind := "u32"
	if strings.HasPrefix(c.Text, `"`) {
		kind = "&str"
	}
	return fmt.Sprintf("pub const %s: %s = %s;", c.Name, kind, c.Text)
}

var puregoTypes = dialect{
	structName: pascal,
	pointer:    "*%s",
	toConst:    "*%s",
	array:      "[%[2]d]%[1]s",
	results: map[string]string{
		"int":            "int32",
		"uint32_t":       "uint32",
		"uint64_t":       "uint64",
		"size_t":         "uintptr",
		"const char *":   "string",
		"char *":         "*byte",
		"const void *":   "unsafe.Pointer",
		"void *":         "unsafe.Pointer",
		"void **":        "*unsafe.Pointer",
		"uint32_t *":     "*uint32",
		"uint64_t *":     "*uint64",
		"size_t *":       "*uintptr",
		"const int *":    "*int32",
		"int *":          "*int32",
		"char *const []": "**byte",
		"void":           "",
		"int32_t":        "int32",
		"char":           "byte",
	},
}

func puregoFunction(f Function) string {
	declaration := fmt.Sprintf("%s func(%s) %s `c:%q`", pascal(f.Name),
		strings.Join(puregoTypes.paramTypes(f), ", "), puregoTypes.result(f), f.Name)
	return runOfSpaces.ReplaceAllString(declaration, " ") // two spaces without a result
}
