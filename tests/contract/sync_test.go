// SPDX-License-Identifier: MIT

package contract

import (
	"flag"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// -sync (make sync) writes the lines that the comparisons of this package ask for: declarations of
// functions and constants. Wrappers, tests and documents are up to you (everywhere_test.go).
var sync = flag.Bool("sync", false, "write the missing lines")

// A patch is a list of declarations that belong in a file.
type patch struct {
	file string
	want func(t *testing.T, h *Header) []line
	// lines matches a declaration; group 1 is its name.
	lines *regexp.Regexp
	// indent precedes each written line.
	indent string
}

func TestSync(t *testing.T) {
	if !*sync {
		t.Skip("make sync runs it")
	}
	h := readHeader(t)
	for _, p := range patches() {
		text := readFile(t, p.file)
		patched := p.apply(t, h, text)
		if strings.HasSuffix(p.file, ".go") {
			source, err := format.Source([]byte(patched))
			if err != nil {
				t.Fatalf("%s: %v", p.file, err)
			}
			patched = string(source)
		}
		if patched == text {
			continue
		}
		if err := os.WriteFile(filepath.Join(top, p.file), []byte(patched), 0o666); err != nil {
			t.Fatal(err)
		}
		fmt.Println("sync: changed", p.file)
	}
}

// make sync has nothing to write.
func TestIsInSync(t *testing.T) {
	h := readHeader(t)
	for _, p := range patches() {
		text := readFile(t, p.file)
		patched := strings.Split(p.apply(t, h, text), "\n")
		old := strings.Split(text, "\n")
		for _, l := range patched {
			if !slices.Contains(old, l) {
				t.Errorf("%s: a line is missing; run make sync, which adds:\n\n%s\n", p.file, l)
			}
		}
	}
}

// patches lists the files that make sync writes. Later ones are derived from earlier ones.
func patches() []patch {
	all := []patch{
		{file: exportsFile, want: exportLines, lines: regexp.MustCompile(`(?m)^[A-Z]\w*\((\w+), *\S+\)$`)},
		{file: goExportsFile, want: goExportLines, lines: regexp.MustCompile(`(?ms)^(?://[^\n]*\n)*func (\w+)\([^\n]*(?:\}|\{\n.*?^\})$`)},
		{file: "capi/link_roots.s", want: rootLines, lines: regexp.MustCompile(`(?m)^#define (\w+)\(name, \w+\).*$`)},
		{file: "capi/word64.h", want: wideShapes(1), lines: regexp.MustCompile(`(?m)^#define (CALL\w*)\(name, fn\).*$`)},
		{file: "capi/word32.h", want: wideShapes(2), lines: regexp.MustCompile(`(?m)^#define (CALL\w*)\(name, fn\).*$`)},
		{file: "tests/c/library.h", want: listLines, lines: regexp.MustCompile(`(?m)^\tF\((\w+)\).*$`), indent: "\t"},
		{file: "tests/c/library.h", want: macroLines, lines: regexp.MustCompile(`(?m)^#define (memfd_go_\w+) library\.\w+$`)},
	}
	for _, name := range []string{"python", "rust", "purego"} {
		b := bindings[name]
		all = append(all, patch{file: b.file, want: b.functions, lines: b.functionLine, indent: map[string]string{"rust": "    ", "purego": "\t"}[name]})
		if b.constantLine != nil {
			all = append(all, patch{file: b.file, want: b.constants, lines: b.constantLine})
		}
	}
	return all
}

// apply inserts missing lines after their predecessors, and replaces different ones.
func (p patch) apply(t *testing.T, h *Header, text string) string {
	t.Helper()
	want := p.want(t, h)
	previous := ""
	for _, l := range want {
		places := make(map[string][]int)
		for _, m := range p.lines.FindAllStringSubmatchIndex(text, -1) {
			places[text[m[2]:m[3]]] = m[:2]
		}
		at, found := places[l.name]
		before, anchored := places[previous]
		switch {
		case found:
			declaration := runOfSpaces.ReplaceAllString(strings.TrimSpace(text[at[0]:at[1]]), " ")
			if l.text != "" && declaration != l.text {
				text = text[:at[0]] + p.indent + l.String() + text[at[1]:]
			}
		case anchored:
			text = text[:before[1]] + "\n" + p.blank() + p.indent + l.String() + text[before[1]:]
		default:
			t.Errorf("%s: cannot insert %s, because its predecessor %q is missing; add it by hand", p.file, l.name, previous)
		}
		previous = l.name
	}
	return text
}

// blank returns the empty line between functions.
func (p patch) blank() string {
	if p.file == goExportsFile {
		return "\n"
	}
	return ""
}

func exportLines(t *testing.T, h *Header) []line {
	rows := parseRows(readFile(t, exportsFile))
	var want []line
	for _, f := range h.Functions {
		r := row{callShape(f), f.Name, "·" + camel(f.Name)}
		if i := slices.IndexFunc(rows, func(r row) bool { return r.name == f.Name }); i >= 0 {
			r.target = rows[i].target
			if fitsSystemCall(f, rows[i].shape) {
				r.shape = rows[i].shape
			}
		}
		want = append(want, line{name: f.Name, text: r.String()})
	}
	return want
}

// goExportLines have no text to compare, so that they never replace a function with another body.
func goExportLines(t *testing.T, h *Header) []line {
	targets := make(map[string]string)
	for _, r := range parseRows(readFile(t, exportsFile)) {
		targets[r.name] = r.target
	}
	functions := make(map[string]goFunction)
	for _, f := range parseGoExports(t, readFile(t, goExportsFile)) {
		functions[f.name] = f
	}
	var want []line
	for _, f := range h.Functions {
		if name, isGo := strings.CutPrefix(targets[f.Name], "·"); isGo {
			export := goExport(f, name, functions[name])
			want = append(want, line{name: name, paste: export.paste})
		}
	}
	return want
}

// rootLines returns a line for each shape, new ones last.
func rootLines(t *testing.T, _ *Header) []line {
	var want []line
	for _, m := range regexp.MustCompile(`(?m)^#define (\w+)\(name, (\w+)\)`).FindAllStringSubmatch(readFile(t, "capi/link_roots.s"), -1) {
		want = append(want, line{name: m[1]})
	}
	for _, r := range parseRows(readFile(t, exportsFile)) {
		if !slices.Contains(names(want), r.shape) {
			want = append(want, line{name: r.shape, paste: "#define " + r.shape + "(name, fn)\tROOT(name)"})
		}
	}
	return want
}

// wideShapes returns a line for each shape with a uint64_t, which takes the given number of words.
func wideShapes(words int) func(*testing.T, *Header) []line {
	return func(t *testing.T, _ *Header) []line {
		file := fmt.Sprintf("capi/word%d.h", 64/words)
		var want []line
		for _, m := range regexp.MustCompile(`(?m)^#define (CALL\w*)\(name, fn\)`).FindAllStringSubmatch(readFile(t, file), -1) {
			want = append(want, line{name: m[1]})
		}
		for _, r := range parseRows(readFile(t, exportsFile)) {
			if strings.Contains(r.shape, "D") && !slices.Contains(names(want), r.shape) {
				want = append(want, line{name: r.shape, paste: fmt.Sprintf("#define %s(name, fn)\tCALL%d(name, fn)", r.shape, shapeWords(r.shape, words))})
			}
		}
		return want
	}
}

// shapeWords counts the words of a shape like CALL2D3, where D counts as wide words.
func shapeWords(shape string, wide int) int {
	n := 0
	for _, c := range strings.TrimPrefix(shape, "CALL") {
		if c == 'D' {
			n += wide
		} else {
			n += int(c - '0')
		}
	}
	return n
}

func listLines(_ *testing.T, h *Header) []line {
	var want []line
	for _, f := range h.Functions {
		want = append(want, line{name: f.Name, text: "F(" + f.Name + ") \\"})
	}
	last := &want[len(want)-1]
	last.text = strings.TrimSuffix(last.text, " \\")
	return want
}

func macroLines(_ *testing.T, h *Header) []line {
	var want []line
	for _, f := range h.Functions {
		want = append(want, line{name: f.Name, paste: "#define " + f.Name + " library." + f.Name})
	}
	return want
}

func (b binding) functions(_ *testing.T, h *Header) []line {
	var want []line
	for _, f := range h.Functions {
		want = append(want, line{name: f.Name, text: b.writeFunction(f)})
	}
	return want
}

func (b binding) constants(_ *testing.T, h *Header) []line {
	var want []line
	for _, c := range h.Constants {
		want = append(want, line{name: c.Name, text: b.writeConstant(c)})
	}
	return want
}
