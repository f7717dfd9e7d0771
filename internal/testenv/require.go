// SPDX-License-Identifier: MIT

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// Regular tells whether a run is more than quick. $MEMFD_GO_TESTS says how much it tests:
// nothing at all is quick, as in `go test ./...`; "regular" is `make test` and `make check`;
// "full" is `make matrix`.
func Regular() bool { return os.Getenv("MEMFD_GO_TESTS") == "regular" || Full() }

// Full tells whether a run tests everything.
func Full() bool { return os.Getenv("MEMFD_GO_TESTS") == "full" }

// Tested are the architectures whose libraries a run looks at: a quick one does not expect
// others than this machine's to be there, or up to date.
func Tested() []Arch {
	if !Regular() {
		return []Arch{Own()}
	}
	return Arches
}

// Required tells whether the run has promised to skip nothing that can be installed:
// `make test` sets it, `make check` does not.
func Required() bool { return os.Getenv("MEMFD_GO_REQUIRE") != "" }

// Unavailable ends a test that lacks something that `make setup` installs: as a failure
// where a run requires it, else as a skip.
func Unavailable(t testing.TB, err error) {
	t.Helper()
	if Required() {
		t.Fatal(err)
	}
	t.Skip(err)
}

// UnavailableIf is like Unavailable, but skips the test if no regular run promises what is
// missing.
func UnavailableIf(t testing.TB, promised bool, err error) {
	t.Helper()
	if !promised {
		t.Skip(err)
	}
	Unavailable(t, err)
}

// RequireRegular skips a test that takes too long for a quick run.
func RequireRegular(t testing.TB) {
	t.Helper()
	if !Regular() {
		t.Skip("make check runs it")
	}
}

// RequireFull skips a test that is only part of `make matrix`.
func RequireFull(t testing.TB) {
	t.Helper()
	if !Full() {
		t.Skip("make matrix runs it")
	}
}

// RequireTool returns the path of a program.
func RequireTool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Unavailable(t, fmt.Errorf("%s is not installed", name))
	}
	return path
}

// ArchOf is the architecture with a name.
func ArchOf(goarch string) Arch {
	for _, a := range Arches {
		if a.GOARCH == goarch {
			return a
		}
	}
	panic("no such architecture: " + goarch)
}

// Own is the architecture of this machine.
func Own() Arch { return ArchOf(runtime.GOARCH) }

// TellKernel tells which emulator stands in for a kernel, or the machine's own.
func TellKernel(t *testing.T, emulator []string) {
	if emulator != nil {
		t.Attr("kernel", strings.Replace(Version(nil, emulator[0], "--version"), " version", "", 1))
	} else {
		t.Attr("kernel", Version(nil, "uname", "-r"))
	}
}
