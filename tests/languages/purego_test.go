// SPDX-License-Identifier: MIT

package languages

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// Runs the tests of tests/purego, cross-compiled, on every architecture.
func TestPurego(t *testing.T) {
	onForeign(t, func(t *testing.T, arch testenv.Arch) {
		program := filepath.Join(t.TempDir(), "purego.test")
		emulator := emulator(t, arch)
		environment, err := arch.GoEnvironment()
		if err != nil {
			t.Skip(err)
		}
		t.Attr("tools", testenv.GoVersion(environment)+", "+arch.GlibcVersion())
		testenv.ReportKernel(t, emulator)
		build := testenv.Command{
			Environment: environment,
			Arguments:   []string{"go", "test", "-c", "-o", program, "-ldflags=" + loader(arch), "libmemfd_go/tests/purego"},
		}
		build.MustRun(t)
		run := testenv.Command{
			Folder:      filepath.Join(testenv.Repository(), "tests", "purego"),
			Environment: append(kernel(t, arch), "MEMFD_GO_LIBRARY="+library(t, arch)),
			Arguments:   slices.Concat([]string{"go", "tool", "test2json"}, emulator, []string{program, "-test.v=test2json", "-test.short"}),
		}
		if emulator == nil {
			run.Environment = append(run.Environment, "LD_LIBRARY_PATH="+filepath.Join(arch.Root(), "lib"))
		}
		output, status := run.Capture(t, suiteTimeout)
		all, err := results.ParseGo(strings.NewReader(output))
		subtests(t, run, all, output, status, err)
	})
}

// loader returns the linker option for glibc's dynamic loader.
func loader(arch testenv.Arch) string {
	name := arch.GoLoader()
	if arch.GOARCH == "386" { // runs without an emulator, so not below its root
		name = filepath.Join(arch.Root(), "lib", "ld-linux.so.2")
	}
	if name == "" {
		return ""
	}
	return "-I " + name
}
