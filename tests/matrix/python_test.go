package matrix

import (
	"os"
	"path/filepath"
	"testing"

	"libmemfd_go/tests/lab"
	"libmemfd_go/tests/results"
)

// The tests of the Python package, under the Pythons of other architectures.
func TestPython(t *testing.T) {
	onForeign(t, func(t *testing.T, arch lab.Arch) {
		python := part(t, arch, "python@"+arch.GOARCH)
		t.Attr("tools", lab.PythonVersion(arch.GOARCH))
		tellKernel(t, emulator(t, arch))
		report := filepath.Join(t.TempDir(), "pytest.xml")
		run := command{
			folder: filepath.Join(lab.Repository(), "bindings", "python"),
			environment: append(kernel(t, arch),
				"MEMFD_GO_LIBRARY="+library(t, arch),
				"PYTHONPATH="+purePackages(t),
				"PYTHONDONTWRITEBYTECODE=", // compiling takes an emulator long
				"PYTHONPYCACHEPREFIX="+filepath.Join(python, "pycache"),
			),
			arguments: []string{filepath.Join(python, "bin", "python"), "-m", "pytest", "--junit-xml=" + report},
		}
		output, status := run.capture(t, suiteTimeout)
		text, _ := os.ReadFile(report)
		all, err := results.ParseJUnit(text)
		subtests(t, run, all, output, status, err)
	})
}

// purePackages is a folder with what the tests import from build/venv, without what
// is compiled for the machine there.
func purePackages(t *testing.T) string {
	venv := filepath.Join(lab.Repository(), "build", "venv", "lib", "python3*", "site-packages")
	folder := t.TempDir()
	for _, name := range []string{
		"memfd_go", "pytest", "_pytest", "py.py", "iniconfig", "packaging", "pluggy", "pluggy-*.dist-info", "pygments",
	} {
		found, _ := filepath.Glob(filepath.Join(venv, name))
		if len(found) != 1 {
			t.Skipf("tests/setup has not put %s into build/venv", name)
		}
		if err := os.Symlink(found[0], filepath.Join(folder, filepath.Base(found[0]))); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
