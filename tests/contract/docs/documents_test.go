// SPDX-License-Identifier: MIT

// Package docs tests README.md, CHANGELOG.md, docs/ and examples/: the programs in them
// run and print what the text says, links lead somewhere, and names exist.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/header"
)

// A block is a fenced block of code in a document.
type block struct {
	line     int // of its fence
	language string
	arch     string // the only one that it is about, or ""
	code     string
	output   string // what it must print, if checked
	checked  bool   // whether output is known
}

// A document is a file in Markdown.
type document struct {
	name string // from the top folder on
	text string
}

// documents returns the documents whose contents are checked.
func documents(t *testing.T) []document {
	t.Helper()
	var documents []document
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no document %s: %v", pattern, err)
		}
		for _, name := range names {
			documents = append(documents, document{name, readFile(t, name)})
		}
	}
	return documents
}

// blocks finds the blocks with a language. A text block says what each block before it
// prints, back to the last text block or heading.
func (d document) blocks() []block {
	var all []block
	var open *block // the block that the line belongs to
	since := 0      // all[since:] wait for a text block
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

var link = regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)

func TestLinks(t *testing.T) {
	for _, d := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(d.text, -1) {
			target := match[1]
			if strings.Contains(target, "://") {
				continue
			}
			path := filepath.Join(filepath.Dir(d.name), target)
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s links to %s: %v", d.name, target, err)
			}
		}
	}
}

var function = regexp.MustCompile(`\bmemfd_go_\w+\b`)

// The table of functions in README.md has all of the header's and no other.
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
	if !slices.Equal(named, declared) {
		t.Errorf("the table of functions in README.md has\n  %s\nthe header has\n  %s",
			strings.Join(named, " "), strings.Join(declared, " "))
	}
}

func TestReadmeIsShort(t *testing.T) {
	const most = 180
	if n := strings.Count(readFile(t, "README.md"), "\n"); n > most {
		t.Errorf("README.md has %d lines, more than %d; docs/ has room", n, most)
	}
}

// The documents speak of no function that does not exist.
func TestFunctionsExist(t *testing.T) {
	known := append(function.FindAllString(readFile(t, "include/memfd_go.h"), -1),
		"memfd_go_roots", "memfd_go_library") // a variable and a build tag
	for _, d := range documents(t) {
		for _, name := range function.FindAllString(d.text, -1) {
			if !slices.Contains(known, name) && !strings.HasSuffix(name, "_") {
				t.Errorf("%s: there is no %s", d.name, name)
			}
		}
	}
}

// ERRORS.md has every error of the header, in the order of the alphabet.
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
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("docs/ERRORS.md explains\n  %s\nthe header has\n  %s", strings.Join(got, " "), strings.Join(want, " "))
	}
}

// ARCHITECTURE.md says in one line what each folder is for.
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
				t.Errorf("docs/ARCHITECTURE.md has no line for %s", folder)
			}
		}
	}
}

// The changelog begins with the version of the header.
func TestChangelogVersion(t *testing.T) {
	header := readFile(t, "include/memfd_go.h")
	version := regexp.MustCompile(`MEMFD_GO_VERSION_STRING "(.*)"`).FindStringSubmatch(header)
	if version == nil {
		t.Fatal("no MEMFD_GO_VERSION_STRING in include/memfd_go.h")
	}
	newest := regexp.MustCompile(`(?m)^## (\S+)`).FindStringSubmatch(readFile(t, "CHANGELOG.md"))
	if newest == nil || newest[1] != version[1] {
		t.Errorf("CHANGELOG.md begins with %q, the header is %s", newest, version[1])
	}
}

// The list of what a new architecture touches has every file whose code names the newest one.
func TestArchitectureListIsComplete(t *testing.T) {
	_, list, found := strings.Cut(readFile(t, "docs/ARCHITECTURE.md"), "## To add an architecture")
	if !found {
		t.Fatal("docs/ARCHITECTURE.md does not say how to add an architecture")
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
			t.Errorf("docs/ARCHITECTURE.md: to add an architecture one has to change %s, too", name)
		}
		if listed && !names && name != "capi/linker/baseline.env" {
			t.Errorf("docs/ARCHITECTURE.md: to add an architecture there is nothing to change in %s", name)
		}
	}
}
