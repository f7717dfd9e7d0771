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

// Regular reports whether this is more than a quick run. $MEMFD_GO_TESTS is unset in a quick run,
// such as `go test ./...`; "regular" in `make test` and `make check`; "full" in `make matrix`.
func Regular() bool { return os.Getenv("MEMFD_GO_TESTS") == "regular" || Full() }

// Full reports whether this run tests everything.
func Full() bool { return os.Getenv("MEMFD_GO_TESTS") == "full" }

// Tested returns the architectures whose libraries are tested. In a quick run, those other than the
// host's may be missing or outdated.
func Tested() []Arch {
	if !Regular() {
		return []Arch{Own()}
	}
	return Arches
}

// Required reports whether a missing tool is a failure: `make test` sets the variable if make setup
// could install everything.
func Required() bool { return os.Getenv("MEMFD_GO_REQUIRE") != "" }

// Unavailable ends a test for which something is missing that `make setup` installs. It is a failure if
// the run requires it, and a skip otherwise.
func Unavailable(t testing.TB, err error) {
	t.Helper()
	if Required() {
		t.Fatal(err)
	}
	t.Skip(err)
}

// UnavailableIf is like Unavailable, but always skips the test if promised is false: only the setup of
// the full matrix installs what is missing.
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
		t.Skip("only in make test and make check")
	}
}

// RequireFull skips a test that only a full run has (docs/TESTING.md).
func RequireFull(t testing.TB) {
	t.Helper()
	if !Full() {
		t.Skip("only in a full run, such as make matrix")
	}
}

func RequireTool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Unavailable(t, fmt.Errorf("%s is not installed: run make setup", name))
	}
	return path
}

// ArchOf returns the architecture with a name.
func ArchOf(goarch string) Arch {
	for _, a := range Arches {
		if a.GOARCH == goarch {
			return a
		}
	}
	panic("no such architecture: " + goarch)
}

// Own returns the architecture of the host.
func Own() Arch { return ArchOf(runtime.GOARCH) }

// ReportKernel reports the emulator, or the host's kernel, as an attribute of the test.
func ReportKernel(t *testing.T, emulator []string) {
	if emulator != nil {
		t.Attr("kernel", strings.Replace(Version(nil, emulator[0], "--version"), " version", "", 1))
	} else {
		t.Attr("kernel", Version(nil, "uname", "-r"))
	}
}
