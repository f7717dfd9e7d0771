// SPDX-License-Identifier: MIT

package kernels

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"libmemfd_go/internal/tap"
	"libmemfd_go/internal/testenv"
	"libmemfd_go/tests/kernels/wire"
)

var cSuite = suite{"c", prepareC, func(t *testing.T, run wire.Run, result *wire.Result, hint string) {
	t.Run(run.Name, func(t *testing.T) { tap.Subtests(t, result.Output, result.Status, hint) })
}}

const library = "/lib/libmemfd_go.so.1"

// sequences limits the interleavings (tests/c/interleavings.h), because an emulated machine needs
// one or two milliseconds for a sequence. Pairs of operations take some 4 minutes of a processor,
// and so do triples for map_verified of a memfd. All triples would take an hour.
func (e entry) sequences() (variable string, seconds int) {
	if testenv.Full() && e.triesPairs() {
		return "MEMFD_GO_SEQUENCES=2+map_verified", 3600
	}
	return "MEMFD_GO_SEQUENCES=1", 600
}

type cPrograms struct {
	folder string
	names  []string
}

var builtC once[cPrograms]

func prepareC(t *testing.T, e entry, m *image) []wire.Run {
	if _, err := testenv.Product(e.goarch); err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	compiler, err := e.arch().Compiler.Path()
	if err != nil {
		testenv.UnavailableIf(t, e.regular, err)
	}
	t.Attr("tools", testenv.CompilerVersion(compiler)+", "+e.arch().GlibcVersion())
	programs, err := builtC.get(e.goarch, func() (cPrograms, error) { return buildC(compiler, e.goarch) })
	must(t, err)
	var runs []wire.Run
	for _, name := range programs.names {
		// These take minutes and hardly depend on the kernel: tests/c/runner runs them on the host's.
		if strings.HasPrefix(name, "failing_calls_") {
			continue
		}
		must(t, m.addProgram("tests/"+name, filepath.Join(programs.folder, name)))
		run := wire.Run{Name: name, Arguments: []string{"/tests/" + name}, Seconds: 180, Environment: e.known()}
		if name == "interleavings" {
			variable, seconds := e.sequences()
			run.Environment, run.Seconds = append(run.Environment, variable), seconds
		}
		if opensLibrary(name) {
			run.Arguments = append(run.Arguments, library)
		}
		runs = append(runs, run)
	}
	return runs
}

// opensLibrary is true for the program that tests dlopen(3).
func opensLibrary(program string) bool { return program == "load_unload" }

// buildC compiles all programs that the architecture can run.
func buildC(compiler, goarch string) (cPrograms, error) {
	sources, err := filepath.Glob(filepath.Join(testenv.Repository(), "tests", "c", "*.c"))
	if err != nil {
		return cPrograms{}, err
	}
	programs := cPrograms{folder: filepath.Join(scratch, "c-"+goarch)}
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".c")
		if name == "unwind_every_instruction" && goarch != "amd64" && goarch != "386" {
			continue // it single-steps with x86's trap flag
		}
		programs.names = append(programs.names, name)
	}
	if err := os.MkdirAll(programs.folder, 0o777); err != nil {
		return cPrograms{}, err
	}
	return programs, inParallel(programs.names, func(name string) error {
		return compileC(compiler, goarch, name, programs.folder)
	})
}

func compileC(compiler, goarch, name, folder string) error {
	product, err := testenv.Product(goarch)
	if err != nil {
		return err
	}
	arguments := testenv.CFlags()
	libraries := []string{"-L" + product, "-lmemfd_go", "-ldl"}
	if opensLibrary(name) {
		arguments = append(arguments, "-DUSE_DLOPEN")
		libraries = []string{"-ldl"}
	}
	source := filepath.Join(testenv.Repository(), "tests", "c", name+".c")
	arguments = slices.Concat(arguments, []string{"-o", filepath.Join(folder, name), source}, libraries)
	return runQuietly(exec.Command(compiler, arguments...))
}

// inParallel calls do for each name, and returns the first error.
func inParallel(names []string, do func(name string) error) error {
	work := make(chan string)
	errors := make(chan error, len(names))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for name := range work {
				if err := do(name); err != nil {
					errors <- fmt.Errorf("%s: %w", name, err)
				}
			}
		})
	}
	for _, name := range names {
		work <- name
	}
	close(work)
	workers.Wait()
	close(errors)
	return <-errors
}
