// SPDX-License-Identifier: MIT

// The tests of this package boot a kernel for each cell of cells.go and suite, such as
//
//	TestKernels/arm64/c/6.12/create/bad_names
//
// run the suite on it, and make each of its results a test. They need what
// make setup puts into the cache; without it a cell is skipped with its reason,
// or fails if $MEMFD_GO_REQUIRE says so. All cells run with MEMFD_GO_TESTS=full, else
// those of a regular run.
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
	prepare func(t *testing.T, c cell, m *image) []wire.Run

	// results makes tests of what a run told.
	results func(t *testing.T, run wire.Run, result *wire.Result, hint string)
}

var suites = []suite{cSuite, goSuite, puregoSuite, pythonSuite, rustSuite}

func TestKernels(t *testing.T) {
	testenv.RequireRegular(t)
	for _, arch := range testenv.Arches {
		t.Run(arch.GOARCH, func(t *testing.T) {
			t.Parallel()
			for _, s := range suites {
				t.Run(s.name, func(t *testing.T) {
					t.Parallel()
					for _, c := range cells {
						if c.goarch == arch.GOARCH && s.isWanted(c) {
							t.Run(c.name(), func(t *testing.T) {
								t.Parallel()
								s.test(t, c)
							})
						}
					}
				})
			}
		})
	}
}

// isWanted tells what is in a run. A regular one has the C suite alone.
func (s suite) isWanted(c cell) bool {
	inC := s.name == cSuite.name
	if testenv.Full() {
		return inC || !c.onlyC
	}
	return c.regular && inC
}

// test runs a suite on a kernel.
func (s suite) test(t *testing.T, c cell) {
	for _, part := range []string{"qemu-system", c.part(), "shell@" + c.goarch} {
		if err := testenv.Ready(part); err != nil {
			testenv.UnavailableIf(t, c.regular, err)
		}
	}
	file := filepath.Join(testenv.Repository(), "build", "kernels", c.goarch+"-"+s.name+"-"+c.name()+".cpio")
	runs := s.makeImage(t, c, file)
	kernel, err := bootable(filepath.Join(testenv.PartDir(c.part()), "vmlinuz"), file+".kernel")
	if err != nil {
		testenv.UnavailableIf(t, c.regular, err)
	}
	command, err := machines[c.hardware()].command(kernel, file, c.commandLine)
	if err != nil {
		testenv.UnavailableIf(t, c.regular, err)
	}
	r := boot(command)
	hint := "to boot it by hand:\n  " + quoted(command)
	s.tell(t, c, runs, r, hint)
	if !t.Failed() {
		os.Remove(file)
		os.Remove(file + ".kernel")
	}
}

func (s suite) makeImage(t *testing.T, c cell, file string) []wire.Run {
	m, err := newImage(file, libraryFinder(c.arch()))
	if err != nil {
		t.Fatal(err)
	}
	must(t, m.addFile("init", guestProgram(t, c.goarch)))
	m.archive.link("bin/echo", "../init")
	must(t, m.addTools(filepath.Join(testenv.PartDir("shell@"+c.goarch), "bin")))
	runs := s.prepare(t, c, m)
	settings := maps.Clone(c.settings)
	if c.hasHugePages() {
		settings = map[string]string{"vm/nr_hugepages": "4"}
		maps.Copy(settings, c.settings)
	}
	must(t, m.finish(wire.Plan{Settings: settings, Runs: runs}))
	return runs
}

// tell makes tests of what a machine reported.
func (s suite) tell(t *testing.T, c cell, runs []wire.Run, r *report, hint string) {
	if r.guest != nil {
		t.Attr("kernel", r.guest.Release)
		t.Attr("page", fmt.Sprint(r.guest.PageSize))
	}
	for i, result := range r.results {
		s.results(t, runs[i], result, hint+"\nit runs "+quoted(runs[i].Arguments))
	}
	if r.problem != nil {
		console := r.console[max(0, len(r.console)-20):]
		t.Errorf("%v\n%s\n%s", r.problem, strings.Join(console, "\n"), hint)
	}
}

// quoted is a command as one types it.
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

// tellResults makes tests of what a suite told.
func tellResults(t *testing.T, run wire.Run, result *wire.Result, all []results.Result, err error, hint string) {
	if result.Status != 0 {
		err = errors.Join(err, fmt.Errorf("%s has the exit status %d", run.Name, result.Status))
	}
	results.Subtests(t, results.WithExit(all, run.Name, result.Output, err), hint)
	if len(all) == 0 {
		t.Errorf("%s has no tests\n%s\n%s", run.Name, results.Tail(result.Output), hint)
	}
}
