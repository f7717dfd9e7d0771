// SPDX-License-Identifier: MIT

package languages

import (
	"path/filepath"
	"slices"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// Runs the tests of both crates, cross-compiled.
func TestRust(t *testing.T) {
	if _, err := (testenv.Tool{Name: "cargo"}).Path(); err != nil {
		t.Skip(err)
	}
	onForeign(t, func(t *testing.T, arch testenv.Arch) {
		environment, err := arch.RustEnvironment()
		if err != nil {
			testenv.UnavailableIf(t, slices.Contains(regular, arch.GOARCH), err)
		}
		t.Attr("tools", testenv.RustVersion(environment)+", "+arch.GlibcVersion())
		testenv.ReportKernel(t, emulator(t, arch))
		run := testenv.Command{
			Folder:      filepath.Join(testenv.Repository(), "bindings", "rust"),
			Environment: slices.Concat(kernel(t, arch), environment),
			// Without doctests: cargo and an older rustdoc disagree on how to run those under emulation.
			Arguments: []string{
				"cargo", "test", arch.RustRunner(runner(t, arch)), "--locked", "--workspace", "--no-fail-fast", "--lib", "--tests", "--", "--show-output",
			},
		}
		output, status := run.Capture(t, suiteTimeout)
		subtests(t, run, results.ParseCargo(output), output, status, nil)
	})
}

// runner returns the command that runs a program for cargo: the emulator, or the foreign dynamic
// loader if the host needs no emulator.
func runner(t *testing.T, arch testenv.Arch) []string {
	if emulator := emulator(t, arch); emulator != nil {
		return emulator
	}
	lib := filepath.Join(arch.Root(), "lib")
	return []string{filepath.Join(lib, "ld-linux.so.2"), "--library-path", lib + ":" + filepath.Dir(library(t, arch))}
}
