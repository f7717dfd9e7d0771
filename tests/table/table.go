package main

import (
	"cmp"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"

	"libmemfd_go/tests/results"
)

// A table is all that came of the tests.
type table struct {
	all        []results.Result
	attributes map[cell]map[string]string
}

// fatal are the results that matter: not those on the newest kernel.
func (t *table) fatal() []results.Result {
	var some []results.Result
	for _, r := range t.all {
		if c, _, _ := cellOf(testName(r)); c.on != "new" {
			some = append(some, r)
		}
	}
	return some
}

// testName is the name of the Go test in that of a result, which begins with the package.
func testName(r results.Result) string {
	_, test, _ := strings.Cut(r.Name, " ")
	return test
}

// byCell sorts the results.
func (t *table) byCell() map[cell][]results.Result {
	cells := map[cell][]results.Result{}
	for _, r := range t.all {
		if c, _, found := cellOf(testName(r)); found {
			cells[c] = append(cells[c], r)
		}
	}
	return cells
}

func (t *table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# The matrix

What `+"`make matrix`"+` wrote on %s, at commit %s, on %s.

A cell is an architecture, the language of a suite, and what it ran on: a kernel of Debian
in a virtual machine, or, under this machine's kernel, a C library or qemu-user. One cell
is run by its name: `+"`make matrix CELL=arm64/c/6.12`"+`.

| cell | kernel | tools | passed | failed | skipped |
|---|---|---|---:|---:|---:|
`, time.Now().Format(time.DateOnly), output("git", "describe", "--always", "--dirty"), output("uname", "-srm"))
	cells := t.byCell()
	for _, c := range slices.SortedFunc(maps.Keys(cells), order) {
		n := map[results.Status]int{}
		for _, r := range cells[c] {
			n[r.Status]++
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d |\n", c, t.kernel(c), t.attributes[c]["tools"],
			n[results.Passed], n[results.Failed], n[results.Skipped])
	}
	fmt.Fprintf(&b, "\n%s in all, those of no cell included.\n\n## Why tests are skipped\n\n", results.Count(t.all))
	for _, line := range reasons(cells) {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}

func order(a, b cell) int {
	return cmp.Or(cmp.Compare(a.arch, b.arch), cmp.Compare(a.suite, b.suite), cmp.Compare(a.on, b.on))
}

func (t *table) kernel(c cell) string {
	kernel, page := t.attributes[c]["kernel"], t.attributes[c]["page"]
	if kernel == "" {
		return ""
	}
	return kernel + ", pages of " + page
}

// reasons lists each reason of a skip with the cells that have it.
func reasons(cells map[cell][]results.Result) []string {
	count := map[string]map[cell]int{}
	for c, all := range cells {
		for _, r := range all {
			if r.Status != results.Skipped {
				continue
			}
			reason := strings.ReplaceAll(r.Detail, "\n", " ")
			if count[reason] == nil {
				count[reason] = map[cell]int{}
			}
			count[reason][c]++
		}
	}
	var lines []string
	for _, reason := range slices.Sorted(maps.Keys(count)) {
		var where []string
		for _, c := range slices.SortedFunc(maps.Keys(count[reason]), order) {
			where = append(where, fmt.Sprintf("%s (%d)", c, count[reason][c]))
		}
		lines = append(lines, reason+": "+strings.Join(where, ", "))
	}
	return lines
}

// output is what a command says, in one line.
func output(command ...string) string {
	text, err := exec.Command(command[0], command[1:]...).Output()
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}
