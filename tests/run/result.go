package main

import (
	"fmt"
	"strings"
)

type status int

const (
	passed status = iota
	failed
	skipped
)

// result is how one test ended.
type result struct {
	name   string
	status status
	detail string // the reason of a skip, the output of a failure
}

func count(results []result) string {
	var n [3]int
	for _, r := range results {
		n[r.status]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n[passed], n[failed], n[skipped])
}

// good tells whether the tests as a whole succeeded. Nothing but skips does not.
func good(results []result) bool {
	some := false
	for _, r := range results {
		if r.status == failed {
			return false
		}
		some = some || r.status == passed
	}
	return some
}

// report lists what was skipped and what failed, and ends with the counts.
func report(results []result) string {
	var text strings.Builder
	for _, r := range results {
		if r.status == skipped {
			fmt.Fprintf(&text, "SKIP %s: %s\n", r.name, strings.ReplaceAll(r.detail, "\n", " "))
		}
	}
	for _, r := range results {
		if r.status == failed {
			fmt.Fprintf(&text, "FAIL %s\n%s", r.name, indent(r.detail))
		}
	}
	return text.String() + count(results) + "\n"
}

func indent(text string) string {
	var indented strings.Builder
	for line := range strings.Lines(text) {
		indented.WriteString("    " + strings.TrimRight(line, "\n") + "\n")
	}
	return indented.String()
}

// tail returns the last lines of a long output.
func tail(text string) string {
	const most = 60
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > most {
		lines = append([]string{fmt.Sprintf("... (%d lines)", len(lines)-most)}, lines[len(lines)-most:]...)
	}
	return strings.Join(lines, "\n")
}
