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

// What the header declares.
type (
	Header   = header.Header
	Function = header.Function
	Param    = header.Param
	Struct   = header.Struct
	Field    = header.Field
	Constant = header.Constant
)

// readFile reads a file of the source tree.
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
		t.Fatalf("%s: %d functions, %d constants", headerFile, len(h.Functions), len(h.Constants))
	}
	return h
}

// report fails once for each complaint.
func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, c := range complaints {
		t.Error(c)
	}
}

// line is one declaration in one file.
type line struct {
	name  string
	text  string // what has to agree
	paste string // the same to be put into the file; "" if that is text
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

// compare returns what has to change in file, which has the lines got, for it to
// have the lines want.
func compare(file string, want, got []line) []string {
	var complaints []string
	complain := func(format string, args ...any) {
		complaints = append(complaints, file+": "+fmt.Sprintf(format, args...))
	}
	have := make(map[string]line)
	for _, l := range got {
		if _, twice := have[l.name]; twice {
			complain("%s stands there twice", l.name)
		}
		have[l.name] = l
		if !slices.Contains(names(want), l.name) {
			complain("%s is not in %s, remove:\n\n%s\n", l.name, headerFile, l)
		}
	}
	place := "as the first of its kind"
	for _, l := range want {
		if is, found := have[l.name]; !found {
			complain("missing, add %s:\n\n%s\n", place, l)
		} else if is.text != l.text {
			complain("does not agree with %s, instead of %q it should read:\n\n%s\n", headerFile, is.text, l)
		}
		place = "after " + l.name
	}
	return append(complaints, compareOrder(file, want, got)...)
}

// compareOrder looks at the names that both have, and tells the first that is out
// of place.
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
		return []string{fmt.Sprintf("%s: not in the order of %s, move up to before %s:\n\n%s\n",
			file, headerFile, got[i].name, want[i])}
	}
	return nil
}

// dialect says how one language declares functions and structs.
type dialect struct {
	results map[string]string // its name of C's type of a result, or of a struct's member
	params  map[string]string // ... of a parameter; what is missing is as in results

	structName func(string) string // its name of a struct
	pointer    string              // the format of a pointer to one
	toConst    string              // ... that is not written to
	array      string              // the format of an array: %[1]s is the type, %[2]d how many
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

// paramTypes lists the types of all parameters.
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

// known turns a type that no table has into a name that agrees with nothing.
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
	return fmt.Sprintf("<%q: add it to the types in tests/contract>", c)
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
