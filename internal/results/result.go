// SPDX-License-Identifier: MIT

// Package results parses, counts and reports the results of each language's test tool.
package results

import (
	"fmt"
	"strings"
)

type Status int

const (
	Passed Status = iota
	Failed
	Skipped
)

// A Result is the result of a test.
type Result struct {
	Name   string
	Status Status
	Detail string // the reason of a skip, the output of a failure
}

// Count formats the number of results of each status.
func Count(results []Result) string {
	var n [3]int
	for _, r := range results {
		n[r.Status]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n[Passed], n[Failed], n[Skipped])
}

// Good reports whether no test failed and at least one passed.
func Good(results []Result) bool {
	some := false
	for _, r := range results {
		if r.Status == Failed {
			return false
		}
		some = some || r.Status == Passed
	}
	return some
}

// Report lists skips and failures, and ends with the counts.
func Report(results []Result) string {
	var text strings.Builder
	for _, r := range results {
		if r.Status == Skipped {
			fmt.Fprintf(&text, "SKIP %s: %s\n", r.Name, strings.ReplaceAll(r.Detail, "\n", " "))
		}
	}
	for _, r := range results {
		if r.Status == Failed {
			fmt.Fprintf(&text, "FAIL %s\n%s", r.Name, indent(r.Detail))
		}
	}
	return text.String() + Count(results) + "\n"
}

func indent(text string) string {
	var indented strings.Builder
	for line := range strings.Lines(text) {
		indented.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return indented.String()
}

// Tail returns the last lines of a long output.
func Tail(text string) string {
	const most = 60
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > most {
		lines = append([]string{fmt.Sprintf("... (%d lines)", len(lines)-most)}, lines[len(lines)-most:]...)
	}
	return strings.Join(lines, "\n")
}

// WithExit adds a failure if the tool failed without a failed test.
func WithExit(results []Result, tool, output string, err error) []Result {
	for _, r := range results {
		if r.Status == Failed {
			return results
		}
	}
	if err == nil {
		return results
	}
	return append(results, Result{tool, Failed, fmt.Sprintf("%s\n%v", Tail(output), err)})
}
