// SPDX-License-Identifier: MIT

// TestKernels boots each kernel of entries.go in a virtual machine, runs the suites on it, and
// reports each of their results as a subtest, such as
//
//	TestKernels/arm64/c/6.12/create/rejects_bad_names
//
// Kernels and emulators come from make setup. Without them an entry is skipped, or fails if
// $MEMFD_GO_REQUIRE is set. MEMFD_GO_TESTS=full runs all entries, MEMFD_GO_TESTS=regular those
// of make test.
package kernels

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

// A suite is the tests of one language.
type suite struct {
	name string

	// prepare adds programs to the image and returns what to run.
	prepare func(t *testing.T, e entry, m *image) []wire.Run

	// results reports the results of a run as subtests.
	results func(t *testing.T, run wire.Run, result *wire.Result, hint string)
}

var suites = []suite{cSuite, commandSuite, goSuite, puregoSuite, pythonSuite, rustSuite}

func TestKernels(t *testing.T) {
	testenv.RequireRegular(t)
	for _, arch := range testenv.Arches {
		t.Run(arch.GOARCH, func(t *testing.T) {
			t.Parallel()
			for _, s := range suites {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					for _, e := range entries {
						if e.goarch == arch.GOARCH && s.isWanted(e) {
							t.Run(e.name(), func(t *testing.T) {
								t.Parallel()
								s.test(t, e)
							})
						}
					}
				})
			}
		})
	}
}

// isWanted reports whether the suite runs on the entry. A regular run has only the C suite.
func (s suite) isWanted(e entry) bool {
	isC := s.name == cSuite.name
	if s.name == commandSuite.name && e.goarch != "amd64" {
		return false
	}
	if testenv.Full() {
		return isC || !e.onlyC
	}
	return e.regular && isC
}

// test runs a suite on a kernel.
func (s suite) test(t *testing.T, e entry) {
	for _, part := range []string{"qemu-system", e.part(), "shell@" + e.goarch} {
		if err := testenv.Ready(part); err != nil {
			testenv.UnavailableIf(t, e.regular, err)
		}
	}
	file := filepath.Join(testenv.Repository(), "build", "kernels", e.goarch+"-"+s.name+"-"+e.name()+".cpio")
	runs := s.makeImage(t, e, file)
	kernel, err := bootable(filepath.Join(testenv.PartDir(e.part()), "vmlinuz"), file+".kernel")
	if err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	command, err := machines[e.hardware()].command(kernel, file, e.commandLine)
	if err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	r := boot(command)
	hint := "to boot this machine by hand:\n  " + quoted(command)
	s.report(t, e, runs, r, hint)
	if !t.Failed() {
		os.Remove(file)
		os.Remove(file + ".kernel")
	}
}

func (s suite) makeImage(t *testing.T, e entry, file string) []wire.Run {
	m, err := newImage(file, libraryFinder(e.arch()))
	if err != nil {
		t.Fatal(err)
	}
	must(t, m.addFile("init", guestProgram(t, e.goarch)))
	m.archive.link("bin/echo", "../init")
	must(t, m.addTools(filepath.Join(testenv.PartDir("shell@"+e.goarch), "bin")))
	runs := s.prepare(t, e, m)
	settings := maps.Clone(e.settings)
	if e.hasHugePages() {
		settings = map[string]string{"vm/nr_hugepages": "4"}
		maps.Copy(settings, e.settings)
	}
	must(t, m.finish(wire.Plan{Settings: settings, Runs: runs}))
	return runs
}

// report turns the report of a machine into subtests.
func (s suite) report(t *testing.T, e entry, runs []wire.Run, r *report, hint string) {
	if r.guest != nil {
		t.Attr("kernel", r.guest.Release)
		t.Attr("page", fmt.Sprint(r.guest.PageSize))
	}
	for i, result := range r.results {
		s.results(t, runs[i], result, hint+"\nwhich runs "+quoted(runs[i].Arguments))
	}
	if r.problem != nil {
		console := r.console[max(0, len(r.console)-20):]
		t.Errorf("%v\n%s\n%s", r.problem, strings.Join(console, "\n"), hint)
	}
}

// quoted formats a command for a shell.
func quoted(command []string) string {
	words := slices.Clone(command)
	for i, word := range words {
		if strings.Contains(word, " ") {
			words[i] = "'" + word + "'"
		}
	}
	return strings.Join(words, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reportResults reports results as subtests; a suite without any is a failure.
func reportResults(t *testing.T, run wire.Run, result *wire.Result, all []results.Result, err error, hint string) {
	if result.Status != 0 {
		err = errors.Join(err, fmt.Errorf("%s ended with exit status %d", run.Name, result.Status))
	}
	results.Subtests(t, results.WithExit(all, run.Name, result.Output, err), hint)
	if len(all) == 0 {
		t.Errorf("%s reported no tests; its output ends with:\n%s\n%s", run.Name, results.Tail(result.Output), hint)
	}
}
