// SPDX-License-Identifier: MIT

package languages

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// pythons are the Pythons for this architecture besides the system's: from the oldest supported
// version to the newest, and one for musl.
var pythons = []struct {
	name     string
	part     string // the name in the cache
	promised bool   // part of a regular run
	program  string // from $PATH, if it is not in the cache
}{
	{"python3.9", "python-version@3.9", true, "python3.9"},
	{"python3.10", "", false, "python3.10"},
	{"python3.12", "", false, "python3.12"},
	{"python3.13", "python-version@3.13", false, "python3.13"},
	{"python3.14", "python-version@3.14", false, "python3.14"},
	{"python3.15", "python-version@3.15", false, "python3.15"},
	{"python3.13t", "cpython@free-threaded", false, "python3.13t"},
	{"python3.13-musl", "cpython@musl", false, ""},
}

// TestPythons makes a few calls with each of them. The full matrix runs all tests.
func TestPythons(t *testing.T) {
	testenv.RequireRegular(t)
	arch := testenv.Own()
	glibc, musl := arch.WheelTags()
	for _, python := range pythons {
		t.Run(python.name, func(t *testing.T) {
			t.Parallel()
			program, environment := findPython(t, python.name, python.part, python.promised, python.program)
			t.Attr("tools", testenv.Version(environment, program, "--version"))
			testenv.ReportKernel(t, nil)
			tag := glibc
			if python.name == "python3.13-musl" {
				tag = musl
			}
			i := newInterpreter(t, python.name, program, tag, environment...)
			i.takes(t, arch, tag)
			i.smoke(t)
			if testenv.Full() {
				i.pytest(t)
			}
		})
	}
}

// findPython finds an interpreter in the cache or in $PATH. pyenv's shims need the version in a
// variable.
func findPython(t *testing.T, name, part string, promised bool, program string) (string, []string) {
	path, missing := testenv.Tool{Part: part, Name: "python"}.Path()
	if part != "" && missing == nil {
		return path, nil
	}
	pyenv := "PYENV_VERSION=" + strings.TrimPrefix(program, "python")
	try := exec.Command(program, "-c", "")
	try.Env = append(os.Environ(), pyenv)
	if err := try.Run(); err == nil {
		return program, []string{pyenv}
	}
	if part == "" {
		t.Skipf("Debian has no %s, and $PATH has none either", name)
	}
	testenv.UnavailableIf(t, promised, missing)
	return "", nil
}

// smoke makes a few calls, with the library from the wheel.
func (i interpreter) smoke(t *testing.T) {
	t.Run("smoke", func(t *testing.T) {
		use := i.command("-W", "error", "-c", `import os, sys
import memfd_go
from memfd_go import MemFd, _ffi, errname

brought = os.path.join(os.path.dirname(memfd_go.__file__), "_lib", "libmemfd_go.so.1")
assert _ffi.library_path == brought, _ffi.library_path
assert getattr(sys, "_is_gil_enabled", lambda: True)() != ("free-threading" in sys.version)
with MemFd.sealed("greeting", b"hello") as file, file.map() as text:
    try:
        file.set_size(0)
    except OSError as error:
        print(f"{bytes(text).decode()}, shrink: {errname(error.errno)}")`)
		output, status := use.Capture(t, timeout)
		if want := "hello, shrink: EPERM\n"; status != 0 || output != want {
			t.Errorf("%s\n%s\nwant: %s", use, output, want)
		}
	})
}
