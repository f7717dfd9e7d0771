// SPDX-License-Identifier: MIT

package languages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/results"
	"libmemfd_go/internal/testenv"
)

// An interpreter is a Python with pytest and the Python package as pip installs it from a wheel.
type interpreter struct {
	program     string
	packages    string
	environment []string
}

// TestPython runs the tests of the Python package with the Pythons of other architectures.
func TestPython(t *testing.T) {
	onForeign(t, func(t *testing.T, arch testenv.Arch) {
		python := filepath.Join(part(t, arch, "python@"+arch.GOARCH), "bin", "python")
		glibc, _ := arch.WheelTags()
		t.Attr("tools", testenv.PythonVersion(arch.GOARCH))
		testenv.ReportKernel(t, emulator(t, arch))
		i := newInterpreter(t, arch.GOARCH, python, glibc, kernel(t, arch)...)
		i.takes(t, arch, glibc)
		i.pytest(t)
	})
}

// newInterpreter installs the packages for a Python. tag is a tag of the wheel.
func newInterpreter(t *testing.T, name, program, tag string, environment ...string) interpreter {
	// Always the same folder, so that bytecode files, which contain the path of their source, are
	// used again: compiling is slow under emulation.
	folder := filepath.Join(testenv.Repository(), "build", "python", name)
	packages := filepath.Join(folder, "packages")
	if err := os.RemoveAll(packages); err != nil {
		t.Fatal(err)
	}
	if err := testenv.InstallWheel(strings.TrimPrefix(tag, "py3-none-"), packages); err != nil {
		testenv.Unavailable(t, err)
	}
	linkPytest(t, packages)
	return interpreter{program, packages, append(environment,
		"MEMFD_GO_LIBRARY=",
		"PYTHONPATH="+packages,
		"PYTHONDONTWRITEBYTECODE=",
		"PYTHONPYCACHEPREFIX="+filepath.Join(folder, "compiled"),
	)}
}

// linkPytest links the packages that the tests import from build/venv, without compiled
// extensions.
func linkPytest(t *testing.T, folder string) {
	venv := filepath.Join(testenv.Repository(), "build", "venv", "lib", "python3*", "site-packages")
	for _, name := range []string{
		"pytest", "_pytest", "py.py", "iniconfig", "packaging", "pluggy", "pluggy-*.dist-info", "pygments",
		"exceptiongroup", "tomli", "typing_extensions.py",
	} {
		found, _ := filepath.Glob(filepath.Join(venv, name))
		if len(found) != 1 {
			t.Skipf("make setup has not put %s into build/venv", name)
		}
		if err := os.Symlink(found[0], filepath.Join(folder, filepath.Base(found[0]))); err != nil {
			t.Fatal(err)
		}
	}
}

func (i interpreter) command(arguments ...string) testenv.Command {
	return testenv.Command{
		Folder:      filepath.Join(testenv.Repository(), "bindings", "python"),
		Environment: i.environment,
		Arguments:   append([]string{i.program}, arguments...),
	}
}

// takes checks with pip's own code, in the interpreter, that the wheel's tag is accepted. That code
// reads the ELF header of sys.executable, which may be a script here.
func (i interpreter) takes(t *testing.T, arch testenv.Arch, tag string) {
	t.Run("takes", func(t *testing.T) {
		wheel, err := arch.Wheel()
		if err != nil {
			testenv.Unavailable(t, err)
		}
		ask := i.command("-c", `import sys; sys.executable = "/proc/self/exe"
from packaging.tags import sys_tags
from packaging.utils import parse_wheel_filename
tags = parse_wheel_filename(sys.argv[1])[3]
print(*[tag for tag in sys_tags() if tag in tags])`, filepath.Base(wheel))
		output, status := ask.Capture(t, timeout)
		if status != 0 || strings.TrimSpace(output) != tag {
			t.Errorf("%s\naccepted tags: %q, want %s", ask, output, tag)
		}
	})
}

// pytest runs the tests of the Python package as subtests.
func (i interpreter) pytest(t *testing.T) {
	report := filepath.Join(t.TempDir(), "pytest.xml")
	run := i.command("-m", "pytest", "--junit-xml="+report)
	if !testenv.Full() { // starting interpreters takes a third of the time under emulation
		run.Arguments = append(run.Arguments, "--ignore=tests/test_multiprocessing.py")
		t.Run("multiprocessing", func(t *testing.T) { testenv.RequireFull(t) })
	}
	output, status := run.Capture(t, suiteTimeout)
	text, _ := os.ReadFile(report)
	all, err := results.ParseJUnit(text)
	subtests(t, run, all, output, status, err)
}
