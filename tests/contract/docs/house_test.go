// SPDX-License-Identifier: MIT

package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tracked lists the files of the project.
func tracked(t *testing.T, patterns ...string) []string {
	t.Helper()
	output, err := exec.Command("git", append([]string{"ls-files", "--"}, patterns...)...).Output()
	if err != nil {
		t.Skip("this is no git checkout")
	}
	return strings.Fields(string(output))
}

// long are files that are no sources, or that nobody would look for in two places.
var long = regexp.MustCompile(`(^|/)memfd_go\.h$|\.lock$|^go\.sum$|/testdata/|/corpus|\.(json|csv|svg)$|^tests/rust/api\.txt$`)

func TestFilesAreShort(t *testing.T) {
	const most = 600
	for _, name := range tracked(t) {
		if n := strings.Count(readFile(t, name), "\n"); n > most && !long.MatchString(name) {
			t.Errorf("%s has %d lines, more than %d", name, n, most)
		}
	}
}

// What is downloaded is named with its version: what passed the tests is what is used.
func TestDependenciesArePinned(t *testing.T) {
	for _, name := range tracked(t, "*requirements*.txt") {
		for line := range strings.Lines(readFile(t, name)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && !strings.Contains(line, "==") {
				t.Errorf("%s: %s is not pinned by ==", name, line)
			}
		}
	}
	for _, manifest := range tracked(t, "*Cargo.toml") {
		folder := strings.TrimSuffix(manifest, "Cargo.toml")
		if strings.Contains(readFile(t, manifest), "workspace = true") {
			continue // the workspace has the lock
		}
		if !slices.Contains(tracked(t, folder+"Cargo.lock"), folder+"Cargo.lock") {
			t.Errorf("%s has no Cargo.lock beside it", manifest)
		}
	}
	for _, lock := range tracked(t, "*Cargo.lock") {
		text := readFile(t, lock)
		if strings.Contains(text, "git+") || strings.Count(text, "source = ") != strings.Count(text, "checksum = ") {
			t.Errorf("%s has what is not from the registry, or has no checksum", lock)
		}
	}
	unpinned := regexp.MustCompile(`(?m)^.*\b(?:install\b.*@(?:latest|master|main)\b|pip install -q [a-z]+[^=\s/]*$).*$`)
	for _, name := range append(tracked(t, "tests/cmd/setup", "tests/cmd/audit"), "Makefile") {
		for _, line := range unpinned.FindAllString(readFile(t, name), -1) {
			t.Errorf("%s: this is not pinned:\n%s", name, line)
		}
	}
}

// Each variable by which a test can be steered is explained in one place.
func TestVariablesAreExplained(t *testing.T) {
	read := regexp.MustCompile(`(?:[gG]etenv|LookupEnv|environ\.get|env::var(?:_os)?)\("(MEMFD_GO_\w+)"`)
	text := readFile(t, "docs/TESTING.md")
	found := 0
	for _, name := range tracked(t, "tests/*", "internal/*", "core/*", "capi/*", "bindings/python/tests/*", "bindings/rust/*/tests/*") {
		for _, m := range read.FindAllStringSubmatch(readFile(t, name), -1) {
			found++
			if !strings.Contains(text, "`"+m[1]+"`") {
				t.Errorf("%s reads %s: add it to docs/TESTING.md", name, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no test reads a variable any more")
	}
}
