// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/core"
)

// structLines describes how a binding declares structs.
type structLines struct {
	head      *regexp.Regexp // matches the start of a struct; group 1 is its name
	writeHead func(Struct) string
	line      *regexp.Regexp // matches a member; group 1 is its name
	writeLine func(Field) string
	name      func(string) string // translates C's name of a struct
	others    []string            // names that head matches, but that are not structs of the header
}

func (s structLines) compare(h *Header, file, text string) []string {
	var want []line
	for _, c := range h.Structs {
		name := s.name(c.Name)
		want = append(want, line{name: name, text: s.writeHead(c)})
		for _, f := range c.Fields {
			field := line{name: name + "." + f.Name, text: s.writeLine(f)}
			want = append(want, field)
		}
	}
	return compare(file, want, s.parse(text))
}

// parse returns a line for each struct and for each member.
func (s structLines) parse(text string) []line {
	var lines []line
	heads := s.head.FindAllStringSubmatchIndex(text, -1)
	for i, head := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		name, body := text[head[2]:head[3]], text[head[1]:end]
		if slices.Contains(s.others, name) {
			continue
		}
		lines = append(lines, line{name: name, text: text[head[0]:head[1]]})
		for _, member := range match(s.line, body) {
			member.name = name + "." + memberName(member.name)
			lines = append(lines, member)
		}
	}
	return lines
}

// memberName turns HugePage into huge_page.
func memberName(name string) string {
	words := upper.ReplaceAllStringFunc(name, func(s string) string { return "_" + strings.ToLower(s) })
	return strings.TrimPrefix(words, "_")
}

var upper = regexp.MustCompile(`[A-Z]`)

// coreStructs are the library's types of the structs.
var coreStructs = map[string]reflect.Type{
	"memfd_go_features":    reflect.TypeFor[core.Features](),
	"memfd_go_create_args": reflect.TypeFor[core.CreateArgs](),
	"memfd_go_info":        reflect.TypeFor[core.Info](),
	"memfd_go_secret_area": reflect.TypeFor[core.SecretArea](),
	"memfd_go_secret_pool": reflect.TypeFor[core.SecretPool](),
}

// coreKinds are the library's types of their members.
var coreKinds = map[string]reflect.Kind{
	"uint32_t": reflect.Uint32,
	"int32_t":  reflect.Int32,
	"uint64_t": reflect.Uint64,
	"size_t":   reflect.Uintptr,
	"void *":   reflect.Uintptr,
	"char":     reflect.Uint8,
}

func TestStructsInCore(t *testing.T) {
	report(t, compareCore(readHeader(t)))
}

func compareCore(h *Header) []string {
	var complaints []string
	for _, s := range h.Structs {
		inGo, found := coreStructs[s.Name]
		if !found {
			complaints = append(complaints, fmt.Sprintf("tests/contract/structs_test.go: a struct is missing; add to coreStructs:\n\n%q: reflect.TypeFor[core.%s](),\n",
				s.Name, pascal(s.Name)))
			continue
		}
		for i, f := range s.Fields {
			if i >= inGo.NumField() || !sameType(f, inGo.Field(i).Type) {
				complaints = append(complaints, fmt.Sprintf("%s: member %d of %v must be:\n\n%s %s\n",
					inGo.PkgPath(), i, inGo, pascal(f.Name), coreType(f)))
				break // the following members would be reported, too
			}
		}
		if inGo.NumField() > len(s.Fields) {
			complaints = append(complaints, fmt.Sprintf("%s: %v has %d members, but %d in %s", inGo.PkgPath(),
				inGo, inGo.NumField(), len(s.Fields), headerFile))
		}
	}
	return complaints
}

func sameType(f Field, inGo reflect.Type) bool {
	if f.Count != 0 {
		return inGo.Kind() == reflect.Array && inGo.Len() == f.Count && sameType(Field{Type: f.Type}, inGo.Elem())
	}
	if name, isStruct := strings.CutPrefix(f.Type, "struct "); isStruct {
		return coreStructs[name] == inGo
	}
	return coreKinds[f.Type] == inGo.Kind()
}

func coreType(f Field) string {
	array := ""
	if f.Count != 0 {
		array = fmt.Sprintf("[%d]", f.Count)
	}
	if name, isStruct := strings.CutPrefix(f.Type, "struct "); isStruct {
		return array + fmt.Sprint(coreStructs[name])
	}
	return array + coreKinds[f.Type].String()
}
