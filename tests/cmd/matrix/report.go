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

// A report holds the last results of each entry.
type report struct {
	rows          map[entry]row
	outside       []results.Result // of tests outside the matrix
	machine       string
	first, latest time.Time
}

type row struct {
	results    []results.Result
	attributes map[string]string
	commit     string
}

// merge combines records. Later ones replace the entries of earlier ones.
func merge(all []*record) *report {
	merged := &report{rows: map[entry]row{}}
	for _, r := range all {
		rows := map[entry]row{}
		var outside []results.Result
		for _, result := range r.Results {
			e, _, found := entryOf(testName(result))
			if !found {
				outside = append(outside, result)
				continue
			}
			rows[e] = row{append(rows[e].results, result), r.Attributes[e.String()], r.Commit}
		}
		maps.Copy(merged.rows, rows)
		if outside != nil {
			merged.outside = outside
		}
		merged.machine, merged.latest = r.Machine, r.Date
		if merged.first.IsZero() {
			merged.first = r.Date
		}
	}
	return merged
}

// succeeded reports whether the run is a success. A run of only the newest kernel has nothing fatal, but
// must not fail because of that.
func succeeded(all []results.Result) bool { return results.Good(all) || results.Good(fatal(all)) }

// fatal returns the results that decide the exit status: all but those on the newest kernel.
func fatal(all []results.Result) []results.Result {
	var some []results.Result
	for _, r := range all {
		if e, _, _ := entryOf(testName(r)); e.on != "new" {
			some = append(some, r)
		}
	}
	return some
}

// testName removes the package from the name of a result.
func testName(r results.Result) string {
	_, test, _ := strings.Cut(r.Name, " ")
	return test
}

const introduction = `# The matrix

` + "`make matrix`" + ` wrote this report on %s, under %s.

An entry is a combination of an architecture, the language of a test suite, and what it ran on: a
Debian kernel in a virtual machine, or the host's kernel with glibc, musl, qemu-user or another
version of the language. A suffix such as +noexec2 stands for settings of the kernel
([tests/kernels/entries.go](../tests/kernels/entries.go)). ` + "`make matrix ENTRY=arm64/c/6.12`" + ` runs
one entry.

| entry | kernel or emulator | tools | commit | passed | failed | skipped |
|---|---|---|---|---:|---:|---:|
`

func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, introduction, r.dates(), r.machine)
	all := slices.Clone(r.outside)
	for _, e := range r.entries() {
		row := r.rows[e]
		all = append(all, row.results...)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", e, row.kernel(), row.attributes["tools"], row.commit,
			columns(row.results))
	}
	fmt.Fprintf(&b, "| tests outside the matrix |  |  |  | %s |\n", columns(r.outside))
	fmt.Fprintf(&b, "\n%s in all.\n\n## Why tests are skipped\n\n", results.Count(all))
	for _, line := range r.reasons() {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	return b.String()
}

// entries returns the entries in the order of the report.
func (r *report) entries() []entry { return slices.SortedFunc(maps.Keys(r.rows), order) }

func (r *report) dates() string {
	first, latest := r.first.Format(time.DateOnly), r.latest.Format(time.DateOnly)
	if first == latest {
		return latest
	}
	return first + " to " + latest
}

// columns formats how many tests passed, failed and were skipped.
func columns(all []results.Result) string {
	var n [3]int
	for _, r := range all {
		n[r.Status]++
	}
	return fmt.Sprintf("%d | %d | %d", n[results.Passed], n[results.Failed], n[results.Skipped])
}

func order(a, b entry) int {
	rank := func(e entry) int {
		return slices.IndexFunc(testenv.Arches, func(arch testenv.Arch) bool { return arch.GOARCH == e.arch })
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

// reasons lists each reason for a skip with the entries and the number of tests that it affects.
func (r *report) reasons() []string {
	count := map[string]map[entry]int{}
	for e, row := range r.rows {
		for _, result := range row.results {
			if result.Status != results.Skipped {
				continue
			}
			reason := strings.ReplaceAll(result.Detail, "\n", " ")
			if count[reason] == nil {
				count[reason] = map[entry]int{}
			}
			count[reason][e]++
		}
	}
	var lines []string
	for _, reason := range slices.Sorted(maps.Keys(count)) {
		var where []string
		for _, e := range slices.SortedFunc(maps.Keys(count[reason]), order) {
			where = append(where, fmt.Sprintf("%s (%d)", e, count[reason][e]))
		}
		lines = append(lines, reason+": "+strings.Join(where, ", "))
	}
	return lines
}
