// SPDX-License-Identifier: MIT

// Package languages runs the tests of the Go, Python and Rust packages on other architectures, under
// qemu-user, and with other versions of Python. Each of their tests is a subtest here.
package languages

import (
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// timeout is for one program under emulation on a loaded host.
const timeout = 3 * time.Minute

// suiteTimeout is for the suite of one language under emulation on a loaded host.
const suiteTimeout = 15 * time.Minute

// regular are the architectures of a regular run: the most common one besides amd64, and a 32-bit
// one. `make matrix` sets $MEMFD_GO_TESTS to "full" and runs all.
var regular = []string{"arm64", "386"}

// onForeign runs the suite of a language on each architecture except the host's.
func onForeign(t *testing.T, suite func(*testing.T, testenv.Arch)) {
	testenv.RequireRegular(t)
	for _, arch := range testenv.Arches {
		if arch.GOARCH == runtime.GOARCH {
			continue
		}
		t.Run(arch.GOARCH, func(t *testing.T) {
			if !slices.Contains(regular, arch.GOARCH) {
				testenv.RequireFull(t)
			}
			t.Parallel()
			suite(t, arch)
		})
	}
}

// library returns the path of the library for an architecture.
func library(t *testing.T, arch testenv.Arch) string {
	product, err := testenv.Product(arch.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return filepath.Join(product, "libmemfd_go.so.1")
}

// part returns the folder of a toolchain.
func part(t *testing.T, arch testenv.Arch, name string) string {
	if err := testenv.Ready(name); err != nil {
		testenv.UnavailableIf(t, slices.Contains(regular, arch.GOARCH), err)
	}
	return testenv.PartDir(name)
}

// emulator returns the command that runs a program with the glibc of the cross compiler.
func emulator(t *testing.T, arch testenv.Arch) []string {
	command, err := arch.Emulator(arch.Root())
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return command
}

// kernel returns variables that describe the kernel: emulators do not implement memfd_secret(2).
func kernel(t *testing.T, arch testenv.Arch) []string {
	if emulator(t, arch) == nil {
		return nil
	}
	return []string{"MEMFD_GO_SECRET=no"}
}

// subtests reports each test of a suite as a subtest.
func subtests(t *testing.T, suite testenv.Command, all []results.Result, output string, status int, err error) {
	if status != 0 {
		err = errors.Join(err, errors.New("it did not succeed"))
	}
	all = results.WithExit(all, suite.Arguments[0], output, err)
	results.Subtests(t, all, "to run it by hand:\n"+suite.String())
	if len(all) == 0 {
		t.Errorf("no tests\n%s\n%s", suite, results.Tail(output))
	}
}
