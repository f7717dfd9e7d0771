// SPDX-License-Identifier: MIT

package languages

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// Runs the tests of the Go package on every architecture, as static cross-compiled programs.
func TestGo(t *testing.T) {
	onForeign(t, func(t *testing.T, arch testenv.Arch) {
		emulator := emulator(t, arch)
		testenv.ReportKernel(t, emulator)
		environment := goEnvironment(arch)
		t.Attr("tools", testenv.GoVersion(environment))
		program := filepath.Join(t.TempDir(), "memfd.test")
		build := testenv.Command{
			Environment: environment,
			Arguments:   []string{"go", "test", "-c", "-o", program, "libmemfd_go/bindings/go/memfd"},
		}
		build.MustRun(t)
		arguments := slices.Concat([]string{"go", "tool", "test2json"}, emulator, []string{program, "-test.v=test2json", "-test.short"})
		if emulator != nil { // an emulated program cannot start another
			arguments = append(arguments, "-test.skip=^(ExampleCommand|ExampleSealed_child)$")
		}
		run := testenv.Command{
			Folder:    filepath.Join(testenv.Repository(), "bindings", "go", "memfd"),
			Arguments: arguments,
		}
		output, status := run.Capture(t, suiteTimeout)
		all, err := results.ParseGo(strings.NewReader(output))
		subtests(t, run, all, output, status, err)
	})
}

// goEnvironment makes the go command build a static program, which works with the oldest Go on
// every architecture. Loading the library may need a newer one.
func goEnvironment(arch testenv.Arch) []string {
	return []string{"CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH=" + arch.GOARCH}
}

// Runs the tests of the Go package with the race detector, which enables checkptr. It needs a C
// compiler. Files are created, sealed and collected a million times in the full matrix, or
// $MEMFD_GO_CALLS times.
func TestGoRace(t *testing.T) {
	testenv.RequireRegular(t)
	testenv.RequireTool(t, "gcc")
	calls := os.Getenv("MEMFD_GO_CALLS")
	if calls == "" && testenv.Full() {
		calls = "1000000"
	}
	stress := testenv.Command{
		Environment: []string{"CGO_ENABLED=1", "MEMFD_GO_CALLS=" + calls},
		Arguments:   []string{"go", "test", "-race", "-count=1", "-timeout=0", "-run=^TestFilesAreNotCollectedInUse$", "libmemfd_go/bindings/go/memfd"},
	}
	stress.MustRun(t)
	others := testenv.Command{
		Environment: []string{"CGO_ENABLED=1", "MEMFD_GO_CALLS="},
		Arguments:   []string{"go", "test", "-race", "-count=1", "-short", "-skip=^TestFilesAreNotCollectedInUse$", "libmemfd_go/bindings/go/memfd"},
	}
	others.MustRun(t)
}

// The Go package builds for each architecture. Its chains of nosplit functions must fit the limit of
// Go's linker.
func TestGoBuildsEverywhere(t *testing.T) {
	testenv.RequireRegular(t)
	testenv.RequireRegular(t)
	for _, arch := range testenv.Arches {
		build := testenv.Command{
			Environment: goEnvironment(arch),
			Arguments:   []string{"go", "test", "-c", "-o", filepath.Join(t.TempDir(), "memfd.test"), "libmemfd_go/bindings/go/memfd"},
		}
		build.MustRun(t)
	}
}
