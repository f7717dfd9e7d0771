// SPDX-License-Identifier: MIT

package results

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"
)

// event is a line of `go test -json` (go doc test2json).
type event struct {
	Action, Package, Test, Output string
	ImportPath, FailedBuild       string // for build errors
}

// goTests collects events. Keys are packages, or packages and tests.
type goTests struct {
	results     []Result
	output      map[string]*strings.Builder
	hasSubtests map[string]bool
	failedBelow map[string]bool
}

// ParseGo parses the output of `go test -json`. It counts tests without subtests. A test with subtests
// counts only if it fails itself, and a package only if it fails without a failed test.
func ParseGo(r io.Reader) ([]Result, error) {
	g := goTests{output: map[string]*strings.Builder{}, hasSubtests: map[string]bool{}, failedBelow: map[string]bool{}}
	for lines := json.NewDecoder(r); ; {
		var e event
		if err := lines.Decode(&e); err == io.EOF {
			return g.results, nil
		} else if err != nil {
			return g.results, err
		}
		switch e.Action {
		case "output":
			g.print(e.Package, e.Output)
			if e.Test != "" {
				g.print(e.key(), e.Output)
			}
		case "build-output":
			g.print(e.ImportPath, e.Output)
		case "pass", "fail", "skip":
			g.end(e)
		}
	}
}

func (g *goTests) print(key, output string) {
	if g.output[key] == nil {
		g.output[key] = &strings.Builder{}
	}
	g.output[key].WriteString(output)
}

// printed returns the output of a package or test.
func (g *goTests) printed(key string) string {
	if g.output[key] == nil {
		return ""
	}
	return g.output[key].String()
}

func (e event) key() string {
	return strings.TrimSpace(e.Package + " " + e.Test)
}

func (g *goTests) end(e event) {
	key := e.key()
	if e.Test == "" {
		if e.Action == "fail" && !g.failedBelow[key] {
			g.add(key, Failed, Tail(g.printed(e.FailedBuild)+g.printed(key)))
		}
		return
	}
	if !g.hasSubtests[key] || e.Action == "fail" && !g.failedBelow[key] {
		switch e.Action {
		case "pass":
			g.add(key, Passed, "")
		case "fail":
			g.add(key, Failed, Tail(withoutMarks(g.printed(key))))
		case "skip":
			g.add(key, Skipped, reason(g.printed(key)))
		}
	}
	for above := e.Test; above != ""; {
		i := strings.LastIndexByte(above, '/')
		above = above[:max(i, 0)]
		parent := event{Package: e.Package, Test: above}.key()
		g.hasSubtests[parent] = true
		g.failedBelow[parent] = g.failedBelow[parent] || e.Action == "fail"
	}
}

func (g *goTests) add(key string, s Status, detail string) {
	g.results = append(g.results, Result{strings.TrimPrefix(key, "libmemfd_go/"), s, detail})
}

var (
	mark     = regexp.MustCompile(`(?m)^(=== |\s*--- ).*\n`)
	position = regexp.MustCompile(`(?m)^\s*\w+\.go:\d+: `)
)

// withoutMarks drops the lines "=== RUN" and "--- PASS".
func withoutMarks(output string) string {
	return mark.ReplaceAllString(output, "")
}

// reason returns the argument of t.Skip.
func reason(output string) string {
	return strings.TrimSpace(position.ReplaceAllString(withoutMarks(output), ""))
}
