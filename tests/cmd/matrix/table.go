// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// A table is what came of the last run of each cell.
type table struct {
	rows          map[cell]row
	others        []results.Result // of no cell
	machine       string
	first, latest time.Time
}

type row struct {
	results    []results.Result
	attributes map[string]string
	commit     string
}

// merge makes a table of records, of which later ones replace the cells of earlier ones.
func merge(all []*record) *table {
	t := &table{rows: map[cell]row{}}
	for _, r := range all {
		rows := map[cell]row{}
		var others []results.Result
		for _, result := range r.Results {
			c, _, found := cellOf(testName(result))
			if !found {
				others = append(others, result)
				continue
			}
			rows[c] = row{append(rows[c].results, result), r.Attributes[c.String()], r.Commit}
		}
		maps.Copy(t.rows, rows)
		if others != nil {
			t.others = others
		}
		t.machine, t.latest = r.Machine, r.Date
		if t.first.IsZero() {
			t.first = r.Date
		}
	}
	return t
}

// fatal are the results that matter: not those on the newest kernel.
func fatal(all []results.Result) []results.Result {
	var some []results.Result
	for _, r := range all {
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

const introduction = `# The matrix

` + "`make matrix`" + ` wrote this on %s, under %s.

A cell of the matrix is an architecture, the language of a test suite, and a kernel, C library or
emulator: a Debian kernel in a virtual machine, or the host's kernel with a C library or with
qemu-user. ` + "`make matrix CELL=arm64/c/6.12`" + ` runs one cell. A suffix such as +noexec2 is a setting
([tests/kernels/cells.go](../tests/kernels/cells.go)).

| cell | kernel or emulator | tools | commit | passed | failed | skipped |
|---|---|---|---|---:|---:|---:|
`

func (t *table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, t.dates(), t.machine)
	all := slices.Clone(t.others)
	for _, c := range t.cells() {
		r := t.rows[c]
		all = append(all, r.results...)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c, r.kernel(), r.attributes["tools"], r.commit,
			columns(r.results))
	}
	fmt.Fprintf(&b, "| tests outside the matrix |  |  |  | %s |\n", columns(t.others))
	fmt.Fprintf(&b, "\n%s in all.\n\n## Why tests are skipped\n\n", results.Count(all))
	for _, line := range t.reasons() {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}

// cells are those of the table, in order.
func (t *table) cells() []cell { return slices.SortedFunc(maps.Keys(t.rows), order) }

func (t *table) dates() string {
	first, latest := t.first.Format(time.DateOnly), t.latest.Format(time.DateOnly)
	if first == latest {
		return latest
	}
	return first + " to " + latest
}

// columns are the counts.
func columns(all []results.Result) string {
	var n [3]int
	for _, r := range all {
		n[r.Status]++
	}
	return fmt.Sprintf("%d | %d | %d", n[results.Passed], n[results.Failed], n[results.Skipped])
}

func order(a, b cell) int {
	rank := func(c cell) int {
		return slices.IndexFunc(testenv.Arches, func(arch testenv.Arch) bool { return arch.GOARCH == c.arch })
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.suite, b.suite), cmp.Compare(a.on, b.on))
}

func (r row) kernel() string {
	kernel := r.attributes["kernel"]
	if page := r.attributes["page"]; page != "" {
		kernel += ", pages of " + page
	}
	return kernel
}

// reasons lists each reason of a skip with the cells that have it.
func (t *table) reasons() []string {
	count := map[string]map[cell]int{}
	for c, row := range t.rows {
		for _, r := range row.results {
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
