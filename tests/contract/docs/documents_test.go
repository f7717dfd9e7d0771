// SPDX-License-Identifier: MIT

// Package docs tests the documents, the examples, and the header's examples: programs run and print
// what the text says, links have targets, and names exist.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/header"

	"github.com/google/go-cmp/cmp"
)

// A block is a fenced block of code in a document.
type block struct {
	line     int // of the opening fence
	language string
	arch     string // the only architecture that it runs on, or ""
	code     string
	output   string // the expected output, if checked is set
	checked  bool
}

type document struct {
	name string // relative to the top folder
	text string
}

func documents(t *testing.T) []document {
	t.Helper()
	var documents []document
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no file matches %s: %v", pattern, err)
		}
		for _, name := range names {
			documents = append(documents, document{name, readFile(t, name)})
		}
	}
	return documents
}

// blocks returns the blocks with a language. A text block is the expected output of each block
// before it, back to the previous text block or heading.
func (d document) blocks() []block {
	var all []block
	var open *block // the block that the line belongs to
	since := 0      // the next text block is the output of all[since:]
	for i, line := range strings.Split(d.text, "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			language, arch, _ := strings.Cut(fence, " ")
			open = &block{line: i + 1, language: language, arch: arch}
		case isFence && open.language == "text":
			for j := range all[since:] {
				all[since+j].output, all[since+j].checked = open.code, true
			}
			since, open = len(all), nil
		case isFence:
			if open.language != "" {
				all = append(all, *open)
			}
			open = nil
		case open != nil:
			open.code += line + "\n"
		case strings.HasPrefix(line, "#"):
			since = len(all)
		}
	}
	return all
}

func TestBlocks(t *testing.T) {
	d := document{text: strings.Join([]string{
		"# one", "```c", "1", "```", "```go", "2", "2", "```", "```text", "out", "```",
		"```sh arm", "3", "```", "# two", "```text", "nobody's", "```", "```", "picture", "```",
	}, "\n")}
	want := []block{
		{line: 2, language: "c", code: "1\n", output: "out\n", checked: true},
		{line: 5, language: "go", code: "2\n2\n", output: "out\n", checked: true},
		{line: 12, language: "sh", arch: "arm", code: "3\n"},
	}
	if got := d.blocks(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

var link = regexp.MustCompile(`\]\(([^)#]*)(?:#([^)]*))?\)`)

func TestLinks(t *testing.T) {
	for _, name := range tracked(t, "*.md") {
		for _, match := range link.FindAllStringSubmatch(readFile(t, name), -1) {
			target, anchor := match[1], match[2]
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.Join(filepath.Dir(name), target)
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: broken link: %v", name, err)
			} else if anchor != "" && !slices.Contains(anchors(readFile(t, path)), anchor) {
				t.Errorf("%s: broken link: %s has no heading %s", name, path, anchor)
			}
		}
	}
}

// anchors are the names that hosting sites give to the headings of a document.
func anchors(text string) []string {
	var all []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		name := regexp.MustCompile(`[^a-z0-9_ -]`).ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

var function = regexp.MustCompile(`\bmemfd_go_\w+\b`)

// The table in README.md lists exactly the functions of the header, in order.
func TestReadmeNamesEveryFunction(t *testing.T) {
	h, err := header.Parse(readFile(t, "include/memfd_go.h"))
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, f := range h.Functions {
		declared = append(declared, f.Name)
	}
	var named []string
	for _, line := range strings.Split(readFile(t, "README.md"), "\n") {
		if strings.HasPrefix(line, "|") {
			named = append(named, function.FindAllString(line, -1)...)
		}
	}
	if diff := cmp.Diff(declared, named); diff != "" {
		t.Errorf("the table of functions in README.md differs from the header: -header +README.md\n%s", diff)
	}
}

func TestReadmeIsShort(t *testing.T) {
	const most = 180
	if n := strings.Count(readFile(t, "README.md"), "\n"); n > most {
		t.Errorf("README.md has %d lines, and may have %d; move details to docs/", n, most)
	}
}

// The documents name only functions that exist.
func TestFunctionsExist(t *testing.T) {
	known := append(function.FindAllString(readFile(t, "include/memfd_go.h"), -1),
		"memfd_go_roots", "memfd_go_library") // a variable and a build tag
	for _, d := range documents(t) {
		for _, name := range function.FindAllString(d.text, -1) {
			if !slices.Contains(known, name) && !strings.HasSuffix(name, "_") {
				t.Errorf("%s names %s, which is not in the header", d.name, name)
			}
		}
	}
}

// ERRORS.md lists exactly the errors of the header.
func TestErrorsAreExplained(t *testing.T) {
	number := regexp.MustCompile(`-(E[A-Z0-9]{2,})`)
	var want, got []string
	for _, match := range number.FindAllStringSubmatch(readFile(t, "include/memfd_go.h"), -1) {
		want = append(want, match[1])
	}
	for line := range strings.Lines(readFile(t, "docs/ERRORS.md")) {
		if first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |"); strings.HasPrefix(line, "| `E") {
			for _, match := range regexp.MustCompile("`(E[A-Z0-9]+)`").FindAllStringSubmatch(first, -1) {
				got = append(got, match[1])
			}
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("docs/ERRORS.md differs from the header: -header +ERRORS.md\n%s", diff)
	}
}

// ARCHITECTURE.md has a line for each folder.
func TestFoldersAreExplained(t *testing.T) {
	text := readFile(t, "docs/ARCHITECTURE.md")
	for _, pattern := range []string{"*", "bindings/*", "capi/*", "tests/*"} {
		folders, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, folder := range folders {
			info, err := os.Stat(folder)
			if err != nil || !info.IsDir() || len(tracked(t, folder)) == 0 || folder == "docs" {
				continue
			}
			if !regexp.MustCompile(`(?m)^\| \[` + regexp.QuoteMeta(folder) + `\]\(.*\) \| `).MatchString(text) {
				t.Errorf("docs/ARCHITECTURE.md does not explain the folder %s; add a row: | [%s](../%s) | ... |", folder, folder, folder)
			}
		}
	}
}

// examples/README.md lists each program.
func TestExamplesAreListed(t *testing.T) {
	text := readFile(t, "examples/README.md")
	for _, name := range tracked(t, "examples/*/*.c", "examples/*/*.py", "examples/*/*.go", "examples/*/bin/*.rs") {
		name = strings.TrimPrefix(name, "examples/")
		if name != "python/example.py" && !strings.Contains(text, "]("+name+")") {
			t.Errorf("examples/README.md does not list %s", name)
		}
	}
}

// The newest version in the changelog is that of the header.
func TestChangelogVersion(t *testing.T) {
	header := readFile(t, "include/memfd_go.h")
	version := regexp.MustCompile(`MEMFD_GO_VERSION_STRING "(.*)"`).FindStringSubmatch(header)
	if version == nil {
		t.Fatal("no MEMFD_GO_VERSION_STRING in include/memfd_go.h")
	}
	newest := regexp.MustCompile(`(?m)^## (\S+)`).FindStringSubmatch(readFile(t, "CHANGELOG.md"))
	if newest == nil || newest[1] != version[1] {
		t.Errorf("the newest version in CHANGELOG.md is %q, but %s in the header", newest, version[1])
	}
}

// The instructions for a new architecture list every file whose code names loong64, the newest.
func TestArchitectureListIsComplete(t *testing.T) {
	_, list, found := strings.Cut(readFile(t, "docs/ARCHITECTURE.md"), "## To add an architecture")
	if !found {
		t.Fatal(`docs/ARCHITECTURE.md has no section "To add an architecture"`)
	}
	comment := regexp.MustCompile(`(?m)//.*|^\s*#(?: |$).*`)
	own := regexp.MustCompile(`loong64|\.(md|golden|lock|svg)$|^docs/|^tests/contract/docs/|/corpus/`)
	for _, name := range tracked(t) {
		if own.MatchString(name) {
			continue
		}
		names := strings.Contains(strings.ToLower(comment.ReplaceAllString(readFile(t, name), "")), "loong")
		listed := strings.Contains(list, "](../"+name+")")
		if names && !listed {
			t.Errorf("docs/ARCHITECTURE.md: %s names architectures; list it under \"To add an architecture\"", name)
		}
		if listed && !names && name != "capi/linker/baseline.env" {
			t.Errorf("docs/ARCHITECTURE.md: %s names no architecture; remove it from \"To add an architecture\"", name)
		}
	}
}
