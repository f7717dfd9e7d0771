// SPDX-License-Identifier: MIT

// Package header parses include/memfd_go.h, for the tests that compare it with exports, bindings and
// libraries (tests/contract), and for the manual pages.
//
// The header is simple enough for a small parser. Anything that the parser does not know is an error.
package header

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Header holds the declarations of memfd_go.h, in order.
type Header struct {
	Functions []Function
	Constants []Constant
	Structs   []Struct
}

// Function is a prototype.
type Function struct {
	Name   string
	Result string
	Params []Param
}

// Param is a parameter. Its type is spelt like "const char *", "void **",
// "struct memfd_go_info *", "char *const []".
type Param struct {
	Type, Name string
}

type Struct struct {
	Name   string
	Fields []Field
}

// Field is a member of a struct. If Count is not 0, it is an array.
type Field struct {
	Type, Name string
	Count      int
}

// Constant is a macro for a number or a string. Its text is C's without the suffix U, and is therefore
// valid in Go, Python and Rust, too.
type Constant struct {
	Name, Text string
}

var (
	comment      = regexp.MustCompile(`(?s)/\*.*?\*/`)
	continuation = regexp.MustCompile(`\\\n\s*`)
	typedef      = regexp.MustCompile(`(?m)^__extension__ typedef .*;$`) // of <stdint.h>
	checked      = regexp.MustCompile(`(?m)^(#define MEMFD_GO_CHECKED.*|MEMFD_GO_CHECKED)$`)
	cplusplus    = regexp.MustCompile(`(?s)#ifdef __cplusplus\n.*?#endif\n`)
	define       = regexp.MustCompile(`^#define (\w+) *(.*?)\s*$`)
	literal      = regexp.MustCompile(`^(?:(0x[0-9a-fA-F]+|[0-9]+)U?|("[^"\\]*"))$`)
	prototype    = regexp.MustCompile(`^(\w[\w\s*]*[\s*])(memfd_go_\w+)\(([^()]*)\)$`)
	parameter    = regexp.MustCompile(`^(\w[\w\s*]*[\s*])(\w+)(\[\])?$`)
	structure    = regexp.MustCompile(`(?s)struct (memfd_go_\w+) \{(.*?)\};`)
	member       = regexp.MustCompile(`^(\w[\w\s*]*[\s*])(\w+)(?:\[(\d+)\])?$`)
	spaces       = regexp.MustCompile(`\s+`)
)

// Parse reads the text of the header.
func Parse(text string) (*Header, error) {
	text, _, found := strings.Cut(text, "#endif /* MEMFD_GO_H */")
	if !found {
		return nil, fmt.Errorf("the header does not end with #endif /* MEMFD_GO_H */")
	}
	text = comment.ReplaceAllString(text, " ")
	text = continuation.ReplaceAllString(text, " ")
	text = typedef.ReplaceAllString(text, "")
	text = checked.ReplaceAllString(text, "")
	text = cplusplus.ReplaceAllString(text, "")

	h := new(Header)
	var declarations strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			declarations.WriteString(line)
		} else if m := define.FindStringSubmatch(line); m != nil {
			if err := h.addConstant(m[1], m[2]); err != nil {
				return nil, err
			}
		}
	}
	for _, m := range structure.FindAllStringSubmatch(declarations.String(), -1) {
		s, err := parseStruct(m[1], m[2])
		if err != nil {
			return nil, err
		}
		h.Structs = append(h.Structs, s)
	}
	for _, declaration := range statements(structure.ReplaceAllString(declarations.String(), "")) {
		f, err := parseFunction(declaration)
		if err != nil {
			return nil, err
		}
		h.Functions = append(h.Functions, f)
	}
	return h, nil
}

// statements splits text at its semicolons.
func statements(text string) []string {
	var all []string
	for s := range strings.SplitSeq(text, ";") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// addConstant leaves out the include guard, and constants that are computed from others: the bindings
// do not repeat those.
func (h *Header) addConstant(name, value string) error {
	if value == "" || strings.Contains(value, "MEMFD_GO_") {
		return nil
	}
	m := literal.FindStringSubmatch(value)
	if m == nil {
		return fmt.Errorf("#define %s %s: neither a number nor a string", name, value)
	}
	h.Constants = append(h.Constants, Constant{name, m[1] + m[2]})
	return nil
}

func parseFunction(declaration string) (Function, error) {
	m := prototype.FindStringSubmatch(declaration)
	if m == nil {
		return Function{}, fmt.Errorf("not a function's declaration: %s", declaration)
	}
	f := Function{Name: m[2], Result: typeName(m[1])}
	if m[3] == "void" {
		return f, nil
	}
	for text := range strings.SplitSeq(m[3], ",") {
		p := parameter.FindStringSubmatch(strings.TrimSpace(text))
		if p == nil {
			return Function{}, fmt.Errorf("%s: not a parameter with a name: %q", f.Name, text)
		}
		f.Params = append(f.Params, Param{typeName(p[1] + " " + p[3]), p[2]})
	}
	return f, nil
}

func parseStruct(name, body string) (Struct, error) {
	s := Struct{Name: name}
	for _, text := range statements(body) {
		m := member.FindStringSubmatch(text)
		if m == nil {
			return Struct{}, fmt.Errorf("struct %s: not a member: %q", name, text)
		}
		count, _ := strconv.Atoi(m[3]) // 0 if there is no number
		s.Fields = append(s.Fields, Field{typeName(m[1]), m[2], count})
	}
	return s, nil
}

// typeName normalizes the spaces of a type.
func typeName(text string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(text, " "))
}
