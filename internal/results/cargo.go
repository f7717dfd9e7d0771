// SPDX-License-Identifier: MIT

package results

import (
	"regexp"
	"strings"
)

var (
	cargoTarget = regexp.MustCompile(`^\s+(?:Running .*/(\w+)-[0-9a-f]{16}\)|Doc-tests (\w+))$`)
	cargoResult = regexp.MustCompile(`^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, (.*))?$`)
	cargoOutput = regexp.MustCompile(`^---- (.+) stdout ----$`)
	cargoSkip   = regexp.MustCompile(`(?m)^skipped: (.*)$`)
)

// ParseCargo parses the output of `cargo test -- --show-output`: for each test program the results,
// followed by the output of its tests.
func ParseCargo(output string) []Result {
	statuses := map[string]Status{"ok": Passed, "FAILED": Failed, "ignored": Skipped}
	var results []Result
	byName := make(map[string]int) // indices in results, for the current program
	target, section := "", ""
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\n")
		if m := cargoTarget.FindStringSubmatch(line); m != nil {
			target, section = m[1]+m[2], ""
			clear(byName)
		} else if m := cargoResult.FindStringSubmatch(line); m != nil {
			byName[m[1]] = len(results)
			results = append(results, Result{strings.TrimSpace(target + " " + m[1]), statuses[m[2]], m[3]})
		} else if m := cargoOutput.FindStringSubmatch(line); m != nil {
			section = m[1]
		} else if line == "successes:" || line == "failures:" {
			section = ""
		} else if i, known := byName[section]; known {
			results[i].Detail += line + "\n"
		}
	}
	for i := range results {
		results[i].explain()
	}
	return results
}

// explain turns a pass that printed "skipped: REASON" into a skip. Rust has no skips at run time.
func (r *Result) explain() {
	switch r.Status {
	case Passed:
		if m := cargoSkip.FindStringSubmatch(r.Detail); m != nil {
			r.Status, r.Detail = Skipped, m[1]
		} else {
			r.Detail = ""
		}
	case Failed:
		r.Detail = Tail(strings.Trim(r.Detail, "\n"))
	case Skipped:
		if r.Detail == "" {
			r.Detail = "ignored"
		}
	}
}
