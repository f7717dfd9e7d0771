// SPDX-License-Identifier: MIT

package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tracked lists the files in git.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	output, err := exec.Command("git", append([]string{"ls-files", "--"}, patterns...)...).Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	return strings.Fields(string(output))
}

// long matches data, generated files, and the header, which people expect in one piece.
var long = regexp.MustCompile(`(^|/)memfd_go\.h$|\.lock$|^go\.sum$|/testdata/|/corpus|\.(json|csv|svg)$|^tests/rust/api\.txt$`)

func TestFilesAreShort(t *testing.T) {
	const most = 600
	for _, name := range tracked(t) {
		if n := strings.Count(readFile(t, name), "\n"); n > most && !long.MatchString(name) {
			t.Errorf("%s has %d lines, and may have %d; split it", name, n, most)
		}
	}
}

// Everything that is downloaded has a fixed version.
func TestDependenciesArePinned(t *testing.T) {
	for _, name := range tracked(t, "*requirements*.txt") {
		for line := range strings.Lines(readFile(t, name)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !strings.Contains(line, "==") {
				t.Errorf("%s: pin the version of %s with ==", name, line)
			}
		}
	}
	for _, manifest := range tracked(t, "*Cargo.toml") {
		folder := strings.TrimSuffix(manifest, "Cargo.toml")
		if strings.Contains(readFile(t, manifest), "workspace = true") {
			continue // Cargo.lock is in the folder of the workspace
		}
		if !slices.Contains(tracked(t, folder+"Cargo.lock"), folder+"Cargo.lock") {
			t.Errorf("%sCargo.lock is missing; add it to git", folder)
		}
	}
	for _, lock := range tracked(t, "*Cargo.lock") {
		text := readFile(t, lock)
		if strings.Contains(text, "git+") || strings.Count(text, "source = ") != strings.Count(text, "checksum = ") {
			t.Errorf("%s: a package is not from the registry, or has no checksum", lock)
		}
	}
	unpinned := regexp.MustCompile(`(?m)^.*\b(?:install\b.*@(?:latest|master|main)\b|pip install -q [a-z]+[^=\s/]*$).*$`)
	for _, name := range append(tracked(t, "tests/cmd/setup", "tests/cmd/audit"), "Makefile") {
		for _, line := range unpinned.FindAllString(readFile(t, name), -1) {
			t.Errorf("%s: pin the version in this line:\n%s", name, line)
		}
	}
}

// docs/TESTING.md explains each environment variable of the tests.
func TestVariablesAreExplained(t *testing.T) {
	read := regexp.MustCompile(`(?:[gG]etenv|LookupEnv|environ\.get|env::var(?:_os)?)\("(MEMFD_GO_\w+)"`)
	text := readFile(t, "docs/TESTING.md")
	found := 0
	for _, name := range tracked(t, "tests/*", "internal/*", "core/*", "capi/*", "bindings/python/tests/*", "bindings/rust/*/tests/*") {
		for _, m := range read.FindAllStringSubmatch(readFile(t, name), -1) {
			found++
			if !strings.Contains(text, "`"+m[1]+"`") {
				t.Errorf("%s reads %s; explain it in docs/TESTING.md", name, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("found no test that reads a variable")
	}
}
