// SPDX-License-Identifier: MIT

// Package languages runs the suites of Go, Python and Rust where `go test`, pytest and cargo do
// not run them by themselves: on foreign architectures, under qemu-user, and with other
// versions of Python. Each of their tests is one here, too.
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

// timeout is what one program may take under emulation on a busy machine.
const timeout = 3 * time.Minute

// suiteTimeout is what the suite of one language may take under emulation on a busy
// machine.
const suiteTimeout = 15 * time.Minute

// regular are the architectures on which a regular run tests every language: the most
// used one, and one of 32 bits. `make matrix` sets $MEMFD_GO_TESTS to "full", and has all
// of them.
var regular = []string{"arm64", "386"}

// onForeign runs the suite of a language on each architecture but the machine's own,
// where go test, pytest and cargo run it as it is.
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

// library is the path of the library for an architecture.
func library(t *testing.T, arch testenv.Arch) string {
	product, err := testenv.Product(arch.GOARCH)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return filepath.Join(product, "libmemfd_go.so.1")
}

// part is the folder of a toolchain that an architecture needs.
func part(t *testing.T, arch testenv.Arch, name string) string {
	if err := testenv.Ready(name); err != nil {
		testenv.UnavailableIf(t, slices.Contains(regular, arch.GOARCH), err)
	}
	return testenv.PartDir(name)
}

// emulator is the command that runs a program with the glibc of the cross compiler.
func emulator(t *testing.T, arch testenv.Arch) []string {
	command, err := arch.Emulator(arch.Root())
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return command
}

// kernel is the environment that tells a suite what the kernel has that is known here:
// no emulator has memfd_secret(2).
func kernel(t *testing.T, arch testenv.Arch) []string {
	if emulator(t, arch) == nil {
		return nil
	}
	return []string{"MEMFD_GO_SECRET=no"}
}

// subtests makes each test that a suite ran one of ours.
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
