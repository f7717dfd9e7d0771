// SPDX-License-Identifier: MIT

package contract

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/header"
)

const (
	top        = "../.." // of the source tree
	headerFile = "include/memfd_go.h"
)

type (
	Header   = header.Header
	Function = header.Function
	Param    = header.Param
	Struct   = header.Struct
	Field    = header.Field
	Constant = header.Constant
)

// readFile reads a file, named relative to the top folder.
func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parseText(t *testing.T, text string) *Header {
	t.Helper()
	h, err := header.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", headerFile, err)
	}
	return h
}

func readHeader(t *testing.T) *Header {
	t.Helper()
	h := parseText(t, readFile(t, headerFile))
	if len(h.Functions) == 0 || len(h.Constants) == 0 {
		t.Fatalf("%s: parsed %d functions and %d constants", headerFile, len(h.Functions), len(h.Constants))
	}
	return h
}

func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, c := range complaints {
		t.Error(c)
	}
}

// line is a declaration in a file.
type line struct {
	name  string
	text  string // the part that is compared
	paste string // the whole line, for the message; "" if text is the whole line
}

func (l line) String() string {
	if l.paste != "" {
		return l.paste
	}
	return l.text
}

func names(lines []line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, l.name)
	}
	return all
}

// compare returns what must change in a file that has the lines got, so that it has the lines
// want.
func compare(file string, want, got []line) []string {
	var complaints []string
	complain := func(format string, args ...any) {
		complaints = append(complaints, file+": "+fmt.Sprintf(format, args...))
	}
	have := make(map[string]line)
	for _, l := range got {
		if _, twice := have[l.name]; twice {
			complain("%s is declared twice", l.name)
		}
		have[l.name] = l
		if !slices.Contains(names(want), l.name) {
			complain("%s is not in %s; remove:\n\n%s\n", l.name, headerFile, l)
		}
	}
	place := "before the others"
	for _, l := range want {
		if is, found := have[l.name]; !found {
			complain("a line is missing; add it %s:\n\n%s\n", place, l)
		} else if is.text != l.text {
			complain("%s differs from %s; replace %q by:\n\n%s\n", l.name, headerFile, is.text, l)
		}
		place = "after " + l.name
	}
	return append(complaints, compareOrder(file, want, got)...)
}

// compareOrder returns the first line that is out of order. It ignores lines that only one side
// has.
func compareOrder(file string, want, got []line) []string {
	notIn := func(others []line) func(line) bool {
		return func(l line) bool { return !slices.Contains(names(others), l.name) }
	}
	want = slices.DeleteFunc(slices.Clone(want), notIn(got))
	got = slices.DeleteFunc(slices.Clone(got), notIn(want))
	for i := range min(len(want), len(got)) {
		if want[i].name == got[i].name {
			continue
		}
		return []string{fmt.Sprintf("%s: not in the order of %s; move up, before %s:\n\n%s\n",
			file, headerFile, got[i].name, want[i])}
	}
	return nil
}

// dialect translates C's types to another language.
type dialect struct {
	results map[string]string // types of results and struct members
	params  map[string]string // types of parameters, where they differ from results

	structName func(string) string // translates the name of a struct
	pointer    string              // the format of a pointer to a struct
	toConst    string              // the format of a pointer to a const struct
	array      string              // the format of an array: %[1]s is the type, %[2]d the length
}

func (d dialect) result(f Function) string {
	return d.known(f.Result)
}

func (d dialect) param(p Param) string {
	if name, found := d.params[p.Type]; found {
		return name
	}
	return d.known(p.Type)
}

func (d dialect) paramTypes(f Function) []string {
	var all []string
	for _, p := range f.Params {
		all = append(all, d.param(p))
	}
	return all
}

func (d dialect) member(f Field) string {
	if f.Count == 0 {
		return d.known(f.Type)
	}
	return fmt.Sprintf(d.array, d.known(f.Type), f.Count)
}

// known translates a type. The result for an unknown type differs from any declaration.
func (d dialect) known(c string) string {
	if name, found := d.results[c]; found {
		return name
	}
	pointer := d.pointer
	if rest, isConst := strings.CutPrefix(c, "const "); isConst {
		c, pointer = rest, d.toConst
	}
	if name, isStruct := strings.CutPrefix(c, "struct "); isStruct {
		if name, isPointer := strings.CutSuffix(name, " *"); isPointer {
			return fmt.Sprintf(pointer, d.structName(name))
		}
		return d.structName(name)
	}
	return fmt.Sprintf("<unknown type %q: add it to the dialects in tests/contract>", c)
}

// camel turns memfd_go_create_sealed into createSealed.
func camel(name string) string {
	words := strings.Split(strings.TrimPrefix(name, "memfd_go_"), "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

// pascal turns memfd_go_create_sealed into CreateSealed.
func pascal(name string) string {
	c := camel(name)
	return strings.ToUpper(c[:1]) + c[1:]
}
