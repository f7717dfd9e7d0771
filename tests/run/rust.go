package main

import (
	"os/exec"
	"regexp"
	"strings"
)

const crates = "bindings/rust"

func runRust() []result {
	if why := cannotCargo(crates); why != "" {
		return []result{{"cargo test", skipped, why}}
	}
	output, err := command(crates, "cargo", "test", "--locked", "--workspace", "--no-fail-fast", "--", "--show-output")
	return withExit(parseCargo(output), "cargo test", output, err)
}

// cannotCargo says why cargo can't build what is in a folder, if it can't.
func cannotCargo(folder string) string {
	if _, err := exec.LookPath("cargo"); err != nil {
		return "cargo is not installed"
	}
	if _, err := command(folder, "cargo", "fetch", "--locked"); err != nil {
		return "the crates that it depends on are not there (cargo fetch, in " + folder + ")"
	}
	return ""
}

var (
	cargoTarget = regexp.MustCompile(`^\s+(?:Running .*/(\w+)-[0-9a-f]{16}\)|Doc-tests (\w+))$`)
	cargoResult = regexp.MustCompile(`^test (.+?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, (.*))?$`)
	cargoOutput = regexp.MustCompile(`^---- (.+) stdout ----$`)
	cargoSkip   = regexp.MustCompile(`(?m)^skipped: (.*)$`)
)

// parseCargo reads what `cargo test -- --show-output` prints: the results of one
// test program after the other, each with what its tests printed behind.
func parseCargo(output string) []result {
	statuses := map[string]status{"ok": passed, "FAILED": failed, "ignored": skipped}
	var results []result
	byName := make(map[string]int) // where in results the tests of one program are
	target, section := "", ""
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\n")
		if m := cargoTarget.FindStringSubmatch(line); m != nil {
			target, section = m[1]+m[2], ""
			clear(byName)
		} else if m := cargoResult.FindStringSubmatch(line); m != nil {
			byName[m[1]] = len(results)
			results = append(results, result{target + " " + m[1], statuses[m[2]], m[3]})
		} else if m := cargoOutput.FindStringSubmatch(line); m != nil {
			section = m[1]
		} else if line == "successes:" || line == "failures:" {
			section = ""
		} else if i, known := byName[section]; known {
			results[i].detail += line + "\n"
		}
	}
	for i := range results {
		results[i].explain()
	}
	return results
}

// explain turns a pass that says "skipped: why" into a skip: Rust's tests have no
// other way to say so.
func (r *result) explain() {
	switch r.status {
	case passed:
		if m := cargoSkip.FindStringSubmatch(r.detail); m != nil {
			r.status, r.detail = skipped, m[1]
		} else {
			r.detail = ""
		}
	case failed:
		r.detail = tail(strings.Trim(r.detail, "\n"))
	case skipped:
		if r.detail == "" {
			r.detail = "ignored"
		}
	}
}
